"""How much a tenant has stored, in each of the five partitions."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Final

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# A page is a call and 1,000 objects. Whoever has more gets "more than", rather than a page that takes a minute to load.
PAGES: Final = 10
_NOT_THERE_YET: Final = frozenset({"NoSuchBucket", "NoSuchAccessPoint"})


@dataclass(frozen=True, kw_only=True)
class Stored:
    """What is stored in one partition.

    Attributes
    ----------
    objects, bytes
        How many there are, and their size.
    complete
        Whether all were counted, and not only as many as the bound allows, or none since S3 lets the tenant see none.
    """

    objects: int = 0
    bytes: int = 0
    complete: bool = True


def stored(s3: S3Client, bucket: str, prefix: str, *, own: bool = False) -> Stored:
    """Count the objects below a prefix, up to the bound.

    Parameters
    ----------
    s3
        S3, with credentials vended for the tenant.
    bucket
        Name of a bucket, or ARN of an access point.
    prefix
        What the tenant's keys begin with.
    own
        Whether it is made for the tenant alone: while it is not finished, or if somebody else has taken its name, S3
        denies it, and nothing is known of it. Of what all tenants share, a denial is a failure.
    """
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    objects, size, complete = 0, 0, True
    try:
        for page in islice(pages, PAGES):
            objects += page["KeyCount"]
            size += sum(found["Size"] for found in page.get("Contents", []))
            complete = not page["IsTruncated"]
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if own and code == "AccessDenied":
            return Stored(complete=False)
        # The tenant's own bucket and access point are made with its first object, at the latest.
        if code not in _NOT_THERE_YET:
            raise
    return Stored(objects=objects, bytes=size, complete=complete)
