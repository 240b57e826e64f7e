"""The running application: Parquet, event time with silent shards, and snapshots."""

from __future__ import annotations

import json
import subprocess
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

    from tenantry.local.flink.installation import Installation
    from tests.streaming.pipeline import Pipeline

_READ = "import json, sys; import pyarrow.parquet as p; print(json.dumps(p.read_table(sys.argv[1]).to_pylist(), default=str))"


def _record(tenant: str, **data: object) -> tuple[str, bytes]:
    return tenant, json.dumps({"tenantid": tenant, "data": data}).encode()


def _parquet(pipeline: Pipeline, flink: Installation, key: str, folder: Path) -> list[dict[str, Any]]:
    path = folder / "part.parquet"
    path.write_bytes(pipeline.content(key))
    done = subprocess.run([str(flink.python), "-c", _READ, str(path)], capture_output=True, check=True, text=True)
    rows: list[dict[str, Any]] = json.loads(done.stdout)
    return rows


@pytest.mark.timeout(240)
def test_parquet_time_and_snapshots(pipeline: Pipeline, flink: Installation, tmp_path: Path) -> None:
    shards = {f"tenant{number}": pipeline.shard_of(f"tenant{number}") for number in range(20)}
    busy = "tenant0"
    silent = next(tenant for tenant, shard in shards.items() if shard != shards[busy])
    job = pipeline.job(
        OutputFormat="parquet",
        AggregationWindowSeconds="1",
        AggregateFileSeconds="1",
        OutOfOrderSeconds="1",
        IdleShardSeconds="3",
    )
    pipeline.send([_record(busy, n=1), _record(silent, n=1)])
    job.start()
    job.wait_until_running()

    # Parquet, and rejected records in JSON lines
    until(lambda: pipeline.count("errors/") == len(shards), "one rejected record a shard", timeout=60, poll=0.5)
    folder = f"data/tenantid={busy}/"
    until(lambda: any(key.startswith(folder) for key in pipeline.files()), f"a file in {folder}", timeout=60, poll=0.5)
    (key,) = [key for key in pipeline.files() if key.startswith(folder)]
    assert key.endswith(".parquet")
    (row,) = _parquet(pipeline, flink, key, tmp_path)
    assert (json.loads(row["record"]), row["size"]) == ({"n": 1, "tenantid": busy}, len(_record(busy, n=1)[1]))
    assert row["arrived"].startswith(time.strftime("%Y-%m-%d", time.gmtime()))

    # The silent tenant's shard says nothing more, and the windows of the busy one end all the same.
    def counted() -> bool:
        pipeline.send([_record(busy, n=2)])
        return any(True for _ in pipeline.lines(f"aggregates/tenantid={busy}/"))

    until(counted, "the counts", timeout=60, poll=0.5)
    _, window = next(pipeline.lines(f"aggregates/tenantid={busy}/"))
    assert (window["records"], window["bytes"]) == (1, len(_record(busy, n=1)[1]))
    assert window["first_at"] == window["last_at"]

    # Stopped with a snapshot and started from it: what came in between is read, nothing is read twice.
    snapshot = job.stop()
    pipeline.send([_record(silent, n=3)])
    job.start(snapshot)
    job.wait_until_running()
    until(
        lambda: len([key for key in pipeline.files() if key.startswith(f"data/tenantid={silent}/")]) == 2,
        "two files of the silent tenant",
        timeout=60,
        poll=0.5,
    )
    rows = [
        json.loads(row["record"])["n"]
        for key in pipeline.files()
        if key.startswith(f"data/tenantid={silent}/")
        for row in _parquet(pipeline, flink, key, tmp_path)
    ]
    assert sorted(rows) == [1, 3]
    assert pipeline.count("errors/") == len(shards)

    # The totals go on from the snapshot as well: each record is counted once, in whichever window.
    def silent_counted() -> bool:
        pipeline.send([_record(busy, n=4)])
        counts = [int(line["records"]) for _, line in pipeline.lines(f"aggregates/tenantid={silent}/")]
        assert sum(counts) <= 2
        return sum(counts) == 2

    until(silent_counted, "both records of the silent tenant counted", timeout=60, poll=0.5)
