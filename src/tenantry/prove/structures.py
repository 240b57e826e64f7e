"""What a service reads in a text of parts: JSON, or a form.

A text that somebody gives is a part of one value only if it is encoded, or if it can hold no character that means
something where it stands. Else it could end the value and write another one: that is an `InjectionError`.

Sources: https://www.rfc-editor.org/rfc/rfc8259 and https://url.spec.whatwg.org/#urlencoded-parsing
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias
from urllib.parse import unquote_plus

from tenantry.prove.conditions import held
from tenantry.prove.texts import (
    BASE64,
    JSON,
    URL,
    Comma,
    Digest,
    Encoded,
    Facts,
    Given,
    Json,
    Literal,
    Made,
    Part,
    Printed,
    Repeated,
    Text,
    joined,
    shown,
    text,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

_PRINTABLE: Final = frozenset(map(chr, range(32, 127)))
_IN_JSON: Final = _PRINTABLE - {'"', "\\"}
_IN_FORMS: Final = frozenset(c for c in _PRINTABLE if c.isalnum() or c in "-._~*:/@!,;$'()")
_DIGITS: Final = frozenset("0123456789")
_ESCAPES: Final = {'"': '"', "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_WORDS: Final = ("true", "false", "null")
# By the encoding of a text, where it can stand without meaning anything else.
_SAFE_IN_JSON: Final = frozenset({JSON, "JavaScript", BASE64, URL})


class MalformedError(ValueError):
    """A text is not of the form that the service reads; whatever the request, or it could not be told."""


class InjectionError(ValueError):
    """A text that somebody gives can become more than one value.

    Attributes
    ----------
    part
        The text.
    ends_with
        A character that it can hold and that means something there.
    """

    def __init__(self, part: Part, where: str, ends_with: str) -> None:
        super().__init__(f"{shown((part,))} stands {where}, and can hold {ends_with!r}")
        self.part = part
        self.ends_with = ends_with


@dataclass(frozen=True)
class Number:
    """A number, true, false or null."""

    text: Text


@dataclass(frozen=True)
class Each:
    """The items of an array, each one of these, where some facts hold."""

    of: tuple[tuple[Facts, Value], ...]


@dataclass(frozen=True)
class Object:
    """An object's members; no two have one name."""

    members: Mapping[str, Value]


@dataclass(frozen=True)
class Array:
    """An array's items."""

    items: tuple[Value, ...]


Value: TypeAlias = "Object | Array | Each | Number | Json | Text"
"""A string is its text."""


def read_json(value: Text, facts: Facts) -> Value:
    """Return the JSON value that a text is.

    Raises
    ------
    InjectionError
        What somebody gives can end the value that it stands in.
    MalformedError
        It is no JSON.
    """
    reader = _Reader(value, facts)
    found = reader.value()
    reader.end()
    return found


def read_form(value: Text, facts: Facts) -> dict[str, Text]:
    """Return the fields of a form.

    Raises
    ------
    InjectionError
        What somebody gives can end the field that it stands in.
    MalformedError
        It is no form, or a field is there twice.
    """
    fields: list[tuple[str, Text]] = []
    name: str | None = None
    held_: Text = ()
    for part in value:
        match part:
            case Literal(text=written):
                pieces = written.strip("\r\n").split("&")
                for number, piece in enumerate(pieces):
                    if number:
                        fields.append((_named(name), held_))
                        name, held_ = None, ()
                    if name is None and piece:
                        name, _, piece = piece.partition("=")  # noqa: PLW2901 - what is left of it
                    held_ = joined(held_, text(unquote_plus(piece)))
            case Encoded(encoding=encoding, of=of) if encoding == URL and name is not None:
                held_ = joined(held_, of)
            case Given() | Made() if name is not None:
                _check(part, facts, _IN_FORMS, "unencoded in a form")
                held_ = joined(held_, (part,))
            case _:
                raise InjectionError(part, "unencoded in a form", "&")
    fields.append((_named(name), held_))
    if len(dict(fields)) < len(fields):
        raise MalformedError("a field is there twice")
    return dict(fields)


def decoded(value: Value) -> Text | None:
    """Return what a text in Base64 holds, None if it is not one that the template has made as a whole."""
    match value:
        case (Encoded(encoding=encoding, of=of),) if encoding == BASE64:
            return of
    return None


def _named(name: str | None) -> str:
    if name is None:
        raise MalformedError("a form has a field without a name")
    return unquote_plus(name)


def _check(part: Part, facts: Facts, allowed: frozenset[str], where: str) -> None:
    found = held((part,), facts)
    if not found.only(allowed):
        wrong = found.ascii - allowed
        raise InjectionError(part, where, next((c for c in '"&\\' if c in wrong), min(wrong, default="é")))


