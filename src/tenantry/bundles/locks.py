"""The lock files that functions are bundled with: those of `tenantry.runtime`, or a function's own."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final

from tenantry.bundles.sources import package_folder

if TYPE_CHECKING:
    from pathlib import Path

OWN_LOCK: Final = "requirements.txt"
"""The name of a lock in a function's own package."""
LOCKS: Final = package_folder("tenantry.runtime") / "locks"
"""The folder of the runtime's locks. It goes into no bundle."""


class RuntimeLock(StrEnum):
    """The locks that `tenantry.runtime` brings along, for your functions as well. No lock holds the AWS SDK."""

    BASE = "base"
    """msgspec: what most functions need, and what `tenantry.runtime.rest` imports."""
    TOKENS = "tokens"
    """The base and PyJWT, for `tenantry.runtime.tokens`."""
    SIGNED_REQUESTS = "signed_requests"
    """The base, requests and requests-aws4auth."""

    @property
    def path(self) -> Path:
        """The lock file."""
        return LOCKS / f"{self}.txt"


def find_lock(entry: Path, lock: RuntimeLock | Path | None = None) -> Path:
    """Return the lock file of a function.

    Parameters
    ----------
    entry
        The function's package.
    lock
        The lock; by default ``requirements.txt`` in `entry` if there is one, else `RuntimeLock.BASE`.

    Raises
    ------
    ValueError
        There is no such file.
    """
    if lock is None:
        own = entry / OWN_LOCK
        return own if own.is_file() else RuntimeLock.BASE.path
    path = lock.path if isinstance(lock, RuntimeLock) else lock
    if not path.is_file():
        raise ValueError(
            f"lock: {path} does not exist. Write it with `uv pip compile --generate-hashes`, or give a RuntimeLock."
        )
    return path
