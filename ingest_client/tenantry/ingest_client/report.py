"""What becomes of records, told to whoever wants to know."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class DropReason(StrEnum):
    """Why a record will never be sent."""

    FULL = "full"
    """The buffer was full when the record was put."""
    REFUSED = "refused"
    """The API objects to the record itself."""
    STOPPED = "stopped"
    """The client has given up, see `IngestClient.error`."""
    CLOSED = "closed"
    """Time ran out while the client was closing. A record that was on its way may have arrived."""


@dataclass(frozen=True, kw_only=True)
class Drop:
    """Records that will never be sent.

    Attributes
    ----------
    reason
        Why.
    records
        The records, as JSON.
    """

    reason: DropReason
    records: tuple[bytes, ...]


@dataclass(frozen=True, kw_only=True)
class Counters:
    """What has become of the records so far.

    Attributes
    ----------
    accepted
        Put, and taken in.
    sent
        On the stream: it has said so of each.
    dropped
        Never to be sent, those that found the buffer full included.
    retries
        How often a batch, or what was left of one, had to be sent again.
    """

    accepted: int = 0
    sent: int = 0
    dropped: int = 0
    retries: int = 0
