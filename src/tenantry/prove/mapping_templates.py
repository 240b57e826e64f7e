"""What a mapping template prints, for every request: each way through it, with what holds on that way.

A template is run with texts of which only is known who gives them. Where a condition decides, both ways are gone, each
with the fact that the condition holds, or does not. A loop is run once, for any item, with nothing known of variables
that it sets. So whatever API Gateway prints is an instance of one of the results.

Assumed of API Gateway, as its reference says: `$input.params` of a name takes the path's parameter first, `$input.json`
prints a JSON value, and `#set` with null keeps the variable's old value.

Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-mapping-template-reference.html
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, TypeAlias

from tenantry.prove.conditions import LOOP_INDEX, Condition, Test, assumed
from tenantry.prove.texts import (
    BASE64,
    JSON,
    URL,
    Atom,
    By,
    Comma,
    Encoded,
    Facts,
    Given,
    Json,
    Literal,
    Made,
    Printed,
    Repeated,
    Text,
    joined,
    literal,
    text,
)
from tenantry.prove.velocity import (
    Constant,
    Expression,
    Foreach,
    If,
    Node,
    Operation,
    Reference,
    Set,
    Step,
    String,
    UnreadError,
    Written,
    parse,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_MOST_WAYS: Final = 4096
_ESCAPED_FOR_SCRIPTS: Final = "JavaScript"
# `escapeJavaScript` writes \' for an apostrophe; this undoes it, and the text is one of JSON's.
_UNDO: Final = (text("\\\\'"), text("'"))
_ENCODERS: Final = {"escapeJavaScript": _ESCAPED_FOR_SCRIPTS, "urlEncode": URL, "base64Encode": BASE64}
_TESTS: Final = frozenset({"matches", "isEmpty", "startsWith", "endsWith", "contains", "equals", "equalsIgnoreCase"})
_BY_NAME: Final = 1


@dataclass(frozen=True)
class _Opaque:
    """A value of which nothing is known, and which cannot be printed."""

    what: str


_Value: TypeAlias = "Text | Condition | _Opaque | int"


@dataclass(frozen=True)
class _Way:
    """How far a way through a template has come."""

    variables: Mapping[str, _Value]
    facts: Facts
    out: Text


def printed(template: str, *, path_parameters: Iterable[str] = ()) -> list[Printed]:
    """Return what a template prints, a result for each way through it.

    Parameters
    ----------
    template
        In Velocity.
    path_parameters
        The names of the parameters of the request's path; `$input.params` of another name takes a query or a header.

    Raises
    ------
    UnreadError
        A part of it is not of the subset that is read, or prints what nothing is known of.
    """
    runner = _Runner(frozenset(path_parameters))
    ways = runner.run(parse(template), [_Way({}, frozenset(), ())])
    return [Printed(way.facts, way.out) for way in ways]


@dataclass(frozen=True)
class _Runner:
    path_parameters: frozenset[str]

    def run(self, nodes: Iterable[Node], ways: list[_Way]) -> list[_Way]:
        """Return every way through some nodes, from every way that leads to them."""
        for node in nodes:
            ways = [after for way in ways for after in self._node(node, way)]
            if len(ways) > _MOST_WAYS:
                raise UnreadError(f"more than {_MOST_WAYS} ways through the template")
        return ways

    def _node(self, node: Node, way: _Way) -> list[_Way]:
        match node:
            case Written(text=written):
                return [replace(way, out=joined(way.out, text(written)))]
            case Reference():
                return [replace(way, out=joined(way.out, self._text(node, way)))]
            case Set():
                return [replace(way, variables={**way.variables, node.name: self._assigned(node, way)})]
            case If():
                return self._if(node, way)
            case Foreach():
                return [self._foreach(node, way)]

    def _assigned(self, node: Set, way: _Way) -> _Value:
        if node.name in {"context", "input", "util", "foreach", "stageVariables"}:
            raise UnreadError(f"line {node.line}: #set of ${node.name}")
        value = self._value(node.value, way)
        if isinstance(node.value, Reference) and _may_be_null(node.value) and node.name in way.variables:
            return _Opaque(f"${node.name}, which keeps its old value where the new one is null")
        return value

    def _if(self, node: If, way: _Way) -> list[_Way]:
        if _is_comma(node):
            return [replace(way, out=(*way.out, Comma()))]
        out: list[_Way] = []
        facts: Facts | None = way.facts
        for expression, body in node.branches:
            if facts is None:
                return out
            here = replace(way, facts=facts)
            condition = self._condition(expression, here)
            if (holds := assumed(condition, facts, is_true=True)) is not None:
                out += self.run(body, [replace(here, facts=holds)])
            facts = assumed(condition, facts, is_true=False)
        return out if facts is None else [*out, *self.run(node.otherwise, [replace(way, facts=facts)])]

    def _foreach(self, node: Foreach, way: _Way) -> _Way:
        self._value(node.over, way)
        unknown = {name: _Opaque(f"${name}, which a loop sets") for name in _set_in(node.body)}
        item = {node.name: _Opaque(f"${node.name} of a loop")}
        before = replace(way, variables={**way.variables, **unknown, **item}, out=())
        after = self.run(node.body, [before])
        outs = tuple(dict.fromkeys(Printed(one.facts, one.out) for one in after))
        empty = all((literal(one.text) or " ").isspace() and literal(one.text) is not None for one in outs)
        out = way.out if empty else (*way.out, Repeated(outs))
        return replace(way, variables={**way.variables, **unknown}, out=out)

    def _text(self, expression: Expression, way: _Way) -> Text:
        value = self._value(expression, way)
        if isinstance(value, tuple):
            return value
        if isinstance(value, int) and not isinstance(value, bool):
            return text(str(value))
        raise UnreadError(f"nothing is known of {value.what if isinstance(value, _Opaque) else value}")

    def _condition(self, expression: Expression, way: _Way) -> Condition:
        value = self._value(expression, way)
        match value:
            case bool() | Atom() | Test():
                return value
            case tuple():
                return Atom("is true", value)
            case _Opaque(what=what):
                return Atom("is true", (Made(what, ()),))
        raise UnreadError(f"{value} is no condition")

    def _value(self, expression: Expression, way: _Way) -> _Value:
        match expression:
            case Constant(value=value):
                return value
            case String(parts=parts):
                return joined(
                    *(text(part.text) if isinstance(part, Written) else self._text(part, way) for part in parts)
                )
            case Operation(operator=("==" | "!=") as operator, operands=(left, right)):
                atom = self._equality(left, right, way)
                return atom if operator == "==" else Test("not", (atom,))
            case Operation(operator=operator, operands=operands):
                return Test(operator, tuple(self._condition(operand, way) for operand in operands))
            case Reference():
                return self._reference(expression, way)
        raise UnreadError(f"{expression} is not read")

    def _equality(self, left: Expression, right: Expression, way: _Way) -> Atom:
        one, other = self._value(left, way), self._value(right, way)
        if isinstance(one, tuple) and isinstance(other, tuple):
            for subject, constant in ((one, literal(other)), (other, literal(one))):
                if constant is not None:
                    return Atom("==", subject, constant)
        return Atom("is true", (Made(f"{left} == {right}", ()),))

    def _reference(self, reference: Reference, way: _Way) -> _Value:
        steps = list(reference.steps)
        match reference.name:
            case "context":
                names = _leading_names(steps)
                by = By.AUTHORIZER if names[:1] == ["authorizer"] else By.AWS
                value: _Value = (Given(by, f"$context.{'.'.join(names)}"),)
                steps = steps[len(names) :]
            case "input" if steps:
                value, steps = self._input(steps[0], steps[1:], way)
            case "util" if steps:
                value, steps = self._utility(steps[0], way), steps[1:]
            case "foreach" if [step.name for step in steps] == ["index"]:
                value, steps = (LOOP_INDEX,), []
            case name if name in way.variables:
                value = way.variables[name]
            case name:
                raise UnreadError(f"line {reference.line}: nothing is known of ${name}")
        for step in steps:
            value = self._step(value, step, way)
        return value

    def _input(self, step: Step, rest: list[Step], way: _Way) -> tuple[_Value, list[Step]]:
        if step.name == "body" and step.arguments is None:
            return (Given(By.CALLER, "$input.body"),), rest
        arguments = [self._text(argument, way) for argument in step.arguments or ()]
        if step.name == "params" and not arguments:
            return _Opaque("$input.params()"), rest
        name = _path_of(arguments[0]) if len(arguments) == _BY_NAME else None
        if name is None:
            raise UnreadError(f"$input.{step.name} of what is not written in the template")
        match step.name:
            case "params":
                by = By.PATH if name in self.path_parameters else By.CALLER
                return (Given(by, f"$input.params('{name}')"),), rest
            case "path":
                names = _leading_names(rest)
                return (Given(By.CALLER, f"$input.path('{'.'.join([name, *names])}')"),), rest[len(names) :]
            case "json":
                return (Json(By.CALLER, f"$input.json('{name}')"),), rest
        raise UnreadError(f"$input.{step.name} is not known")

    def _utility(self, step: Step, way: _Way) -> _Value:
        if step.arguments is None or len(step.arguments) != 1:
            raise UnreadError(f"$util.{step.name} is not known")
        if step.name == "parseJson":
            return _Opaque("$util.parseJson")
        of = self._text(step.arguments[0], way)
        encoding = _ENCODERS.get(step.name)
        return (Encoded(encoding, of),) if encoding else (Made(f"$util.{step.name}", of),)

    def _step(self, value: _Value, step: Step, way: _Way) -> _Value:
        if isinstance(value, _Opaque):
            return _Opaque(f"{value.what}.{step.name}")
        if not isinstance(value, tuple) or step.arguments is None:
            raise UnreadError(f".{step.name} of {value}")
        arguments = [self._value(argument, way) for argument in step.arguments]
        if step.name in _TESTS:
            by = literal(arguments[0]) if arguments and isinstance(arguments[0], tuple) else ""
            if by is None or any(not isinstance(argument, tuple) for argument in arguments):
                return Atom("is true", (Made(f"{step.name} {arguments}", value),))
            return Atom(step.name, value, by)
        match value, step.name:
            case (Encoded(encoding="JavaScript", of=of),), "replaceAll" if tuple(arguments) == _UNDO:
                return (Encoded(JSON, of),)
            case _, "toString":
                return value
        return (Made(step.name, value),)


def _set_in(nodes: Iterable[Node]) -> set[str]:
    found: set[str] = set()
    for node in nodes:
        match node:
            case Set(name=name):
                found.add(name)
            case If(branches=branches, otherwise=otherwise):
                for body in (*(body for _, body in branches), otherwise):
                    found |= _set_in(body)
            case Foreach(name=name, body=body):
                found |= {name} | _set_in(body)
    return found


def _is_comma(node: If) -> bool:
    """Return whether a node prints a comma where the loop goes on, and nothing else."""
    match node:
        case If(branches=((Reference(name="foreach", steps=(Step(name="hasNext", arguments=None),)), body),)):
            return [part.text if isinstance(part, Written) else "" for part in body] == [","] and not node.otherwise
    return False


def _may_be_null(reference: Reference) -> bool:
    """Return whether a reference may have no value: all do but `$input.json`, utilities and methods of a text."""
    if reference.name == "input":
        return [step.name for step in reference.steps] != ["json"]
    return reference.name == "context" or any(step.name == "get" for step in reference.steps)


def _leading_names(steps: list[Step]) -> list[str]:
    names: list[str] = []
    for step in steps:
        if step.arguments is not None:
            break
        names.append(step.name)
    return names


def _path_of(argument: Text) -> str | None:
    """Return a path that is written in the template, but for the number of the item of a loop."""
    if all(isinstance(part, Literal) or part == LOOP_INDEX for part in argument):
        return "".join(part.text if isinstance(part, Literal) else "*" for part in argument)
    return None
