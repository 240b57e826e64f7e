"""Velocity, as far as mapping templates need it: what a template is made of.

A subset of Velocity 1.7 is read: text, references with properties and methods, `#set` of a variable, `#if`, `#elseif`,
`#else`, `#foreach` and `#end`, strings, numbers, `&&`, `||`, `!`, `==` and `!=`. Everything else (macros, `#evaluate`,
`#parse`, `#stop`, comments, unparsed text, arrays, ranges, escaped dollars) is an `UnreadError`: nothing is guessed.

Sources: https://velocity.apache.org/engine/1.7/user-guide.html and
https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-mapping-template-reference.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable

_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_OPENING: Final = re.compile(r"\$!?(?=\{?[A-Za-z])")
_WORDS: Final = "set|if|elseif|else|foreach|end"
_DIRECTIVE: Final = re.compile(rf"#(?:\{{({_WORDS})\}}|({_WORDS})(?![A-Za-z]))")
_LITERAL_HASH: Final = re.compile(r"#(?![A-Za-z{@#*\[])")
_LINE_END: Final = re.compile(r"[ \t]*\r?\n")
_SPACE: Final = re.compile(r"\s*")
_NUMBER: Final = re.compile(r"-?\d+")
_COMPARISONS: Final = ("==", "!=")


class UnreadError(ValueError):
    """A piece of a template is not of the subset that is read."""


@dataclass(frozen=True)
class Written:
    """Text as it stands."""

    text: str
    line: int


@dataclass(frozen=True)
class Step:
    """A property, or a method with its arguments."""

    name: str
    arguments: tuple[Expression, ...] | None = None


@dataclass(frozen=True)
class Reference:
    """A reference; a quiet one prints nothing where there is no value."""

    name: str
    steps: tuple[Step, ...]
    quiet: bool
    line: int


@dataclass(frozen=True)
class String:
    """A string; one in double quotes may have references in it."""

    parts: tuple[Written | Reference, ...]


@dataclass(frozen=True)
class Constant:
    """A number, true or false."""

    value: int | bool


@dataclass(frozen=True)
class Operation:
    """`not`, `and`, `or`, `==` or `!=` of some expressions."""

    operator: str
    operands: tuple[Expression, ...]


Expression: TypeAlias = "Reference | String | Constant | Operation"


@dataclass(frozen=True)
class Set:
    """`#set` of a variable."""

    name: str
    value: Expression
    line: int


@dataclass(frozen=True)
class If:
    """The branches of an `#if` with their conditions, and what is printed where none holds."""

    branches: tuple[tuple[Expression, tuple[Node, ...]], ...]
    otherwise: tuple[Node, ...]
    line: int


@dataclass(frozen=True)
class Foreach:
    """A loop over what an expression is."""

    name: str
    over: Expression
    body: tuple[Node, ...]
    line: int


Node: TypeAlias = "Written | Reference | Set | If | Foreach"


def parse(template: str) -> tuple[Node, ...]:
    """Return what a template is made of.

    Raises
    ------
    UnreadError
        A part of it is not of the subset.
    """
    reader = _Reader(template)
    nodes, end = reader.block()
    if end:
        raise reader.unread(f"#{end} without a beginning")
    return nodes


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    @property
    def line(self) -> int:
        """The line that is read, from 1."""
        return self._text.count("\n", 0, self._at) + 1

    def unread(self, what: str) -> UnreadError:
        """Return the error that says what is not read here."""
        return UnreadError(f"line {self.line}: {what}")

    def block(self) -> tuple[tuple[Node, ...], str]:
        """Return the nodes up to a directive that ends a block, and the name of that; empty at the template's end."""
        nodes: list[Node] = []
        start = self._at
        while self._at < len(self._text):
            character = self._text[self._at]
            if character == "\\" and self._text[self._at + 1 : self._at + 2] in {"$", "#"}:
                raise self.unread("an escaped reference")
            if character == "$" and _OPENING.match(self._text, self._at):
                self._written(nodes, start)
                nodes.append(self.reference())
            elif character == "#" and not _LITERAL_HASH.match(self._text, self._at):
                self._written(nodes, start)
                directive = _DIRECTIVE.match(self._text, self._at)
                if directive is None:
                    raise self.unread(f"{self._text[self._at : self._at + 12]!r}")
                name = directive[1] or directive[2]
                line, self._at = self.line, directive.end()
                if name in {"elseif", "else", "end"}:
                    return tuple(nodes), name
                nodes.append(self._directive(name, line))
            else:
                self._at += 1
                continue
            start = self._at
        self._written(nodes, start)
        return tuple(nodes), ""

    def _written(self, nodes: list[Node], start: int) -> None:
        if start < self._at:
            nodes.append(Written(self._text[start : self._at], self._text.count("\n", 0, start) + 1))

    def _directive(self, name: str, line: int) -> Node:
        self._expect("(")
        match name:
            case "set":
                target = self.reference()
                if target.steps or target.quiet:
                    raise self.unread(f"#set of a property of ${target.name}")
                self._expect("=")
                value = self._expression()
                self._expect(")")
                self._line_end()
                return Set(target.name, value, line)
            case "foreach":
                item = self.reference()
                if item.steps or not self._word("in"):
                    raise self.unread("a loop without `in`")
                over = self._expression()
                self._expect(")")
                self._line_end()
                return Foreach(item.name, over, self._body_to_end(), line)
            case _:
                return self._if(line)

    def _if(self, line: int) -> If:
        branches: list[tuple[Expression, tuple[Node, ...]]] = []
        end = "elseif"
        while end == "elseif":
            if branches:
                self._expect("(")
            condition = self._expression()
            self._expect(")")
            self._line_end()
            body, end = self.block()
            branches.append((condition, body))
        otherwise: tuple[Node, ...] = ()
        if end == "else":
            self._line_end()
            otherwise = self._body_to_end()
        elif end == "end":
            self._line_end()
        else:
            raise self.unread("#if without #end")
        return If(tuple(branches), otherwise, line)

    def _body_to_end(self) -> tuple[Node, ...]:
        body, end = self.block()
        if end != "end":
            raise self.unread(f"#{end or 'end'} is not what ends this")
        self._line_end()
        return body

    def reference(self) -> Reference:
        """Return the reference that begins here, with all its properties and methods."""
        self._space()
        line = self.line
        opening = _OPENING.match(self._text, self._at)
        if not opening:
            raise self.unread("no reference")
        self._at = opening.end()
        quiet = opening[0].endswith("!")
        formal = self._next("{")
        name = self._name()
        steps: list[Step] = []
        while _NAME.match(self._text, self._at + 1) and self._next("."):
            step = self._name()
            steps.append(Step(step, self._arguments() if self._next("(") else None))
        if self._text[self._at : self._at + 1] == "[":
            raise self.unread("an index")
        if formal and not self._next("}"):
            raise self.unread("a reference with no end")
        return Reference(name, tuple(steps), quiet, line)

    def _arguments(self) -> tuple[Expression, ...]:
        found: list[Expression] = []
        self._space()
        while not self._next(")"):
            if found:
                self._expect(",")
            found.append(self._expression())
            self._space()
        return tuple(found)

    def _expression(self) -> Expression:
        return self._chain("||", "or", self._conjunction)

    def _conjunction(self) -> Expression:
        return self._chain("&&", "and", self._comparison)

    def _chain(self, sign: str, operator: str, operand: Callable[[], Expression]) -> Expression:
        operands = [operand()]
        while self._sign(sign):
            operands.append(operand())
        return Operation(operator, tuple(operands)) if len(operands) > 1 else operands[0]

    def _comparison(self) -> Expression:
        left = self._unary()
        for sign in _COMPARISONS:
            if self._sign(sign):
                return Operation(sign, (left, self._unary()))
        return left

    def _unary(self) -> Expression:
        self._space()
        if self._text.startswith("!", self._at):
            self._at += 1
            return Operation("not", (self._unary(),))
        if self._next("("):
            inner = self._expression()
            self._expect(")")
            return inner
        return self._primary()

    def _primary(self) -> Expression:
        character = self._text[self._at : self._at + 1]
        if character in {"'", '"'}:
            return self._string(character)
        if character == "$":
            return self.reference()
        if number := _NUMBER.match(self._text, self._at):
            self._at = number.end()
            return Constant(int(number[0]))
        for word in ("true", "false"):
            if self._word(word):
                return Constant(word == "true")
        raise self.unread(f"{self._text[self._at : self._at + 12]!r}")

    def _string(self, quote: str) -> String:
        line, start = self.line, self._at + 1
        end = self._closing_quote(start, quote)
        inside = self._text[start:end]
        self._at = end + 1
        if self._text[self._at : self._at + 1] == quote:
            raise self.unread("a doubled quote")
        if quote == "'":
            return String((Written(inside, line),) if inside else ())
        try:
            nodes = parse(inside)
        except UnreadError as error:
            raise self.unread(f"in a string, {error}") from None
        parts = tuple(node for node in nodes if isinstance(node, Written | Reference))
        if len(parts) < len(nodes):
            raise self.unread("a directive in a string")
        return String(parts)

    def _closing_quote(self, start: int, quote: str) -> int:
        """Return where a string ends. A quote of the same kind ends it, also within a reference."""
        end = self._text.find(quote, start)
        if end < 0:
            raise self.unread("a string with no end")
        return end

    def _name(self) -> str:
        found = _NAME.match(self._text, self._at)
        if not found:
            raise self.unread("no name")
        self._at = found.end()
        return found[0]

    def _next(self, sign: str) -> bool:
        if not self._text.startswith(sign, self._at):
            return False
        self._at += len(sign)
        return True

    def _sign(self, sign: str) -> bool:
        self._space()
        return self._next(sign)

    def _word(self, word: str) -> bool:
        self._space()
        found = _NAME.match(self._text, self._at)
        return found is not None and found[0] == word and self._next(word)

    def _expect(self, sign: str) -> None:
        if not self._sign(sign):
            raise self.unread(f"{sign!r} is missing")

    def _space(self) -> None:
        found = _SPACE.match(self._text, self._at)
        self._at = found.end() if found else self._at

    def _line_end(self) -> None:
        """Skip the end of the line, which a directive takes with it."""
        if found := _LINE_END.match(self._text, self._at):
            self._at = found.end()
