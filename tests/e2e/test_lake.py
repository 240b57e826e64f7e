"""From the API into the lake, through the deployed streaming application and its own role."""

from __future__ import annotations

import json
import os
import secrets
import signal
from typing import TYPE_CHECKING

import pytest

from tenantry.attacks.ingest import Senders
from tenantry.testing.lake import Lake
from tests.missing import flink_or_skip

if TYPE_CHECKING:
    from tenantry.attacks.world import World
    from tenantry.local.cloud import LocalCloud

_SECONDS = 90.0


@pytest.fixture(scope="module", autouse=True)
def _flink() -> None:
    flink_or_skip()


@pytest.fixture
def senders(world: World) -> Senders:
    """Return who may send, as a tenant of this test run."""
    return Senders.of(world)


def _send(senders: Senders, marker: str, count: int) -> None:
    for _ in range(count):
        body = json.dumps({"Data": {"key1": "value1", "key2": "value2", "key3": "value3", "marker": marker}})
        assert senders.send(f"/{senders.mine}", body).ok


def test_six_requests_write_six_lines_in_the_tenants_partition(senders: Senders, world: World) -> None:
    marker = secrets.token_hex(8)
    _send(senders, marker, 6)
    lake = Lake(world.target.aws.s3, world.target.lake)
    found = lake.records(senders.mine, at_least=6, seconds=_SECONDS)
    lines = [line for key in found for line in found[key] if line.get("marker") == marker]
    expected = {"key1": "value1", "key2": "value2", "key3": "value3", "marker": marker, "tenantid": senders.mine}
    assert lines == [expected] * 6
    assert all(key.startswith(f"data/tenantid={senders.mine}/year=") for key in found)
    marked = lake.lines(marker, tenants=world.run[-8:])
    elsewhere = [line for line in marked if not line.key.startswith(f"data/tenantid={senders.mine}/")]
    assert elsewhere == []


@pytest.mark.timeout(300)
def test_killed_application_resumes_from_checkpoint(senders: Senders, world: World, deployed: LocalCloud) -> None:
    marker = secrets.token_hex(8)
    _send(senders, marker, 3)
    lake = Lake(world.target.aws.s3, world.target.lake)
    lake.records(senders.mine, at_least=3, seconds=_SECONDS)
    (pid,) = deployed.folder.flink.glob("*/pid")
    before = int(pid.read_text())
    os.killpg(before, signal.SIGKILL)
    _send(senders, marker, 3)

    def marked() -> int:
        found = lake.records(senders.mine)
        return sum(line.get("marker") == marker for key in found for line in found[key])

    known = len([line for lines in lake.records(senders.mine).values() for line in lines])
    lake.records(senders.mine, at_least=known + 3, seconds=_SECONDS)
    assert marked() == 6
    assert int(pid.read_text()) != before
