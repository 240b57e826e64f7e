"""The data lake as the operator sees it: what has arrived, and for which tenant."""

from __future__ import annotations

import base64
import gzip
import json
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from tenantry.model.directory_tables import TENANT_ID

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mypy_boto3_s3 import S3Client

_POLL_SECONDS: Final = 0.5
_GZIP: Final = b"\x1f\x8b"
_FOLDERS: Final = ("data/", "errors/", "aggregates/")


def packed(content: bytes) -> bytes:
    """Return the content of a file of lines as the streaming application writes it."""
    return zstd.compress(content)


def unpacked(content: bytes) -> bytes:
    """Return the lines of a file that the streaming application wrote, of this version or of one that used gzip."""
    return gzip.decompress(content) if content.startswith(_GZIP) else zstd.decompress(content)


@dataclass(frozen=True)
class Line:
    """A line of a file in the lake.

    Attributes
    ----------
    key
        The file's key.
    raw
        The line itself.
    """

    key: str
    raw: str

    @cached_property
    def content(self) -> Mapping[str, Any]:
        """What it holds."""
        content: Mapping[str, Any] = json.loads(self.raw)
        return content

    @property
    def text(self) -> str:
        """The line, or the record that was rejected, which a line of `errors/` keeps in base64."""
        if "reason" in self.content:
            return base64.b64decode(self.content["record"]).decode("utf-8", "replace")
        return self.raw


class Lake:
    """A data lake, read and written with the operator's credentials.

    Parameters
    ----------
    s3
        A client that may read the lake.
    bucket
        The lake's bucket.
    """

    def __init__(self, s3: S3Client, bucket: str) -> None:
        self._s3 = s3
        self.bucket = bucket
        self._files: dict[str, list[Line]] = {}  # a finished file never changes

    def records(self, tenant: str, *, at_least: int = 0, seconds: float = 0) -> dict[str, list[Mapping[str, Any]]]:
        """Return a tenant's records by file, as soon as there are enough or the time is over.

        Parameters
        ----------
        tenant
            The tenant's id.
        at_least
            The number of records to wait for.
        seconds
            The time to wait.
        """
        deadline = time.monotonic() + seconds
        while True:
            keys = self.keys(f"data/{TENANT_ID}={tenant}/")
            found = {key: [line.content for line in self._lines(key)] for key in keys}
            if sum(map(len, found.values())) >= at_least or time.monotonic() > deadline:
                return found
            time.sleep(_POLL_SECONDS)

    def lines(self, marker: str, *, tenants: str = "") -> list[Line]:
        """Return the lines that hold a marker: records of tenants whose ids begin so, and today's rejected records."""
        today = time.strftime("year=%Y/month=%m/day=%d", time.gmtime())
        keys = (*self.keys(f"data/{TENANT_ID}={tenants}"), *self.keys(f"errors/{today}/"))
        return [line for key in keys for line in self._lines(key) if marker in line.text]

    def keys(self, prefix: str) -> list[str]:
        """Return the keys of the finished files under a prefix."""
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix)
        keys = (entry["Key"] for page in pages for entry in page.get("Contents", []))
        return [key for key in keys if not key.rpartition("/")[2].startswith("_")]

    def strays(self) -> list[str]:
        """Return the keys and folders outside the lake's three folders."""
        tops = self._s3.list_objects_v2(Bucket=self.bucket, Delimiter="/")
        outside = [prefix["Prefix"] for prefix in tops.get("CommonPrefixes", []) if prefix["Prefix"] not in _FOLDERS]
        return [*outside, *(entry["Key"] for entry in tops.get("Contents", []))]

    def tenants(self) -> list[str]:
        """Return the folders of tenants."""
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix="data/", Delimiter="/")
        return [prefix["Prefix"] for page in pages for prefix in page.get("CommonPrefixes", [])]

    def remove(self, tenant: str) -> None:
        """Remove a tenant's files; its rejected records stay, since their files are shared."""
        for folder in ("data", "aggregates"):
            for key in self.keys(f"{folder}/{TENANT_ID}={tenant}/"):
                self._s3.delete_object(Bucket=self.bucket, Key=key)

    def write_aggregates(self, tenant: str, records: Sequence[int]) -> None:
        """Write a file of aggregates as the streaming application does: a line a minute, the last of them just now."""
        end = datetime.now(UTC).replace(second=0, microsecond=0)
        counts = {end - timedelta(minutes=ago): count for ago, count in enumerate(reversed(records), 1)}
        for day in {start.date() for start in counts}:
            rows = [_aggregate(start, count) for start, count in counts.items() if start.date() == day]
            key = f"aggregates/{TENANT_ID}={tenant}/year={day:%Y}/month={day:%m}/day={day:%d}/part-0-0"
            body = "".join(f"{json.dumps(row)}\n" for row in rows)
            self._s3.put_object(Bucket=self.bucket, Key=key, Body=body.encode())

    def _lines(self, key: str) -> list[Line]:
        if key not in self._files:
            content = unpacked(self._s3.get_object(Bucket=self.bucket, Key=key)["Body"].read()).decode()
            # No other character ends a line.
            self._files[key] = [Line(key, line) for line in content.split("\n") if line]
        return self._files[key]


def _aggregate(start: datetime, records: int) -> dict[str, Any]:
    text = start.strftime("%Y-%m-%d %H:%M:%S")
    end = (start + timedelta(minutes=1)).strftime("%Y-%m-%d %H:%M:%S")
    return {
        "window_start": text,
        "window_end": end,
        "records": records,
        "bytes": records * 200,
        "first_at": f"{text}.250",
        "last_at": f"{text}.9",
    }
