"""The state folder, the root key and the port."""

import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from tenantry.local.errors import LocalCloudError
from tenantry.local.settings import HOST, PORT_VARIABLE, StateFolder, read_json, write_private


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StateFolder:
    monkeypatch.delenv(PORT_VARIABLE, raising=False)
    made = StateFolder(tmp_path / "state")
    made.create()
    return made


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind((HOST, 0))
        listener.listen()
        yield listener.getsockname()[1]


def test_every_installation_has_a_root_key_of_its_own(folder: StateFolder, tmp_path: Path) -> None:
    other = StateFolder(tmp_path / "other")
    other.create()
    assert folder.root_key() == folder.root_key()
    assert folder.root_key() != other.root_key()


def test_only_the_owner_reads_the_root_key(folder: StateFolder) -> None:
    folder.root_key()
    assert stat.S_IMODE((folder.home / "root-key.json").stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.home.stat().st_mode) == 0o700


def test_a_private_file_is_replaced_whole_and_stays_private(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text("old")
    path.chmod(0o644)
    write_private(path, "new")
    assert path.read_text() == "new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [path] == list(tmp_path.iterdir())


def test_a_free_port_is_found_once_and_remembered(folder: StateFolder) -> None:
    assert folder.port() == folder.port()


def test_a_remembered_port_in_use_is_replaced(folder: StateFolder, taken: int) -> None:
    (folder.home / "port").write_text(str(taken))
    assert folder.port() != taken


def test_a_configured_port_is_used(folder: StateFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    port = folder.port()
    monkeypatch.setenv(PORT_VARIABLE, str(port))
    assert folder.port() == port


def test_a_configured_port_in_use_is_an_error_with_its_remedy(
    folder: StateFolder, taken: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(PORT_VARIABLE, str(taken))
    with pytest.raises(LocalCloudError, match=f"Port {taken} .* in use.*{PORT_VARIABLE}"):
        folder.port()


@pytest.mark.parametrize("nonsense", ["x", "0", "70000", "-1"])
def test_an_invalid_configured_port_is_an_error(
    folder: StateFolder, nonsense: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(PORT_VARIABLE, nonsense)
    with pytest.raises(LocalCloudError, match=f"must be a port number, not '{nonsense}'"):
        folder.port()


def test_a_truncated_file_reads_as_none(tmp_path: Path) -> None:
    (tmp_path / "file").write_text('{"a": ')
    assert read_json(tmp_path / "file") is None
    assert read_json(tmp_path / "missing") is None
