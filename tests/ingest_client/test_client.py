"""What the client does with records, whatever the network and the stream do."""

from __future__ import annotations

import threading
import time
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


def _numbers(cloud: Cloud) -> list[int]:
    return [record["n"] for record in cloud.arrived]


def _put(client: IngestClient, *numbers: int) -> None:
    for number in numbers:
        assert client.put({"n": number})


def test_a_batch_goes_out_when_its_time_has_come(client: Make, cloud: Cloud) -> None:
    made = client(interval=0.1)
    _put(made, 1, 2, 3)
    assert cloud.batches == []
    deadline = time.monotonic() + _PATIENCE
    while made.counters.sent < 3 and time.monotonic() < deadline:
        time.sleep(0.01)
    assert cloud.batches == [[{"n": 1}, {"n": 2}, {"n": 3}]]


def test_a_full_batch_does_not_wait_and_no_batch_is_larger(client: Make, cloud: Cloud) -> None:
    made = client(batch_bytes=1000)
    for number in range(100):
        made.put({"n": number, "filling": "x" * 80})
    deadline = time.monotonic() + _PATIENCE
    while made.counters.sent < 90 and time.monotonic() < deadline:
        time.sleep(0.01)
    assert made.counters.sent >= 90  # the rest is no full batch
    assert made.close() == Counters(accepted=100, sent=100)
    assert _numbers(cloud) == list(range(100))
    assert max(len(batch) for batch in cloud.batches) <= 1000 // 100


def test_no_batch_has_more_records_than_putrecords_takes(client: Make, cloud: Cloud) -> None:
    made = client()
    _put(made, *range(1001))
    made.close()
    assert max(len(batch) for batch in cloud.batches) == 500
    assert _numbers(cloud) == list(range(1001))


def test_closing_sends_what_waits(client: Make, cloud: Cloud) -> None:
    made = client()
    _put(made, 1, 2)
    assert made.close() == Counters(accepted=2, sent=2)
    assert _numbers(cloud) == [1, 2]
    assert made.close() == Counters(accepted=2, sent=2)
    with pytest.raises(ClosedError):
        made.put({"n": 3})


def test_flushing_waits_until_all_is_settled(client: Make, cloud: Cloud) -> None:
    made = client()
    _put(made, 1, 2)
    assert made.flush(_PATIENCE)
    assert _numbers(cloud) == [1, 2]
    _put(made, 3)
    time.sleep(0.05)
    assert _numbers(cloud) == [1, 2]  # one flush is not for ever


def test_of_a_half_failed_batch_the_rest_alone_is_sent_again(client: Make, cloud: Cloud, told: Told) -> None:
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
def test_what_may_pass_is_waited_for(client: Make, cloud: Cloud, told: Told, trouble: Any) -> None:  # noqa: ANN401
    cloud.answers = [trouble] * 3
    made = client()
    _put(made, 1, 2)
    assert made.flush(_PATIENCE)
    assert cloud.batches == [[{"n": 1}, {"n": 2}]] * 4
    assert made.counters == Counters(accepted=2, sent=2, retries=3)
    asked = 7.0 if isinstance(trouble, tuple) and trouble[0] == 429 else 0.0
    assert told.waits == [(1, asked), (2, asked), (3, asked)]


def test_credentials_that_have_ended_are_replaced_in_passing(client: Make, cloud: Cloud, told: Told) -> None:
    made = client()
    _put(made, 1)
    assert made.flush(_PATIENCE)
    cloud.answers = [(403, {}, '{"message": "The security token included in the request is expired"}')]
    _put(made, 2)
    assert made.flush(_PATIENCE)
    assert cloud.keys == ["ASIA1", "ASIA1", "ASIA2"]
    assert made.counters == Counters(accepted=2, sent=2)
    assert told.waits == []


def test_a_revoked_certificate_stops_the_client_and_is_reported(client: Make, cloud: Cloud, told: Told) -> None:
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


def test_a_refusal_that_passes_does_no_harm(client: Make, cloud: Cloud) -> None:
    cloud.answers = [(403, {}, "{}")] * 4  # twice, each with new credentials
    made = client()
    _put(made, 1)
    assert made.flush(_PATIENCE)
    assert made.counters == Counters(accepted=1, sent=1, retries=2)


def test_new_credentials_that_are_refused_for_good_stop_the_client(client: Make, cloud: Cloud) -> None:
    cloud.answers = [(403, {}, '{"Message": "not authorized"}')] * 6
    made = client()
    _put(made, 1)
    assert not made.flush(_PATIENCE)
    assert isinstance(made.error, AccessRefusedError)
    assert "not authorized" in str(made.error)


def test_something_else_at_the_apis_address_stops_the_client(client: Make, cloud: Cloud) -> None:
    cloud.answers = [(404, {}, "nobody here")] * 3
    made = client()
    _put(made, 1)
    assert not made.flush(_PATIENCE)
    assert "404 nobody here" in str(made.error)


