"""What MiniStack lacks and these stacks need: one module for each gap, `<service>/<gap>.py`, found by its place.

A module's docstring says what AWS does, where AWS documents it, what MiniStack does instead and what the gap changes.
Its `close()` makes the change; `AFTER`, if it has one, names the gaps that have to be closed before it. MiniStack
resolves its functions late, so it is enough to replace a module's attribute before the server starts.
"""

import importlib
import os
import pkgutil
from collections.abc import Collection, Mapping
from graphlib import CycleError, TopologicalSorter

from tenantry.local.patching import GapError
from tenantry.local.settings import WITHOUT_GAPS_VARIABLE

#: The names of all gaps, `<service>.<gap>`.
GAPS: tuple[str, ...] = tuple(
    sorted(
        found.name.removeprefix(f"{__name__}.")
        for found in pkgutil.walk_packages(__path__, f"{__name__}.")
        if not found.ispkg
    )
)


def close_all() -> None:
    """Close every gap, except those that the environment names to be left open.

    Raises
    ------
    GapError
        When the environment names a gap that does not exist, a gap's `AFTER` names one or has no order, or MiniStack
        lacks what a gap replaces.
    """
    left_open = {name.strip() for name in os.environ.get(WITHOUT_GAPS_VARIABLE, "").split(",") if name.strip()}
    if unknown := left_open - set(GAPS):
        raise GapError(f"{WITHOUT_GAPS_VARIABLE} names {', '.join(sorted(unknown))}; gaps are: {', '.join(GAPS)}")
    modules = {name: importlib.import_module(f"{__name__}.{name}") for name in GAPS if name not in left_open}
    for name in in_order({name: getattr(module, "AFTER", ()) for name, module in modules.items()}):
        if name in modules:
            modules[name].close()


def in_order(after: Mapping[str, Collection[str]]) -> tuple[str, ...]:
    """Return gaps in the order in which they are closed; it depends on the names alone.

    Parameters
    ----------
    after
        For each gap, the gaps that are closed before it.

    Raises
    ------
    GapError
        When a gap is to be closed after one that does not exist, or after itself by way of others.
    """
    for name, earlier in after.items():
        if unknown := set(earlier) - set(GAPS):
            raise GapError(f"AFTER of {name} names {', '.join(sorted(unknown))}; gaps are: {', '.join(GAPS)}")
    try:
        return tuple(TopologicalSorter({name: sorted(after[name]) for name in sorted(after)}).static_order())
    except CycleError as error:
        circle = " -> ".join(error.args[1])
        raise GapError(f"These gaps wait for each other: {circle}. Remove a name from AFTER of one of them.") from None
