"""A tenant's usage: all of its objects and no others, the right hour, and reported limits."""

from __future__ import annotations

import importlib
import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from tenant_usage import ingestion, storage
from tests.lambdas.events import Context, proxy_event

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

    assert storage.stored(s3, "pool", "t-1/") == storage.Stored(objects=2, bytes=15, complete=True)


def test_missing_bucket_counts_as_empty(s3: S3Client) -> None:
    assert storage.stored(s3, "silo-other", "") == storage.Stored()


def test_denied_own_bucket_is_unknown_and_denied_shared_one_fails(
    s3: S3Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where somebody else has taken its name, or while it is being made."""
    denied = ClientError({"Error": {"Code": "AccessDenied", "Message": ""}}, "ListObjectsV2")
    monkeypatch.setattr(s3, "get_paginator", lambda _: _Refusing(denied))

    assert storage.stored(s3, "silo-t-1", "", own=True) == storage.Stored(complete=False)
    with pytest.raises(ClientError, match="AccessDenied"):
        storage.stored(s3, "pool", "t-1/")


class _Refusing:
    """A listing whose first page is refused."""

    def __init__(self, error: ClientError) -> None:
        self._error = error

    def paginate(self, **_: object) -> Iterator[object]:
        raise self._error
        yield


def test_counting_stops_at_a_limit_and_reports_it(s3: S3Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage, "PAGES", 2)
    for index in range(2_001):
        s3.put_object(Bucket="pool", Key=f"t-1/u/{index}", Body=b"xy")

    assert storage.stored(s3, "pool", "t-1/") == storage.Stored(objects=2_000, bytes=4_000, complete=False)
    monkeypatch.setattr(storage, "PAGES", 3)
    assert storage.stored(s3, "pool", "t-1/") == storage.Stored(objects=2_001, bytes=4_002, complete=True)


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
    _, _, hour = ingestion.last_hour(s3, _LAKE, _OWN, now)
    return {f"{minute.start:%d %H:%M}": minute.records for minute in hour.minutes}


def test_rows_of_the_last_hour_are_summed_by_minute(s3: S3Client) -> None:
    _write(s3, "2025-11-25", "part-1", ("09:29:00", 100), ("09:30:00", 1), ("10:29:00", 2), ("10:30:00", 100))
    _write(s3, "2025-11-25", "part-2", ("10:29:00", 3), ("10:29:30.5", 4))

    begin, end, hour = ingestion.last_hour(s3, _LAKE, _OWN, _NOW)

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
    assert ingestion._files(s3, _LAKE, _OWN, later, later)[0] == []  # noqa: SLF001 - what is fetched


def test_file_limit_is_reported(s3: S3Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ingestion, "_FILES", 2)
    for index in range(3):
        _write(s3, "2025-11-25", f"part-{index}", ("10:00:00", 1))

    _, _, hour = ingestion.last_hour(s3, _LAKE, _OWN, _NOW)

    assert [minute.records for minute in hour.minutes] == [2]
    assert not hour.complete


# The route


@pytest.fixture
def module(s3: S3Client, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    for name, value in {
        "PREFIX_BUCKET": "pool",
        "TAG_BUCKET": "tag",
        "DOCUMENTS_BUCKET": "docs",
        "TENANT_BUCKET": "silo-{tenant}",
        "ACCESS_POINT_ARN": "silo-{tenant}",  # moto knows no access points
        "LAKE_BUCKET": _LAKE,
        "TOKEN_VENDOR": json.dumps(
            {
                "role": "arn:aws:iam::123456789012:role/tenant",
                "policies": {
                    purpose: [["s3:ListBucket", "arn:aws:s3:::b/{{tenant_id}}"]] for purpose in ("storage", "ingestion")
                },
            }
        ),
    }.items():
        monkeypatch.setenv(name, value)
    assert s3
    return importlib.reload(importlib.import_module("tenant_usage.handler"))


def _call(module: ModuleType, tenant: str, authorizer: dict[str, Any] | None) -> tuple[int, Any]:
    answer = module.handler(
        proxy_event(path={"tenantId": tenant}, authorizer=authorizer, route="GET /tenant/{tenantId}/usage"), Context()
    )
    return answer["statusCode"], json.loads(answer["body"])


def test_usage_route_uses_sessions_of_the_callers_tenant(module: ModuleType, s3: S3Client) -> None:
    for bucket, key in {"pool": "t-1/ada/a", "tag": "t-1/ada/a", "docs": "t-1/ada/a", "silo-t-1": "ada/a"}.items():
        s3.put_object(Bucket=bucket, Key=key, Body=b"12345")
    vended: list[tuple[str, str]] = []
    session = module.vendor.session

    def noted(caller: TenantCaller, purpose: str) -> object:
        vended.append((caller.tenant_id, purpose))
        return session(caller, purpose)

    module.vendor.session = noted

    status, body = _call(module, "t-1", {"userId": "ada", "tenantId": "t-1"})

    assert status == 200
    assert set(body["storage"]) == set(_PARTITIONS)
    for partition in ("bucket", "prefix", "tag", "db_nosql"):
        assert body["storage"][partition] == {"objects": 1, "bytes": 5, "complete": True}
    assert body["ingestion"]["minutes"] == []
    assert body["ingestion"]["to"].endswith(":00Z")
    assert vended == [("t-1", "storage"), ("t-1", "ingestion")]


@pytest.mark.parametrize("tenant", ["t-2", "T-1", "t-1/", "", "t-1*"])
def test_another_tenant_is_refused_before_vending(module: ModuleType, tenant: str) -> None:
    module.vendor.session = pytest.fail

    assert _call(module, tenant, {"userId": "ada", "tenantId": "t-1"})[0] == 403


def test_request_without_authorizer_or_tenant_is_refused(module: ModuleType) -> None:
    assert _call(module, "t-1", None)[0] == 401
    assert _call(module, "t-1", {"userId": "ada"})[0] == 403