class _Reader:
    """Reads JSON: `_parts` are what is left, of which the first literal is cut as it is read."""

    def __init__(self, value: Text, facts: Facts) -> None:
        self._parts: list[Part] = list(value)
        self._facts = facts

    def value(self) -> Value:
        """Return the value that begins here."""
        self._space()
        match self._parts[:1]:
            case [Literal(text=written)]:
                return self._written(written)
            case [Json() as whole]:
                self._parts.pop(0)
                return whole
            case [Given() | Made() as part]:
                _check(part, self._facts, _DIGITS, "outside the quotes of a string")
                self._parts.pop(0)
                return Number((part,))
            case [part]:
                raise InjectionError(part, "outside the quotes of a string", '"')
        raise MalformedError("a value is missing")

    def end(self) -> None:
        """Refuse what follows the value."""
        self._space()
        if self._parts:
            raise MalformedError(f"{shown(tuple(self._parts))!r:.60} follows the value")

    def _written(self, written: str) -> Value:
        match written[0]:
            case "{":
                return self._object()
            case "[":
                return self._array()
            case '"':
                return self._string()
        for word in _WORDS:
            if written.startswith(word):
                self._cut(len(word))
                return Number(text(word))
        digits = len(written) - len(written.lstrip("-+.0123456789eE"))
        if not digits:
            raise MalformedError(f"{written!r:.40} is no JSON")
        self._cut(digits)
        return Number(text(written[:digits]))

    def _object(self) -> Object:
        members: dict[str, Value] = {}
        self._cut(1)
        while not self._next("}"):
            if members:
                self._expect(",")
            self._space()
            if not self._next('"', cut=False):
                raise MalformedError("the name of a member is missing")
            name = self._string()
            written = "".join(part.text for part in name if isinstance(part, Literal))
            if name != text(written):
                raise MalformedError(f"the name of a member is {shown(name)}")
            if written in members:
                raise MalformedError(f"the member {written!r} is there twice")
            self._expect(":")
            members[written] = self.value()
        return Object(members)

    def _array(self) -> Array | Each:
        self._cut(1)
        self._space()
        match self._parts[:1]:
            case [Repeated(of=of)]:
                self._parts.pop(0)
                self._expect("]")
                return Each(tuple((one.facts, self._item(one)) for one in of))
        items: list[Value] = []
        while not self._next("]"):
            if items:
                self._expect(",")
            items.append(self.value())
        return Array(tuple(items))

    def _item(self, printed: Printed) -> Value:
        """Return the item that a loop prints, which ends with the comma before the next one."""
        facts = self._facts | printed.facts
        commas = [number for number, part in enumerate(printed.text) if isinstance(part, Comma)]
        if len(commas) != 1 or _is_more(printed.text[commas[0] + 1 :]):
            raise MalformedError("a loop prints more or less than an item and the comma before the next")
        return read_json(printed.text[: commas[0]], facts)

    def _string(self) -> Text:
        self._cut(1)
        found: Text = ()
        while self._parts:
            part = self._parts[0]
            match part:
                case Literal(text=written):
                    ended, held_, used = _until_quote(written)
                    found = joined(found, text(held_))
                    self._cut(used)
                    if ended:
                        return found
                    continue
                case Encoded(encoding=encoding, of=of) if encoding in _SAFE_IN_JSON:
                    found = joined(found, of if encoding not in {BASE64, URL} else (part,))
                case Given() | Made():
                    _check(part, self._facts, _IN_JSON, "in a string without being escaped for JSON")
                    found = joined(found, (part,))
                case Digest():
                    found = joined(found, (part,))
                case _:
                    raise InjectionError(part, "in a string without being escaped for JSON", '"')
            self._parts.pop(0)
        raise MalformedError("a string has no end")

    def _cut(self, length: int) -> None:
        first = self._parts[0]
        rest = first.text[length:] if isinstance(first, Literal) else ""
        self._parts[:1] = [Literal(rest)] if rest else []

    def _space(self) -> None:
        while self._parts and isinstance(first := self._parts[0], Literal):
            rest = first.text.lstrip(" \t\r\n")
            if rest:
                self._parts[0] = Literal(rest)
                return
            self._parts.pop(0)

    def _next(self, sign: str, *, cut: bool = True) -> bool:
        self._space()
        first = self._parts[0] if self._parts else None
        if not isinstance(first, Literal) or not first.text.startswith(sign):
            if first is None:
                raise MalformedError(f"{sign!r} is missing")
            return False
        if cut:
            self._cut(len(sign))
        return True

    def _expect(self, sign: str) -> None:
        if not self._next(sign):
            part = self._parts[0]
            if not isinstance(part, Literal):
                raise InjectionError(part, f"where {sign!r} is due", '"')
            raise MalformedError(f"{sign!r} is missing before {part.text!r:.40}")


def _is_more(parts: Text) -> bool:
    return any(not isinstance(part, Literal) or part.text.strip() for part in parts)


def _until_quote(written: str) -> tuple[bool, str, int]:
    """Return whether a string ends in a literal, what it holds, and how much of the literal that is."""
    out: list[str] = []
    at = 0
    while at < len(written):
        character = written[at]
        if character == '"':
            return True, "".join(out), at + 1
        if character == "\\":
            escape = written[at + 1 : at + 2]
            if escape == "u":
                try:
                    out.append(chr(int(written[at + 2 : at + 6], 16)))
                except ValueError:
                    raise MalformedError("a malformed escape") from None
                at += 6
                continue
            if escape not in _ESCAPES:
                raise MalformedError(f"the escape \\{escape}")
            out.append(_ESCAPES[escape])
            at += 2
            continue
        if character < " ":
            raise MalformedError("a control character in a string")
        out.append(character)
        at += 1
    return False, "".join(out), at
