"""What came of an attack, with the evidence for it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum


class Verdict(StrEnum):
    """Who won."""

    HELD = "held"
    """The attacker failed, in the way that was required."""
    BREACHED = "breached"
    """The attacker succeeded."""
    ERROR = "inconclusive"
    """The attack could not be carried out, or failed in another way than required: it proves nothing."""


@dataclass(frozen=True)
class Outcome:
    """What an attack ended in.

    Attributes
    ----------
    verdict
        Who won.
    observed
        What was seen, fit to be shown: no tokens and no personal data.
    seconds
        How long after something had ended it was refused, where that is what is measured.
    """

    verdict: Verdict
    observed: str
    seconds: float | None = None

    def within(self, seconds: float) -> Outcome:
        """Return the outcome with how long it took to be refused."""
        return replace(self, seconds=seconds)


def held(observed: str, *, seconds: float | None = None) -> Outcome:
    """Say that the attacker failed as required."""
    return Outcome(Verdict.HELD, observed, seconds)


def breached(observed: str) -> Outcome:
    """Say that the attacker succeeded."""
    return Outcome(Verdict.BREACHED, observed)


def inconclusive(observed: str) -> Outcome:
    """Say that the attempt proves nothing, neither way."""
    return Outcome(Verdict.ERROR, observed)
