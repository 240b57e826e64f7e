"""An execution starts without a pause.

AWS: a state machine starts within milliseconds.

MiniStack: every execution sleeps for 150 ms first.

Here: it does not. The pause was a third of the time of a short test.
"""

import time
from types import ModuleType
from typing import Any

from ministack.services import stepfunctions

from tenantry.local.patching import replace

_STARTING_PAUSE = 0.15


class _Time(ModuleType):
    """The module `time`, but for that pause."""

    @staticmethod
    def sleep(seconds: float) -> None:
        """Sleep, unless for the pause at the start."""
        if seconds != _STARTING_PAUSE:
            time.sleep(seconds)

    def __getattr__(self, name: str) -> Any:
        """Return the module's own attribute."""
        return getattr(time, name)


def close() -> None:
    """Close the gap."""
    replace(stepfunctions, "time", _Time("time"))
