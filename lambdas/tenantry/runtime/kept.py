"""A value that is read now and then."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

_T = TypeVar("_T")


class Kept(Generic[_T]):
    """A value that is kept for some time after it was read. A failure to read it is not.

    Parameters
    ----------
    read
        Reads it.
    seconds
        How long it is kept.
    clock
        Seconds, monotonic; for tests.
    """

    def __init__(self, read: Callable[[], _T], seconds: float, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._read = read
        self._seconds = seconds
        self._clock = clock
        self._kept: tuple[_T, float] | None = None

    def get(self) -> _T:
        """Return it."""
        now = self._clock()
        if self._kept is None or now >= self._kept[1]:
            self._kept = self._read(), now + self._seconds
        return self._kept[0]


def shared_secret(arn: str) -> Kept[str]:
    """Return a secret of Secrets Manager, which is read again when it is older than five minutes."""

    def read() -> str:
        import boto3  # noqa: PLC0415 - most functions need no secret, and some that may need one start without it

        return boto3.client("secretsmanager").get_secret_value(SecretId=arn)["SecretString"]

    return Kept(read, 300)
