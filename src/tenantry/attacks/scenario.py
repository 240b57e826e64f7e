"""What scenarios have in common: an attacker, a victim, and what nobody but the victim may see."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from tenantry.attacks.assertions import refused, require, together

if TYPE_CHECKING:
    from tenantry.attacks.http import Reply
    from tenantry.attacks.outcome import Outcome


class Scenario(ABC):
    """A victim, and an attacker who has something of their own."""

    @property
    @abstractmethod
    def hidden(self) -> tuple[str, ...]:
        """What no reply to the attacker may show."""

    @abstractmethod
    def good(self) -> Outcome:
        """Check whether the attacker still gets their own, without which no refusal means anything."""

    @abstractmethod
    def untouched(self) -> Outcome:
        """Check whether the victim has what they had, and nothing else."""

    def refusal(self, reply: Reply, *statuses: int, like: Reply | None = None) -> Outcome:
        """Check a request that had to be refused."""
        return refused(reply, *statuses, hidden=self.hidden, like=like)

    def shows_nothing(self, reply: Reply) -> Outcome:
        """Check a reply that may succeed, as long as it shows nothing hidden."""
        shown = any(value in reply.text for value in self.hidden)
        return require(
            not shown, otherwise=f"it shows another's, or inner workings: {reply}", observed=str(reply.status)
        )

    def checked(self, *steps: Outcome | tuple[str, Outcome]) -> Outcome:
        """Join steps with a look at the victim's and a good request."""
        return together(*steps, self.untouched(), ("a good request", self.good()))
