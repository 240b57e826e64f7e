"""The lake's files, for tests that must not wait for the streaming application."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tenantry.local.cloud import LocalCloud


def aggregates(deployed: LocalCloud, tenant: str, records: Sequence[int]) -> None:
    """Write a file of aggregates as the streaming application does: one line of JSON a minute, the last of `records` just now."""
    end = datetime.now(UTC).replace(second=0, microsecond=0)
    counts = {end - timedelta(minutes=ago): count for ago, count in enumerate(reversed(records), 1)}
    for day in {start.date() for start in counts}:
        rows = [_row(start, count) for start, count in counts.items() if start.date() == day]
        key = f"aggregates/tenantid={tenant}/year={day:%Y}/month={day:%m}/day={day:%d}/part-0-0"
        deployed.session().client("s3").put_object(
            Bucket=deployed.output("DataLakeBucket"),
            Key=key,
            Body="".join(f"{json.dumps(row)}\n" for row in rows).encode(),
        )


def _row(start: datetime, records: int) -> dict[str, Any]:
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
