"""What a gap is about, as a question that AWS and MiniStack answer differently."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.local.ground import Ground

Ask = Callable[[Ground], Any]


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


PROBES: list[Probe] = []


def probe(gap: str, *, aws: Any, ministack: Any) -> Callable[[Ask], Ask]:  # noqa: ANN401
    """Register a function as a probe of a gap."""

    def register(ask: Ask) -> Ask:
        PROBES.append(Probe(gap=gap, ask=ask, aws=aws, ministack=ministack))
        return ask

    return register
