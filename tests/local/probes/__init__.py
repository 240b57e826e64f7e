"""What each gap is about, as questions that AWS and MiniStack answer differently.

The probes of the gap `<service>.<gap>` are in `<service>/<gap>.py`, and are found there.
"""

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.local.emulator import Emulator

Ask = Callable[[Emulator], Any]


@dataclass(frozen=True, kw_only=True)
class Probe:
    """A question, and both answers.

    Attributes
    ----------
    gap
        The gap that it shows.
    ask
        Asks an emulator.
    aws
        What AWS answers, and the local cloud.
    ministack
        What MiniStack answers with the gap open.
    """

    gap: str
    ask: Ask
    aws: Any
    ministack: Any


_registered: list[Probe] = []


def probe(*, aws: Any, ministack: Any) -> Callable[[Ask], Ask]:  # noqa: ANN401
    """Register a function as a probe of the gap that its module is named for."""

    def register(ask: Ask) -> Ask:
        gap = ask.__module__.removeprefix(f"{__name__}.")
        _registered.append(Probe(gap=gap, ask=ask, aws=aws, ministack=ministack))
        return ask

    return register


def all_probes() -> list[Probe]:
    """Return the probes of all gaps, sorted by gap, each gap's in the order of its module."""
    for module in pkgutil.walk_packages(__path__, f"{__name__}."):
        importlib.import_module(module.name)
    return sorted(_registered, key=lambda found: found.gap)
