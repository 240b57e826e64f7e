"""One-second cache of control requests, which many attacks share."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Final, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")
_GOOD_FOR_SECONDS: Final = 1.0


class TtlCache(Generic[T]):
    """The result of a call, which is repeated when the result is older than a second.

    Parameters
    ----------
    call
        The call.

    Examples
    --------
    >>> cached = TtlCache(lambda: print("asked"))
    >>> cached(), cached()
    asked
    (None, None)
    """

    def __init__(self, call: Callable[[], T]) -> None:
        self._call = call
        self._lock = threading.Lock()
        self._latest: tuple[float, T] | None = None

    def __call__(self) -> T:
        """Return the result."""
        with self._lock:
            if self._latest is None or time.monotonic() > self._latest[0] + _GOOD_FOR_SECONDS:
                began = time.monotonic()
                self._latest = (began, self._call())
            return self._latest[1]
