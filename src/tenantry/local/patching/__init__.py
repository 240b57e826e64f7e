"""Replace MiniStack's functions, and fail at start when one is not where it was."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from importlib.metadata import version
from typing import Any, TypeVar

#: The version whose source the gaps were written against.
PINNED = "1.5.33"

#: A function of MiniStack, as it was before a gap put its own in its place.
Original = Callable[..., Any]

#: An object in the JSON of an API or a template, or in the memory of MiniStack.
Fields = dict[str, Any]

_Value = TypeVar("_Value")


class GapError(Exception):
    """MiniStack differs from the version that the gaps were written for, or gaps have no order."""


def replace(owner: Any, name: str, value: Any) -> None:
    """Put a value in the place of an attribute.

    Parameters
    ----------
    owner
        The module or class that MiniStack looks the attribute up in.
    name
        The attribute.
    value
        What it is from now on.

    Raises
    ------
    GapError
        When there is no such attribute.
    """
    require(owner, name)
    setattr(owner, name, value)


def wrap(owner: Any, name: str, call: Callable[..., Any]) -> None:
    """Have a function's calls go to `call`, which gets the original before the arguments.

    Parameters
    ----------
    owner, name
        As `replace` takes them.
    call
        Called with the original and what it was called with.

    Raises
    ------
    GapError
        When there is no such function.
    """
    require(owner, name)
    original = getattr(owner, name)

    def wrapped(*arguments: Any, **named: Any) -> Any:  # also a method, as a `partial` would not be
        return call(original, *arguments, **named)

    setattr(owner, name, wrapped)


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


@contextmanager
def holding(variable: ContextVar[_Value], value: _Value) -> Iterator[None]:
    """Give a context variable a value for the block."""
    token = variable.set(value)
    try:
        yield
    finally:
        variable.reset(token)


def read_object(body: bytes | str) -> Fields:
    """Return the JSON object of a request's body; empty when there is none."""
    try:
        data = json.loads(body)
    except (ValueError, TypeError):
        return {}
    return data if isinstance(data, dict) else {}
