"""The lock files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tools import lock

if TYPE_CHECKING:
    from pathlib import Path

_FUNCTION_LOCKS = "lambdas/tenantry/runtime/locks"
# Stands in for uv: writes its arguments, but for the output file, and what it reads, into that file.
_UV = """#!/bin/sh
arguments="$*"
while [ $# -gt 0 ]; do
  case "$1" in --output-file) output="$2" ;; esac
  shift
done
{ echo "$arguments" | sed "s|--output-file [^ ]*||"; case "$arguments" in *" - "*) cat ;; esac; } > "$output"
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    uv = tmp_path / "uv"
    uv.write_text(_UV)
    uv.chmod(0o755)
    monkeypatch.setattr(lock, "find_uv_bin", lambda: str(uv))
    made = tmp_path / "project"
    (made / _FUNCTION_LOCKS).mkdir(parents=True)
    for name in ("one", "two"):
        (made / _FUNCTION_LOCKS / f"{name}.in").write_text("msgspec\n")
    (made / "src/tenantry/local/flink").mkdir(parents=True)
    (made / "pyproject.toml").write_text('[project]\ndependencies = ["aws-cdk-lib", "uv>=1,<2"]\n')
    return made


def _locks(project: Path) -> list[Path]:
    return [*project.rglob("requirements*.txt"), *(project / _FUNCTION_LOCKS).glob("*.txt")]


def _run(project: Path, *arguments: str) -> int:
    return lock.main(["--project", str(project), *arguments])


def test_all_lock_files_are_written(project: Path) -> None:
    assert _run(project) == 0
    written = sorted(str(path.relative_to(project)) for path in _locks(project))
    assert written == [
        f"{_FUNCTION_LOCKS}/one.txt",
        f"{_FUNCTION_LOCKS}/two.txt",
        "requirements-bootstrap.txt",
        "requirements-dev.txt",
        "requirements.txt",
        "src/tenantry/local/flink/requirements.txt",
    ]


def test_locks_have_hashes_and_no_machine_paths(project: Path) -> None:
    _run(project)
    for path in _locks(project):
        text = path.read_text()
        assert "--universal --no-header --python-version 3.11" in text
        assert ("--generate-hashes" in text) == (path != project / "requirements.txt")
        assert str(project) not in text


def test_installer_version_is_locked(project: Path) -> None:
    _run(project)
    assert "uv>=1,<2" in (project / "requirements-bootstrap.txt").read_text()


def test_function_locks_match_the_tests_and_exclude_the_sdk(project: Path) -> None:
    _run(project)
    text = (project / _FUNCTION_LOCKS / "one.txt").read_text()
    assert f"{_FUNCTION_LOCKS}/one.in --no-annotate --constraint requirements-dev.txt" in text
    assert "--no-emit-package boto3" in text


def test_current_locks_pass_the_check(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _run(project)
    assert _run(project, "--check") == 0
    assert "All lock files are up to date." in capsys.readouterr().out


def test_pip_installs_the_app_with_the_versions_of_the_tests(project: Path) -> None:
    _run(project)
    text = (project / "requirements.txt").read_text()
    assert "-e .[streaming]" in text
    assert "--constraint requirements-dev.txt" in text


@pytest.mark.parametrize("broken", ["changed", "missing"])
def test_stale_lock_fails_the_check_unchanged(broken: str, project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _run(project)
    path = project / _FUNCTION_LOCKS / "two.txt"
    path.unlink() if broken == "missing" else path.write_text("msgspec==1\n")
    assert _run(project, "--check") == 1
    assert f"Stale: {_FUNCTION_LOCKS}/two.txt. Run `make lock`." in capsys.readouterr().out
    assert not path.exists() or path.read_text() == "msgspec==1\n"


def test_upgrade_option_is_passed_to_the_locker(project: Path) -> None:
    _run(project, "--upgrade")
    assert "--upgrade" in (project / "requirements-dev.txt").read_text()
