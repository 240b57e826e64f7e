"""Tenants that attacks create for themselves, with their members, and their memberships as they are stored."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tenantry.attacks.assertions import expect, refused, require
from tenantry.attacks.items import query
from tenantry.model.directory_tables import INVITATION_ID, TENANT_ID, roles_attribute

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from tenantry.attacks.accounts import Person
    from tenantry.attacks.http import Reply
    from tenantry.attacks.outcome import Outcome
    from tenantry.attacks.world import World


@dataclass(frozen=True, kw_only=True)
class TenantFixture:
    """A tenant.

    Attributes
    ----------
    world
        The run.
    tenant
        Its id.
    admin
        Its first admin.
    """

    world: World
    tenant: str
    admin: Person

    @classmethod
    def create(cls, world: World, label: str) -> TenantFixture:
        """Create a tenant with one admin, with the operator's credentials."""
        tenant = str(uuid.uuid4())
        return cls(world=world, tenant=tenant, admin=world.tenant_admin(f"{label}-admin", tenant))

    @property
    def hidden(self) -> tuple[str, ...]:
        """What only its admins may see."""
        return self.admin.email, self.admin.name

    @property
    def path(self) -> str:
        """Where its members are."""
        return f"/tenants/{self.tenant}/members"

    def member(self, label: str, *roles: str) -> Person:
        """Make somebody who belongs to it, and in whose hand it is active."""
        return self.world.member(label, self.tenant, set(roles))

    def by_admin(self, method: str, path: str, body: object = None) -> Reply:
        """Send a request as its admin."""
        return self.world.membership_api(method, path, self.admin.tokens.id, body)

    def invite(self, email: str, *roles: str) -> None:
        """Invite somebody, as its admin."""
        expect(self.by_admin("POST", self.path, {"email": email, "roles": list(roles)}), "An invitation")

    def invitation_path(self) -> str:
        """Return where its one invitation is, for its admins."""
        (item,) = self.invitations()
        return f"/tenants/{self.tenant}/invitations/{item[INVITATION_ID]['S']}"

    def invitations(self) -> list[dict[str, Any]]:
        """Return its invitations as they are stored."""
        target = self.world.target
        return query(target.aws, target.invitations_table, TENANT_ID, self.tenant, ConsistentRead=True)

    def roles(self, person: Person) -> list[set[str]]:
        """Return someone's roles in it, from each of the places that say so."""
        world = self.world
        mapping = world.membership(self.tenant, person.user_id) or {}
        own = (world.user_row(person.user_id) or {}).get(roles_attribute(self.tenant), {})
        admins = (world.tenant_row(self.tenant) or {}).get("admins", {}).get("SS", [])
        places = [set(mapping.get("roles", {}).get("SS", [])), set(own.get("SS", []))]
        return [*places, {"admin"} if person.user_id in admins else set()]

    def has_roles(self, person: Person, *roles: str) -> Outcome:
        """Check whether someone has these roles in it and no others, wherever it is written."""
        wanted = set(roles)
        found = self.roles(person)
        return require(
            found == [wanted, wanted, wanted & {"admin"}],
            otherwise=f"their roles are {[sorted(place) for place in found]}",
            observed=f"their roles are {sorted(wanted)}",
        )

    def good(self) -> Reply:
        """Send the good request beside a bad one: its admin lists its members."""
        return self.by_admin("GET", self.path)

    def refusal(self, reply: Reply, *statuses: int) -> Outcome:
        """Check a request that had to be refused."""
        return refused(reply, *(statuses or (403,)), hidden=self.hidden, control=self.good)

    def refusals(self, token: str, calls: Iterable[tuple[str, str, object]]) -> list[Outcome]:
        """Make calls that have to be refused, and check them."""
        send = self.world.membership_api
        return [self.refusal(send(method, path, token, body)) for method, path, body in calls]


def remove_member(world: World, admin: Person, person: Person) -> None:
    """Remove somebody from a tenant, as its admin."""
    path = f"/tenants/{admin.tenant}/members/{person.user_id}"
    expect(world.membership_api("DELETE", path, admin.tokens.id), "Removing the member")


def set_roles(world: World, admin: Person, person: Person, roles: Collection[str]) -> None:
    """Set somebody's roles in a tenant, as its admin."""
    path = f"/tenants/{admin.tenant}/members/{person.user_id}/roles"
    expect(world.membership_api("PUT", path, admin.tokens.id, {"roles": sorted(roles)}), "Setting the roles")
