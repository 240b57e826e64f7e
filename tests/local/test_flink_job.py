"""Stopping a streaming application on a busy machine: what it has counted is kept."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any
from unittest import mock

import pytest

from tenantry.local.errors import LocalCloudError
from tenantry.local.flink import installation
from tenantry.local.flink import job as flink_job
from tenantry.local.flink.job import Application, Job
from tenantry.local.settings import StateFolder
from tests.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

_OVERVIEW: dict[str, Any] = {"jobs": [{"jid": "1"}]}
_TRIGGERED: dict[str, Any] = {"request-id": "2"}
_DONE = {"status": {"id": "COMPLETED"}, "operation": {"location": "file:/savepoint"}}
_FAILED = {"status": {"id": "COMPLETED"}, "operation": {"failure-cause": "a task is slow"}}


@pytest.fixture
def job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Job:
    monkeypatch.setattr(flink_job, "_POLL_SECONDS", 0)
    return Job(tmp_path, Application(code=tmp_path, properties={}), mock.Mock(), tmp_path)


def _answers(job: Job, monkeypatch: pytest.MonkeyPatch, *answers: object, ended: bool = False) -> None:
    monkeypatch.setattr(job, "_rest", mock.Mock(side_effect=answers))
    monkeypatch.setattr(job, "ended", lambda: ended)


def _made(folder: Path, name: str) -> str:
    made = folder / name
    made.mkdir(parents=True)
    (made / "_metadata").touch()
    os.utime(made / "_metadata", (1, 1))
    return str(made)


def test_a_savepoint_outlasts_an_answer_that_is_late(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    _answers(job, monkeypatch, _OVERVIEW, _TRIGGERED, TimeoutError(), ConnectionResetError(), _DONE)
    assert job.savepoint() == "file:/savepoint"


def test_the_files_say_where_the_savepoint_of_an_ended_cluster_is(
    job: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def reply(path: str, _: object = None) -> dict[str, Any]:
        if path == "jobs/1/savepoints/2":
            _made(tmp_path, "savepoints/savepoint-new")
            raise ConnectionRefusedError
        return _TRIGGERED if path == "jobs/1/stop" else _OVERVIEW

    monkeypatch.setattr(job, "_rest", reply)
    monkeypatch.setattr(job, "ended", lambda: True)
    assert job.stop() == str(tmp_path / "savepoints" / "savepoint-new")


@pytest.mark.parametrize(
    "answers",
    [
        (_OVERVIEW, _TRIGGERED, _FAILED),
        (_OVERVIEW, TimeoutError()),
        (ConnectionRefusedError(),),
        ({"jobs": []},),
    ],
    ids=["failed", "not answered", "ended", "no job"],
)
def test_without_a_savepoint_the_latest_checkpoint_is_kept(
    job: Job, answers: tuple[object, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _made(tmp_path, "savepoints/savepoint-old")
    _answers(job, monkeypatch, *answers)
    with pytest.raises(LocalCloudError, match="Neither a savepoint nor a checkpoint"):
        job.stop()

    checkpoint = _made(tmp_path, "checkpoints/1/chk-7")
    _answers(job, monkeypatch, *answers)
    assert job.stop() == checkpoint


@pytest.mark.parametrize("kept", [True, False])
def test_the_checkpoint_that_it_goes_on_from_outlasts_a_start(
    kept: bool,  # noqa: FBT001
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from tenantry.local.gaps.flink import jobs  # noqa: PLC0415 - imports MiniStack
    from tenantry.local.patching import service_calls  # noqa: PLC0415

    plane = jobs._Plane(StateFolder(tmp_path))  # noqa: SLF001
    monkeypatch.setattr(plane, "_code", mock.Mock(return_value=tmp_path))
    monkeypatch.setattr(service_calls, "endpoint", lambda: "https://127.0.0.1:1")
    monkeypatch.setattr(installation, "ensure", mock.Mock())
    home = StateFolder(tmp_path).flink / "application"
    checkpoint, savepoint = _made(home, "checkpoints/1/chk-7"), _made(home, "savepoints/savepoint-1")
    view = {
        "ApplicationARN": "arn",
        "ApplicationName": "application",
        "Region": "eu-central-1",
        "ServiceExecutionRole": "role",
        "ApplicationConfigurationDescription": {
            "FlinkApplicationConfigurationDescription": {
                "ParallelismConfigurationDescription": {},
                "CheckpointConfigurationDescription": {},
            },
            "EnvironmentPropertyDescriptions": {"PropertyGroupDescriptions": []},
        },
    }

    job = plane._job(view, checkpoint if kept else savepoint)  # noqa: SLF001

    assert job.latest_checkpoint == (checkpoint if kept else None)


def test_temporary_files_are_in_the_jobs_folder_and_go_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    java, temporary = tmp_path / "java", tmp_path / "tmp"
    java.write_text('#!/bin/sh\necho "$@"\n[ -z "$(ls tmp)" ] && touch tmp/planner.jar\n')
    java.chmod(0o700)
    installed = mock.Mock(java=java, class_path="", home=tmp_path, python=tmp_path / "python")
    options = {flink_job.RUN_OPTIONS: {"python": "main.py", "jarfile": "streaming.jar"}}
    job = Job(tmp_path, Application(code=tmp_path, properties=options), installed, tmp_path)
    monkeypatch.setattr(job, "_configure", lambda: None)
    monkeypatch.setattr(job, "_module_options", list)
    temporary.mkdir()
    (temporary / "left by one that was killed.jar").touch()
    job.start()
    until(job.ended, "the end of the job")
    assert f"-Djava.io.tmpdir={temporary} " in job.log.read_text()
    assert [path.name for path in temporary.iterdir()] == ["planner.jar"]
    job.kill()
    assert not temporary.exists()
