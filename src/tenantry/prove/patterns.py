"""Patterns of ARNs, keys and values: what a policy or a declaration says, as literals, wildcards and variables.

``t1``, ``n1`` and ``u1`` are the caller's tenant, its name in lower case and its user; ``t2``, ``n2`` and ``u2`` are
those of whoever owns what is asked for. Everything else that is not written out is a wildcard, or a `Free` text.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from functools import cache
from typing import TYPE_CHECKING, Final

from tenantry.model.placeholders import TENANT, TENANT_NAME, USER
from tenantry.model.tags import TENANT_ID_TAG, TENANT_NAME_TAG, principal_tag

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class Wildcard(Enum):
    """What a policy's wildcards match."""

    STAR = "*"
    """Any text, empty as well."""
    ONE = "?"
    """Any one character."""


STAR, ONE = Wildcard.STAR, Wildcard.ONE


@dataclass(frozen=True)
class Var:
    """An id or a part of a name, of a `KINDS` that its first letter says, the same wherever it stands.

    Those of the kinds ``p``, ``k`` and ``m`` stand for anything of that kind, each time another.
    """

    name: str

    @property
    def kind(self) -> str:
        """The letter of its kind."""
        return self.name[0]


@dataclass(frozen=True)
class Free:
    """Text of which nothing is known: a policy variable that nothing binds, or what only the deployment shows."""

    what: str


@dataclass(frozen=True)
class Chars:
    """One character out of some."""

    of: frozenset[str]


Token = str | Wildcard | Var | Free | Chars
Pattern = tuple[Token, ...]


@dataclass(frozen=True)
class Kind:
    """What a variable's value is made of.

    Attributes
    ----------
    first, inner, last
        The characters that it may begin with, hold and end with.
    shortest, longest
        How many it has.
    """

    first: frozenset[str]
    inner: frozenset[str]
    last: frozenset[str]
    shortest: int
    longest: int


_LOWER: Final = frozenset("abcdefghijklmnopqrstuvwxyz")
_DIGIT: Final = frozenset("0123456789")
_LETTER: Final = _LOWER | {character.upper() for character in _LOWER}
ALPHABET: Final = frozenset(chr(number) for number in range(32, 127))
"""The characters that proofs tell apart; any other is no part of an id, and a wildcard matches it as it does these."""


def _kind(ends: frozenset[str], also: str, shortest: int, longest: int) -> Kind:
    return Kind(ends, ends | frozenset(also), ends, shortest, longest)


KINDS: Final[Mapping[str, Kind]] = {
    "t": _kind(_LETTER | _DIGIT, "-", 3, 38),
    "n": _kind(_LOWER | _DIGIT, "-", 3, 38),
    "u": Kind(_LETTER | _DIGIT, _LETTER | _DIGIT | frozenset("@._+-"), _LETTER | _DIGIT | frozenset("@._+-"), 1, 128),
    "p": _kind(_LOWER | _DIGIT, "-", 3, 50),
    "k": _kind(frozenset("0123456789abcdef"), "-", 36, 36),
    "m": Kind(ALPHABET - {"/"}, ALPHABET - {"/"}, ALPHABET - {"/"}, 1, 128),
}
"""By letter: tenant, its name, user (`tenantry.model.identifiers` checks these), access point, KMS key, segment."""

CALLER: Final[Mapping[str, str]] = {
    principal_tag(TENANT_ID_TAG).lower(): "t1",
    principal_tag(TENANT_NAME_TAG).lower(): "n1",
    "credentials-iot:thingtypename": "t1",
    TENANT.strip("{}"): "t1",
    TENANT_NAME.strip("{}"): "n1",
    USER.strip("{}"): "u1",
}
"""Policy variables, in lower case, and placeholders that are facts of the caller.

The names of condition keys are no matter of case:
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition.html
"""

_TOKEN: Final = re.compile(r"<\?([^?]*)\?>|\$\{([^}]*)\}|\{\{(\w+)\}\}|<([a-z][12])>|(\*)|(\?)")


@cache
def parse(text: str) -> Pattern:
    """Return the pattern of a policy's text, or of a declaration's with the owner's variables as ``<t2>``."""
    tokens: list[Token] = []
    at = 0
    for found in _TOKEN.finditer(text):
        tokens.append(text[at : found.start()])
        at = found.end()
        tokens.append(_token(found))
    return joined([*tokens, text[at:]])


def _token(found: re.Match[str]) -> Token:
    unknown, variable, placeholder, owner, star, one = found.groups()
    if unknown is not None:
        return Free(unknown)
    if star or one:
        return STAR if star else ONE
    if owner:
        return Var(owner)
    if variable in {"*", "?", "$"}:
        return str(variable)
    name = (variable or placeholder or "").partition(",")[0].strip()
    if variable and "," in variable:
        return Free(name)  # a default, for whoever has no such key
    known = CALLER.get(name.lower() if variable else name)
    return Var(known) if known else Free(name)


def joined(tokens: Sequence[Token]) -> Pattern:
    """Return tokens with literals side by side as one, and without empty ones."""
    out: list[Token] = []
    for token in tokens:
        if token == "":
            continue
        if isinstance(token, str) and out and isinstance(out[-1], str):
            out[-1] += token
        else:
            out.append(token)
    return tuple(out)


def literally(pattern: Pattern) -> Pattern:
    """Return a pattern whose wildcards are characters, as ``StringEquals`` takes them."""
    return joined([token.value if isinstance(token, Wildcard) else token for token in pattern])


def head(pattern: Pattern) -> str:
    """Return the literal that a pattern begins with."""
    return pattern[0] if pattern and isinstance(pattern[0], str) else ""


def apart(one: Pattern, other: Pattern) -> bool:
    """Return whether two patterns differ in their literal beginnings already: a cheap sieve."""
    a, b = head(one), head(other)
    if a[: len(b)] != b[: len(a)]:
        return True
    return one != other and all(len(form) == 1 and isinstance(form[0], str) for form in (one, other))


def text_of(pattern: Pattern) -> str:
    """Return a pattern as people read it: the opposite of `parse`."""
    return "".join(_written(token) for token in pattern)


def _written(token: Token) -> str:
    match token:
        case str():
            return token
        case Wildcard():
            return token.value
        case Var(name):
            return f"<{name}>"
        case Free(what):
            return f"<?{what}?>"
        case Chars(of):
            return f"[{min(of)}..]"
