"""Runs mutants in a copy of the tree, and finds those that survive."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Final

from tools.mutants import tree

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from tools.mutants.lists import Work
    from tools.mutants.operators import Mutant

_OPTIONS: Final = ("-x", "-q", "-n0", "-p", "no:cacheprovider", "--no-header")


class FailingTestsError(Exception):
    """The tests fail on the tree as it is, so that they cannot tell anything of a mutant."""


def survivors(folder: Path, work: Work) -> Iterator[Mutant]:
    """Yield the mutants of a module that none of its tests notices; a test that does not end notices.

    Parameters
    ----------
    folder
        The copy of the tree.
    work
        The module.

    Raises
    ------
    FailingTestsError
        The tests fail without a mutant.
    """
    command = [sys.executable, "-m", "tools.mutants.server"]
    environment = tree.environment(folder)
    with subprocess.Popen(  # noqa: S603 - fixed
        command, cwd=folder, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        if not _pass(server, work.tests):
            raise FailingTestsError(f"The tests of {work.path} fail:\n{(folder / 'output').read_text()}")
        for mutant in work.mutants:
            with tree.changed(folder, mutant):
                if _pass(server, work.tests):
                    yield mutant


def _pass(server: subprocess.Popen[str], tests: Sequence[str]) -> bool:
    if server.stdin is None or server.stdout is None:
        raise TypeError("The server has no pipes.")
    server.stdin.write(json.dumps([*_OPTIONS, *tests]) + "\n")
    server.stdin.flush()
    return int(server.stdout.readline()) == 0
