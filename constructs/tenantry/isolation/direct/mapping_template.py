"""Mapping templates that a caller cannot break out of, composed of a few building blocks.

A template of API Gateway makes the request to an AWS service out of the caller's. Written by hand it is a program in
which one missing escape lets a quote in a field rewrite everything after it. Here a template is a JSON value with
blocks in it; a block prints a whole JSON value, or text escaped for JSON, and nothing else can be put in.

Sources
-------
https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-mapping-template-reference.html
https://velocity.apache.org/engine/1.7/user-guide.html
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final, Protocol

from tenantry.isolation.direct.template_statements import (
    Statements,
    UnsafeTemplateError,
    Value,
    bare,
    in_quotes,
    literal,
    printed,
    with_constants,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_CONTEXT: Final = re.compile(r"[A-Za-z][A-Za-z0-9]*(\.[A-Za-z][A-Za-z0-9_]*)*")
_EXPECTED_TENANT: Final = "expected-tenant"
_JSON_PATH: Final = re.compile(r"[$@](\.[A-Za-z_][A-Za-z0-9_]*|\[\d+\])*")


class Text(ABC):
    """A block of text, which `Joined` can put beside other text."""

    @abstractmethod
    def reference(self, statements: Statements) -> str:
        """Return Velocity's reference to it, without the dollar."""

    def printed(self, statements: Statements, *, quoted: bool) -> str:
        """Return what prints it."""
        return in_quotes(statements.escaped(self.reference(statements)), quoted=quoted)


@dataclass(frozen=True)
class _Named(Text):
    """A text that API Gateway knows by a name. Each kind says itself where it is read: the caller chooses some."""

    name: str

    _form: ClassVar[re.Pattern[str]] = _NAME
    _kind: ClassVar[str]

    def __post_init__(self) -> None:
        """Refuse what is no name."""
        _check(self._form, self.name, f"the name of a {self._kind}")


class _Parameter(_Named):
    """What the caller gives by a name; the path's parameters come before a query or header of that name."""

    def reference(self, statements: Statements) -> str:  # noqa: ARG002 - as its kind does
        """Return Velocity's reference to it."""
        return f"input.params('{self.name}')"


class PathText(_Parameter):
    """A parameter of the request's path."""

    _kind = "path's parameter"


class QueryText(_Parameter):
    """A parameter of the request's query, empty if there is none; its name is none of the path's parameters."""

    _kind = "query's parameter"


class ContextText(_Named):
    """What API Gateway itself knows of the request, such as ``authorizer.tenantId``."""

    _form = _CONTEXT
    _kind = "context variable"

    def reference(self, statements: Statements) -> str:  # noqa: ARG002 - as its kind does
        """Return Velocity's reference to it."""
        return f"context.{self.name}"


@dataclass(frozen=True)
class _AtPath:
    """A block that reads the body at a path."""

    path: str

    def __post_init__(self) -> None:
        """Refuse what is no path."""
        _check(_JSON_PATH, self.path, "a path into a body")


class BodyText(_AtPath, Text):
    """Text of the body, at ``$.name``, or at ``@.name`` of the item of an `Each`."""

    def reference(self, statements: Statements) -> str:
        """Return Velocity's reference to it."""
        return f"input.path({statements.path(self.path)})"


class BodyJson(_AtPath):
    """A whole JSON value of the body, whatever it is, at ``$.name``, or at ``@.name`` of the item of an `Each`."""

    def printed(self, statements: Statements, *, quoted: bool) -> str:  # noqa: ARG002 - JSON brings its own quotes
        """Return what prints it."""
        return statements.json(self.path)


@dataclass(frozen=True)
class Index:
    """The number of the item of an `Each`, from 0."""

    def printed(self, statements: Statements, *, quoted: bool) -> str:  # noqa: ARG002 - a number
        """Return what prints it."""
        if not statements.array:
            raise UnsafeTemplateError("An index stands in no loop.")
        return "${foreach.index}"


@dataclass(frozen=True, init=False)
class Joined:
    """One text of several: a key that begins with the tenant, say.

    Examples
    --------
    >>> Joined(ContextText("authorizer.tenantId"), "#", BodyText("$.id")).parts[1]
    '#'
    """

    parts: tuple[str | Text, ...]

    def __init__(self, *parts: str | Text) -> None:
        object.__setattr__(self, "parts", parts)

    def printed(self, statements: Statements, *, quoted: bool) -> str:
        """Return what prints it."""
        parts = [
            literal(part) if isinstance(part, str) else statements.escaped(part.reference(statements))
            for part in self.parts
        ]
        return in_quotes("".join(parts), quoted=quoted)


