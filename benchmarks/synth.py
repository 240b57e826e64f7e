"""`cdk synth` of the whole app, beside that of an app with one empty stack."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Final

from benchmarks.result import Figure, NotReadyError
from tenantry.local import cdk
from tenantry.local.settings import find_project

if TYPE_CHECKING:
    from collections.abc import Sequence

_RUNS: Final = 3
_LIMIT: Final = 3.0
# As empty as the CDK's own validation lets a stack be.
_EMPTY_APP: Final = """\
from aws_cdk import App, CfnWaitConditionHandle, Stack

app = App()
CfnWaitConditionHandle(Stack(app, "empty"), "Nothing")
app.synth()
"""


def measure(_state: Path) -> Sequence[Figure]:
    """Measure both, turn by turn, after a first run that bundles the functions."""
    with tempfile.TemporaryDirectory() as folder:
        empty, output = Path(folder) / "empty", Path(folder) / "cdk.out"
        _write_empty_app(empty)
        whole_seconds, empty_seconds = [], []
        _synth(find_project(), output)
        _synth(empty, empty / "cdk.out")
        for _ in range(_RUNS):
            whole_seconds.append(_synth(find_project(), output))
            empty_seconds.append(_synth(empty, empty / "cdk.out"))
    whole, bare = median(whole_seconds), median(empty_seconds)
    note = f"median of {_RUNS}"
    return [
        Figure("whole app, bundles warm", round(whole, 2), "s", note),
        Figure("empty app of one stack", round(bare, 2), "s", note),
        Figure("ratio", round(whole / bare, 2), "x", f"meant to stay under {_LIMIT:g}"),
    ]


def _write_empty_app(folder: Path) -> None:
    folder.mkdir()
    (folder / "app.py").write_text(_EMPTY_APP)
    flags = json.loads((find_project() / "cdk.json").read_text())
    (folder / "cdk.json").write_text(json.dumps({**flags, "app": f"{sys.executable} app.py"}))


def _synth(project: Path, output: Path) -> float:
    """Return the seconds that one synthesis takes."""
    command = [cdk.cli(find_project()), "synth", "--quiet", "--context", "env=dev", "--output", str(output)]
    environment = {**os.environ, "PATH": cdk.search_path(find_project())}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # compiling the CDK library anew would be most of the time
    began = time.perf_counter()
    done = subprocess.run(command, cwd=project, env=environment, check=False, capture_output=True, text=True)  # noqa: S603 - own words
    seconds = time.perf_counter() - began
    if done.returncode:
        raise NotReadyError(f"cdk synth failed in {project}:\n{done.stderr}")
    return seconds
