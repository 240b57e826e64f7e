"""Two tenants with parks, which attacks on parks, their webhooks and their queue use."""

from __future__ import annotations

import json
import secrets
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from tenantry.attacks.assertions import expect, require
from tenantry.attacks.outcome import Outcome, inconclusive
from tenantry.attacks.scenario import Scenario
from tenantry.attacks.tenant_rows import parks_of, sweep_parks

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tenantry.attacks.accounts import Person
    from tenantry.attacks.http import Reply
    from tenantry.attacks.world import World

PRIZE: Final = "prize"
OWN: Final = "own"
ENDPOINT: Final = "https://8-8-8-8.sslip.io:8443/tenantry-attack"  # an address of the internet at large
_INNER: Final = (
    "arn:aws",
    "not authorized to perform",
    "ConditionalCheck",
    "ValidationException",
    "States.",
    "stateMachine",
)


@dataclass(frozen=True, kw_only=True)
class ParksScenario(Scenario):
    """Two tenants with parks, and an attacker who is an admin of one of them.

    Attributes
    ----------
    world
        The run.
    attacker, victim
        Admins, each of a tenant of their own.
    name
        The name of the victim's park, which nobody else may see.
    shared
        What else an attack has given the victim.
    """

    world: World
    attacker: Person
    victim: Person
    name: str
    shared: frozenset[str] = frozenset({"both-have-it"})

    @classmethod
    def of(cls, world: World, label: str) -> ParksScenario:
        """Return the scenario of a surface, made at the first call."""
        return world.once(f"{label} parks scenario", lambda: cls._make(world, label))

    @classmethod
    def _make(cls, world: World, label: str) -> ParksScenario:
        people = [world.tenant_admin(f"{label}-{who}", f"{world.run[-8:]}-{label}-{who}") for who in ("mine", "theirs")]
        made = cls(world=world, attacker=people[0], victim=people[1], name=f"the victim's {world.accounts.mark}")
        for person, park, name in ((made.victim, PRIZE, made.name), (made.attacker, OWN, "the attacker's")):
            sweep_parks(world, person.tenant)
            expect(made.send("POST", "/parks", {"id": park, "name": name}, person=person), "Adding a park")
        return made

    def send(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        person: Person | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Send a request, as the attacker if nobody else."""
        return self.world.parks_api(method, path, (person or self.attacker).tokens.id, body, headers=headers)

    def add(self, park: str, *, person: Person | None = None, **headers: str) -> Reply:
        """Add a park, as the attacker if nobody else."""
        return self.send("POST", "/parks", {"id": park, "name": "x"}, person=person, headers=headers)

    def queue(self, park: str, status: str, *, person: Person | None = None, **headers: str) -> Reply:
        """Queue another status for a park, as the attacker if nobody else."""
        body = {"ids": [park], "status": status}
        return self.send("POST", "/parks/statuses", body, person=person, headers=headers)

    @property
    def hidden(self) -> tuple[str, ...]:
        """What no reply to the attacker may show."""
        return (self.name, self.victim.tenant, *_INNER)

    def status(self, park: str, tenant: str = "") -> str:
        """Return the status of a park as it is stored: of the attacker's, if of no other tenant's."""
        return str(self.rows(tenant or self.attacker.tenant)[park]["status"]["S"])

    def rows(self, tenant: str, kind: str = "park") -> dict[str, Mapping[str, Any]]:
        """Return a tenant's parks or webhooks as they are stored."""
        return parks_of(self.world, tenant, kind)

    def untouched(self) -> Outcome:
        """Check whether the victim has the one park, as it was, and no webhook."""
        parks, webhooks = self.rows(self.victim.tenant), self.rows(self.victim.tenant, "webhook")
        same = (
            parks.keys() - self.shared == {PRIZE}
            and parks[PRIZE]["name"] == {"S": self.name}
            and parks[PRIZE]["status"] == {"S": "park-opened"}
            and not webhooks
        )
        return require(
            same,
            otherwise=f"the victim has {sorted(parks)} and {sorted(webhooks)}",
            observed="the victim's is unchanged",
        )

    def calls(self, park: str, webhook: str = "0" * 32) -> tuple[tuple[str, str, object], ...]:
        """Return every call of the parks' own routes."""
        hook = {"eventType": "park-closed", "endpoint": ENDPOINT}
        return (
            ("GET", "/parks", None),
            ("GET", f"/parks/{park}", None),
            ("POST", "/parks", {"id": "new", "name": "x"}),
            ("POST", f"/parks/{park}/statuses", {"status": "park-closed"}),
            ("POST", "/parks/statuses", {"ids": [park], "status": "park-closed"}),
            ("POST", f"/parks/{park}/webhooks", hook),
            ("GET", f"/parks/{park}/webhooks", None),
            ("DELETE", f"/parks/{park}/webhooks/{webhook}", None),
            ("POST", f"/parks/{park}/webhooks/{webhook}/owner", None),
        )

    def good(self) -> Outcome:
        """Check whether the attacker still sees their own."""
        reply = self.world.recent(f"park of {self.attacker.tenant}", lambda: self.send("GET", f"/parks/{OWN}"))
        return self.shows_nothing(reply) if reply.ok else inconclusive(f"a good request failed: {reply}")


def queue_work(world: World, person: Person, park: str, status: str) -> None:
    """Queue work of somebody's, the status of a park, as the API queues it for them."""
    claims = person.tokens.claims
    work = {
        "id": secrets.token_hex(8),
        "tenantId": person.tenant,
        "userId": person.user_id,
        "authTime": str(claims["auth_time"]),
        "session": str(claims.get("origin_jti", "")),
        "at": str(int(time.time() * 1000) + 1000),
        "ids": [park],
        "status": status,
    }
    world.target.aws.sqs.send_message(QueueUrl=world.target.park_statuses_queue, MessageBody=json.dumps(work))
