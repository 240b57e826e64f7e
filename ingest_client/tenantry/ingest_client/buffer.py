"""Records that wait to be sent: bounded, so that an outage costs records and never the server its memory."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

_WRAPPING: Final = len('{"Data":},')


@dataclass(frozen=True, eq=False)
class Item:
    """A record as it will be sent.

    Attributes
    ----------
    data
        The record, as JSON.
    since
        When it was accepted, by a clock that only goes forward.
    """

    data: bytes
    since: float

    @property
    def size(self) -> int:
        """The bytes that it takes in a request."""
        return len(self.data) + _WRAPPING


class Buffer:
    """Items in the order in which they came; not safe to share between threads by itself.

    What was taken counts as held until it is settled, so that the bound holds for what is on its way as well.

    Parameters
    ----------
    max_records, max_bytes
        The bound.
    """

    def __init__(self, *, max_records: int, max_bytes: int) -> None:
        self._max_records, self._max_bytes = max_records, max_bytes
        self._waiting: deque[Item] = deque()
        self._waiting_bytes = 0
        self._taken, self._taken_bytes = 0, 0

    def __len__(self) -> int:
        """Count what waits."""
        return len(self._waiting)

    @property
    def bytes(self) -> int:
        """The size of what waits."""
        return self._waiting_bytes

    @property
    def oldest(self) -> float | None:
        """When the first of those that wait came."""
        return self._waiting[0].since if self._waiting else None

    @property
    def is_empty(self) -> bool:
        """Whether nothing waits and nothing is on its way."""
        return not self._waiting and not self._taken

    def add(self, item: Item) -> bool:
        """Take an item in, if there is room."""
        held = len(self._waiting) + self._taken
        size = self._waiting_bytes + self._taken_bytes + item.size
        if held >= self._max_records or size > self._max_bytes:
            return False
        self._waiting.append(item)
        self._waiting_bytes += item.size
        return True

    def take(self, *, max_records: int, max_bytes: int) -> list[Item]:
        """Return the first items, as many as fit together and at least one; they stay held until `settle`."""
        taken: list[Item] = []
        size = 0
        while self._waiting and len(taken) < max_records:
            size += self._waiting[0].size
            if taken and size > max_bytes:
                break
            taken.append(self._waiting.popleft())
        total = sum(item.size for item in taken)
        self._waiting_bytes -= total
        self._taken += len(taken)
        self._taken_bytes += total
        return taken

    def settle(self, items: Sequence[Item]) -> None:
        """Let go of items that were taken: they were sent, or dropped."""
        self._taken -= len(items)
        self._taken_bytes -= sum(item.size for item in items)
