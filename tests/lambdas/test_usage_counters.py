"""The counters of usage: all of a tenant's objects and no others, the right hour, and reported limits."""

from __future__ import annotations

import importlib
import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from ingestion_usage import records
from storage_usage import objects
from tenantry.model.errors import TenancyError
from tests.lambdas.events import Context

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

    from mypy_boto3_s3 import S3Client

    from tenantry.model.caller import TenantCaller

_NOW: Final = datetime(2025, 11, 25, 10, 30, 20, tzinfo=UTC)
_LAKE: Final = "lake"
_OWN: Final = "aggregates/tenantid=t-1/"
_PARTITIONS: Final = ("bucket", "prefix", "tag", "access_point", "db_nosql")


@pytest.fixture
def s3() -> Iterator[S3Client]:
    with mock_aws():
        client = boto3.client("s3")
        for bucket in ("pool", _LAKE, "tag", "docs", "silo-t-1"):
            client.create_bucket(Bucket=bucket)
        yield client


# Storage


def test_objects_below_the_prefix_are_counted(s3: S3Client) -> None:
    for key, size in {"t-1/ada/a": 10, "t-1/bob/b/c": 5, "t-10/eve/x": 1000, "t-1": 1000, "T-1/eve/x": 1000}.items():
        s3.put_object(Bucket="pool", Key=key, Body=b"x" * size)

    assert objects.stored(s3, "pool", "t-1/") == objects.Stored(objects=2, bytes=15, complete=True)


def test_missing_bucket_counts_as_empty(s3: S3Client) -> None:
    assert objects.stored(s3, "silo-other", "") == objects.Stored()


