"""Texts that a template or a workflow makes, as the parts that they are made of.

A part is written in the template, is given by somebody, or is another text in an encoding. Who gives a text decides
what may be made of it: the tenant that an authorizer has found may begin a key, and what a caller sends may not.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator


class By(StrEnum):
    """Who gives a text."""

    AUTHORIZER = "the authorizer"
    AWS = "AWS"
    PATH = "the path"
    CALLER = "the caller"
    EVENT = "the event"
    STARTER = "whoever starts the machine"
    TASK = "an earlier task's result"


@dataclass(frozen=True)
class Literal:
    """Text that is written in the template."""

    text: str


@dataclass(frozen=True)
class Given:
    """Text that is known when a request comes.

    Attributes
    ----------
    by
        Who gives it.
    name
        Where it is read, as the template has it.
    """

    by: By
    name: str


@dataclass(frozen=True)
class Json:
    """A whole JSON value of whatever kind, which brings its own quotes.

    Attributes
    ----------
    by, name
        As of `Given`.
    """

    by: By
    name: str


@dataclass(frozen=True)
class Made:
    """Text that was made of another one in a way of which nothing is assumed, such as a part of it."""

    how: str
    of: Text


@dataclass(frozen=True)
class Digest:
    """Text made of a hash of another one, and of letters, digits and hyphens: nobody can choose it."""

    of: Text


@dataclass(frozen=True)
class Encoded:
    """Another text, as it stands within a string of JSON, in Base64 or in a URL."""

    encoding: str
    of: Text


@dataclass(frozen=True)
class Repeated:
    """What a loop prints: any number of times one of these, each after other conditions."""

    of: tuple[Printed, ...]


@dataclass(frozen=True)
class Comma:
    """The comma between what a loop prints."""


Part: TypeAlias = "Literal | Given | Json | Made | Digest | Encoded | Repeated | Comma"
Text: TypeAlias = "tuple[Part, ...]"

JSON: Final = "JSON"
BASE64: Final = "Base64"
URL: Final = "URL"


@dataclass(frozen=True)
class Atom:
    """Something that may hold of a text, such as that it matches a pattern as a whole."""

    what: str
    of: Text
    by: str = ""


Facts: TypeAlias = "frozenset[tuple[Atom, bool]]"


@dataclass(frozen=True)
class Printed:
    """What is printed where some facts hold."""

    facts: Facts
    text: Text


def text(value: str) -> Text:
    """Return a literal text."""
    return (Literal(value),) if value else ()


def joined(*texts: Text) -> Text:
    """Return texts one after another, literals side by side as one."""
    out: list[Part] = []
    for part in (part for some in texts for part in some):
        if isinstance(part, Literal) and out and isinstance(out[-1], Literal):
            out[-1] = Literal(out[-1].text + part.text)
        elif part != Literal(""):
            out.append(part)
    return tuple(out)


def literal(value: Text) -> str | None:
    """Return a text that is written as a whole in the template, None if it is not."""
    return "".join(part.text for part in value if isinstance(part, Literal)) if is_literal(value) else None


def is_literal(value: Text) -> bool:
    """Return whether nobody but the template says a text."""
    return all(isinstance(part, Literal) for part in value)


def givers(value: Text) -> Iterator[Given | Json]:
    """Yield everything that others give of a text, at any depth."""
    for part in value:
        match part:
            case Given() | Json():
                yield part
            case Made(of=of) | Digest(of=of) | Encoded(of=of):
                yield from givers(of)
            case Repeated(of=of):
                for printed in of:
                    yield from givers(printed.text)


def shown(value: Text) -> str:
    """Return a text for people, with what is given between angle brackets."""
    return "".join(_shown(part) for part in value)


def _shown(part: Part) -> str:  # noqa: PLR0911 - a case for each kind
    match part:
        case Literal(text=written):
            return written
        case Given(name=name) | Json(name=name):
            return f"<{name}>"
        case Made(how=how, of=of):
            return f"<{how} of {shown(of)}>"
        case Digest(of=of):
            return f"<digest of {shown(of)}>"
        case Encoded(of=of):
            return shown(of)
        case Repeated(of=of):
            return "".join(shown(printed.text) for printed in of)
        case Comma():
            return ","
