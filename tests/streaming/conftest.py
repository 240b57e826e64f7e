"""A Flink, the application's package, and a cloud with a stream and a lake."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tenantry.flink import package
from tenantry.local.cloud import LocalCloud
from tenantry.local.settings import PORT_VARIABLE
from tests.missing import flink_or_skip
from tests.streaming.pipeline import Pipeline

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tenantry.local.flink.installation import Installation


@pytest.fixture(scope="session")
def flink() -> Installation:
    """Return the installed Flink."""
    return flink_or_skip()


@pytest.fixture(scope="session")
def code(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the packaged application."""
    folder = tmp_path_factory.mktemp("code")
    package(folder)
    return folder


@pytest.fixture(scope="session")
def bare_cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    """Return a cloud that nothing is deployed to."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv(PORT_VARIABLE, raising=False)
        cloud = LocalCloud(tmp_path_factory.mktemp("streaming"))
        cloud.start()
        yield cloud
        cloud.remove()


@pytest.fixture
def pipeline(flink: Installation, bare_cloud: LocalCloud, code: Path, tmp_path: Path) -> Iterator[Pipeline]:
    """Return a stream, a lake, and what runs the application between them."""
    made = Pipeline(bare_cloud, flink, code, tmp_path / "job")
    yield made
    made.clean()
