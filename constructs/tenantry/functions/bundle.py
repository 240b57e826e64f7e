"""What goes into a function's bundle, its hash, and how it is put together."""

from __future__ import annotations

import hashlib
import platform
import shutil
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from tenantry.functions.sources import Source

_LOCK: Final = "requirements.txt"
# Files of a package that are no part of what runs.
_LEFT_OUT: Final = (_LOCK, "requirements.in", "__pycache__", "*.pyc")


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


def _files(package: Path) -> Iterator[Path]:
    return (
        path
        for path in sorted(package.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts and path.suffix != ".pyc"
    )


@cache
def bundle_hash(sources: tuple[Source, ...], target: BundleTarget) -> str:
    """Return the hash of everything that decides what a bundle holds: sources, locks and target.

    It depends on contents and relative names only, so it is the same on every machine and in every checkout.

    Parameters
    ----------
    sources
        The function's package first, then the packages that it shares.
    target
        What the bundle is made for.
    """
    digest = hashlib.sha256(repr(target).encode())
    for source in sources:
        for path in _files(source.folder):
            digest.update(f"\0{source.place}/{path.relative_to(source.folder).as_posix()}\0".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


def bundle(sources: Sequence[Source], target: BundleTarget, output: Path) -> None:
    """Put the packages and what the first one's lock lists into `output`.

    Nothing is resolved, compiled or run: the wheels that the lock names by hash are unpacked for the target.

    Parameters
    ----------
    sources
        The function's package first (its ``requirements.txt`` is the lock), then the packages that it shares.
    target
        What the bundle is made for.
    output
        An existing folder.

    Raises
    ------
    BundleError
        The lock is missing, a wheel does not fit its hash, or there is none for the target.
    """
    entry = sources[0].folder
    lock = entry / _LOCK
    if not lock.is_file():
        raise BundleError(f"{entry.name}: no {_LOCK}; write {lock.with_suffix('.in').name} and run `make lock`.")
    command = [
        sys.executable, "-m", "uv", "pip", "install", "--quiet", "--no-deps", "--require-hashes",
        "--only-binary", ":all:", "--python-version", target.python, "--python-platform", target.platform,
        "--target", str(output), "--requirement", str(lock),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - fixed words, own paths
    if done.returncode:
        raise BundleError(f"{entry.name}: could not install {_LOCK} for {target}:\n{done.stderr.strip()}")
    (output / ".lock").unlink(missing_ok=True)
    for source in sources:
        shutil.copytree(source.folder, output / source.place, ignore=shutil.ignore_patterns(*_LEFT_OUT))