def test_the_record_that_the_api_objects_to_is_found_and_dropped_alone(client: Make, cloud: Cloud, told: Told) -> None:
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


def test_a_full_buffer_drops_what_comes_and_says_so(
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


def test_the_buffer_is_bounded_in_bytes_too_with_what_is_on_its_way(client: Make, cloud: Cloud) -> None:
    release, entered = threading.Event(), threading.Event()

    def slow(records: list[Any]) -> tuple[int, dict[str, str], str]:
        entered.set()
        release.wait(_PATIENCE)
        return results(*[None] * len(records))

    cloud.answers = [slow]
    made = client(buffer_bytes=400, batch_bytes=100)
    accepted = sum(made.put({"filling": "x" * 80}) for _ in range(10))
    assert entered.wait(_PATIENCE)
    assert accepted == 3
    assert not made.put({"filling": "x" * 80})  # one is on its way, and still held
    release.set()
    assert made.flush(_PATIENCE)
    assert made.put({"filling": "x" * 80})


def test_closing_ends_in_time_and_says_what_it_leaves(client: Make, cloud: Cloud, told: Told) -> None:
    cloud.unreachable = True
    made = client(backoff=lambda *_: 60.0)
    _put(made, 1, 2)
    began = time.monotonic()
    counters = made.close(0.3)
    assert time.monotonic() - began < 5
    assert (counters.accepted, counters.sent, counters.dropped) == (2, 0, 2)
    assert told.drops == [Drop(reason=DropReason.CLOSED, records=(b'{"n":1}', b'{"n":2}'))]


def test_what_arrives_after_closing_has_given_up_is_counted_once(client: Make, cloud: Cloud) -> None:
    release, entered = threading.Event(), threading.Event()

    def slow(records: list[Any]) -> tuple[int, dict[str, str], str]:
        entered.set()
        release.wait(_PATIENCE)
        return results(*[None] * len(records))

    cloud.answers = [slow]
    made = client(interval=0.0)
    _put(made, 1)
    assert entered.wait(_PATIENCE)
    assert made.close(0.1) == Counters(accepted=1, dropped=1)
    release.set()
    time.sleep(0.1)
    assert made.counters == Counters(accepted=1, dropped=1)


def test_closing_does_not_wait_out_a_long_pause(client: Make, cloud: Cloud) -> None:
    cloud.answers = [(503, {}, "")]
    made = client(interval=0.0, backoff=lambda *_: 60.0)
    _put(made, 1)
    deadline = time.monotonic() + _PATIENCE
    while not made.counters.retries and time.monotonic() < deadline:
        time.sleep(0.01)
    assert made.close(5).sent == 1


def test_a_record_over_the_limit_is_refused_at_once(client: Make) -> None:
    made = client()
    frame = len('{"text":""}')
    assert made.put({"text": "x" * (RECORD_BYTES - frame)})
    with pytest.raises(RecordTooLargeError, match=str(RECORD_BYTES + 1)):
        made.put({"text": "x" * (RECORD_BYTES - frame + 1)})
    with pytest.raises(RecordTooLargeError):
        made.put({"text": "ä" * (RECORD_BYTES // 2)})  # bytes count, not characters
    assert made.close() == Counters(accepted=1, sent=1)


@pytest.mark.parametrize("record", [{"n": float("nan")}, {"n": {1}}, {"n": b"x"}])
def test_what_json_cannot_hold_is_refused_at_once(client: Make, record: dict[str, Any]) -> None:
    with pytest.raises((ValueError, TypeError)):
        client().put(record)


def test_records_come_through_unchanged(client: Make, cloud: Cloud) -> None:
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


def test_a_callback_that_fails_stops_nothing(client: Make) -> None:
    def fails(_: Drop) -> None:
        raise RuntimeError

    made = client(buffer_records=1, on_drop=fails)
    assert [made.put({"n": 1}), made.put({"n": 2})] == [True, False]
    assert made.close() == Counters(accepted=1, sent=1, dropped=1)


def test_a_fault_of_the_client_itself_is_no_silent_end(client: Make, cloud: Cloud, told: Told) -> None:
    cloud.answers = [ZeroDivisionError()]
    made = client()
    _put(made, 1)
    assert not made.flush(_PATIENCE)
    assert isinstance(made.error, StoppedError)
    assert told.drops == [Drop(reason=DropReason.STOPPED, records=(b'{"n":1}',))]


def test_threads_may_put_at_once(client: Make, cloud: Cloud) -> None:
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


def test_a_folder_without_a_device_is_found_out_at_once(tmp_path: Path) -> None:
    with pytest.raises(DeviceError):
        IngestClient(tmp_path)
