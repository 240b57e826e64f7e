"""A state folder of another version, or with unreadable files: no command ends in a traceback."""

import json
import os
import signal
from pathlib import Path

import pytest

from tenantry.attacks.waiting import until
from tenantry.local import layout, process
from tenantry.local.cli import main
from tenantry.local.cloud import LocalCloud
from tenantry.local.errors import LocalCloudError
from tenantry.local.settings import PORT_VARIABLE, StateFolder

_FILES = [
    "outputs.json",
    "cloud/root-key.json",
    "cloud/process.json",
    "cloud/lock",
    "cloud/layout.json",
    "cloud/port",
    "cloud/page-port",
    "cloud/credentials-port",
    "cloud/cdk-outputs.json",
    "cloud/tls/server.pem",
    "cloud/tls/server-key.pem",
    "cloud/tls/ca.pem",
    "cloud/python/made-of",
]
_CONTENTS = {
    "nothing": b"",
    "cut short": b'{"pid": ',
    "no text": b"\xff\xfe\x00",
    "no object": b"[1]",
    "of another version": b'{"kept": {"since": 1}}',
    "no number of a process": b'{"pid": -1, "port": 70000, "page_port": "x", "version": 3}',
}


@pytest.fixture(autouse=True)
def _own_port(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(PORT_VARIABLE, raising=False)


@pytest.fixture
def folder(tmp_path: Path) -> StateFolder:
    made = StateFolder(tmp_path / "state")
    made.create()
    return made


def _write(folder: StateFolder, name: str, content: bytes) -> None:
    path = folder.root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def _run(folder: StateFolder, *command: str) -> int:
    return main(["--state", str(folder.root), *command])


@pytest.mark.parametrize("content", _CONTENTS.values(), ids=_CONTENTS)
@pytest.mark.parametrize("name", _FILES)
def test_any_file_may_hold_anything(folder: StateFolder, name: str, content: bytes) -> None:
    _write(folder, name, content)
    assert [_run(folder, command) for command in ("status", "stop", "down")] == [1, 0, 0]
    assert not folder.home.exists()


@pytest.mark.parametrize("content", _CONTENTS.values(), ids=_CONTENTS)
def test_an_unreadable_root_key_is_replaced(folder: StateFolder, content: bytes) -> None:
    for name in ("root-key.json", "port", "page-port"):
        _write(folder, f"cloud/{name}", content)
    assert folder.root_key() == folder.root_key()
    assert folder.root_key().access_key_id.startswith("AKIA")
    assert folder.port() == folder.port()
    assert folder.page_port() == folder.page_port()


def test_up_starts_with_unreadable_files(folder: StateFolder, capsys: pytest.CaptureFixture[str]) -> None:
    for name in set(_FILES) - {"cloud/lock"}:
        _write(folder, name, b"\xff")
    try:
        assert _run(folder, "up", "--no-deploy") == 0
        assert "ended without saving its state" in capsys.readouterr().out  # what a file left behind means
        assert _run(folder, "status") == 0
    finally:
        assert _run(folder, "down") == 0


@pytest.mark.parametrize("said", ["without the port of the page", "with more", "nothing", "no text"])
def test_an_emulator_of_another_version_restarts_with_its_state(
    own_cloud: LocalCloud, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = own_cloud.folder.process
    known = json.loads(path.read_text())
    if said == "without the port of the page":
        own_cloud.folder.lock.write_text("")  # older ones did not say it twice
        path.write_text(json.dumps({name: known[name] for name in ("pid", "port", "version")}))
    elif said == "with more":
        path.write_text(json.dumps({**known, "version": "of another", "kept": 1}))
    else:
        path.write_bytes(b"\xff" if said == "no text" else b"")
    assert _run(own_cloud.folder, "status") == (1 if said in {"nothing", "no text"} else 0)
    assert str(known["pid"]) in capsys.readouterr().out
    assert _run(own_cloud.folder, "up", "--no-deploy") == 0
    restarted = process.find(own_cloud.folder)
    assert restarted is not None
    assert restarted.pid != known["pid"]


def test_an_unidentified_emulator_is_reported_with_the_remedy(
    own_cloud: LocalCloud, capsys: pytest.CaptureFixture[str]
) -> None:
    said, held = own_cloud.folder.process.read_text(), own_cloud.folder.lock.read_text()
    own_cloud.folder.process.write_text("{}")
    own_cloud.folder.lock.write_text("")
    assert [_run(own_cloud.folder, command) for command in ("up", "status", "stop", "down")] == [1, 1, 1, 1]
    assert capsys.readouterr().err.count("does not name its process") == 4
    own_cloud.folder.process.write_text(said)
    own_cloud.folder.lock.write_text(held)


def test_unreadable_state_is_kept_and_reported(own_cloud: LocalCloud) -> None:
    own_cloud.session().client("ssm").put_parameter(Name="/kept", Value="value", Type="String")
    assert own_cloud.stop()
    saved = own_cloud.folder.saved / "ssm.json"
    content = saved.read_text()
    for damaged in ("{", json.dumps({"__ministack_format__": 99, "payload": {}}), "[1]"):
        saved.write_text(damaged)
        with pytest.raises(LocalCloudError, match=r"(?s)saved state in .*ssm\.json cannot be read.*make down"):
            own_cloud.start()
    saved.write_text(content)
    own_cloud.start()
    assert own_cloud.session().client("ssm").get_parameter(Name="/kept")["Parameter"]["Value"] == "value"


def test_state_of_a_newer_version_is_not_changed(folder: StateFolder, capsys: pytest.CaptureFixture[str]) -> None:
    folder.layout.write_text(json.dumps({"version": layout.VERSION + 1}))
    assert _run(folder, "up", "--no-deploy") == 1
    assert "of a newer version" in capsys.readouterr().err
    assert _run(folder, "status") == 1
    assert _run(folder, "down") == 0


def test_the_version_of_the_folder_is_written(own_cloud: LocalCloud) -> None:
    assert json.loads(own_cloud.folder.layout.read_text()) == {"version": layout.VERSION}


def test_a_full_disk_is_reported(
    folder: StateFolder, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: StateFolder) -> None:
        raise OSError(28, "No space left on device", "state")

    monkeypatch.setattr(StateFolder, "create", full)
    assert _run(folder, "up", "--no-deploy") == 1
    assert "No space left on device" in capsys.readouterr().err


def test_streaming_applications_of_a_killed_emulator_are_stopped(
    own_cloud: LocalCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended: list[Path] = []
    monkeypatch.setattr(process, "end_job", ended.append)
    (own_cloud.folder.flink / "application").mkdir(parents=True)
    running = process.find(own_cloud.folder)
    assert running is not None
    os.kill(running.pid, signal.SIGKILL)
    until(lambda: process.find(own_cloud.folder) is None, 10)
    assert not own_cloud.stop()
    assert ended == [own_cloud.folder.flink / "application"]
    own_cloud.start()
    assert len(ended) == 2
