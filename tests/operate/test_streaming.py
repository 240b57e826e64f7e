"""`tenantry streaming`, against an application that changes its state as the service's does."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tenantry.cli import main as cli
from tenantry.operate import streaming
from tenantry.operate.environment import Environment


class _Service:
    """An application that takes two looks to come to rest."""

    def __init__(self, status: str) -> None:
        self.states = [status]
        self.calls: list[str] = []
        self.fails = False

    def describe_application(self, ApplicationName: str) -> dict[str, Any]:  # noqa: N803 - the API's name
        status = self.states.pop(0) if len(self.states) > 1 else self.states[0]
        return {"ApplicationDetail": {"ApplicationName": ApplicationName, "ApplicationStatus": status}}

    def start_application(self, ApplicationName: str) -> None:  # noqa: N803
        self._go(f"start {ApplicationName}", ["STARTING", "STARTING", "READY" if self.fails else "RUNNING"])

    def stop_application(self, ApplicationName: str) -> None:  # noqa: N803
        self._go(f"stop {ApplicationName}", ["STOPPING", "READY"])

    def _go(self, call: str, states: list[str]) -> None:
        self.calls.append(call)
        self.states = states


def _run(monkeypatch: pytest.MonkeyPatch, service: _Service, command: str) -> int:
    environment = SimpleNamespace(aws=SimpleNamespace(flink=service), output=lambda *_: "tenant-lake")
    monkeypatch.setattr(Environment, "load", lambda *_, **__: environment)
    monkeypatch.setattr(streaming, "_POLL_SECONDS", 0)
    return cli.main(["streaming", command])


@pytest.mark.parametrize(
    ("command", "status", "calls"),
    [
        ("start", "READY", ["start tenant-lake"]),
        ("start", "RUNNING", []),
        ("stop", "RUNNING", ["stop tenant-lake"]),
        ("stop", "READY", []),
    ],
)
def test_application_reaches_the_requested_state(
    monkeypatch: pytest.MonkeyPatch, command: str, status: str, calls: list[str]
) -> None:
    service = _Service(status)
    assert _run(monkeypatch, service, command) == 0
    assert service.calls == calls


def test_failed_start_is_reported(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    service = _Service("READY")
    service.fails = True
    assert _run(monkeypatch, service, "start") == 1
    assert "tenant-lake: READY" in capsys.readouterr().out


def test_concurrent_change_is_awaited(monkeypatch: pytest.MonkeyPatch) -> None:
    service = _Service("READY")

    def refuse(**_: str) -> None:
        service.states = ["STARTING", "RUNNING"]
        raise ClientError({"Error": {"Code": "ResourceInUseException", "Message": ""}}, "StartApplication")

    monkeypatch.setattr(service, "start_application", refuse)
    assert _run(monkeypatch, service, "start") == 0


@pytest.mark.parametrize(("status", "code"), [("RUNNING", 0), ("READY", 1)])
def test_status_is_reported(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], status: str, code: int
) -> None:
    assert _run(monkeypatch, _Service(status), "status") == code
    assert f"tenant-lake: {status}" in capsys.readouterr().out
