"""What a check has found."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Status(StrEnum):
    """How a check ended."""

    OK = "ok"
    FAILS = "will fail"
    UNKNOWN = "could not be asked"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What one check says.

    Attributes
    ----------
    check
        What was checked.
    status
        How it ended.
    says
        What was found, in a sentence.
    remedy
        What to do about it; for what is ok, what to know about it.
    """

    check: str
    status: Status
    says: str
    remedy: str = ""


def ok(check: str, says: str, remedy: str = "") -> Finding:
    """Return that nothing will fail."""
    return Finding(check=check, status=Status.OK, says=says, remedy=remedy)


def fails(check: str, says: str, remedy: str) -> Finding:
    """Return that something will fail."""
    return Finding(check=check, status=Status.FAILS, says=says, remedy=remedy)


def unknown(check: str, says: str, remedy: str) -> Finding:
    """Return that AWS would not say."""
    return Finding(check=check, status=Status.UNKNOWN, says=says, remedy=remedy)
