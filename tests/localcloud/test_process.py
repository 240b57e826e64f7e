"""The emulator's life: start, stop, restart, death."""

import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from localcloud import process
from localcloud.cloud import LocalCloud
from localcloud.errors import LocalCloudError
from localcloud.settings import PORT_VARIABLE
from tests.localcloud.ground import eventually


@pytest.fixture
def cloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalCloud]:
    """Return a running cloud that the test may ruin."""
    monkeypatch.delenv(PORT_VARIABLE, raising=False)
    started = LocalCloud(tmp_path / "state")
    started.start()
    yield started
    started.remove()


def _running(cloud: LocalCloud) -> process.Running:
    found = process.find(cloud.folder)
    assert found is not None
    return found


def _remember(cloud: LocalCloud, value: str) -> None:
    cloud.session().client("ssm").put_parameter(Name="/kept", Value=value, Type="String", Overwrite=True)
    s3 = cloud.session().client("s3")
    s3.create_bucket(Bucket="kept")
    s3.put_object(Bucket="kept", Key="a/b", Body=value.encode())


def _remembered(cloud: LocalCloud) -> list[str]:
    session = cloud.session()
    parameters = session.client("ssm").get_parameters(Names=["/kept"])["Parameters"]
    buckets = [bucket["Name"] for bucket in session.client("s3").list_buckets()["Buckets"]]
    objects = [session.client("s3").get_object(Bucket=name, Key="a/b")["Body"].read().decode() for name in buckets]
    return [parameter["Value"] for parameter in parameters] + objects


def test_starting_again_finds_it_running(cloud: LocalCloud) -> None:
    before = _running(cloud)
    LocalCloud(cloud.folder.root).start()
    assert _running(cloud) == before


def test_state_and_address_survive_a_stop(cloud: LocalCloud) -> None:
    endpoint = cloud.endpoint
    _remember(cloud, "value")
    assert cloud.stop()
    assert process.find(cloud.folder) is None
    cloud.start()
    assert cloud.endpoint == endpoint
    assert _remembered(cloud) == ["value", "value"]


def test_stopping_twice_is_stopping_once(cloud: LocalCloud) -> None:
    assert cloud.stop()
    assert not cloud.stop()


def test_other_code_restarts_it_with_its_state(cloud: LocalCloud) -> None:
    before = _running(cloud).pid
    _remember(cloud, "value")
    other = LocalCloud(cloud.folder.root, left_open="aws_lambda.worker_limit")
    other.start()
    assert _running(cloud).pid != before
    assert _remembered(other) == ["value", "value"]


def test_one_that_was_killed_starts_anew_and_empty(cloud: LocalCloud, capsys: pytest.CaptureFixture[str]) -> None:
    _remember(cloud, "value")
    os.kill(_running(cloud).pid, signal.SIGKILL)
    eventually(lambda: process.find(cloud.folder) is None)
    assert process.died(cloud.folder)
    cloud.start()
    assert "ended without saving its state" in capsys.readouterr().out
    assert _remembered(cloud) == []


def test_it_listens_on_this_machine_only(cloud: LocalCloud) -> None:
    port = _running(cloud).port
    for address in {info[4][0] for info in socket.getaddrinfo(socket.gethostname(), port, socket.AF_INET)}:
        with socket.socket() as client:
            client.settimeout(2)
            assert str(address).startswith("127.") or client.connect_ex((address, port)) != 0
    assert client


def test_removing_it_leaves_nothing(cloud: LocalCloud) -> None:
    cloud.remove()
    assert not cloud.folder.home.exists()
    assert process.find(cloud.folder) is None


def test_a_call_to_a_stopped_one_says_how_to_start_it(tmp_path: Path) -> None:
    with pytest.raises(LocalCloudError, match=r"not running\. Start it with: make up"):
        LocalCloud(tmp_path).session()


def test_an_emulator_that_cannot_start_shows_the_end_of_its_log(tmp_path: Path) -> None:
    with pytest.raises(LocalCloudError, match=r"(?s)did not start.*gaps are:"):
        LocalCloud(tmp_path, left_open="no_such_gap").start()


def test_nothing_of_the_shell_reaches_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "production")
    monkeypatch.setenv("MY_TOKEN", "secret")
    started = LocalCloud(tmp_path)
    try:
        started.start()
        environment = Path(f"/proc/{_running(started).pid}/environ")
        if environment.exists():  # Linux
            assert b"secret" not in environment.read_bytes()
            assert b"production" not in environment.read_bytes()
    finally:
        started.remove()
