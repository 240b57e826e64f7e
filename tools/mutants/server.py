"""Runs tests again and again in a tree that changes: each run is a fork, so that libraries are imported once.

It reads one list of arguments for pytest a line, as JSON, and writes the exit code of each run: 0 when all tests pass.
The first run is of the tree as it is. What that imported from outside the tree is kept for all others.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

_SECONDS: Final = 240.0
_STOPPED: Final = 124


def main() -> None:
    """Serve until the input ends."""
    tree, imported = Path.cwd(), tempfile.mktemp()  # noqa: S306 - the child makes it
    for number, line in enumerate(sys.stdin):
        if child := os.fork():
            code = _wait(child)
        else:
            _child(json.loads(line), "" if number else imported, tree)
        if not number and code == 0:
            for name in json.loads(Path(imported).read_text()):
                with suppress(Exception):
                    importlib.import_module(name)
        print(code, flush=True)  # noqa: T201 - the answer


def _child(arguments: list[str], imported: str, tree: Path) -> None:
    os.setsid()
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(os.open("output", os.O_WRONLY | os.O_CREAT | os.O_TRUNC), 1)
    os.dup2(1, 2)
    sys.dont_write_bytecode = not imported
    code = 1
    try:
        import pytest  # noqa: PLC0415 - the parent imports it later

        code = int(pytest.main(arguments))
        if imported:
            Path(imported).write_text(json.dumps(_outside(tree)))
    finally:
        sys.stdout.flush()
        os._exit(code)


def _outside(tree: Path) -> list[str]:
    """Return the names of the imported modules that are not of the tree."""
    files = {name: getattr(module, "__file__", None) for name, module in list(sys.modules.items())}
    return [
        name
        for name, file in files.items()
        if file and not Path(file).is_relative_to(tree) and name.split(".")[0] not in {"conftest", "tests", "__main__"}
    ]


def _wait(child: int) -> int:
    end = time.monotonic() + _SECONDS
    while time.monotonic() < end:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.01)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return _STOPPED


if __name__ == "__main__":
    main()
