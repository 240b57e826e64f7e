"""A run on a machine without a browser or without Flink's Python."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tools.chromium import MISSING


def _run(tests: str, environment: dict[str, str], *, workers: int) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", f"-n{workers}", "-p", "no:cacheprovider", tests],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == pytest.ExitCode.TESTS_FAILED
    return done.stdout


def test_run_without_a_browser_fails_and_says_how_to_get_one() -> None:
    said = _run("tests/e2e/dashboard/test_journey.py", {"CHROMIUM": "/nowhere/chromium"}, workers=1)

    assert f"4 tests did not run. {MISSING}" in said


def test_run_without_flinks_python_fails_and_says_how_to_get_it(tmp_path: Path) -> None:
    nowhere = {
        "XDG_CACHE_HOME": str(tmp_path),
        "UV_PYTHON_PREFERENCE": "only-managed",
        "UV_PYTHON_INSTALL_DIR": str(tmp_path / "pythons"),
        "UV_PYTHON_DOWNLOADS": "never",
    }

    said = _run("tests/streaming/test_exactly_once.py", nowhere, workers=0)

    assert "1 tests did not run. Apache Flink" in said
    assert "uv python install 3.11" in said
