"""The first deployment on a slow machine: waits are by progress, not by the clock."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Final

import pytest

from tenantry.local.settings import PORT_VARIABLE
from tests.sizes import SOAK
from tests.synthesized import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_TIMES_SLOWER: Final = 4


@contextmanager
def _slow() -> Iterator[None]:
    """Have this process and what it starts share one processor with others that are always busy."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    with ExitStack() as stack:
        stack.callback(os.sched_setaffinity, 0, before)
        for _ in range(_TIMES_SLOWER - 1):
            busy = subprocess.Popen([sys.executable, "-c", "while True: pass"])
            stack.callback(busy.wait)
            stack.callback(busy.kill)
        yield


def _run(*arguments: str) -> str:
    environment = {name: value for name, value in os.environ.items() if name != PORT_VARIABLE}
    command = [sys.executable, "-m", *arguments]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.mark.soak
@pytest.mark.timeout(1800)
@pytest.mark.skipif(not SOAK, reason="it takes four minutes: make soak")
@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system binds no process to a processor")
def test_a_first_deployment_ends_well_on_a_quarter_of_a_processor(tmp_path: Path) -> None:
    """What `make up` runs, in a state folder of its own, so that everything is deployed and the application started."""
    state = ["--state", str(tmp_path / "state")]
    try:
        with _slow():
            said = _run("tenantry.local", *state, "up")
            assert "Start the streaming application" in said
            assert "Ready." in said
    finally:
        _run("tenantry.local", *state, "down")
