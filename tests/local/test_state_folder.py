"""A state folder that another version, or nobody who knows it, has written: no command ends in a traceback."""

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tenantry.local import layout, process
from tenantry.local.cli import main
from tenantry.local.cloud import LocalCloud
from tenantry.local.errors import LocalCloudError
from tenantry.local.settings import PORT_VARIABLE, StateFolder
from tests.local.ground import eventually

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


@pytest.fixture
def cloud(folder: StateFolder) -> Iterator[LocalCloud]:
    """Return a running cloud that the test may ruin."""
    started = LocalCloud(folder.root)
    started.start()
    running = process.find(folder)
    assert running is not None
    yield started
    if process.find(folder):
        started.remove()


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
def test_what_nobody_can_read_is_made_anew(folder: StateFolder, content: bytes) -> None:
    for name in ("root-key.json", "port", "page-port"):
        _write(folder, f"cloud/{name}", content)
    assert folder.root_key() == folder.root_key()
    assert folder.root_key().access_key_id.startswith("AKIA")
    assert folder.port() == folder.port()
    assert folder.page_port() == folder.page_port()


def test_up_starts_on_a_folder_in_which_nothing_can_be_read(
    folder: StateFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in set(_FILES) - {"cloud/lock"}:
        _write(folder, name, b"\xff")
    try:
        assert _run(folder, "up", "--no-deploy") == 0
        assert "ended without saving its state" in capsys.readouterr().out  # what a file left behind means
        assert _run(folder, "status") == 0
    finally:
        assert _run(folder, "down") == 0


@pytest.mark.parametrize("said", ["without the port of the page", "with more", "nothing", "no text"])
def test_a_running_one_of_another_version_is_stopped_and_goes_on_with_its_state(
    cloud: LocalCloud, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = cloud.folder.process
    known = json.loads(path.read_text())
    if said == "without the port of the page":
        cloud.folder.lock.write_text("")  # older ones did not say it twice
        path.write_text(json.dumps({name: known[name] for name in ("pid", "port", "version")}))
    elif said == "with more":
        path.write_text(json.dumps({**known, "version": "of another", "kept": 1}))
    else:
        path.write_bytes(b"\xff" if said == "no text" else b"")
    assert _run(cloud.folder, "status") == (1 if said in {"nothing", "no text"} else 0)
    assert str(known["pid"]) in capsys.readouterr().out
    assert _run(cloud.folder, "up", "--no-deploy") == 0
    restarted = process.find(cloud.folder)
    assert restarted is not None
    assert restarted.pid != known["pid"]


def test_a_running_one_that_nobody_can_name_is_said_to_be_ended_by_hand(
    cloud: LocalCloud, capsys: pytest.CaptureFixture[str]
) -> None:
    said, held = cloud.folder.process.read_text(), cloud.folder.lock.read_text()
    cloud.folder.process.write_text("{}")
    cloud.folder.lock.write_text("")
    assert [_run(cloud.folder, command) for command in ("up", "status", "stop", "down")] == [1, 1, 1, 1]
    assert capsys.readouterr().err.count("does not say which process it is") == 4
    cloud.folder.process.write_text(said)
    cloud.folder.lock.write_text(held)


def test_state_that_cannot_be_restored_whole_is_kept_and_said(cloud: LocalCloud) -> None:
    cloud.session().client("ssm").put_parameter(Name="/kept", Value="value", Type="String")
    assert cloud.stop()
    saved = cloud.folder.saved / "ssm.json"
    content = saved.read_text()
    for damaged in ("{", json.dumps({"__ministack_format__": 99, "payload": {}}), "[1]"):
        saved.write_text(damaged)
        with pytest.raises(LocalCloudError, match=r"(?s)saved state in .*ssm\.json cannot be read.*make down"):
            cloud.start()
    saved.write_text(content)
    cloud.start()
    assert cloud.session().client("ssm").get_parameter(Name="/kept")["Parameter"]["Value"] == "value"


def test_the_state_of_a_newer_version_is_left_alone(folder: StateFolder, capsys: pytest.CaptureFixture[str]) -> None:
    folder.layout.write_text(json.dumps({"version": layout.VERSION + 1}))
    assert _run(folder, "up", "--no-deploy") == 1
    assert "of a newer version" in capsys.readouterr().err
    assert _run(folder, "status") == 1
    assert _run(folder, "down") == 0


def test_the_version_of_the_folder_is_noted(cloud: LocalCloud) -> None:
    assert json.loads(cloud.folder.layout.read_text()) == {"version": layout.VERSION}


def test_a_full_disk_is_said(
    folder: StateFolder, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: StateFolder) -> None:
        raise OSError(28, "No space left on device", "state")

    monkeypatch.setattr(StateFolder, "create", full)
    assert _run(folder, "up", "--no-deploy") == 1
    assert "No space left on device" in capsys.readouterr().err


def test_one_that_was_killed_leaves_no_streaming_application(
    cloud: LocalCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended: list[Path] = []
    monkeypatch.setattr(process, "end_job", ended.append)
    (cloud.folder.flink / "application").mkdir(parents=True)
    running = process.find(cloud.folder)
    assert running is not None
    os.kill(running.pid, signal.SIGKILL)
    eventually(lambda: process.find(cloud.folder) is None)
    assert not cloud.stop()
    assert ended == [cloud.folder.flink / "application"]
    cloud.start()
    assert len(ended) == 2
