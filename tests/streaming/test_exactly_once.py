"""Every record is stored once, in its tenant's partition or in the errors, whatever happens to the job."""

from __future__ import annotations

import base64
import json
import time
from collections import Counter
from typing import TYPE_CHECKING, Final

import pytest

from tests.sizes import size
from tests.waiting import until, until_clock_passes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.streaming.pipeline import Pipeline

_RECORDS: Final = size(20_000, full=100_000)
_TENANTS: Final = [f"T{number:03d}" for number in range(1, 51)]
_REJECTED_EVERY: Final = 100
_AFTERWARDS: Final = _RECORDS // 20
_WINDOW_SECONDS: Final = 2


def _record(number: int) -> tuple[str, bytes]:
    tenant = _TENANTS[number * 7 % len(_TENANTS)]
    # It claims to be another's, at every level.
    data = {"n": number, "tenantid": _TENANTS[number % len(_TENANTS)], "in": {"tenantid": "x"}, "text": 'värde\n"1"'}
    return tenant, json.dumps({"tenantid": tenant, "data": data}, ensure_ascii=False).encode()


def _rejected(number: int) -> tuple[str, bytes]:
    tenant = _TENANTS[number * 7 % len(_TENANTS)]
    kinds = (
        b"\xff\xfe\x00 %d" % number,
        b'{"tenantid":"%s","data":{"n":%d' % (tenant.encode(), number),
        b'{"tenantid":"../T001","data":{"n":%d}}' % number,
        b'{"tenantid":"T001/year=2026","data":{"n":%d}}' % number,
        b'{"tenantid":"%s","data":[%d]}' % (tenant.encode(), number),
        b'{"data":{"n":%d}}' % number,
        # A valid tenant, and not the one whose path the record came by.
        b'{"tenantid":"T999","data":{"n":%d}}' % number,
    )
    return tenant, kinds[number // _REJECTED_EVERY % len(kinds)]


def _is_rejected(number: int) -> bool:
    return number % _REJECTED_EVERY == 0


def _all() -> Iterator[tuple[str, bytes]]:
    for number in range(_RECORDS):
        yield _rejected(number) if _is_rejected(number) else _record(number)


def _counts(pipeline: Pipeline) -> Counter[str]:
    """Return how many records of each tenant the aggregates tell of."""
    counts: Counter[str] = Counter()
    for key, line in pipeline.lines("aggregates/"):
        counts[key.split("/")[1].removeprefix("tenantid=")] += line["records"]
    return counts


@pytest.mark.soak
@pytest.mark.timeout(600)
def test_records_are_stored_once_after_two_crashes(pipeline: Pipeline) -> None:
    records = list(_all())
    job = pipeline.job(AggregationWindowSeconds=str(_WINDOW_SECONDS), AggregateFileSeconds="8", OutOfOrderSeconds="1")
    job.start()
    third = _RECORDS // 3
    for part in range(2):
        pipeline.send(records[part * third : (part + 1) * third - _AFTERWARDS])
        job.wait_until_running()
        job.wait_for_checkpoint()
        # These are read, and files of them begun, after the checkpoint that the next run goes on from.
        pipeline.send(records[(part + 1) * third - _AFTERWARDS : (part + 1) * third])
        until(pipeline.files, "a finished file", timeout=60, poll=0.5)
        job.kill()
        checkpoint = job.latest_checkpoint
        assert checkpoint
        job.start(checkpoint)
    pipeline.send(records[2 * third :])
    sent = time.time()
    job.wait_until_running()
    until(lambda: pipeline.count("data/", "errors/") >= _RECORDS, "every record in the lake", timeout=120, poll=0.5)
    # The time of a shard goes on with its next record, which closes every window before it.
    until_clock_passes(sent + 2 * _WINDOW_SECONDS, "the windows of all records sent are over")
    pipeline.send([_record(number) for number in range(_RECORDS, _RECORDS + len(_TENANTS))])
    expected = Counter(number for number in range(_RECORDS) if not _is_rejected(number))
    until(lambda: sum(_counts(pipeline).values()) >= expected.total(), "every record counted", timeout=180, poll=0.5)
    job.wait_for_checkpoint()
    job.stop()

    places = Counter(key.rpartition("/year=")[0] for key in pipeline.files())
    assert set(places) == {
        "errors",
        *(f"data/tenantid={tenant}" for tenant in _TENANTS),
        *(f"aggregates/tenantid={tenant}" for tenant in _TENANTS),
    }
    found: Counter[int] = Counter()
    for key, line in pipeline.lines("data/"):
        number = line["n"]
        assert key.startswith(f"data/tenantid={_TENANTS[number * 7 % len(_TENANTS)]}/year="), key
        assert line["tenantid"] == _TENANTS[number * 7 % len(_TENANTS)]
        assert (line["in"], line["text"]) == ({"tenantid": "x"}, 'värde\n"1"')
        found[number] += 1
    closing = Counter(range(_RECORDS, _RECORDS + len(_TENANTS)))
    assert found - closing == expected
    rejected = Counter(_rejected(number)[1] for number in range(_RECORDS) if _is_rejected(number))
    stored = Counter(base64.b64decode(line["record"]) for _, line in pipeline.lines("errors/"))
    assert stored == rejected
    assert _counts(pipeline) == Counter(_TENANTS[number * 7 % len(_TENANTS)] for number in expected)
    assert (expected.total(), rejected.total()) == (_RECORDS * 99 // 100, _RECORDS // 100)
