"""What goes into a function's bundle, its hash, and how it is put together."""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

from tenantry.bundles.locks import LOCKS, OWN_LOCK

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tenantry.bundles.sources import Source

# Files of a package that are no part of what runs.
_LEFT_OUT: Final = frozenset({OWN_LOCK, "requirements.in", "__pycache__"})


class BundleError(RuntimeError):
    """A function could not be bundled; the message says which one and why."""


@dataclass(frozen=True, kw_only=True)
class BundleTarget:
    """The machine that a bundle has to run on.

    Attributes
    ----------
    python
        Version of the interpreter, such as ``3.13``.
    platform
        uv's name of the platform, such as ``aarch64-manylinux_2_28``.
    arm
        Whether the processor is arm64 rather than x86-64.
    """

    python: str
    platform: str
    arm: bool


AWS_ARM64: Final = BundleTarget(python="3.13", platform="aarch64-manylinux_2_28", arm=True)
"""Lambda's Python 3.13 on Graviton: Amazon Linux 2023, whose glibc is 2.34.

Source: https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html
"""


@cache
def host_target() -> BundleTarget:
    """Return the machine and interpreter that run this code, for clouds that run functions on it."""
    arm = platform.machine().lower() in {"arm64", "aarch64"}
    processor = "aarch64" if arm else "x86_64"
    system = {"darwin": "apple-darwin", "linux": "manylinux_2_28"}.get(sys.platform, "unknown")
    return BundleTarget(
        python=f"{sys.version_info.major}.{sys.version_info.minor}", platform=f"{processor}-{system}", arm=arm
    )


def _runs(path: Path) -> bool:
    """Return whether a file or folder of a package is part of what runs."""
    return path.name not in _LEFT_OUT and path.suffix != ".pyc" and path != LOCKS


def _files(folder: Path) -> Iterator[Path]:
    for path in sorted(filter(_runs, folder.iterdir())):
        if path.is_dir():
            yield from _files(path)
        else:
            yield path


def bundle_hash(sources: tuple[Source, ...], target: BundleTarget, lock: Path) -> str:
    """Return the hash of everything that decides what a bundle holds: sources, lock and target.

    It depends on contents and relative names only, so it is the same on every machine and in every checkout.

    Parameters
    ----------
    sources
        The function's package first, then the packages that it shares.
    target
        What the bundle is made for.
    lock
        The lock file.
    """
    digest = hashlib.sha256(_lock_hash(lock, target).encode())
    for source in sources:
        for path in _files(source.folder):
            digest.update(f"\0{source.place}/{path.relative_to(source.folder).as_posix()}\0".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


def bundle(sources: Sequence[Source], target: BundleTarget, lock: Path, output: Path) -> None:
    """Put the packages and what a lock lists into `output`.

    Nothing is resolved, compiled or run: the wheels that the lock names by hash are unpacked for the target. Functions
    with the same lock share what was unpacked for the first of them in this process.

    Parameters
    ----------
    sources
        The function's package first, then the packages that it shares.
    target
        What the bundle is made for.
    lock
        The lock file, which names each wheel by its hash.
    output
        An existing folder.

    Raises
    ------
    BundleError
        A wheel does not fit its hash, or there is none for the target.
    """
    shutil.copytree(_unpacked(lock, target), output, copy_function=_link, dirs_exist_ok=True)
    for source in sources:
        shutil.copytree(
            source.folder,
            output / source.place,
            ignore=lambda folder, names: [name for name in names if not _runs(Path(folder) / name)],
        )


def _lock_hash(lock: Path, target: BundleTarget) -> str:
    return hashlib.sha256(repr(target).encode() + lock.read_bytes()).hexdigest()


@cache
def _cache() -> TemporaryDirectory[str]:
    """Return the folder of unpacked locks, which is removed when the process ends."""
    return TemporaryDirectory(prefix="tenantry-locks-")


def _unpacked(lock: Path, target: BundleTarget) -> Path:
    """Return the folder with the wheels of a lock, which are unpacked once in a process."""
    folder = Path(_cache().name) / _lock_hash(lock, target)
    if folder.exists():
        return folder
    with TemporaryDirectory(dir=_cache().name) as unfinished:
        packages = Path(unfinished) / "packages"
        packages.mkdir()  # for a lock that lists nothing
        command = [
            sys.executable, "-m", "uv", "pip", "install", "--quiet", "--no-deps", "--require-hashes",
            "--only-binary", ":all:", "--python-version", target.python, "--python-platform", target.platform,
            "--target", str(packages), "--requirement", str(lock),
        ]  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - fixed words, own paths
        if done.returncode:
            raise BundleError(f"could not install {lock} for {target}:\n{done.stderr.strip()}")
        (packages / ".lock").unlink(missing_ok=True)
        packages.rename(folder)
    return folder


def _link(source: str, target: str) -> None:
    """Link a file, or copy it where the two folders are on different file systems."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
