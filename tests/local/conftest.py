"""Two emulators: one with its gaps closed, and one with every gap open, to see that each test of a gap can fail."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tenantry.local import process
from tenantry.local.cloud import LocalCloud
from tenantry.local.gaps import GAPS
from tenantry.local.settings import PORT_VARIABLE
from tests.local.emulator import Emulator


@pytest.fixture(scope="session", autouse=True)
def _ministack_in_this_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Let MiniStack, where a test imports it, keep its files in a folder of the test run."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("STATE_DIR", "S3_DATA_DIR"):
            patch.setenv(name, str(tmp_path_factory.mktemp("ministack")))
        yield


@pytest.fixture(scope="session")
def emulator(cloud: LocalCloud) -> Emulator:
    """Return the local cloud, to make resources in."""
    return Emulator(cloud)


@pytest.fixture(scope="session")
def bare_emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """Return an emulator with every gap open, to make resources in."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv(PORT_VARIABLE, raising=False)
        bare = LocalCloud(tmp_path_factory.mktemp("bare"), left_open=",".join(GAPS))
        bare.start()
        yield Emulator(bare)
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
