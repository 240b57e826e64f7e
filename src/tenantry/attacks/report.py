"""What came of a run, as a value and as JSON."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from tenantry.attacks.outcome import Outcome, Verdict
from tenantry.attacks.threats import Heading

if TYPE_CHECKING:
    from datetime import datetime

    from tenantry.attacks.registry import Attack

EXIT_HELD: Final = 0
EXIT_BREACHED: Final = 1
EXIT_INCONCLUSIVE: Final = 3


@dataclass(frozen=True, kw_only=True)
class Result:
    """One attack and what came of it.

    Attributes
    ----------
    attack, outcome
        Both.
    seconds
        How long it took.
    """

    attack: Attack
    outcome: Outcome
    seconds: float

    @property
    def verdict(self) -> Verdict:
        """Who won."""
        return self.outcome.verdict


@dataclass(frozen=True)
class Tally:
    """How many of some attacks held.

    Attributes
    ----------
    held, total
        How many, and of how many.
    worst
        The worst verdict among them.
    """

    held: int
    total: int
    worst: Verdict

    def __str__(self) -> str:
        """Return ``held/total``."""
        return f"{self.held}/{self.total}"


@dataclass(frozen=True, kw_only=True)
class Report:
    """All that a run has found.

    Attributes
    ----------
    target
        Name of the environment.
    run
        Name of the run, in all that it made.
    started
        When.
    seconds
        How long it took, setting the scene and cleaning up included.
    results
        One for each attack, in the order of the registry.
    left_behind
        What could not be removed.
    """

    target: str
    run: str
    started: datetime
    seconds: float
    results: tuple[Result, ...]
    left_behind: tuple[str, ...] = field(default=())

    @property
    def exit_code(self) -> int:
        """0 if every attack held, 1 if one got through, 3 if none did and some, or all, proved nothing."""
        verdicts = self.count
        if verdicts[Verdict.BREACHED]:
            return EXIT_BREACHED
        return EXIT_INCONCLUSIVE if verdicts[Verdict.ERROR] or not self.results else EXIT_HELD

    @property
    def count(self) -> Counter[Verdict]:
        """How many attacks ended in each verdict."""
        return Counter(result.verdict for result in self.results)

    @property
    def surfaces(self) -> list[str]:
        """The surfaces that were attacked, in order."""
        return list(dict.fromkeys(result.attack.surface for result in self.results))

    @property
    def headings(self) -> list[Heading]:
        """The headings of the threats that were tried, in order."""
        tried = {result.attack.threat.heading for result in self.results}
        return [heading for heading in Heading if heading in tried]

    def tally(self, surface: str | None = None, heading: Heading | None = None) -> Tally | None:
        """Count what held on a surface and under a heading, all of them when not given; None if nothing was tried."""
        chosen = [
            result
            for result in self.results
            if surface in {None, result.attack.surface} and heading in {None, result.attack.threat.heading}
        ]
        if not chosen:
            return None
        verdicts = {result.verdict for result in chosen}
        worst = next(verdict for verdict in (Verdict.BREACHED, Verdict.ERROR, Verdict.HELD) if verdict in verdicts)
        return Tally(sum(result.verdict is Verdict.HELD for result in chosen), len(chosen), worst)

    @property
    def summary(self) -> str:
        """One sentence that says how it went."""
        count = self.count
        parts = [f"{count[Verdict.HELD]} of {len(self.results)} attacks on '{self.target}' held"]
        if count[Verdict.BREACHED]:
            parts.append(f"{count[Verdict.BREACHED]} got through")
        if count[Verdict.ERROR]:
            parts.append(f"{count[Verdict.ERROR]} proved nothing")
        return f"{', '.join(parts)}, in {self.seconds:.0f} seconds."

    def to_json(self) -> str:
        """Return everything as JSON."""
        return json.dumps(
            {
                "target": self.target,
                "run": self.run,
                "started": self.started.isoformat(timespec="seconds"),
                "seconds": round(self.seconds, 1),
                "exitCode": self.exit_code,
                "count": {verdict.value: self.count[verdict] for verdict in Verdict},
                "leftBehind": list(self.left_behind),
                "attacks": [
                    {
                        "id": result.attack.id,
                        "surface": result.attack.surface,
                        "heading": result.attack.threat.heading.value,
                        "threat": result.attack.threat.title,
                        "tries": result.attack.tries,
                        "must": result.attack.must,
                        "verdict": result.verdict.value,
                        "observed": result.outcome.observed,
                        "seconds": round(result.seconds, 2),
                    }
                    for result in self.results
                ],
            },
            indent=2,
            ensure_ascii=False,
        )
