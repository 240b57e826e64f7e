"""Waits for what takes some time to appear."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


def until(look: Callable[[], T], seconds: float, *, pause: float = 0.1) -> T:
    """Look until something is found or the time is over, and return what the last look found.

    Examples
    --------
    >>> until(lambda: "a park", seconds=1)
    'a park'
    >>> until(lambda: None, seconds=0)
    """
    deadline = time.monotonic() + seconds
    while not (found := look()) and time.monotonic() < deadline:
        time.sleep(pause)
    return found
