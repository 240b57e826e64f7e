"""What every removal works with."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tenantry.operate.aws import Aws

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
    remove: Callable[[Hand, str], None]
    announce: Callable[[Hand, str], object] | None = None


def code(error: ClientError) -> str:
    """Return the code of a service's refusal."""
    return str(error.response["Error"]["Code"])


def unless_absent(call: Callable[[], object]) -> None:
    """Do something to what may be gone already."""
    try:
        call()
    except ClientError as error:
        if code(error) not in ABSENT:
            raise


def once_detached(call: Callable[[], object], *, refusals: frozenset[str], seconds: float, pause: float = 1.0) -> None:
    """Do something that a service refuses until it has noticed what was detached before."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            return unless_absent(call)
        except ClientError as error:
            if code(error) not in refusals or time.monotonic() > deadline:
                raise
        time.sleep(pause)
