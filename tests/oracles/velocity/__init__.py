"""Apache Velocity itself, in one process of Java for all templates and requests."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tenantry.flink import Use, fetch, java, pinned
from tenantry.flink.jars import cache_folder
from tests.oracles.templates import digest

if TYPE_CHECKING:
    from collections.abc import Sequence

_HERE: Final = Path(__file__).parent
_SOURCE: Final = _HERE / "java" / "Render.java"
_PINS: Final = _HERE / "jars.toml"
SOURCES: Final = (Path(__file__), _SOURCE, _PINS)


def rendered(templates: Sequence[str], cases: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return what Velocity makes of each case: its `text` and `overrides`, or its `error`.

    Parameters
    ----------
    templates
        The mapping templates.
    cases
        Requests: the number of the `template`, `body`, `path`, `querystring`, `header` and `context`.
    """
    class_path = os.pathsep.join(map(str, [_classes(), *(fetch(jar) for jar in pinned(_PINS))]))
    command = [str(java()), "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", class_path, "Render"]
    asked = json.dumps({"templates": templates, "cases": cases})
    done = subprocess.run(command, input=asked, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"Velocity did not run: {done.stderr[-2000:]}")
    outcomes: list[dict[str, Any]] = json.loads(done.stdout)
    return outcomes


def _classes() -> Path:
    """Return the folder of our classes, compiled once a machine with Eclipse's compiler, which needs no JDK."""
    folder = cache_folder() / "oracles" / digest(_SOURCE.read_text(), _PINS.read_text())
    if not folder.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        compiler = next(fetch(jar) for jar in pinned() if jar.use is Use.TOOL)
        needed = os.pathsep.join(str(fetch(jar)) for jar in pinned(_PINS))
        with tempfile.TemporaryDirectory(dir=folder.parent) as made:
            command = [str(java()), "-jar", str(compiler), "-17", "-nowarn", "-encoding", "UTF-8", "-cp", needed]
            subprocess.run([*command, "-d", f"{made}/classes", str(_SOURCE)], check=True, capture_output=True)
            try:
                Path(made, "classes").rename(folder)
            except OSError:  # another process was a moment faster
                if not folder.is_dir():
                    raise
    return folder