@dataclass(frozen=True)
class Base64:
    """A JSON value, as a text that holds it in Base64: the data of a record."""

    value: Value

    def printed(self, statements: Statements, *, quoted: bool) -> str:
        """Return what prints it."""
        held = printed(self.value, statements, quoted=True)
        return in_quotes(statements.set(f'$util.base64Encode("{held}")'), quoted=quoted)


@dataclass(frozen=True)
class JsonText:
    """A JSON value, as a text that holds it: the input of an execution."""

    value: Value

    def printed(self, statements: Statements, *, quoted: bool) -> str:
        """Return what prints it."""
        held = statements.set(f'"{printed(self.value, statements, quoted=True)}"')
        return in_quotes(statements.escaped(held[2:-1]), quoted=quoted)


@dataclass(frozen=True)
class Given:
    """Whether a text is not empty, whatever is in it."""

    text: Text

    def expression(self, statements: Statements) -> str:
        """Return it in Velocity's words."""
        return f"!{bare(statements.raw(self.text.reference(statements)))}.isEmpty()"


@dataclass(frozen=True)
class Matches:
    """Whether the whole of a text is as a regular expression of Java's says, whose ``.`` is no line break."""

    text: Text
    pattern: str

    def __post_init__(self) -> None:
        """Refuse a pattern that would end its own quotes, or is none."""
        if "'" in self.pattern or "\n" in self.pattern:
            raise UnsafeTemplateError(f"A pattern stands in single quotes and cannot hold one: {self.pattern!r}.")
        re.compile(self.pattern)

    def expression(self, statements: Statements) -> str:
        """Return it in Velocity's words."""
        return f"{bare(statements.raw(self.text.reference(statements)))}.matches('{self.pattern}')"


@dataclass(frozen=True)
class Not:
    """Whether a condition does not hold."""

    condition: Condition

    def expression(self, statements: Statements) -> str:
        """Return it in Velocity's words."""
        return f"!({self.condition.expression(statements)})"


@dataclass(frozen=True)
class IsObject:
    """Whether a value of the body is an object."""

    value: BodyJson

    def expression(self, statements: Statements) -> str:
        """Return it in Velocity's words."""
        return f"{bare(statements.json(self.value.path))}.startsWith('{{')"


@dataclass(frozen=True)
class ExpectedTenant:
    """Whether the request's header ``Expected-Tenant``, if there is one, names this tenant exactly.

    Isolation: the header can only narrow. It is compared, and nothing of it is printed. AWS does not say in which case
    API Gateway hands on the name of a header, so that every case is looked for, in the headers only: `$input.params` of
    a name would take a query's parameter first. A header that is sent twice in different cases must be right twice.
    """

    tenant: Text

    def expression(self, statements: Statements) -> str:
        """Return it in Velocity's words."""
        return bare(statements.unless_a_header_differs(_EXPECTED_TENANT, self.tenant.reference(statements)))


class Condition(Protocol):
    """What a guard asks."""

    def expression(self, statements: Statements) -> str:
        """Return it in Velocity's words."""
        ...


@dataclass(frozen=True)
class Each(_AtPath):
    """An array with a value for each item of an array of the body; API Gateway ends a loop at 1,000.

    Attributes
    ----------
    path
        Where the array is.
    item
        The value, whose paths begin with ``@``.
    guards
        What must hold of an item. One of which it does not prints ``{}``, which no service takes for a record, so that
        the request is refused as a whole.
    """

    item: Value
    guards: Sequence[Condition] = ()

    def __post_init__(self) -> None:
        """Refuse what is no path, and a loop in a loop."""
        super().__post_init__()
        if self.path.startswith("@"):
            raise UnsafeTemplateError("A loop cannot stand in another.")

    def printed(self, statements: Statements, *, quoted: bool) -> str:
        """Return what prints it."""
        _check_not_encoded(quoted=quoted)
        item = _guarded(self.item, self.guards, {}, statements.inner(self.path))
        return f"[\n#foreach($item in $input.path('{self.path}'))\n{item}#if($foreach.hasNext),#end\n#end\n]"


@dataclass(frozen=True)
class Either:
    """One value where a condition holds, another where it does not."""

    when: Condition
    then: Value
    otherwise: Value

    def printed(self, statements: Statements, *, quoted: bool) -> str:
        """Return what prints it."""
        _check_not_encoded(quoted=quoted)
        condition = self.when.expression(statements)
        then, otherwise = (_after_its_statements(value, statements.inner()) for value in (self.then, self.otherwise))
        return f"#if({condition})\n{then}\n#else\n{otherwise}\n#end\n"


@dataclass(frozen=True)
class When:
    """A member of an object that is there only where a condition holds; it cannot be the first one."""

    condition: Condition
    value: Value

    def printed_member(self, key: str, statements: Statements) -> str:
        """Return what prints the member, with the comma before it."""
        condition = self.condition.expression(statements)
        inner = statements.inner()
        value = printed(self.value, inner)
        return f"\n#if({condition})\n{inner},{key}:{value}\n#end\n"


