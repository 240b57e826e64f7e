"""Start, stop, restart and crash of the emulator."""

import os
import signal
import socket
from pathlib import Path

import pytest

from tenantry.attacks.waiting import until
from tenantry.local import process
from tenantry.local.cloud import LocalCloud
from tenantry.local.errors import LocalCloudError


def _running(own_cloud: LocalCloud) -> process.Running:
    found = process.find(own_cloud.folder)
    assert found is not None
    return found


def _remember(own_cloud: LocalCloud, value: str) -> None:
    own_cloud.session().client("ssm").put_parameter(Name="/kept", Value=value, Type="String", Overwrite=True)
    s3 = own_cloud.session().client("s3")
    s3.create_bucket(Bucket="kept")
    s3.put_object(Bucket="kept", Key="a/b", Body=value.encode())


def _remembered(own_cloud: LocalCloud) -> list[str]:
    session = own_cloud.session()
    parameters = session.client("ssm").get_parameters(Names=["/kept"])["Parameters"]
    buckets = [bucket["Name"] for bucket in session.client("s3").list_buckets()["Buckets"]]
    objects = [session.client("s3").get_object(Bucket=name, Key="a/b")["Body"].read().decode() for name in buckets]
    return [parameter["Value"] for parameter in parameters] + objects


def test_starting_twice_keeps_the_running_emulator(own_cloud: LocalCloud) -> None:
    before = _running(own_cloud)
    LocalCloud(own_cloud.folder.root).start()
    assert _running(own_cloud) == before


def test_state_and_address_survive_a_stop(own_cloud: LocalCloud) -> None:
    endpoint = own_cloud.endpoint
    _remember(own_cloud, "value")
    assert own_cloud.stop()
    assert process.find(own_cloud.folder) is None
    own_cloud.start()
    assert own_cloud.endpoint == endpoint
    assert _remembered(own_cloud) == ["value", "value"]


def test_stopping_twice_is_no_error(own_cloud: LocalCloud) -> None:
    assert own_cloud.stop()
    assert not own_cloud.stop()


def test_changed_code_restarts_the_emulator_with_its_state(own_cloud: LocalCloud) -> None:
    before = _running(own_cloud).pid
    _remember(own_cloud, "value")
    other = LocalCloud(own_cloud.folder.root, left_open="aws_lambda.worker_limit")
    other.start()
    assert _running(own_cloud).pid != before
    assert _remembered(other) == ["value", "value"]


def test_a_killed_emulator_starts_again_empty(own_cloud: LocalCloud, capsys: pytest.CaptureFixture[str]) -> None:
    _remember(own_cloud, "value")
    os.kill(_running(own_cloud).pid, signal.SIGKILL)
    until(lambda: process.find(own_cloud.folder) is None, 10)
    assert process.died(own_cloud.folder)
    own_cloud.start()
    assert "ended without saving its state" in capsys.readouterr().out
    assert _remembered(own_cloud) == []


def test_an_emulator_that_was_killed_while_it_stopped_starts_again_empty(
    own_cloud: LocalCloud, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It may have saved the half of its state."""
    _remember(own_cloud, "value")
    monkeypatch.setattr(process, "_STOP_SECONDS", 0.3)
    os.kill(_running(own_cloud).pid, signal.SIGSTOP)  # as one whose save hangs
    other = LocalCloud(own_cloud.folder.root, left_open="aws_lambda.worker_limit")
    other.start()
    assert "ended without saving its state" in capsys.readouterr().out
    assert _remembered(other) == []


def test_the_emulator_listens_on_the_loopback_interface_only(own_cloud: LocalCloud) -> None:
    port = _running(own_cloud).port
    for address in {info[4][0] for info in socket.getaddrinfo(socket.gethostname(), port, socket.AF_INET)}:
        with socket.socket() as client:
            client.settimeout(2)
            assert str(address).startswith("127.") or client.connect_ex((address, port)) != 0
    assert client


def test_removing_the_cloud_deletes_its_files(own_cloud: LocalCloud) -> None:
    own_cloud.remove()
    assert not own_cloud.folder.home.exists()
    assert process.find(own_cloud.folder) is None


def test_a_call_to_a_stopped_cloud_says_how_to_start_it(tmp_path: Path) -> None:
    with pytest.raises(LocalCloudError, match=r"not running\. Start it with: make up"):
        LocalCloud(tmp_path).session()


def test_an_emulator_that_cannot_start_shows_the_end_of_its_log(tmp_path: Path) -> None:
    with pytest.raises(LocalCloudError, match=r"(?s)did not start.*gaps are:"):
        LocalCloud(tmp_path, left_open="no_such_gap").start()


@pytest.mark.parametrize("reason", ["a gap that does not exist", "a port that is taken", "no answer in time"])
def test_a_start_that_fails_keeps_the_saved_state(
    own_cloud: LocalCloud, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    _remember(own_cloud, "value")
    own_cloud.stop()
    failing = LocalCloud(own_cloud.folder.root, left_open="typo" if reason == "a gap that does not exist" else "")
    with socket.create_server(("127.0.0.1", 0)) as taken, monkeypatch.context() as patch:
        if reason == "a port that is taken":
            patch.setattr(type(own_cloud.folder), "page_port", lambda _: taken.getsockname()[1])
        elif reason == "no answer in time":
            patch.setattr(process, "port_answers", lambda _: False)
            patch.setattr(process, "wait_until", lambda *_, **__: until(own_cloud.folder.process.exists, 10))
        with pytest.raises(LocalCloudError, match=r"did not (start|answer)"):
            failing.start()

    assert not process.died(own_cloud.folder)
    own_cloud.start()
    assert _remembered(own_cloud) == ["value", "value"]


def test_the_emulator_inherits_no_variables_of_the_shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
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


def test_a_proxy_of_the_shell_is_not_asked(own_cloud: LocalCloud, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as proxy:
        for name in ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.getsockname()[1]}")
        proxy.settimeout(0)

        own_cloud.start()
        _remember(own_cloud, "kept")

        with pytest.raises(BlockingIOError):
            proxy.accept()
