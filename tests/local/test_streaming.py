"""Starting streaming applications on a machine that lacks a part of Flink: a note says so, and all else is of use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from unittest import mock

import pytest

from tenantry.flink import JarError
from tenantry.local import streaming
from tenantry.local.errors import LocalCloudError
from tenantry.local.flink import installation

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_OUTPUTS = {"stack": {"StreamingApplicationName": "application"}}
_NO_PYTHON = "uv python install 3.11"


@pytest.fixture
def session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:  # noqa: ANN401 - a mock
    """Return a session in which an application is ready to start, on a machine with an empty cache."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    made = mock.Mock()
    made.client().describe_application.return_value = {"ApplicationDetail": {"ApplicationStatus": "READY"}}
    return made


def _installed(environment: Path) -> None:
    (environment / "lib" / "python3.11" / "site-packages" / "pyflink").mkdir(parents=True, exist_ok=True)
    (environment / ".ready").touch()


def _no_jar(_: object) -> Path:
    raise JarError("Cannot fetch the S3 plug-in")


def _no_venv(*, python: bool) -> Callable[..., None]:
    def run(*arguments: str) -> None:
        if arguments[0] == "venv" or not python:
            raise LocalCloudError("No space left on device")

    return run


def test_a_part_that_is_missing_after_the_first_start_is_noted_at_each(
    session: Any,  # noqa: ANN401
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    _installed(installation._environment())  # noqa: SLF001
    monkeypatch.setattr(installation, "fetch", _no_jar)
    for _ in range(2):
        streaming.start_all(session, _OUTPUTS)
        assert "Cannot fetch the S3 plug-in" in capsys.readouterr().out
    session.client().start_application.assert_not_called()


def test_a_cache_that_cannot_be_written_is_noted(
    session: Any,  # noqa: ANN401
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "cache").write_text("no folder")
    streaming.start_all(session, _OUTPUTS)
    said = capsys.readouterr().out
    assert "Apache Flink" in said
    assert "Not a directory" in said or "File exists" in said
    assert "All else is up" in said


@pytest.mark.parametrize("python", [True, False])
def test_python_is_to_be_installed_only_where_it_is_missing(
    session: Any,  # noqa: ANN401
    python: bool,  # noqa: FBT001
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(installation, "_uv", _no_venv(python=python))
    streaming.start_all(session, _OUTPUTS)
    said = capsys.readouterr().out
    assert "No space left on device" in said
    assert (_NO_PYTHON in said) is not python


def test_an_application_does_not_start_without_flink(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from ministack.services import kinesisanalyticsv2  # noqa: PLC0415

    from tenantry.local.gaps.flink import jobs  # noqa: PLC0415 - imports MiniStack
    from tenantry.local.settings import StateFolder  # noqa: PLC0415

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    plane, told = jobs._Plane(StateFolder(tmp_path)), mock.Mock()  # noqa: SLF001
    monkeypatch.setattr(kinesisanalyticsv2, "_dataplane", plane)
    assert kinesisanalyticsv2._runs_jobs({"RuntimeEnvironment": "FLINK-1_20"})  # noqa: SLF001

    plane._run({"ApplicationARN": "arn"}, None, told)  # noqa: SLF001

    told.assert_called_once_with("FAILED", "Apache Flink is not installed. Run: make up")
