"""`make mutate-code`: which weakened pieces of the code that keeps tenants apart no test notices.

Runs all mutants of the files in `modules.toml`, and those that an attacker would choose (`attackers.toml`), each with
the tests that the file's entry names. Those of `equivalents.toml` are left out: each has a reason. The checkout is not
changed: mutants live in a copy. The exit status is 1 if one survives.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

from tools.mutants import tree
from tools.mutants.lists import Work, works
from tools.mutants.run import survivors

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tools.mutants.operators import Mutant


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the mutants and print the survivors."""
    parser = argparse.ArgumentParser(prog="python -m tools.mutants", description=__doc__)
    parser.add_argument("--only", default="", help="a part of the files' paths")
    parser.add_argument("--since", default="", help="only lines that have changed since this revision")
    parser.add_argument("--attackers", action="store_true", help="only the mutants that are written by hand")
    parser.add_argument("--jobs", type=int, default=2, help="how many processes run tests")
    options = parser.parse_args(arguments)
    found = works(only=options.only, since=options.since, attackers_only=options.attackers)
    started, total = time.monotonic(), sum(len(work.mutants) for work in found)
    waiting: SimpleQueue[Work] = SimpleQueue()
    for work in found:
        waiting.put(work)
    with ThreadPoolExecutor(options.jobs) as threads:
        alive = [each for part in threads.map(_run, [waiting] * options.jobs) for each in part]
    print(f"{total - len(alive)} of {total} mutants caught, {len(alive)} survived, {time.monotonic() - started:.0f} s")  # noqa: T201
    return 1 if alive else 0


def _run(waiting: SimpleQueue[Work]) -> list[Mutant]:
    """Run the mutants of one module after another, in one copy of the tree."""
    found: list[Mutant] = []
    with tempfile.TemporaryDirectory(prefix="tenantry-mutants-") as folder:
        tree.copy(Path(folder))
        while True:
            try:
                work = waiting.get_nowait()
            except Empty:
                return found
            alive = list(survivors(Path(folder), work))
            print(_said(work, alive), flush=True)  # noqa: T201
            found += alive


def _said(work: Work, alive: Sequence[Mutant]) -> str:
    lines = [f"{len(work.mutants) - len(alive)}/{len(work.mutants)} {work.path}"]
    lines += [f"  {mutant.path}:{mutant.line}\n    - {mutant.before}\n    + {mutant.after}" for mutant in alive]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
