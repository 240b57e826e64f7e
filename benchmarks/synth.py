"""`cdk synth` of the whole app beside that of an app with one empty stack, and the part of the CDK's validation."""

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
_LIMIT: Final = 2.0
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
        apps = {"whole": (find_project(), output), "empty": (empty, empty / "cdk.out")}
        kinds = [(name, validated) for name in apps for validated in (True, False)]
        for place in apps.values():
            _synth(*place, validated=True)
        turns = [{kind: _synth(*apps[kind[0]], validated=kind[1]) for kind in kinds} for _ in range(_RUNS)]
    seconds = {kind: median(turn[kind] for turn in turns) for kind in kinds}
    note, limit = f"median of {_RUNS}", f"meant to be {_LIMIT:g} at most"
    checks = {name: seconds[name, True] - seconds[name, False] for name in apps}
    return [
        Figure("whole app, bundles warm", round(seconds["whole", True], 2), "s", note),
        Figure("empty app of one stack", round(seconds["empty", True], 2), "s", note),
        Figure("ratio", round(seconds["whole", True] / seconds["empty", True], 2), "x", limit),
        Figure("CDK's validation of the whole app's templates", round(checks["whole"], 2), "s", "part of the above"),
        Figure("CDK's validation of the empty app's template", round(checks["empty"], 2), "s", "part of the above"),
        Figure(
            "ratio without validation",
            round(seconds["whole", False] / seconds["empty", False], 2),
            "x",
            "as `make up` synthesizes",
        ),
    ]


def _write_empty_app(folder: Path) -> None:
    folder.mkdir()
    (folder / "app.py").write_text(_EMPTY_APP)
    flags = json.loads((find_project() / "cdk.json").read_text())
    (folder / "cdk.json").write_text(json.dumps({**flags, "app": f"{sys.executable} app.py"}))


def _synth(project: Path, output: Path, *, validated: bool) -> float:
    """Return the seconds that one synthesis takes."""
    command = [cdk.cli(find_project()), "synth", "--quiet", "--context", "env=dev", "--output", str(output)]
    environment = {
        **os.environ,
        "PATH": cdk.search_path(find_project()),
        "CDK_VALIDATION": "true" if validated else "false",
    }
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # compiling the CDK library anew would be most of the time
    began = time.perf_counter()
    done = subprocess.run(command, cwd=project, env=environment, check=False, capture_output=True, text=True)  # noqa: S603 - own words
    seconds = time.perf_counter() - began
    if done.returncode:
        raise NotReadyError(f"cdk synth failed in {project}:\n{done.stderr}")
    return seconds
