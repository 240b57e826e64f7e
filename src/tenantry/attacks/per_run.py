"""What a run creates once, at the first need."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, TypeVar, TypeVarTuple

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Self

    from tenantry.attacks.world import World

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


def once_per_run(make: Callable[[World, *Ts], T]) -> Callable[[World, *Ts], T]:
    """Let a function make something once a run, and once for each that it is asked to make."""

    @wraps(make)
    def made(world: World, *given: *Ts) -> T:
        return world.once(f"{make.__module__}.{make.__qualname__} {given}", lambda: make(world, *given))

    return made


class PerRun:
    """Base of what attacks share in one run.

    Parameters
    ----------
    world
        The run; all that is created is removed with it.
    """

    def __init__(self, world: World) -> None:
        self._world = world

    @classmethod
    def of(cls, world: World) -> Self:
        """Return the one of a run."""
        return world.once(cls.__qualname__, lambda: cls(world))
