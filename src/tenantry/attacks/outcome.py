"""What came of an attack, with the evidence for it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class AttackResult(StrEnum):
    """What an attack ended in."""

    HELD = "held"
    """The attacker failed, in the way that was required."""
    BREACHED = "breached"
    """The attacker succeeded."""
    INCONCLUSIVE = "inconclusive"
    """The attack could not be carried out, or failed in another way than required: it proves nothing."""


@dataclass(frozen=True)
class Outcome:
    """What an attack ended in.

    Attributes
    ----------
    result
        What it ended in.
    observed
        What was seen, fit to be shown: no tokens and no personal data.
    seconds
        How long after something had ended it was refused, where that is what is measured.
    """

    result: AttackResult
    observed: str
    seconds: float | None = None

    def within(self, seconds: float) -> Outcome:
        """Return the outcome with how long it took to be refused."""
        return replace(self, seconds=seconds)


def worst(results: Iterable[AttackResult]) -> AttackResult:
    """Return the worst of some results."""
    severity = (AttackResult.BREACHED, AttackResult.INCONCLUSIVE, AttackResult.HELD)
    return min(results, key=severity.index)


def held(observed: str) -> Outcome:
    """Say that the attacker failed as required."""
    return Outcome(AttackResult.HELD, observed)


def breached(observed: str) -> Outcome:
    """Say that the attacker succeeded."""
    return Outcome(AttackResult.BREACHED, observed)


def inconclusive(observed: str) -> Outcome:
    """Say that the attempt proves nothing, neither way."""
    return Outcome(AttackResult.INCONCLUSIVE, observed)
