"""What every removal works with."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tenantry.operate.aws import Aws

_Found = TypeVar("_Found")

#: How services say that something is not there.
ABSENT: Final = frozenset(
    {
        "404",
        "AWS.SimpleQueueService.NonExistentQueue",
        "NoSuchBucket",
        "NoSuchBucketPolicy",
        "NoSuchEntity",
        "NotFound",
        "NotFoundException",
        "QueueDoesNotExist",
        "ResourceNotFoundException",
    }
)


class NotRemovedError(Exception):
    """One thing is left; the message says why."""


@dataclass(frozen=True, kw_only=True)
class Hand:
    """An operator's means in one account.

    Attributes
    ----------
    aws
        The clients.
    account
        The account.
    tell
        Told how far a long removal is.
    """

    aws: Aws
    account: str
    tell: Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Removal:
    """How things of one kind are looked at and removed.

    Attributes
    ----------
    amount
        Says how much is in one, in a few words; None if it is not there.
    remove
        Removes one, and is done when it is gone; what is gone already is no error.
    announce
        Called for all that are to go before the first of any kind does, where AWS asks for time in between.
    """

    amount: Callable[[Hand, str], str | None]
    remove: Callable[[Hand, str], object]
    announce: Callable[[Hand, str], object] | None = None


def code(error: ClientError) -> str:
    """Return the code of a service's refusal."""
    return str(error.response["Error"]["Code"])


def if_there(call: Callable[[], _Found]) -> _Found | None:
    """Ask for or do something to what may be gone already; None if it is."""
    try:
        return call()
    except ClientError as error:
        if code(error) not in ABSENT:
            raise
    return None


def once_detached(call: Callable[[], object], *, refusals: frozenset[str], seconds: float, pause: float = 1.0) -> None:
    """Do something that a service refuses until it has noticed what was detached before."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            if_there(call)
        except ClientError as error:
            if code(error) not in refusals or time.monotonic() > deadline:
                raise
        else:
            return
        time.sleep(pause)
