"""The wheel, built once a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.packaging.project import build

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel, as `uv build --wheel` does."""
    return build(tmp_path_factory.mktemp("wheel"), "--wheel")
