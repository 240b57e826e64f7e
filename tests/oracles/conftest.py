"""What the oracles' tests share."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.oracles.passed import PassedChecks


@pytest.fixture
def passed(request: pytest.FixtureRequest) -> PassedChecks:
    """Return the results of oracles that earlier runs have kept."""
    folder = request.config.cache.mkdir("oracles") if request.config.cache else None
    return PassedChecks(folder, Path(request.path))
