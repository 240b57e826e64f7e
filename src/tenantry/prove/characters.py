"""The characters that a text can hold which matches a regular expression.

What is read here is a subset that Java (mapping templates) and JavaScript (JSONata) read alike. Of anything else, every
character is assumed: more than there can be, never less. A look-around only takes texts away, and is ignored.

Sources: https://docs.oracle.com/javase/8/docs/api/java/util/regex/Pattern.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Final

_ASCII: Final = frozenset(map(chr, range(128)))
_ESCAPED: Final = {"t": "\t", "n": "\n", "r": "\r", "f": "\f"}
_HEXADECIMAL: Final = {"u": 4, "x": 2}
_QUANTIFIER: Final = re.compile(r"(?:[*+?]|\{\d+(?:,\d*)?\})[?+]?")
_LOOK_AROUND: Final = re.compile(r"\(\?<?[=!]")
_GROUP: Final = re.compile(r"\((?:\?:)?(?!\?)")


@dataclass(frozen=True)
class Characters:
    """A set of characters.

    Attributes
    ----------
    ascii
        Those of ASCII.
    beyond
        Whether it may hold others as well.
    """

    ascii: frozenset[str]
    beyond: bool

    def __or__(self, other: Characters) -> Characters:
        """Return the characters of either."""
        return Characters(self.ascii | other.ascii, self.beyond or other.beyond)

    def __and__(self, other: Characters) -> Characters:
        """Return the characters of both."""
        return Characters(self.ascii & other.ascii, self.beyond and other.beyond)

    def only(self, allowed: frozenset[str]) -> bool:
        """Return whether each of them is one of `allowed`."""
        return not self.beyond and self.ascii <= allowed


ANY: Final = Characters(_ASCII, beyond=True)
"""Every character."""
_NONE: Final = Characters(frozenset(), beyond=False)
_DIGITS: Final = Characters(frozenset("0123456789"), beyond=False)


class _UnknownError(Exception):
    pass


@cache
def characters(pattern: str) -> Characters:
    """Return the characters of which a text is made that matches a pattern as a whole."""
    try:
        found, at = _alternatives(pattern, 0)
    except (_UnknownError, IndexError, ValueError):
        return ANY
    return found if at == len(pattern) else ANY


@cache
def excluded(pattern: str) -> Characters:
    """Return the characters of which a text is made in which a pattern is found nowhere.

    A first alternative that is one class alone takes its characters away.
    """
    try:
        listed, negated, end = _class(pattern, 0) if pattern.startswith("[") else (_NONE, False, -1)
    except (_UnknownError, IndexError, ValueError):
        return ANY
    if pattern[end : end + 1] not in {"", "|"}:
        return ANY
    return listed if negated else Characters(_ASCII - listed.ascii, beyond=True)


def _alternatives(pattern: str, at: int) -> tuple[Characters, int]:
    found = _NONE
    while at < len(pattern) and pattern[at] != ")":
        if pattern[at] == "|":
            at += 1
            continue
        one, at = _atom(pattern, at)
        found |= one
        if quantifier := _QUANTIFIER.match(pattern, at):
            at = quantifier.end()
    return found, at


def _atom(pattern: str, at: int) -> tuple[Characters, int]:  # noqa: PLR0911 - a case for each kind
    character = pattern[at]
    if _LOOK_AROUND.match(pattern, at):
        return _NONE, _closing(pattern, at) + 1
    if group := _GROUP.match(pattern, at):
        found, end = _alternatives(pattern, group.end())
        if pattern[end] != ")":
            raise _UnknownError
        return found, end + 1
    match character:
        case "(" | "*" | "+" | "?" | "{":
            raise _UnknownError
        case "[":
            listed, negated, end = _class(pattern, at)
            return Characters(_ASCII - listed.ascii, beyond=True) if negated else listed, end
        case "^" | "$":
            return _NONE, at + 1
        case ".":
            return Characters(_ASCII - {"\n", "\r"}, beyond=True), at + 1
        case "\\" if pattern[at + 1] == "d":
            return _DIGITS, at + 2
        case _:
            code, end = _code(pattern, at)
            return Characters(frozenset({chr(code)}) & _ASCII, beyond=code >= len(_ASCII)), end


def _class(pattern: str, at: int) -> tuple[Characters, bool, int]:
    """Return the characters that a class lists, whether all others are meant, and where it ends."""
    at += 1
    negated = pattern[at] == "^"
    at += negated
    listed = _NONE
    while pattern[at] != "]":
        if pattern[at] in "[&":  # Java has unions and intersections
            raise _UnknownError
        if pattern.startswith("\\d", at):
            listed, at = listed | _DIGITS, at + 2
            continue
        low, at = _code(pattern, at)
        high = low
        if pattern[at] == "-" and pattern[at + 1] != "]":
            high, at = _code(pattern, at + 1)
        listed |= Characters(frozenset(c for c in _ASCII if low <= ord(c) <= high), beyond=high >= len(_ASCII))
    return listed, negated, at + 1


def _code(pattern: str, at: int) -> tuple[int, int]:
    """Return the code of one character, and where the next one is."""
    if pattern[at] != "\\":
        return ord(pattern[at]), at + 1
    character = pattern[at + 1]
    if character in _HEXADECIMAL:
        end = at + 2 + _HEXADECIMAL[character]
        return int(pattern[at + 2 : end], 16), end
    if character in _ESCAPED:
        return ord(_ESCAPED[character]), at + 2
    if character.isalnum():
        raise _UnknownError
    return ord(character), at + 2


def _closing(pattern: str, at: int) -> int:
    depth = 0
    while True:
        match pattern[at]:
            case "\\":
                at += 1
            case "[":
                _, _, at = _class(pattern, at)
                continue
            case "(":
                depth += 1
            case ")":
                depth -= 1
                if not depth:
                    return at
        at += 1
