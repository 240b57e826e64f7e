"""The application at its work: the other format, time that goes on without the silent, and its snapshots."""

from __future__ import annotations

import json
import subprocess
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.streaming.ground import Ground, eventually

if TYPE_CHECKING:
    from pathlib import Path

    from tenantry.local.flink.installation import Installation

_READ = "import json, sys; import pyarrow.parquet as p; print(json.dumps(p.read_table(sys.argv[1]).to_pylist(), default=str))"


def _record(tenant: str, **data: object) -> tuple[str, bytes]:
    return tenant, json.dumps({"tenantid": tenant, "data": data}).encode()


def _parquet(ground: Ground, flink: Installation, key: str, folder: Path) -> list[dict[str, Any]]:
    path = folder / "part.parquet"
    path.write_bytes(ground.content(key))
    done = subprocess.run([str(flink.python), "-c", _READ, str(path)], capture_output=True, check=True, text=True)
    rows: list[dict[str, Any]] = json.loads(done.stdout)
    return rows


@pytest.mark.timeout(240)
def test_parquet_time_and_snapshots(ground: Ground, flink: Installation, tmp_path: Path) -> None:
    shards = {f"tenant{number}": ground.shard_of(f"tenant{number}") for number in range(20)}
    busy = "tenant0"
    silent = next(tenant for tenant, shard in shards.items() if shard != shards[busy])
    job = ground.job(
        OutputFormat="parquet",
        AggregationWindowSeconds="1",
        AggregateFileSeconds="1",
        OutOfOrderSeconds="1",
        IdleShardSeconds="3",
    )
    ground.send([_record(busy, n=1), _record(silent, n=1)])
    job.start()
    job.wait_until_running()

    # Parquet, and dead letters in lines as ever
    assert eventually(lambda: ground.count("errors/") == len(shards))
    folder = f"data/tenantid={busy}/"
    assert eventually(lambda: any(key.startswith(folder) for key in ground.files()))
    (key,) = [key for key in ground.files() if key.startswith(folder)]
    assert key.endswith(".parquet")
    (row,) = _parquet(ground, flink, key, tmp_path)
    assert (json.loads(row["record"]), row["size"]) == ({"n": 1, "tenantid": busy}, len(_record(busy, n=1)[1]))
    assert row["arrived"].startswith(time.strftime("%Y-%m-%d", time.gmtime()))

    # The silent tenant's shard says nothing more, and the windows of the busy one end all the same.
    def counted() -> bool:
        ground.send([_record(busy, n=2)])
        return any(True for _ in ground.lines(f"aggregates/tenantid={busy}/"))

    assert eventually(counted)
    _, window = next(ground.lines(f"aggregates/tenantid={busy}/"))
    assert (window["records"], window["bytes"]) == (1, len(_record(busy, n=1)[1]))
    assert window["first_at"] == window["last_at"]

    # Stopped with a snapshot and started from it: what came in between is read, nothing is read twice.
    snapshot = job.stop()
    ground.send([_record(silent, n=3)])
    job.start(snapshot)
    job.wait_until_running()
    assert eventually(lambda: len([key for key in ground.files() if key.startswith(f"data/tenantid={silent}/")]) == 2)
    rows = [
        json.loads(row["record"])["n"]
        for key in ground.files()
        if key.startswith(f"data/tenantid={silent}/")
        for row in _parquet(ground, flink, key, tmp_path)
    ]
    assert sorted(rows) == [1, 3]
    assert ground.count("errors/") == len(shards)
