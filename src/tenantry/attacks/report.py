"""What came of a run, as a value and as JSON."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from tenantry.attacks.outcome import AttackResult, Outcome, worst
from tenantry.attacks.threats import Heading

if TYPE_CHECKING:
    from datetime import datetime

    from tenantry.attacks.registry import Attack

EXIT_HELD: Final = 0
EXIT_BREACHED: Final = 1
EXIT_INCONCLUSIVE: Final = 3


@dataclass(frozen=True, kw_only=True)
class Attempt:
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
    def result(self) -> AttackResult:
        """What it ended in."""
        return self.outcome.result


@dataclass(frozen=True)
class Tally:
    """How many of some attacks held.

    Attributes
    ----------
    held, total
        How many, and of how many.
    worst
        The worst result among them.
    """

    held: int
    total: int
    worst: AttackResult

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
        How long it took, setting the scenario and cleaning up included.
    attempts
        One for each attack, in the order of the registry.
    left_behind
        What could not be removed.
    """

    target: str
    run: str
    started: datetime
    seconds: float
    attempts: tuple[Attempt, ...]
    left_behind: tuple[str, ...] = field(default=())

    @property
    def exit_code(self) -> int:
        """0 if every attack held, 1 if one got through, 3 if none did and some, or all, proved nothing."""
        results = self.count
        if results[AttackResult.BREACHED]:
            return EXIT_BREACHED
        return EXIT_INCONCLUSIVE if results[AttackResult.INCONCLUSIVE] or not self.attempts else EXIT_HELD

    @property
    def count(self) -> Counter[AttackResult]:
        """How many attacks ended in each result."""
        return Counter(attempt.result for attempt in self.attempts)

    @property
    def surfaces(self) -> list[str]:
        """The surfaces that were attacked, in order."""
        return list(dict.fromkeys(attempt.attack.surface for attempt in self.attempts))

    @property
    def headings(self) -> list[Heading]:
        """The headings of the threats that were tried, in order."""
        tried = {attempt.attack.threat.heading for attempt in self.attempts}
        return [heading for heading in Heading if heading in tried]

    def tally(self, surface: str | None = None, heading: Heading | None = None) -> Tally | None:
        """Count what held on a surface and under a heading, all of them when not given; None if nothing was tried."""
        chosen = [
            attempt
            for attempt in self.attempts
            if surface in {None, attempt.attack.surface} and heading in {None, attempt.attack.threat.heading}
        ]
        if not chosen:
            return None
        results = [attempt.result for attempt in chosen]
        return Tally(results.count(AttackResult.HELD), len(results), worst(results))

    @property
    def summary(self) -> str:
        """One sentence that says how it went."""
        count = self.count
        parts = [f"{count[AttackResult.HELD]} of {len(self.attempts)} attacks on '{self.target}' held"]
        if count[AttackResult.BREACHED]:
            parts.append(f"{count[AttackResult.BREACHED]} got through")
        if count[AttackResult.INCONCLUSIVE]:
            parts.append(f"{count[AttackResult.INCONCLUSIVE]} proved nothing")
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
                "count": {result.value: self.count[result] for result in AttackResult},
                "leftBehind": list(self.left_behind),
                "attacks": [
                    {
                        "id": attempt.attack.id,
                        "surface": attempt.attack.surface,
                        "heading": attempt.attack.threat.heading.value,
                        "threat": attempt.attack.threat.title,
                        "tries": attempt.attack.tries,
                        "must": attempt.attack.must,
                        "result": attempt.result.value,
                        "observed": attempt.outcome.observed,
                        "seconds": round(attempt.seconds, 2),
                    }
                    for attempt in self.attempts
                ],
            },
            indent=2,
            ensure_ascii=False,
        )
