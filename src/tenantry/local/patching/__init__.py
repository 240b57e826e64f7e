"""Replace MiniStack's functions, and fail at start when one is not where it was."""

from collections.abc import Callable
from importlib.metadata import version
from typing import Any

#: The version whose source the gaps were written against.
PINNED = "1.5.33"


class GapError(Exception):
    """MiniStack differs from the version that the gaps were written for, or gaps have no order."""


def replace(owner: Any, name: str, wrap: Callable[[Any], Any]) -> None:
    """Replace an attribute by what `wrap` makes of it.

    Parameters
    ----------
    owner
        The module or class that MiniStack looks the attribute up in.
    name
        The attribute.
    wrap
        Called with the present value; returns the new one.

    Raises
    ------
    GapError
        When there is no such attribute.
    """
    require(owner, name)
    setattr(owner, name, wrap(getattr(owner, name)))


def require(owner: Any, *names: str) -> None:
    """Check that the attributes are there.

    Raises
    ------
    GapError
        When one is missing, or another version than the pinned one is installed.
    """
    installed = version("ministack")
    if installed != PINNED:
        raise GapError(f"The gaps are written for ministack {PINNED}; {installed} is installed.")
    for name in names:
        if not hasattr(owner, name):
            where = getattr(owner, "__name__", repr(owner))
            raise GapError(f"{where}.{name} is gone from ministack {installed}; adapt the gap that replaces it.")
