"""Good requests that many attacks share: one that succeeded a moment ago says as much as one sent now."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Final, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")
_GOOD_FOR_SECONDS: Final = 1.0


class Lately(Generic[T]):
    """What came of something that is done again when it is older than a second.

    Parameters
    ----------
    do
        Does it.

    Examples
    --------
    >>> lately = Lately(lambda: print("asked"))
    >>> lately(), lately()
    asked
    (None, None)
    """

    def __init__(self, do: Callable[[], T]) -> None:
        self._do = do
        self._lock = threading.Lock()
        self._latest: tuple[float, T] | None = None

    def __call__(self) -> T:
        """Return what came of it."""
        with self._lock:
            if self._latest is None or time.monotonic() > self._latest[0] + _GOOD_FOR_SECONDS:
                began = time.monotonic()
                self._latest = (began, self._do())
            return self._latest[1]
