"""The deployed system, with people in it, for tests that do what a caller does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from attacks.target import Target
from attacks.world import World

if TYPE_CHECKING:
    from collections.abc import Iterator

    from localcloud.cloud import LocalCloud


@pytest.fixture(scope="session")
def world(deployed: LocalCloud) -> Iterator[World]:
    """Return the deployed system and what makes people in it; all that a test makes is removed in the end."""
    world = World(Target.named(state=deployed.folder.root))
    yield world
    assert world.cleanup.run() == []
