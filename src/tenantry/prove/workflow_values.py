"""What an expression of a workflow can be, for every input: each value, with what holds where it is that one.

Of what a task gives back and of what an event holds, only the path is known at which it is read (`Json`). What is made
of a value in a way that is not known here is a text of which nothing is assumed (`Made`).

Sources: https://docs.jsonata.org/string-functions and
https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeVar

from tenantry.prove import jsonata
from tenantry.prove.conditions import Condition, Test, assumed
from tenantry.prove.keys import ID_CHARACTERS
from tenantry.prove.structures import Array, Each, Number, Object
from tenantry.prove.structures import Value as Structure
from tenantry.prove.texts import (
    Atom,
    By,
    Digest,
    Facts,
    Given,
    Json,
    Literal,
    Made,
    Part,
    Text,
    joined,
    literal,
    text,
)
from tenantry.prove.velocity import UnreadError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

Value: TypeAlias = "Structure | Condition"
Outcome: TypeAlias = "tuple[Facts, Value]"

_T = TypeVar("_T")
_OPENING, _CLOSING = "{%", "%}"
_COMPARISONS: Final = frozenset({"=", "!=", "<", ">", "<=", ">=", "in"})
_MOST_OUTCOMES: Final = 512
NOTHING: Final[Text] = ()
"""What is not there: in a text it is nothing."""


@dataclass(frozen=True)
class Scope:
    """What an expression can read.

    Attributes
    ----------
    variables
        By name.
    states
        What ``$states`` has: ``input``, ``result``, ``errorOutput`` and ``context``.
    """

    variables: Mapping[str, Value] = field(default_factory=dict)
    states: Mapping[str, Value] = field(default_factory=dict)


def evaluated(value: Any, scope: Scope, facts: Facts) -> list[Outcome]:  # noqa: ANN401 - JSON with expressions in it
    """Return what JSON with expressions between ``{%`` and ``%}`` in it can be.

    Raises
    ------
    UnreadError
        An expression is not of the subset that is read.
    """
    match value:
        case str() if value.startswith(_OPENING) and value.endswith(_CLOSING):
            return _Evaluation(scope).of(jsonata.parse(value[2:-2]), facts)
        case str():
            return [(facts, text(value))]
        case dict():
            names = list(value)
            parts = _each(lambda one, now: evaluated(one, scope, now), value.values(), facts)
            return [(now, Object(dict(zip(names, map(structure, found), strict=True)))) for now, found in parts]
        case list():
            parts = _each(lambda one, now: evaluated(one, scope, now), value, facts)
            return [(now, Array(tuple(map(structure, found)))) for now, found in parts]
        case None | bool() | int() | float():
            return [(facts, Number(text(str(value).lower())))]
    raise UnreadError(f"{value!r} is no JSON")


def structure(value: Value) -> Structure:
    """Return a value as JSON has it: of a condition, nothing is known."""
    match value:
        case bool():
            return Number(text(str(value).lower()))
        case Atom() | Test():
            return Number((Made("a condition", _all_of(value)),))
    return value


def condition(value: Value) -> Condition:
    """Return a value as a condition."""
    match value:
        case bool() | Atom() | Test():
            return value
        case Number(text=held) if literal(held) in {"true", "false"}:
            return literal(held) == "true"
    return Atom("is true", as_text(value))


def as_text(value: Value) -> Text:
    """Return a value as a part of a text."""
    match value:
        case tuple():
            return value
        case Number(text=held):
            return held
        case Json(by=by, name=name):
            return (Given(by, name),)
    return (Made("text", _all_of(value)),)


def member(value: Value, name: str) -> Value:
    """Return a member of a value, nothing if an object has none of that name."""
    match value:
        case Object(members=members):
            return members.get(name, NOTHING)
        case Json(by=by, name=path):
            return Json(by, f"{path}.{name}")
        case ():
            return NOTHING
    return (Made(f"member {name}", _all_of(value)),)


def item(value: Value) -> Value:
    """Return any item of an array."""
    match value:
        case Json(by=by, name=path):
            return Json(by, path if path.endswith("[]") else f"{path}[]")
        case Array(items=(only,)):
            return item(only) if isinstance(only, Json) else only
    return (Made("item", _all_of(value)),)


def _all_of(value: Value) -> Text:  # noqa: PLR0911 - a case for each kind
    """Return everything that a value depends on."""
    match value:
        case tuple():
            return value
        case Json() | Number():
            return as_text(value)
        case Object(members=members):
            return tuple(part for one in members.values() for part in _all_of(one))
        case Array(items=items):
            return tuple(part for one in items for part in _all_of(one))
        case Each(of=of):
            return tuple(part for _, one in of for part in _all_of(one))
        case Atom(of=of):
            return of
        case Test(operands=operands):
            return tuple(part for one in operands for part in _all_of(one))
    return ()


def _each(
    evaluate: Callable[[_T, Facts], list[Outcome]], expressions: Iterable[_T], facts: Facts
) -> list[tuple[Facts, list[Value]]]:
    """Return every combination of what some expressions can be, each where what the ones before say holds."""
    found: list[tuple[Facts, list[Value]]] = [(facts, [])]
    for one in expressions:
        found = [(after, [*values, value]) for now, values in found for after, value in evaluate(one, now)]
        if len(found) > _MOST_OUTCOMES:
            raise UnreadError(f"an expression has more than {_MOST_OUTCOMES} outcomes")
    return found


@dataclass(frozen=True)
class _Evaluation:
    scope: Scope

    def of(self, expression: jsonata.Expression, facts: Facts) -> list[Outcome]:  # noqa: C901, PLR0911, PLR0912 - a case for each kind
        """Return what an expression can be."""
        match expression:
            case jsonata.Constant(value=str() as written):
                return [(facts, text(written))]
            case jsonata.Constant(value=bool() as truth):
                return [(facts, truth)]
            case jsonata.Constant(value=value):
                return [(facts, Number(text("null" if value is None else f"{value:g}")))]
            case jsonata.Variable(name="states"):
                return [(facts, Object({name: structure(value) for name, value in self.scope.states.items()}))]
            case jsonata.Variable(name=""):  # a member of the item of an array
                return [(facts, (Made("a member of an item", NOTHING),))]
            case jsonata.Variable(name=name):
                if name not in self.scope.variables:
                    raise UnreadError(f"nothing is known of ${name}")
                return [(facts, self.scope.variables[name])]
            case jsonata.Member(of=of, name=name):
                return [(now, member(value, name)) for now, value in self.of(of, facts)]
            case jsonata.Filtered(of=of):
                return [(now, item(value)) for now, value in self.of(of, facts)]
            case jsonata.Call(name=name, arguments=arguments):
                return self._call(name, arguments, facts)
            case jsonata.Binary(operator=operator, left=left, right=right):
                return [(now, _binary(operator, *values)) for now, values in self._all((left, right), facts)]
            case jsonata.Conditional():
                return self._conditional(expression, facts)
            case jsonata.ArrayOf(items=items):
                return [(now, Array(tuple(map(structure, values)))) for now, values in self._all(items, facts)]
            case jsonata.ObjectOf(members=members):
                names = [one.value if isinstance(one, jsonata.Constant) else None for one, _ in members]
                if not all(isinstance(name, str) for name in names):
                    raise UnreadError("an object with a name that is not written")
                held = self._all([value for _, value in members], facts)
                return [
                    (now, Object(dict(zip(map(str, names), map(structure, values), strict=True))))
                    for now, values in held
                ]
            case jsonata.Block(of=of):
                return self.block(of, facts)
        raise UnreadError(f"{expression} is not read")

    def _all(self, expressions: Iterable[jsonata.Expression], facts: Facts) -> list[tuple[Facts, list[Value]]]:
        return _each(self.of, expressions, facts)

    def _conditional(self, expression: jsonata.Conditional, facts: Facts) -> list[Outcome]:
        out: list[Outcome] = []
        for now, value in self.of(expression.condition, facts):
            asked = condition(value)
            if (holds := assumed(asked, now, is_true=True)) is not None:
                out += self.of(expression.then, holds)
            if (fails := assumed(asked, now, is_true=False)) is not None:
                out += self.of(expression.otherwise, fails) if expression.otherwise else [(fails, NOTHING)]
        return out

    def block(self, expressions: tuple[jsonata.Expression, ...], facts: Facts) -> list[Outcome]:
        """Return what the last of some expressions can be."""
        if not expressions:
            return [(facts, NOTHING)]
        first, rest = expressions[0], expressions[1:]
        if not isinstance(first, jsonata.Assigned):
            return [one for now, value in self.of(first, facts) for one in _rest(self, rest, now, value)]
        return [
            one
            for now, value in self.of(first.value, facts)
            for one in _rest(self._with(first.name, value), rest, now, value)
        ]

    def _with(self, name: str, value: Value) -> _Evaluation:
        return _Evaluation(replace(self.scope, variables={**self.scope.variables, name: value}))

    def _call(self, name: str, arguments: tuple[jsonata.Expression, ...], facts: Facts) -> list[Outcome]:
        if name == "contains" and len(arguments) == 2 and isinstance(arguments[1], jsonata.Regex):  # noqa: PLR2004
            regex = arguments[1]
            what = "contains a match" if not regex.flags else f"contains a match ({regex.flags})"
            return [(now, Atom(what, as_text(value), regex.pattern)) for now, value in self.of(arguments[0], facts)]
        if any(isinstance(argument, jsonata.Regex) for argument in arguments):
            raise UnreadError(f"a regular expression in ${name}")
        return [(now, _called(name, values)) for now, values in self._all(arguments, facts)]


def _rest(
    evaluation: _Evaluation, expressions: tuple[jsonata.Expression, ...], facts: Facts, value: Value
) -> list[Outcome]:
    """Return what a block can be of which some expressions are left."""
    return evaluation.block(expressions, facts) if expressions else [(facts, value)]


def _called(name: str, values: list[Value]) -> Value:  # noqa: PLR0911 - a case for each kind
    match name, values:
        case "not", [value]:
            return Test("not", (condition(value),))
        case "exists", [value]:
            return False if value == NOTHING else Atom("exists", _all_of(value))
        case "boolean", [value]:
            return condition(value)
        case "hash", [value, *_]:
            return (Digest(as_text(value)),)
        case "substring", [(Digest(),) as digest, *_]:
            return digest
        case "string", [tuple() as value]:
            return value
    return (Made(f"${name}", tuple(part for value in values for part in _all_of(value))),)


def _binary(operator: str, left: Value, right: Value) -> Value:
    if operator == "&":
        return _digest(joined(as_text(left), as_text(right)))
    if operator in {"and", "or"}:
        return Test(operator, (condition(left), condition(right)))
    if operator in {"=", "!="}:
        for subject, constant in ((left, right), (right, left)):
            written = literal(as_text(constant)) if isinstance(constant, tuple | Number) else None
            if written is not None:
                same = Atom("==", as_text(subject), written)
                return same if operator == "=" else Test("not", (same,))
    held = tuple(part for value in (left, right) for part in _all_of(value))
    if operator in _COMPARISONS:
        return Atom("is true", (Made(operator, held),))
    return Number((Made(operator, held),))


def _digest(value: Text) -> Text:
    """Return a text; one that is made of a digest and of what ids are made of is a digest itself."""
    digests = {part for part in value if isinstance(part, Digest)}
    if len(digests) == 1 and all(_may_stand_in_a_digest(part) for part in value):
        return tuple(digests)
    return value


def _may_stand_in_a_digest(part: Part) -> bool:
    return isinstance(part, Digest) or (isinstance(part, Literal) and ID_CHARACTERS.issuperset(part.text))


# For those that walk a workflow of the older query language.


def path(value: Value, steps: Iterable[str]) -> Value:
    """Return what is at a path of a value."""
    for name in steps:
        value = member(value, name)
    return value


def formatted(form: str, values: list[Value]) -> Value:
    """Return a text in which values stand for each ``{}``."""
    pieces = form.split("{}")
    if len(pieces) != len(values) + 1:
        raise UnreadError(f"States.Format of {form!r} with {len(values)} values")
    texts = [text(pieces[0])]
    for piece, value in zip(pieces[1:], values, strict=True):
        texts += [as_text(value), text(piece)]
    return joined(*texts)


def starter_input(by: By) -> Json:
    """Return the input of an execution that somebody starts of whom nothing else is known."""
    return Json(by, "$event" if by is By.EVENT else "$input")


def unknown(what: str, *of: Value) -> Text:
    """Return a value of which nothing is known."""
    return (Made(what, tuple(part for value in of for part in _all_of(value))),)
