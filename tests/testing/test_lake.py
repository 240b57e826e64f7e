"""Reading and writing the data lake."""

from __future__ import annotations

import base64
import gzip
import io
import json
import time
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto import mock_aws

from tenantry.testing.lake import Lake, packed, unpacked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mypy_boto3_s3 import S3Client

BUCKET = "lake"
MINE = "data/tenantid=mine/year=2026/part-1.json.zst"


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[S3Client]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket=BUCKET)
        yield client


@pytest.fixture
def lake(s3: S3Client) -> Lake:
    return Lake(s3, BUCKET)


def _put(s3: S3Client, key: str, *lines: dict[str, Any]) -> None:
    body = packed("".join(f"{json.dumps(line, ensure_ascii=False)}\n" for line in lines).encode())
    s3.put_object(Bucket=BUCKET, Key=key, Body=io.BytesIO(body))


def test_records_are_those_of_finished_files_of_the_tenant(s3: S3Client, lake: Lake) -> None:
    _put(s3, MINE, {"n": 1, "text": "a\u2028b"}, {"n": 2})
    _put(s3, "data/tenantid=mine/year=2026/_part-2.json.zst", {"n": 3})
    _put(s3, "data/tenantid=mine-too/year=2026/part-1.json.zst", {"n": 4})
    assert lake.records("mine") == {MINE: [{"n": 1, "text": "a\u2028b"}, {"n": 2}]}


def test_lines_hold_the_marker_also_where_a_record_was_rejected(s3: S3Client, lake: Lake) -> None:
    today = time.strftime("year=%Y/month=%m/day=%d", time.gmtime())
    rejected = {"reason": "no JSON", "record": base64.b64encode(b"\xff marker").decode()}
    _put(s3, MINE, {"m": "marker"}, {"m": "another"})
    _put(s3, f"errors/{today}/part-1.json.zst", rejected, {**rejected, "record": ""})
    _put(s3, "data/tenantid=theirs/year=2026/part-1.json.zst", {"m": "marker"})
    assert [line.content for line in lake.lines("marker", tenants="mi")] == [{"m": "marker"}, rejected]
    assert len(lake.lines("marker")) == 3


def test_strays_are_outside_the_three_folders(s3: S3Client, lake: Lake) -> None:
    _put(s3, MINE, {})
    _put(s3, "elsewhere/file", {})
    _put(s3, "file", {})
    assert lake.strays() == ["elsewhere/", "file"]
    assert lake.tenants() == ["data/tenantid=mine/"]


def test_remove_leaves_other_tenants_and_rejected_records(s3: S3Client, lake: Lake) -> None:
    keep = ["data/tenantid=mine-too/part-1", "errors/part-1"]
    for key in (MINE, "aggregates/tenantid=mine/part-1", *keep):
        _put(s3, key, {})
    lake.remove("mine")
    assert sorted(lake.keys("")) == keep


def test_aggregates_are_a_line_a_minute(s3: S3Client, lake: Lake) -> None:
    lake.write_aggregates("mine", [1, 2, 3])
    keys = lake.keys("aggregates/tenantid=mine/")
    rows = [
        json.loads(line)
        for key in keys
        for line in s3.get_object(Bucket=BUCKET, Key=key)["Body"].read().decode().splitlines()
    ]
    assert sorted(row["records"] for row in rows) == [1, 2, 3]
    assert len({row["window_start"] for row in rows}) == 3


@pytest.mark.parametrize("pack", [packed, gzip.compress])
def test_files_of_this_version_and_of_an_earlier_one_are_read(pack: Callable[[bytes], bytes]) -> None:
    assert unpacked(pack(b"a line")) == b"a line"
