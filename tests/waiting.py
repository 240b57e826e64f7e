"""Waiting for progress: the one place in the tests that sleeps."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

_POLL_SECONDS: Final = 0.05

Found = TypeVar("Found")


def until(look: Callable[[], Found], what: str, *, timeout: float = 30, poll: float = _POLL_SECONDS) -> Found:
    """Look again and again until something true is found.

    Parameters
    ----------
    look
        Returns what is found; anything false is looked for again.
    what
        What is waited for, for the failure's message.
    timeout, poll
        In seconds: how long to wait at most, and between two looks.

    Returns
    -------
    Found
        What was found.

    Raises
    ------
    AssertionError
        Nothing true was found in time. The message says what was found last.
    """
    deadline = time.monotonic() + timeout
    while not (found := look()):
        if time.monotonic() > deadline:
            raise AssertionError(f"After {timeout} seconds there is still not: {what}. Found last: {found!r}")
        time.sleep(poll)
    return found


def until_clock_passes(moment: float, why: str) -> None:
    """Wait until the clock has passed a moment, in seconds since 1970; `why` is for the reader and the failure."""
    until(lambda: time.time() >= moment, why, timeout=moment - time.time() + 5)


def until_next_second(why: str) -> None:
    """Wait until the current second is over: sessions begin and end by the second."""
    until_clock_passes(int(time.time()) + 1, why)
