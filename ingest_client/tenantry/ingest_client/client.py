"""The client: records in, batches out, by a thread of its own."""

from __future__ import annotations

import json
import logging
import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from tenantry.ingest_client.api import IngestApi
from tenantry.ingest_client.backoff import delay
from tenantry.ingest_client.buffer import Buffer, Item
from tenantry.ingest_client.credentials import CredentialsProvider
from tenantry.ingest_client.delivery import Delivery
from tenantry.ingest_client.device import Device
from tenantry.ingest_client.errors import ClosedError, RecordTooLargeError, StoppedError
from tenantry.ingest_client.report import Counters, Drop, DropReason

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path
    from types import TracebackType
    from typing import Self

_log: Final = logging.getLogger("ingest_client")
_BATCH_RECORDS: Final = 500  # PutRecords takes no more
RECORD_BYTES: Final = 1_000_000
"""The largest record that is accepted, as JSON in UTF-8: Kinesis takes 1 MiB, with the tenant and the partition key."""


class IngestClient:
    """Sends a server's records to its tenant's part of the ingest API.

    Records are put into a buffer and sent in batches: every `interval` seconds, or as soon as a batch is full. What
    fails is sent again until it is through, however long that takes, with growing pauses in between; of a batch that
    the stream took in part, only the rest is sent again. Meanwhile the buffer fills, and then new records are dropped:
    `put` returns False, `on_drop` is called and a warning is logged. Nothing is dropped in silence.

    Each record that is not dropped arrives at least once: when a reply is lost, nobody knows whether the batch was
    taken, and it is sent again. Batches go out one after the other, in the order of the records. Those that the stream
    did not take at first arrive after others of their batch, so a record whose place matters has to say its place.

    Safe to share between threads.

    Parameters
    ----------
    folder
        The folder that `tenantry devices issue` has written.
    interval
        Seconds that a record waits at most until it is sent for the first time.
    batch_bytes
        How large a batch gets at most, unless one record alone is larger: API Gateway is paid by the request, not by
        the byte.
    buffer_records, buffer_bytes
        How much may wait.
    on_drop
        Called with records that will never be sent, in whichever thread finds that out.
    backoff
        Seconds to wait after so many failures in a row, and at least as many as the service asks for.

    Raises
    ------
    DeviceError
        The folder holds no device.

    Examples
    --------
    >>> with IngestClient(Path("devices/T001/pos-1")) as client:  # doctest: +SKIP
    ...     client.put({"sale": 1, "amount": "9.90"})
    """

    def __init__(
        self,
        folder: Path,
        *,
        interval: float = 30.0,
        batch_bytes: int = 240_000,
        buffer_records: int = 100_000,
        buffer_bytes: int = 32_000_000,
        on_drop: Callable[[Drop], None] | None = None,
        backoff: Callable[[int, float], float] = delay,
    ) -> None:
        Device.load(folder)  # a wrong folder is found out here, and not in half a minute
        self._interval, self._batch_bytes = interval, batch_bytes
        self._on_drop = on_drop
        self._api = IngestApi(CredentialsProvider(folder))
        self._delivery = Delivery(
            send=self._api.send,
            backoff=backoff,
            pause=self._pause,
            sent=self._sent,
            refused=self._refused,
            retried=self._retried,
        )
        self._buffer = Buffer(max_records=buffer_records, max_bytes=buffer_bytes)
        self._in_flight: list[Item] = []
        self._counters = Counters()
        self._error: StoppedError | None = None
        self._turned_away = 0
        self._flushing = False
        self._deadline: float | None = None
        # Guards all of the above, and wakes whoever waits for it to change.
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="ingest-client", daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        """Return the client."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close the client."""
        self.close()

    @property
    def counters(self) -> Counters:
        """What has become of the records so far."""
        with self._changed:
            return self._counters

    @property
    def error(self) -> StoppedError | None:
        """Why the client has given up; None while it has not."""
        with self._changed:
            return self._error

    def put(self, record: Mapping[str, Any]) -> bool:
        """Take a record in, to be sent soon; return False if it was dropped, as the buffer is full.

        Raises
        ------
        RecordTooLargeError
            It has more than `RECORD_BYTES`.
        ValueError, TypeError
            It is not an object that JSON can hold.
        ClosedError
            The client is closed.
        StoppedError
            The client has given up.
        """
        data = _encoded(record)
        with self._changed:
            if self._error:
                raise type(self._error)(str(self._error)) from self._error
            if self._deadline is not None:
                raise ClosedError("The client is closed.")
            taken = self._buffer.add(Item(data, time.monotonic()))
            if taken:
                self._counters = replace(self._counters, accepted=self._counters.accepted + 1)
            turned_away = self._turned_away
            self._turned_away = 0 if taken else turned_away + 1
            self._changed.notify_all()
        if not taken:
            if not turned_away:
                _log.warning("The buffer is full: records are dropped until some are sent.")
            self._dropped(DropReason.FULL, [data])
        elif turned_away:
            _log.warning("The buffer has room again; %d records were dropped.", turned_away)
        return taken

    def flush(self, timeout: float | None = None) -> bool:
        """Send what waits without waiting for more, and return whether all of it is settled in time."""
        with self._changed:
            self._flushing = True
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._buffer.is_empty, timeout)
            return self._buffer.is_empty and self._error is None

    def close(self, timeout: float = 10.0) -> Counters:
        """Send what waits for as long as there is time, drop the rest, and say what has become of all records.

        Parameters
        ----------
        timeout
            The seconds there are.
        """
        with self._changed:
            if self._deadline is None:
                self._deadline = time.monotonic() + timeout
            self._changed.notify_all()
        self._thread.join(timeout)
        self._drop_all(DropReason.CLOSED)
        self._api.close()
        return self.counters

    def _run(self) -> None:
        try:
            while batch := self._next_batch():
                self._delivery.deliver(batch)
        except StoppedError as error:
            self._stop(error)
        except Exception as error:  # noqa: BLE001 - a thread that dies in silence would lose records in silence
            _log.exception("The client has failed.")
            self._stop(StoppedError(f"The client has failed: {type(error).__name__}"))

    def _next_batch(self) -> list[Item]:
        """Wait until a batch is due; nothing is, when the client is closed and all is sent, or time is up."""
        with self._changed:
            while not self._is_due():
                if self._deadline is not None:
                    return []
                oldest = self._buffer.oldest
                self._changed.wait(None if oldest is None else max(0.0, oldest + self._interval - time.monotonic()))
            if self._is_out_of_time():
                return []
            self._in_flight = self._buffer.take(max_records=_BATCH_RECORDS, max_bytes=self._batch_bytes)
            return list(self._in_flight)

    def _is_due(self) -> bool:
        oldest = self._buffer.oldest
        if oldest is None:
            self._flushing = False
            return False
        return (
            self._flushing
            or self._deadline is not None
            or self._buffer.bytes >= self._batch_bytes
            or len(self._buffer) >= _BATCH_RECORDS
            or time.monotonic() >= oldest + self._interval
        )

    def _is_out_of_time(self) -> bool:
        return self._deadline is not None and time.monotonic() >= self._deadline

    def _pause(self, seconds: float) -> bool:
        """Wait for so long; closing cuts it short, for one more try."""
        with self._changed:
            if self._deadline is None:
                self._changed.wait_for(lambda: self._deadline is not None, seconds)
            else:
                self._changed.wait_for(self._is_out_of_time, min(seconds, self._deadline - time.monotonic()))
            return not self._is_out_of_time()

    def _release(self, items: Sequence[Item]) -> list[Item]:
        """Take items off what is on its way, without those that closing has given up meanwhile: they were told."""
        ids = {id(item) for item in items}
        released = [item for item in self._in_flight if id(item) in ids]
        self._in_flight = [item for item in self._in_flight if id(item) not in ids]
        return released

    def _settle(self, items: Sequence[Item]) -> None:
        self._buffer.settle(items)
        self._changed.notify_all()

    def _sent(self, items: Sequence[Item]) -> None:
        with self._changed:
            released = self._release(items)
            self._counters = replace(self._counters, sent=self._counters.sent + len(released))
            self._settle(released)

    def _refused(self, items: Sequence[Item]) -> None:
        with self._changed:
            released = self._release(items)
        self._drop(DropReason.REFUSED, released)

    def _retried(self) -> None:
        with self._changed:
            self._counters = replace(self._counters, retries=self._counters.retries + 1)

    def _stop(self, error: StoppedError) -> None:
        _log.error("The client gives up: %s", error)
        with self._changed:
            self._error = error
        self._drop_all(DropReason.STOPPED)

    def _drop_all(self, reason: DropReason) -> None:
        with self._changed:
            rest = self._in_flight + self._buffer.take(max_records=len(self._buffer), max_bytes=self._buffer.bytes)
            self._in_flight = []
        if rest:
            _log.error("%d records are dropped: %s.", len(rest), reason)
        self._drop(reason, rest)

    def _drop(self, reason: DropReason, items: Sequence[Item]) -> None:
        """Tell of items first and let go of them then, so that whoever waits for the end has heard of them."""
        self._dropped(reason, [item.data for item in items])
        with self._changed:
            self._settle(items)

    def _dropped(self, reason: DropReason, records: Sequence[bytes]) -> None:
        if not records:
            return
        with self._changed:
            self._counters = replace(self._counters, dropped=self._counters.dropped + len(records))
        if self._on_drop:
            try:
                self._on_drop(Drop(reason=reason, records=tuple(records)))
            except Exception:  # noqa: BLE001 - whatever the callback raises, sending goes on
                _log.exception("The callback for dropped records has failed.")


def _encoded(record: Mapping[str, Any]) -> bytes:
    if not isinstance(record, dict):
        record = dict(record)
    data = json.dumps(record, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    if len(data) > RECORD_BYTES:
        raise RecordTooLargeError(f"A record has {len(data)} bytes; {RECORD_BYTES} are accepted.")
    return data
