"""How many records of a tenant came in during the last hour: read from the lake's aggregates of that tenant."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import ObjectTypeDef

_HOUR: Final = timedelta(hours=1)
# A file is of a quarter of an hour or so and of a few hundred bytes: these are reached by nobody who works as meant.
_PAGES: Final = 5
_FILES: Final = 200
_UNFINISHED: Final = ("_", ".")


@dataclass(frozen=True, kw_only=True)
class Minute:
    """The records of one minute, by when they arrived.

    Attributes
    ----------
    start
        When it began.
    records, bytes
        How many came, and their size.
    """

    start: datetime
    records: int
    bytes: int


@dataclass(frozen=True, kw_only=True)
class Hour:
    """The last sixty whole minutes.

    Attributes
    ----------
    minutes
        Those in which anything came, the oldest first.
    complete
        Whether everything that the lake has of the hour was counted.
    """

    minutes: Sequence[Minute]
    complete: bool


def last_hour(s3: S3Client, lake: str, prefix: str, now: datetime) -> tuple[datetime, datetime, Hour]:
    """Add up the aggregates of the last sixty whole minutes.

    The lake is behind by up to the time for which the streaming application keeps a file of aggregates open.

    Parameters
    ----------
    s3
        S3, with credentials vended for the tenant.
    lake
        The lake's bucket.
    prefix
        Where the tenant's aggregates begin: ``aggregates/tenantid=<tenant>/``.
    now
        The time, in UTC.

    Returns
    -------
    tuple
        When the hour begins and ends, and what came in it.
    """
    end = now.astimezone(UTC).replace(second=0, microsecond=0)
    begin = end - _HOUR
    files, complete = _files(s3, lake, prefix, begin, end)
    records: defaultdict[datetime, int] = defaultdict(int)
    sizes: defaultdict[datetime, int] = defaultdict(int)
    for file in files:
        body = s3.get_object(Bucket=lake, Key=file["Key"])["Body"].read()
        for line in body.splitlines():
            row = json.loads(line)
            start = datetime.fromisoformat(row["window_start"]).replace(second=0, microsecond=0, tzinfo=UTC)
            if begin <= start < end:
                records[start] += row["records"]
                sizes[start] += row["bytes"]
    minutes = [Minute(start=start, records=records[start], bytes=sizes[start]) for start in sorted(records)]
    return begin, end, Hour(minutes=minutes, complete=complete)


def _files(s3: S3Client, lake: str, prefix: str, begin: datetime, end: datetime) -> tuple[list[ObjectTypeDef], bool]:
    """Return the newest files that may hold rows of the hour, and whether these are all."""
    found: list[ObjectTypeDef] = []
    complete = True
    for day in _days(begin, end):
        folder = f"{prefix}year={day:%Y}/month={day:%m}/day={day:%d}/"
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=lake, Prefix=folder)
        for page in islice(pages, _PAGES):
            found += [
                file
                for file in page.get("Contents", [])
                if file["LastModified"] >= begin and not file["Key"].rpartition("/")[2].startswith(_UNFINISHED)
            ]
            last = page
        complete = complete and not last["IsTruncated"]
    found.sort(key=lambda file: file["LastModified"], reverse=True)
    return found[:_FILES], complete and len(found) <= _FILES


def _days(begin: datetime, end: datetime) -> Iterator[datetime]:
    yield begin
    if end.date() != begin.date():
        yield end
