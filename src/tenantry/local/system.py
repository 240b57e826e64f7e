"""Locks, processes and waiting, for the emulator and for the streaming applications alike."""

import contextlib
import fcntl
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

Found = TypeVar("Found")


def is_held(lock: Path) -> bool:
    """Return whether a process holds the lock, which only its end gives up."""
    if not lock.exists():
        return False
    with lock.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)  # shared: two checks at once must not see each other
        except BlockingIOError:
            return True
    return False


def kill_group(group: int) -> None:
    """End a process and those that it started, at once."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)


def wait_until(
    look: Callable[[], Found],
    seconds: float,
    *,
    progress: Callable[[], object] = lambda: None,
    poll_seconds: float = 0.05,
) -> Found:
    """Look until something is found, and return what the last look found: nothing, if there was no progress in time.

    Parameters
    ----------
    look
        Returns what to wait for; anything false is looked for again.
    seconds
        How long at most without progress.
    progress
        Returns another value whenever there is progress.
    poll_seconds
        The time between two looks.
    """
    last: object = wait_until  # equals nothing that `progress` returns
    deadline = 0.0
    while not (found := look()):
        if (now := progress()) != last:
            last, deadline = now, time.monotonic() + seconds
        elif time.monotonic() > deadline:
            break
        time.sleep(poll_seconds)
    return found


def size(path: Path) -> int:
    """Return the size of a file, 0 if there is none: a log that grows is progress."""
    return path.stat().st_size if path.exists() else 0


def tail(path: Path, lines: int = 20) -> str:
    """Return the last lines of a file."""
    return "\n".join(path.read_text(errors="replace").splitlines()[-lines:]) if path.exists() else ""
