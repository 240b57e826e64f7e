"""What the authorizer that asks the database reads for each call, ours and the published one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attacks.target import Target
from attacks.world import World
from benchmarks.calls import reads

if TYPE_CHECKING:
    from localcloud.cloud import LocalCloud


def test_warm_authorizer_reads_once_where_the_published_one_reads_twice(deployed: LocalCloud) -> None:
    world = World(Target.named(state=deployed.folder.root))
    try:
        (figure,) = reads(world.target, world.accounts.sign_up("bench"))
    finally:
        assert world.cleanup.run() == []

    assert figure.value == 1
    assert "the published way: 2" in figure.note