@dataclass(frozen=True)
class WholeNumber:
    """A number that is sent as text, in a query; another one where it is not as a regular expression says."""

    text: Text
    pattern: str
    otherwise: int

    def printed(self, statements: Statements, *, quoted: bool) -> str:
        """Return what prints it."""
        _check_not_encoded(quoted=quoted)
        condition = Matches(self.text, self.pattern).expression(statements)
        number = statements.raw(self.text.reference(statements))
        return f"\n#if({condition})\n{number}\n#else\n{self.otherwise}\n#end\n"

    def __post_init__(self) -> None:
        """Refuse a pattern that could be more than digits."""
        if re.sub(r"[\d\[\](){},?|-]", "", self.pattern):
            raise UnsafeTemplateError(f"The pattern of a number is made of digits: {self.pattern!r}.")


def request_template(value: Value, *, guards: Sequence[Condition] = (), otherwise: Value = None) -> str:
    """Return the template that prints `value`.

    Isolation: what a caller sends is a value in it, never a part of it.

    Parameters
    ----------
    value
        JSON with blocks in it.
    guards
        What must hold.
    otherwise
        What is printed where that does not hold: API Gateway cannot stop in a template, so this has to be a request
        that the service refuses.

    Raises
    ------
    UnsafeTemplateError
        A literal that would have to be escaped, a malformed name or path, or a block that is not allowed there.

    Examples
    --------
    >>> print(request_template({"id": BodyJson("$.id")}))
    #set($v1 = $input.json('$.id'))
    {"id":${v1}}
    """
    return with_constants(_guarded(value, guards, otherwise, Statements()))


def form_template(
    fields: Mapping[str, Value], *, guards: Sequence[Condition] = (), otherwise: Mapping[str, str] | None = None
) -> str:
    """Return the template that prints a form, for services that take one: a value that is no text is its JSON.

    Isolation: as `request_template`; each value is encoded as a whole.

    Parameters
    ----------
    fields, guards
        As `request_template` takes them.
    otherwise
        The form where a guard does not hold; an empty one if there is none.

    Raises
    ------
    UnsafeTemplateError
        As for `request_template`, or a malformed name.

    Examples
    --------
    >>> print(form_template({"Action": "SendMessage"}, otherwise={"Action": "Nothing"}))
    #if(true)
    Action=SendMessage#{else}Action=Nothing#end
    """
    outer = Statements()
    condition = " && ".join(guard.expression(outer) for guard in guards) or "true"
    inner, pairs = outer.inner(), []
    for name, value in fields.items():
        _check(_NAME, name, "the name of a form's field")
        if isinstance(value, str):
            text = literal(value)
        else:
            held = inner.set(f'"{printed(value, inner, quoted=True)}"')
            text = f"$util.urlEncode({bare(held)})"
        pairs.append(f"{name}={text}")
    refused = "&".join(f"{name}={literal(text)}" for name, text in (otherwise or {}).items())
    other = f"#{{else}}{refused}" if refused else ""  # a line's end would be a part of the form
    return with_constants(f"{outer}#if({condition})\n{inner}{'&'.join(pairs)}{other}#end")


def reply_template(value: Value, *, statuses: Sequence[tuple[Condition, int]] = ()) -> str:
    """Return the template that prints `value` out of a service's reply, with another status on a condition.

    Raises
    ------
    UnsafeTemplateError
        As for `request_template`.
    """
    statements = Statements()
    overrides = [
        f"#if({condition.expression(statements)})\n#set($context.responseOverride.status = {status})\n#end\n"
        for condition, status in statuses
    ]
    body = printed(value, statements)
    return with_constants("".join([str(statements), *overrides, body]))


def _guarded(value: Value, guards: Sequence[Condition], otherwise: Value, statements: Statements) -> str:
    if not guards:
        return _after_its_statements(value, statements)
    conditions = " && ".join(guard.expression(statements) for guard in guards)
    guarded = _after_its_statements(value, statements.inner())
    refused = printed(otherwise, Statements())  # it has no statements: nothing of the request is in it
    return f"{statements}#if({conditions})\n{guarded}\n#else\n{refused}\n#end"


def _after_its_statements(value: Value, statements: Statements) -> str:
    body = printed(value, statements)
    return f"{statements}{body}"


def _check_not_encoded(*, quoted: bool) -> None:
    if quoted:
        raise UnsafeTemplateError("A loop or a choice cannot stand in a value that is encoded.")


def _check(form: re.Pattern[str], text: str, what: str) -> None:
    if not form.fullmatch(text):
        raise UnsafeTemplateError(f"{text!r} is not {what}.")
