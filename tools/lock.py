"""`python -m tools.lock`: writes the lock files anew, or says which are stale."""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from uv import find_uv_bin

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# The oldest Python that the project runs on, the functions on the local cloud included; a universal lock serves the
# newer ones as well, Lambda's among them.
_PYTHON: Final = "3.11"
_FUNCTION_LOCKS: Final = "lambdas/tenantry/runtime/locks"
# A function gets the versions that the tests have run with, and no SDK, which Lambda brings along.
_FUNCTION: Final = (
    "--no-annotate",
    *("--constraint", "requirements-dev.txt"),
    *("--no-emit-package", "boto3"),
    *("--no-emit-package", "botocore"),
    *("--no-emit-package", "s3transfer"),
)
_COMPILE: Final = ("pip", "compile", "--quiet", "--universal", "--no-header")


@dataclass(frozen=True)
class Lock:
    """A lock file and what it is made of.

    Attributes
    ----------
    path
        The lock, relative to the project.
    sources
        uv's arguments that name its sources, relative to the project.
    text
        Requirements to read from standard input, if there are no files for them.
    hashes
        Whether it names each wheel by its hash.
    """

    path: Path
    sources: tuple[str, ...]
    text: str | None = None
    hashes: bool = True

    def compile(self, project: Path, output: Path, *, upgrade: bool) -> None:
        """Write the lock to `output`; what an existing one pins stays pinned unless it is to be upgraded.

        Raises
        ------
        subprocess.CalledProcessError
            uv cannot resolve it.
        """
        command = [find_uv_bin(), *_COMPILE, "--python-version", _PYTHON, *self.sources, "--output-file", str(output)]
        if self.hashes:
            command.append("--generate-hashes")
        if upgrade:
            command.append("--upgrade")
        subprocess.run(command, cwd=project, input=self.text, text=True, check=True, stdout=subprocess.DEVNULL)  # noqa: S603 - nothing of it comes from outside

    def stale(self, project: Path) -> bool:
        """Return whether the lock differs from what its sources now yield."""
        with tempfile.TemporaryDirectory() as folder:
            output = Path(folder) / self.path.name
            current = project / self.path
            if not current.is_file():
                return True
            shutil.copy(current, output)
            self.compile(project, output, upgrade=False)
            return output.read_bytes() != current.read_bytes()


def locks(project: Path) -> Iterator[Lock]:
    """Find all locks of the project."""
    yield Lock(Path("requirements-bootstrap.txt"), ("-", "--no-annotate"), text=_installer(project))
    yield Lock(
        Path("requirements-dev.txt"),
        ("pyproject.toml", "--all-extras", "--group", "dev"),
    )
    # For pip, which refuses `-e` beside hashes (docs/adr/0033-published-package.md).
    own = ("-", "--no-annotate", "--constraint", "requirements-dev.txt")
    yield Lock(Path("requirements.txt"), own, text="-e .[streaming]\n", hashes=False)
    flink = Path("src/tenantry/local/flink/requirements.in")
    yield Lock(flink.with_suffix(".txt"), (flink.as_posix(), "--no-annotate"))
    for source in sorted((project / _FUNCTION_LOCKS).glob("*.in")):
        relative = source.relative_to(project)
        yield Lock(relative.with_suffix(".txt"), (relative.as_posix(), *_FUNCTION))


def _installer(project: Path) -> str:
    """Return the requirement of uv, which installs everything else, as the project states it."""
    requirements: list[str] = tomllib.loads((project / "pyproject.toml").read_text())["project"]["dependencies"]
    return next(requirement for requirement in requirements if requirement.startswith("uv"))


def main(arguments: Sequence[str] | None = None) -> int:
    """Write or check the locks and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tools.lock", description="Update the project's lock files.")
    parser.add_argument("--check", action="store_true", help="write nothing, and fail if a lock file is out of date")
    parser.add_argument("--upgrade", action="store_true", help="use the newest allowed versions")
    parser.add_argument("--project", type=Path, default=Path(), help=argparse.SUPPRESS)
    parsed = parser.parse_args(arguments)
    if parsed.check:
        stale = [str(lock.path) for lock in locks(parsed.project) if lock.stale(parsed.project)]
        sys.stdout.write(
            f"Stale: {', '.join(stale)}. Run `make lock`.\n" if stale else "All lock files are up to date.\n"
        )
        return bool(stale)
    for lock in locks(parsed.project):
        lock.compile(parsed.project, lock.path, upgrade=parsed.upgrade)
        sys.stdout.write(f"{lock.path}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
