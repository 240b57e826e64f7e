"""The ingest client's handling of records with network, stream and credential failures."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest
import requests

from tenantry.ingest_client import (
    RECORD_BYTES,
    AccessRefusedError,
    CertificateRefusedError,
    ClosedError,
    Counters,
    DeviceError,
    Drop,
    DropReason,
    IngestClient,
    RecordTooLargeError,
    StoppedError,
)
from tests.ingest_client.conftest import results
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.ingest_client.conftest import Cloud

    Make = Callable[..., IngestClient]

THROTTLED = "ProvisionedThroughputExceededException"
_PATIENCE = 10


class Told:
    """Keeps what the client says, and how long it would have waited."""

    def __init__(self) -> None:
        self.drops: list[Drop] = []
        self.waits: list[tuple[int, float]] = []

    def backoff(self, failures: int, at_least: float) -> float:
        self.waits.append((failures, at_least))
        return 0.001


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def client(cloud: Cloud, folder: Path, told: Told) -> Iterator[Make]:
    made: list[IngestClient] = []
    assert cloud.issued == 0  # the network is faked before a client is made

    def make(**settings: Any) -> IngestClient:  # noqa: ANN401
        given = {"interval": 60.0, "on_drop": told.drops.append, "backoff": told.backoff, **settings}
        made.append(IngestClient(folder, **given))
        return made[-1]

    yield make
    for each in made:
        each.close(0)


class _Slow:
    """An answer that waits until it is released."""

    def __init__(self) -> None:
        self.entered, self.released = threading.Event(), threading.Event()

    def __call__(self, records: list[Any]) -> tuple[int, dict[str, str], str]:
        self.entered.set()
        self.released.wait(_PATIENCE)
        return results(*[None] * len(records))


def _numbers(cloud: Cloud) -> list[int]:
    return [record["n"] for record in cloud.arrived]


def _put(client: IngestClient, *numbers: int) -> None:
    for number in numbers:
        assert client.put({"n": number})


def test_batch_is_sent_after_the_interval(client: Make, cloud: Cloud) -> None:
    made = client(interval=0.1)
    _put(made, 1, 2, 3)
    assert cloud.batches == []
    until(lambda: made.counters.sent == 3, "three records sent", timeout=_PATIENCE)
    assert cloud.batches == [[{"n": 1}, {"n": 2}, {"n": 3}]]


def test_full_batch_is_sent_at_once(client: Make, cloud: Cloud) -> None:
    made = client(batch_bytes=1000)
    for number in range(100):
        made.put({"n": number, "filling": "x" * 80})
    until(lambda: made.counters.sent >= 90, "every full batch sent", timeout=_PATIENCE)  # the rest is no full batch
    assert made.close() == Counters(accepted=100, sent=100)
    assert _numbers(cloud) == list(range(100))
    assert max(len(batch) for batch in cloud.batches) <= 1000 // 100


def test_batch_size_is_limited_by_put_records(client: Make, cloud: Cloud) -> None:
    made = client()
    _put(made, *range(1001))
    made.close()
    assert max(len(batch) for batch in cloud.batches) == 500
    assert _numbers(cloud) == list(range(1001))


def test_close_sends_waiting_records(client: Make, cloud: Cloud) -> None:
    made = client()
    _put(made, 1, 2)
    assert made.close() == Counters(accepted=2, sent=2)
    assert _numbers(cloud) == [1, 2]
    assert made.close() == Counters(accepted=2, sent=2)
    with pytest.raises(ClosedError):
        made.put({"n": 3})


def test_flush_waits_for_all_records(client: Make, cloud: Cloud) -> None:
    made = client()
    _put(made, 1, 2)
    assert made.flush(_PATIENCE)
    assert _numbers(cloud) == [1, 2]
    _put(made, *range(3, 203))
    assert made.flush(_PATIENCE)
    assert [len(batch) for batch in cloud.batches] == [2, 200]  # the first flush did not send the later records


def test_only_failed_records_are_sent_again(client: Make, cloud: Cloud, told: Told) -> None:
    cloud.answers = [results(None, THROTTLED, None, "InternalFailure"), results(THROTTLED, None)]
    made = client()
    _put(made, 1, 2, 3, 4)
    assert made.flush(_PATIENCE)
    assert [[record["n"] for record in batch] for batch in cloud.batches] == [[1, 2, 3, 4], [2, 4], [2]]
    assert made.counters == Counters(accepted=4, sent=4, retries=2)
    assert [failures for failures, _ in told.waits] == [1, 1]  # there was progress each time


@pytest.mark.parametrize(
    "trouble",
    [
        (429, {"Retry-After": "7"}, "{}"),
        (500, {}, ""),
        (503, {}, ""),
        requests.ConnectionError(),
        requests.ReadTimeout(),
        (200, {}, "<html>"),
        (200, {}, '{"Records": []}'),
    ],
)
def test_transient_errors_are_retried(client: Make, cloud: Cloud, told: Told, trouble: Any) -> None:  # noqa: ANN401
    cloud.answers = [trouble] * 3
    made = client()
    _put(made, 1, 2)
    assert made.flush(_PATIENCE)
    assert cloud.batches == [[{"n": 1}, {"n": 2}]] * 4
    assert made.counters == Counters(accepted=2, sent=2, retries=3)
    asked = 7.0 if isinstance(trouble, tuple) and trouble[0] == 429 else 0.0
    assert told.waits == [(1, asked), (2, asked), (3, asked)]


def test_expired_credentials_are_replaced(client: Make, cloud: Cloud, told: Told) -> None:
    made = client()
    _put(made, 1)
    assert made.flush(_PATIENCE)
    cloud.answers = [(403, {}, '{"message": "The security token included in the request is expired"}')]
    _put(made, 2)
    assert made.flush(_PATIENCE)
    assert cloud.keys == ["ASIA1", "ASIA1", "ASIA2"]
    assert made.counters == Counters(accepted=2, sent=2)
    assert told.waits == []


def test_revoked_certificate_stops_the_client(client: Make, cloud: Cloud, told: Told) -> None:
    made = client()
    _put(made, 1)
    assert made.flush(_PATIENCE)
    cloud.refuses = True
    cloud.answers = [(403, {}, '{"message": "The security token included in the request is expired"}')]
    _put(made, 2, 3)
    assert not made.flush(_PATIENCE)
    assert isinstance(made.error, CertificateRefusedError)
    assert len(told.waits) == 2  # a certificate may be too new to be known, so it is asked three times
    with pytest.raises(CertificateRefusedError, match="revoked"):
        made.put({"n": 4})
    assert told.drops == [Drop(reason=DropReason.STOPPED, records=(b'{"n":2}', b'{"n":3}'))]
    assert made.close() == Counters(accepted=3, sent=1, dropped=2, retries=2)


def test_transient_refusal_is_retried(client: Make, cloud: Cloud) -> None:
    cloud.answers = [(403, {}, "{}")] * 4  # twice, each with new credentials
    made = client()
    _put(made, 1)
    assert made.flush(_PATIENCE)
    assert made.counters == Counters(accepted=1, sent=1, retries=2)


def test_permanently_refused_credentials_stop_the_client(client: Make, cloud: Cloud) -> None:
    cloud.answers = [(403, {}, '{"Message": "not authorized"}')] * 6
    made = client()
    _put(made, 1)
    assert not made.flush(_PATIENCE)
    assert isinstance(made.error, AccessRefusedError)
    assert "not authorized" in str(made.error)


def test_unexpected_server_stops_the_client(client: Make, cloud: Cloud) -> None:
    cloud.answers = [(404, {}, "nobody here")] * 3
    made = client()
    _put(made, 1)
    assert not made.flush(_PATIENCE)
    assert "404 nobody here" in str(made.error)


def test_rejected_record_is_found_and_dropped_alone(client: Make, cloud: Cloud, told: Told) -> None:
    def choosy(records: list[Any]) -> tuple[int, dict[str, str], str]:
        bad = any(record["n"] == 5 for record in records)
        return (400, {}, '{"message": "no"}') if bad else results(*[None] * len(records))

    cloud.answers = [choosy] * 20
    made = client()
    _put(made, *range(9))
    assert made.flush(_PATIENCE)
    assert told.drops == [Drop(reason=DropReason.REFUSED, records=(b'{"n":5}',))]
    assert made.counters == Counters(accepted=9, sent=8, dropped=1)
    assert made.error is None


def test_full_buffer_drops_new_records(
    client: Make, cloud: Cloud, told: Told, caplog: pytest.LogCaptureFixture
) -> None:
    cloud.unreachable = True
    made = client(buffer_records=3)
    assert [made.put({"n": number}) for number in range(5)] == [True] * 3 + [False] * 2
    assert told.drops == [
        Drop(reason=DropReason.FULL, records=(b'{"n":3}',)),
        Drop(reason=DropReason.FULL, records=(b'{"n":4}',)),
    ]
    assert made.counters == Counters(accepted=3, dropped=2)
    cloud.unreachable = False
    assert made.flush(_PATIENCE)
    assert made.put({"n": 5})
    told_in_log = [record.getMessage() for record in caplog.records if "buffer" in record.getMessage()]
    assert told_in_log == [
        "The buffer is full: records are dropped until some are sent.",
        "The buffer has room again; 2 records were dropped.",
    ]
    assert made.close() == Counters(accepted=4, sent=4, dropped=2, retries=made.counters.retries)


def test_buffer_bytes_include_records_in_flight(client: Make, cloud: Cloud) -> None:
    slow = _Slow()
    cloud.answers = [slow]
    made = client(buffer_bytes=400, batch_bytes=100)
    accepted = sum(made.put({"filling": "x" * 80}) for _ in range(10))
    assert slow.entered.wait(_PATIENCE)
    assert accepted == 3
    assert not made.put({"filling": "x" * 80})  # one is on its way, and still held
    slow.released.set()
    assert made.flush(_PATIENCE)
    assert made.put({"filling": "x" * 80})


@pytest.mark.timeout(30)  # less than the pause that closing must not wait for
def test_close_ends_in_time_and_reports_dropped_records(client: Make, cloud: Cloud, told: Told) -> None:
    cloud.unreachable = True
    made = client(backoff=lambda *_: 3600.0)
    _put(made, 1, 2)
    counters = made.close(0.3)
    assert (counters.accepted, counters.sent, counters.dropped) == (2, 0, 2)
    assert told.drops == [Drop(reason=DropReason.CLOSED, records=(b'{"n":1}', b'{"n":2}'))]


def test_late_reply_after_close_is_not_counted_again(client: Make, cloud: Cloud) -> None:
    slow = _Slow()
    cloud.answers = [slow]
    made = client(interval=0.0)
    _put(made, 1)
    assert slow.entered.wait(_PATIENCE)
    assert made.close(0.1) == Counters(accepted=1, dropped=1)
    slow.released.set()
    until(lambda: not made._thread.is_alive(), "the end of the client's thread", timeout=_PATIENCE)  # noqa: SLF001
    assert made.counters == Counters(accepted=1, dropped=1)


def test_close_interrupts_a_long_pause(client: Make, cloud: Cloud) -> None:
    cloud.answers = [(503, {}, "")]
    made = client(interval=0.0, backoff=lambda *_: 60.0)
    _put(made, 1)
    until(lambda: made.counters.retries, "a retry", timeout=_PATIENCE)
    assert made.close(5).sent == 1


def test_too_large_record_is_refused(client: Make) -> None:
    made = client()
    frame = len('{"text":""}')
    assert made.put({"text": "x" * (RECORD_BYTES - frame)})
    with pytest.raises(RecordTooLargeError, match=str(RECORD_BYTES + 1)):
        made.put({"text": "x" * (RECORD_BYTES - frame + 1)})
    with pytest.raises(RecordTooLargeError):
        made.put({"text": "ä" * (RECORD_BYTES // 2)})  # bytes count, not characters
    assert made.close() == Counters(accepted=1, sent=1)


@pytest.mark.parametrize("record", [{"n": float("nan")}, {"n": {1}}, {"n": b"x"}])
def test_record_must_be_json(client: Make, record: dict[str, Any]) -> None:
    with pytest.raises((ValueError, TypeError)):
        client().put(record)


def test_records_arrive_unchanged(client: Make, cloud: Cloud) -> None:
    record = {
        "quotes": "\"'\\",
        "lines": "\n\r\u2028",
        "other": "äß€😀\x00",
        "vtl": "#set($x=1) $context",
        "n": {"a": [None]},
    }
    made = client()
    assert made.put(record)
    made.close()
    assert cloud.arrived == [record]


def test_failing_callback_does_not_stop_the_client(client: Make) -> None:
    def fails(_: Drop) -> None:
        raise RuntimeError

    made = client(buffer_records=1, on_drop=fails)
    assert [made.put({"n": 1}), made.put({"n": 2})] == [True, False]
    assert made.close() == Counters(accepted=1, sent=1, dropped=1)


def test_internal_error_is_reported(client: Make, cloud: Cloud, told: Told) -> None:
    cloud.answers = [ZeroDivisionError()]
    made = client()
    _put(made, 1)
    assert not made.flush(_PATIENCE)
    assert isinstance(made.error, StoppedError)
    assert told.drops == [Drop(reason=DropReason.STOPPED, records=(b'{"n":1}',))]


def test_put_is_thread_safe(client: Make, cloud: Cloud) -> None:
    made = client(batch_bytes=500)
    threads = [
        threading.Thread(target=lambda start=start: _put(made, *range(start, start + 100)))
        for start in range(0, 800, 100)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert made.close() == Counters(accepted=800, sent=800)
    assert sorted(_numbers(cloud)) == list(range(800))


def test_folder_without_device_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DeviceError):
        IngestClient(tmp_path)
