"""JSONata, as far as workflows need it: what an expression is made of.

Read are paths, predicates, variables, strings, numbers, regular expressions, objects, arrays, calls of functions,
conditions, comparisons, `&`, arithmetic, blocks and `:=`. Everything else (functions of one's own, `~>`, `^()`, `%`,
`#`, `**`, grouping) is an `UnreadError`: nothing is guessed.

Sources: https://docs.jsonata.org/path-operators and
https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, TypeAlias

from tenantry.prove.velocity import UnreadError

_TOKEN: Final = re.compile(
    r"""\s*(?:(?P<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
    |(?P<number>\d+(?:\.\d+)?)
    |(?P<variable>\$[A-Za-z_]\w*|\$\$?)
    |(?P<name>[A-Za-z_]\w*|`[^`]*`)
    |(?P<sign>:=|!=|<=|>=|[.\[\]{}(),;:?&=<>+*/-]))""",
    re.VERBOSE,
)
_REGEX: Final = re.compile(r"\s*/((?:[^/\\\n]|\\.)+)/([im]*)")
_ESCAPE: Final = re.compile(r"\\(u[0-9A-Fa-f]{4}|.)", re.DOTALL)
_ESCAPES: Final = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_BINDING: Final = {
    ":=": 10, "?": 20, "or": 25, "and": 30, "=": 40, "!=": 40, "<": 40, ">": 40, "<=": 40, ">=": 40, "in": 40,
    "&": 50, "+": 50, "-": 50, "*": 60, "/": 60, ".": 75, "[": 80, "(": 80,
}  # fmt: skip
_WORDS: Final = frozenset({"and", "or", "in"})


@dataclass(frozen=True)
class Constant:
    """A string, a number, true, false or null."""

    value: str | float | bool | None


@dataclass(frozen=True)
class Regex:
    """A regular expression with its flags."""

    pattern: str
    flags: str


@dataclass(frozen=True)
class Variable:
    """A variable, without its dollar."""

    name: str


@dataclass(frozen=True)
class Member:
    """A member of what an expression is."""

    of: Expression
    name: str


@dataclass(frozen=True)
class Filtered:
    """The items of an array for which something holds, or one of them."""

    of: Expression
    by: Expression


@dataclass(frozen=True)
class Call:
    """A call of a function that the language has."""

    name: str
    arguments: tuple[Expression, ...]


@dataclass(frozen=True)
class Binary:
    """Two operands with an operator between them."""

    operator: str
    left: Expression
    right: Expression


@dataclass(frozen=True)
class Conditional:
    """One value where a condition holds, another, or none, where it does not."""

    condition: Expression
    then: Expression
    otherwise: Expression | None


@dataclass(frozen=True)
class ArrayOf:
    """An array."""

    items: tuple[Expression, ...]


@dataclass(frozen=True)
class ObjectOf:
    """An object."""

    members: tuple[tuple[Expression, Expression], ...]


@dataclass(frozen=True)
class Block:
    """Expressions, of which the last one is the value."""

    of: tuple[Expression, ...]


@dataclass(frozen=True)
class Assigned:
    """A variable of a block."""

    name: str
    value: Expression


Expression: TypeAlias = (
    "Constant | Regex | Variable | Member | Filtered | Call | Binary | Conditional | ArrayOf | ObjectOf | Block"
    " | Assigned"
)


def parse(expression: str) -> Expression:
    """Return what an expression is made of, without its ``{%`` and ``%}``.

    Raises
    ------
    UnreadError
        A part of it is not of the subset.
    """
    reader = _Reader(expression)
    found = reader.expression(0)
    reader.end()
    return found


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def end(self) -> None:
        """Refuse what follows the expression."""
        if self._text[self._at :].strip():
            raise self._unread()

    def expression(self, binding: int) -> Expression:
        """Return the expression that begins here, as far as its operators bind more than `binding`."""
        left = self._first()
        while True:
            kind, sign, end = self._token()
            if kind not in {"sign", "name"} or (kind == "name" and sign not in _WORDS):
                return left
            strength = _BINDING.get(sign, 0)
            if strength <= binding:
                return left
            self._at = end
            left = self._after(left, sign, strength)

    def _after(self, left: Expression, sign: str, strength: int) -> Expression:  # noqa: PLR0911 - a case for each kind
        match sign:
            case ".":
                return self._step(left)
            case "[":
                if self._next("]"):
                    return left  # only says that the result is to be an array
                by = self.expression(0)
                self._expect("]")
                return Filtered(left, by)
            case "(":
                if not isinstance(left, Variable):
                    raise self._unread()
                return Call(left.name, self._list(")"))
            case "?":
                then = self.expression(0)
                return Conditional(left, then, self.expression(0) if self._next(":") else None)
            case ":=":
                if not isinstance(left, Variable):
                    raise self._unread()
                return Assigned(left.name, self.expression(strength - 1))
        return Binary(sign, left, self.expression(strength))

    def _step(self, left: Expression) -> Expression:
        kind, name, end = self._token()
        if kind != "name":
            raise self._unread()
        self._at = end
        return Member(left, name.strip("`"))

    def _first(self) -> Expression:  # noqa: C901, PLR0911 - a case for each kind
        if regex := _REGEX.match(self._text, self._at):
            self._at = regex.end()
            return Regex(regex[1], regex[2])
        kind, token, end = self._token()
        self._at = end
        match kind, token:
            case "string", _:
                return Constant(_ESCAPE.sub(_unescaped, token[1:-1]))
            case "number", _:
                return Constant(float(token))
            case "variable", ("$" | "$$"):
                raise self._unread()
            case "variable", _:
                return Variable(token[1:])
            case "name", ("true" | "false" | "null"):
                return Constant({"true": True, "false": False, "null": None}[token])
            case "name", _ if token not in _WORDS | {"function"}:
                return Member(Variable(""), token.strip("`"))
            case "sign", "(":
                return Block(self._list(")", ";"))
            case "sign", "[":
                return ArrayOf(self._list("]"))
            case "sign", "{":
                return self._object()
            case "sign", "-":
                return Binary("-", Constant(0.0), self.expression(_BINDING["*"]))
        raise self._unread()

    def _list(self, closing: str, separator: str = ",") -> tuple[Expression, ...]:
        found: list[Expression] = []
        while not self._next(closing):
            if found:
                self._expect(separator)
                if separator == ";" and self._next(closing):
                    break
            found.append(self.expression(0))
        return tuple(found)

    def _object(self) -> ObjectOf:
        members: list[tuple[Expression, Expression]] = []
        while not self._next("}"):
            if members:
                self._expect(",")
            name = self.expression(0)
            self._expect(":")
            members.append((name, self.expression(0)))
        return ObjectOf(tuple(members))

    def _token(self) -> tuple[str, str, int]:
        if not self._text[self._at :].strip():
            return "end", "", len(self._text)
        found = _TOKEN.match(self._text, self._at)
        if not found or not found.lastgroup:
            raise self._unread()
        return found.lastgroup, found[found.lastgroup], found.end()

    def _next(self, sign: str) -> bool:
        if self._text[self._at :].strip() == "":
            raise self._unread()
        kind, token, end = self._token() if not _REGEX.match(self._text, self._at) else ("regex", "", 0)
        if kind != "sign" or token != sign:
            return False
        self._at = end
        return True

    def _expect(self, sign: str) -> None:
        if not self._next(sign):
            raise self._unread()

    def _unread(self) -> UnreadError:
        return UnreadError(f"JSONata {self._text!r:.80} at {self._text[self._at : self._at + 20]!r}")


def _unescaped(found: re.Match[str]) -> str:
    escape = found[1]
    return chr(int(escape[1:], 16)) if escape[0] == "u" and len(escape) > 1 else _ESCAPES.get(escape, escape)
