"""Two emulators: one with its gaps closed, and one with every gap open, to see that each test of a gap can fail."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tenantry.local import process
from tenantry.local.cloud import LocalCloud
from tenantry.local.gaps import GAPS
from tenantry.local.settings import PORT_VARIABLE
from tests.local.ground import Ground


@pytest.fixture(scope="session", autouse=True)
def _ministack_in_this_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Let MiniStack, where a test imports it, keep its files in a folder of the test run."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("STATE_DIR", "S3_DATA_DIR"):
            patch.setenv(name, str(tmp_path_factory.mktemp("ministack")))
        yield


@pytest.fixture(scope="session")
def ground(cloud: LocalCloud) -> Ground:
    """Return what makes resources in the local cloud."""
    return Ground(cloud)


@pytest.fixture(scope="session")
def bare_ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    """Return what makes resources in an emulator with every gap open."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv(PORT_VARIABLE, raising=False)
        bare = LocalCloud(tmp_path_factory.mktemp("bare"), left_open=",".join(GAPS))
        bare.start()
        yield Ground(bare)
        bare.stop()


@pytest.fixture
def own_cloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalCloud]:
    """Return a running cloud that the test may stop or damage."""
    monkeypatch.delenv(PORT_VARIABLE, raising=False)
    started = LocalCloud(tmp_path / "state")
    started.start()
    yield started
    if process.find(started.folder):
        started.remove()
