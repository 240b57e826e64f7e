"""`make up` when everything is up already: what a person waits who is not sure."""

from __future__ import annotations

import subprocess
import sys
import time
from statistics import median
from typing import TYPE_CHECKING, Final

from benchmarks.result import Figure, NotReadyError
from tenantry.local import process
from tenantry.local.settings import StateFolder, find_project

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_RUNS: Final = 3


def measure(state: Path) -> Sequence[Figure]:
    """Measure what `make up` runs, against a cloud that it has been run against before."""
    folder = StateFolder(state.absolute())
    if process.find(folder) is None or not folder.outputs.exists():
        raise NotReadyError("the local cloud is not up; run `make up` first.")
    return [Figure("second `make up`", round(median(_up(state) for _ in range(_RUNS)), 2), "s", f"median of {_RUNS}")]


def _up(state: Path) -> float:
    command = [sys.executable, "-m", "tenantry.local", "--state", str(state.absolute()), "up"]
    began = time.perf_counter()
    subprocess.run(command, cwd=find_project(), check=True, capture_output=True)  # noqa: S603 - own words
    return time.perf_counter() - began
