"""What the oracles' tests share."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.oracles.kept import Kept


@pytest.fixture
def kept(request: pytest.FixtureRequest) -> Kept:
    """Return the results of oracles that earlier runs have kept."""
    folder = request.config.cache.mkdir("oracles") if request.config.cache else None
    return Kept(folder, Path(request.path))
