"""A copy of the tree, in which mutants live: the checkout is never changed."""

from __future__ import annotations

import os
import shutil
import subprocess
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tools.mutants.operators import Mutant

ROOT: Final = Path(__file__).parents[2]
_SOURCES: Final = (".", "constructs", "ingest_client", "lambdas", "src", "streaming")
# What synthesis needs and git does not have.
_LINKED: Final = ("node_modules",)


def copy(target: Path) -> None:
    """Copy what git knows of the checkout, as it is there now, changed and new files included."""
    listed = _git("ls-files", "--cached", "--others", "--exclude-standard", "-z")
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)
    for name in _LINKED:
        if (ROOT / name).exists():
            (target / name).symlink_to(ROOT / name)


def environment(tree: Path) -> dict[str, str]:
    """Return the environment in which Python finds the tree's modules before the checkout's."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join(str(tree / source) for source in _SOURCES)}


@contextmanager
def changed(tree: Path, mutant: Mutant) -> Iterator[None]:
    """Put a mutant into a tree for a while."""
    file = tree / mutant.path
    before, times = file.read_text(), file.stat()
    file.write_text(mutant.source)
    # Bytecode is known by its source's time in seconds and size, which a mutant may share.
    os.utime(file, (times.st_atime, times.st_mtime + 10))
    try:
        yield
    finally:
        file.write_text(before)
        os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))


def lines_since(revision: str, path: str) -> set[int]:
    """Return the numbers of a file's lines that have changed since a revision."""
    numbers = set[int]()
    for line in _git("diff", "--unified=0", revision, "--", path).splitlines():
        if line.startswith("@@"):
            start, _, count = line.split("+")[1].split(" ")[0].partition(",")
            numbers.update(range(int(start), int(start) + int(count or 1)))
    return numbers


def _git(*arguments: str) -> str:
    return _output(["git", *arguments])


def _output(command: Sequence[str]) -> str:
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout  # noqa: S603 - fixed
