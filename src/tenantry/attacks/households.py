"""Tenants of an attack's own, with the people in them, and what is stored of who belongs to them."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tenantry.attacks.judge import refused, require
from tenantry.attacks.people import SceneError

if TYPE_CHECKING:
    from tenantry.attacks.http import Reply
    from tenantry.attacks.outcome import Outcome
    from tenantry.attacks.people import Person
    from tenantry.attacks.world import World


@dataclass(frozen=True, kw_only=True)
class Household:
    """A tenant.

    Attributes
    ----------
    world
        The run.
    tenant
        Its id.
    boss
        Its first admin.
    """

    world: World
    tenant: str
    boss: Person

    @classmethod
    def found(cls, world: World, label: str) -> Household:
        """Make a tenant with one admin, in the operator's hand."""
        tenant = str(uuid.uuid4())
        return cls(world=world, tenant=tenant, boss=world.landlord(f"{label}-boss", tenant))

    @property
    def hidden(self) -> tuple[str, ...]:
        """What only its admins may see."""
        return self.boss.email, self.boss.name

    @property
    def path(self) -> str:
        """Where its members are."""
        return f"/tenants/{self.tenant}/members"

    def member(self, label: str, *roles: str) -> Person:
        """Make somebody who belongs to it, and in whose hand it is active."""
        return self.world.member(label, self.tenant, set(roles))

    def by_boss(self, method: str, path: str, body: object = None) -> Reply:
        """Send a request as its admin."""
        return self.world.parks_api(method, path, self.boss.tokens.id, body)

    def invite(self, email: str, *roles: str) -> None:
        """Invite somebody, as its admin."""
        reply = self.by_boss("POST", self.path, {"email": email, "roles": list(roles)})
        if not reply.ok:
            raise SceneError(f"Nobody can be invited: {reply}")

    def invitations(self) -> list[dict[str, Any]]:
        """Return its invitations as they are stored."""
        return self.world.target.aws.dynamodb.query(
            TableName=self.world.target.invitations_table,
            KeyConditionExpression="tenantid = :tenant",
            ExpressionAttributeValues={":tenant": {"S": self.tenant}},
            ConsistentRead=True,
        )["Items"]

    def roles(self, person: Person) -> list[set[str]]:
        """Return someone's roles in it, from each of the places that say so."""
        world = self.world
        mapping = world.mapping(self.tenant, person.user_id) or {}
        own = (world.user_row(person.user_id) or {}).get(f"roles:{self.tenant}", {})
        admins = (world.tenant_row(self.tenant) or {}).get("admins", {}).get("SS", [])
        places = [set(mapping.get("roles", {}).get("SS", [])), set(own.get("SS", []))]
        return [*places, {"admin"} if person.user_id in admins else set()]

    def still(self, person: Person, *roles: str) -> Outcome:
        """Judge whether someone has these roles in it and no others, wherever it is written."""
        wanted = set(roles)
        found = self.roles(person)
        return require(
            found == [wanted, wanted, wanted & {"admin"}],
            otherwise=f"their roles are {[sorted(place) for place in found]}",
            observed=f"their roles are {sorted(wanted)}",
        )

    def good(self) -> Reply:
        """Send the good request beside a bad one: its admin lists its members."""
        return self.by_boss("GET", self.path)

    def shut(self, reply: Reply, *statuses: int) -> Outcome:
        """Judge a request that had to be refused."""
        return refused(reply, *(statuses or (403,)), hidden=self.hidden, control=self.good)
