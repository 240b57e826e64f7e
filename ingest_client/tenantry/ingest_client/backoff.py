"""How long to wait before the next try."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

_BASE_SECONDS: Final = 0.5
_CAP_SECONDS: Final = 60.0
# 2 ** 7 times the base is beyond the cap, and a long outage must not make a number of many digits.
_HIGHEST: Final = 7


def delay(attempt: int, at_least: float = 0.0, *, chance: Callable[[], float] = random.random) -> float:
    """Return the seconds to wait: exponential, capped, and with full jitter, so that servers do not come back at once.

    Parameters
    ----------
    attempt
        How many tries have failed in a row, from 1.
    at_least
        What the service has asked for, on top of which the jitter comes.
    chance
        A number from 0 to 1.

    Source: https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
    """
    ceiling = min(_CAP_SECONDS, _BASE_SECONDS * 2.0 ** min(attempt, _HIGHEST))
    return min(at_least, _CAP_SECONDS) + chance() * ceiling
