"""The authorizer's reads per call: ours and the published one's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.calls import reads
from tenantry.attacks.target import Target
from tenantry.attacks.world import World

if TYPE_CHECKING:
    from tenantry.local.cloud import LocalCloud


def test_warm_authorizer_reads_once(deployed: LocalCloud) -> None:
    world = World(Target.named(state=deployed.folder.root))
    try:
        (figure,) = reads(world.target, world.accounts.sign_up("bench"))
    finally:
        assert world.cleanup.run() == []

    assert figure.value == 1
    assert "the published way: 2" in figure.note
