"""Undoes what a run has made, whatever happens."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Cleanup:
    """A list of things to undo, the latest first; safe to add to from several threads.

    Examples
    --------
    >>> cleanup = Cleanup()
    >>> cleanup.later("the lamp", lambda: print("off"))
    >>> cleanup.run()
    off
    []
    """

    def __init__(self) -> None:
        self._undo: list[tuple[str, Callable[[], object]]] = []
        self._lock = threading.Lock()

    def later(self, what: str, undo: Callable[[], object], *, last: bool = False) -> None:
        """Remember how to undo something, before or just after it is made; `last` after everything else so far."""
        with self._lock:
            self._undo.insert(0 if last else len(self._undo), (what, undo))

    def run(self) -> list[str]:
        """Undo everything and return what could not be undone."""
        left: list[str] = []
        while self._undo:
            with self._lock:
                what, undo = self._undo.pop()
            try:
                undo()
            except Exception as error:  # noqa: BLE001 - the rest must be undone all the same
                left.append(f"{what} ({type(error).__name__}: {error})")
        return left
