"""What a run creates once, at the first need."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Self

    from tenantry.attacks.world import World


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
