"""Read what the streaming application has written into the data lake."""

import gzip
import json
import time
from typing import Any

_POLL_SECONDS = 0.5


def records(s3: Any, bucket: str, tenant: str, *, at_least: int, seconds: float) -> dict[str, list[dict[str, Any]]]:  # noqa: ANN401 - boto3's client
    """Return a tenant's records by file, as soon as there are so many, or the time is over.

    Parameters
    ----------
    s3
        A client that may read the lake.
    bucket
        The lake's bucket.
    tenant
        Whose.
    at_least
        How many are waited for.
    seconds
        For how long.
    """
    deadline = time.monotonic() + seconds
    found: dict[str, list[dict[str, Any]]] = {}
    while True:
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=f"data/tenantid={tenant}/")
        for key in (entry["Key"] for page in pages for entry in page.get("Contents", [])):
            if key not in found:  # a finished file never changes
                lines = gzip.decompress(s3.get_object(Bucket=bucket, Key=key)["Body"].read()).splitlines()
                found[key] = [json.loads(line) for line in lines]
        if sum(map(len, found.values())) >= at_least or time.monotonic() > deadline:
            return found
        time.sleep(_POLL_SECONDS)
