"""Whether two forms of one text force two ids to be the same, for all ids and without a solver.

Both forms are read side by side, as nondeterministic automata over characters, with the two ids in a register that only
knows whether they began at the same character and have been equal since. If every way to the end leaves them equal, no
text has both forms with different ids. That is sound and not complete: what it does not show may be true all the same.
"""

from __future__ import annotations

from enum import Enum
from functools import cache
from typing import TYPE_CHECKING, Final, NamedTuple

from tenantry.model.identifiers import RESERVED_WORDS
from tenantry.prove.patterns import ALPHABET, KINDS, ONE, STAR, Chars, Free, Pattern, Token, Var

if TYPE_CHECKING:
    from collections.abc import Iterator

_IDS: Final = "tn"  # the kinds of which reserved words are none


class _Register(Enum):
    """What is known of the two ids."""

    APART = 0
    ALIGNED = 1
    EQUAL = 2


class _Place(NamedTuple):
    """Where the reading of a form stands."""

    token: int
    offset: int
    """How many characters of the token have been read, as far as that matters."""
    word: str | None
    """What an id has been so far, as long as it may become a reserved word."""


class _State(NamedTuple):
    one: _Place
    other: _Place
    register: _Register


@cache
def forces(one: Pattern, other: Pattern, letter: str, *, prefix: bool = False) -> bool:
    """Return whether no text has both forms unless the caller's and the owner's id are the same.

    Parameters
    ----------
    one, other
        The forms: `one` with the caller's variables, `other` with the owner's.
    letter
        Which ids: those of tenants (``t``), of their names (``n``) or of users (``u``).
    prefix
        Whether the text is only the beginning of something that has the form `other`.
    """
    return _Reading(one, other, letter).ends_equal(prefix=prefix)


class _Reading:
    """Both forms, read side by side in all ways at once."""

    def __init__(self, one: Pattern, other: Pattern, letter: str) -> None:
        self._one, self._other = one, other
        self._ids = (Var(f"{letter}1"), Var(f"{letter}2"))
        self._seen: set[_State] = set()
        self._todo: list[_State] = []

    def ends_equal(self, *, prefix: bool) -> bool:
        """Return whether every way to the end leaves the ids equal."""
        start = _Place(0, 0, "")
        self._reach(_Register.APART, start, start, ALPHABET)
        while self._todo:
            state = self._todo.pop()
            done = state.one.token == len(self._one), state.other.token == len(self._other)
            if done[0] and (prefix or done[1]):
                if state.register is not _Register.EQUAL:
                    return False
            elif not any(done):
                self._read(state)
        return True

    def _read(self, state: _State) -> None:
        """Read one character of both."""
        a, b, register = state
        tokens = self._one[a.token], self._other[b.token]
        both = _readable(tokens[0], a.offset) & _readable(tokens[1], b.offset)
        if not both:
            return
        if register is _Register.APART and tokens == self._ids and a.offset == b.offset == 0:
            register = _Register.ALIGNED
        after = _after(tokens[0], a, both), _after(tokens[1], b, both)
        self._reach(register, *after, both)

    def _reach(self, before: _Register, one: _Place, other: _Place, last: frozenset[str]) -> None:
        """Note where both may be once they have read one of some characters, and before they read on."""
        for a in _moves(self._one, one, last):
            for b in _moves(self._other, other, last):
                register, out = before, (a.token != one.token, b.token != other.token)
                if register is _Register.ALIGNED and any(out):
                    register = _Register.EQUAL if all(out) else _Register.APART
                reached = _State(a, b, register)
                if reached not in self._seen:
                    self._seen.add(reached)
                    self._todo.append(reached)


def _moves(form: Pattern, at: _Place, last: frozenset[str]) -> Iterator[_Place]:
    """Yield where a form may go without reading: it stays, or its token is done and the next begins.

    `last` is the set of characters of which one has just been read.
    """
    seen: set[_Place] = set()
    todo = [at]
    while todo:
        place = todo.pop()
        if place in seen:
            continue
        seen.add(place)
        yield place
        # What ends here has been read up to `last` only if it is the token that it began with.
        if place.token < len(form) and _may_end(form[place.token], place, last):
            todo.append(_Place(place.token + 1, 0, ""))


def _may_end(token: Token, at: _Place, last: frozenset[str]) -> bool:
    match token:
        case str():
            return at.offset == len(token)
        case Var():
            kind = KINDS[token.kind]
            reserved = token.kind in _IDS and (at.word or "").lower() in RESERVED_WORDS
            return at.offset >= kind.shortest and bool(kind.last & last) and not reserved
        case Chars():
            return at.offset == 1
    return token is not ONE or at.offset == 1


def _readable(token: Token, offset: int) -> frozenset[str]:
    """Return the characters that may come next within a token; none where it is full."""
    match token:
        case str():
            return frozenset(token[offset]) if offset < len(token) else frozenset()
        case Var():
            kind = KINDS[token.kind]
            return kind.first if offset == 0 else kind.inner
        case Chars(of):
            return of if offset == 0 else frozenset()
        case Free():
            return ALPHABET
    return ALPHABET if token is STAR or offset == 0 else frozenset()


def _after(token: Token, at: _Place, read: frozenset[str]) -> _Place:
    """Return the place after one of some characters has been read within a token."""
    match token:
        case str() | Chars():
            return _Place(at.token, at.offset + 1, "")
        case Var():
            # Longer ones behave alike, and the longest is left out: more texts than there are.
            return _Place(at.token, min(at.offset + 1, KINDS[token.kind].shortest), _word(token, at.word, read))
    return _Place(at.token, 1 if token is ONE else 0, "")


def _word(token: Var, word: str | None, read: frozenset[str]) -> str | None:
    if token.kind not in _IDS or word is None or len(read) > 1:
        return None
    longer = word + next(iter(read))
    return longer if any(reserved.startswith(longer.lower()) for reserved in RESERVED_WORDS) else None
