"""What a check has found."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Status(StrEnum):
    """How a check ended."""

    OK = "ok"
    FAILS = "will fail"
    WARNING = "warning"
    UNKNOWN = "not checked"


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
    asked
        Whether the account has answered it, and not the templates or the SDK alone.
    """

    check: str
    status: Status
    says: str
    remedy: str = ""
    asked: bool = True


def ok(check: str, says: str, remedy: str = "", *, asked: bool = True) -> Finding:
    """Return that nothing will fail."""
    return Finding(check=check, status=Status.OK, says=says, remedy=remedy, asked=asked)


def fails(check: str, says: str, remedy: str) -> Finding:
    """Return that something will fail."""
    return Finding(check=check, status=Status.FAILS, says=says, remedy=remedy)


def warning(check: str, says: str, remedy: str) -> Finding:
    """Return that the deployment succeeds, and that what it deploys does not serve as it should."""
    return Finding(check=check, status=Status.WARNING, says=says, remedy=remedy)


def unknown(check: str, says: str, remedy: str) -> Finding:
    """Return that AWS would not say."""
    return Finding(check=check, status=Status.UNKNOWN, says=says, remedy=remedy, asked=False)