def test_denied_own_bucket_is_unknown_and_denied_shared_one_fails(
    s3: S3Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where somebody else has taken its name, or while it is being made."""
    denied = ClientError({"Error": {"Code": "AccessDenied", "Message": ""}}, "ListObjectsV2")
    monkeypatch.setattr(s3, "get_paginator", lambda _: _Refusing(denied))

    assert objects.stored(s3, "silo-t-1", "", own=True) == objects.Stored(complete=False)
    with pytest.raises(ClientError, match="AccessDenied"):
        objects.stored(s3, "pool", "t-1/")


class _Refusing:
    """A listing whose first page is refused."""

    def __init__(self, error: ClientError) -> None:
        self._error = error

    def paginate(self, **_: object) -> Iterator[object]:
        raise self._error
        yield


def test_counting_stops_at_a_limit_and_reports_it(s3: S3Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(objects, "PAGES", 2)
    for index in range(2_001):
        s3.put_object(Bucket="pool", Key=f"t-1/u/{index}", Body=b"xy")

    assert objects.stored(s3, "pool", "t-1/") == objects.Stored(objects=2_000, bytes=4_000, complete=False)
    monkeypatch.setattr(objects, "PAGES", 3)
    assert objects.stored(s3, "pool", "t-1/") == objects.Stored(objects=2_001, bytes=4_002, complete=True)


# Ingestion


def _write(s3: S3Client, day: str, name: str, *rows: tuple[str, int], tenant: str = "t-1") -> None:
    year, month, of_month = day.split("-")
    lines = [
        json.dumps({"window_start": f"{day} {time}", "window_end": "?", "records": records, "bytes": records * 10})
        for time, records in rows
    ]
    s3.put_object(
        Bucket=_LAKE,
        Key=f"aggregates/tenantid={tenant}/year={year}/month={month}/day={of_month}/{name}",
        Body="\n".join(lines).encode(),
    )


def _hour(s3: S3Client, now: datetime = _NOW) -> dict[str, int]:
    _, _, hour = records.last_hour(s3, _LAKE, _OWN, now)
    return {f"{minute.start:%d %H:%M}": minute.records for minute in hour.minutes}


def test_rows_of_the_last_hour_are_summed_by_minute(s3: S3Client) -> None:
    _write(s3, "2025-11-25", "part-1", ("09:29:00", 100), ("09:30:00", 1), ("10:29:00", 2), ("10:30:00", 100))
    _write(s3, "2025-11-25", "part-2", ("10:29:00", 3), ("10:29:30.5", 4))

    begin, end, hour = records.last_hour(s3, _LAKE, _OWN, _NOW)

    assert (begin, end) == (_NOW.replace(hour=9, second=0), _NOW.replace(second=0))
    assert [(minute.start.minute, minute.records, minute.bytes) for minute in hour.minutes] == [
        (30, 1, 10),
        (29, 9, 90),
    ]
    assert hour.complete


def test_other_tenants_and_unfinished_files_are_ignored(s3: S3Client) -> None:
    _write(s3, "2025-11-25", "part-1", ("10:00:00", 100), tenant="t-10")
    _write(s3, "2025-11-25", "_part-1_tmp_x", ("10:00:00", 100))

    assert _hour(s3) == {}


def test_hour_across_midnight_reads_both_days(s3: S3Client) -> None:
    _write(s3, "2025-11-25", "part-1", ("00:10:00", 2))
    _write(s3, "2025-11-24", "part-1", ("23:50:00", 1))

    assert _hour(s3, _NOW.replace(hour=0)) == {"24 23:50": 1, "25 00:10": 2}


def test_older_files_are_not_fetched(s3: S3Client) -> None:
    _write(s3, "2025-11-25", "part-1", ("10:00:00", 1))

    # What was written by now cannot hold anything of an hour that begins a year from now.
    later = datetime.now(UTC) + timedelta(days=366)
    assert records._files(s3, _LAKE, _OWN, later, later)[0] == []  # noqa: SLF001 - what is fetched


def test_file_limit_is_reported(s3: S3Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "_FILES", 2)
    for index in range(3):
        _write(s3, "2025-11-25", f"part-{index}", ("10:00:00", 1))

    _, _, hour = records.last_hour(s3, _LAKE, _OWN, _NOW)

    assert [minute.records for minute in hour.minutes] == [2]
    assert not hour.complete


# The functions

_ROLE: Final = "arn:aws:iam::123456789012:role/tenant"


def _module(name: str, monkeypatch: pytest.MonkeyPatch, purpose: str, **variables: str) -> ModuleType:
    policies = {purpose: [["s3:ListBucket", "arn:aws:s3:::b/{{tenant_id}}"]]}
    monkeypatch.setenv("TOKEN_VENDOR", json.dumps({"role": _ROLE, "policies": policies}))
    for variable, value in variables.items():
        monkeypatch.setenv(variable, value)
    return importlib.reload(importlib.import_module(name))


@pytest.fixture
def storage(s3: S3Client, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    assert s3
    return _module(
        "storage_usage.handler",
        monkeypatch,
        "storage",
        PREFIX_BUCKET="pool",
        TAG_BUCKET="tag",
        DOCUMENTS_BUCKET="docs",
        TENANT_BUCKET="silo-{tenant}",
        ACCESS_POINT_ARN="silo-{tenant}",  # moto knows no access points
    )


@pytest.fixture
def ingestion(s3: S3Client, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    assert s3
    return _module("ingestion_usage.handler", monkeypatch, "ingestion", LAKE_BUCKET=_LAKE)


def _recorded_sessions(module: ModuleType) -> list[tuple[str, str]]:
    """Record for whom the function vends sessions from now on."""
    vended: list[tuple[str, str]] = []
    session = module.vendor.session

    def recorded(caller: TenantCaller, purpose: str) -> object:
        vended.append((caller.tenant_id, purpose))
        return session(caller, purpose)

    module.vendor.session = recorded
    return vended


def test_storage_is_counted_with_a_session_of_the_tenant(storage: ModuleType, s3: S3Client) -> None:
    for bucket, key in {"pool": "t-1/ada/a", "tag": "t-1/ada/a", "docs": "t-1/ada/a", "silo-t-1": "ada/a"}.items():
        s3.put_object(Bucket=bucket, Key=key, Body=b"12345")
    vended = _recorded_sessions(storage)

    counted = storage.handler({"tenantId": "t-1", "userId": "ada"}, Context())

    assert set(counted) == set(_PARTITIONS)
    for partition in ("bucket", "prefix", "tag", "db_nosql"):
        assert counted[partition] == {"objects": 1, "bytes": 5, "complete": True}
    assert vended == [("t-1", "storage")]


def test_records_are_counted_with_a_session_of_the_tenant(ingestion: ModuleType, s3: S3Client) -> None:
    now = datetime.now(UTC) - timedelta(minutes=5)
    _write(s3, f"{now:%Y-%m-%d}", "part-1", (f"{now:%H:%M}:00", 3))
    vended = _recorded_sessions(ingestion)

    counted = ingestion.handler({"tenantId": "t-1", "userId": "ada"}, Context())

    assert counted["minutes"] == [{"start": f"{now:%Y-%m-%dT%H:%M}:00Z", "records": 3, "bytes": 30}]
    assert counted["to"].endswith(":00Z")
    assert vended == [("t-1", "ingestion")]


@pytest.mark.parametrize("name", ["storage", "ingestion"])
@pytest.mark.parametrize(
    "event", [{}, {"userId": "ada"}, {"tenantId": "t-1"}, {"tenantId": "*", "userId": "ada"}, {"body": "t-1"}]
)
def test_counter_vends_nothing_without_a_tenant_and_a_user(
    request: pytest.FixtureRequest, name: str, event: dict[str, Any]
) -> None:
    counter = request.getfixturevalue(name)
    vended = _recorded_sessions(counter)

    with pytest.raises(TenancyError):
        counter.handler(event, Context())
    assert vended == []
