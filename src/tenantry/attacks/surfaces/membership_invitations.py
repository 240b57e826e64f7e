"""Invitations: used by others than the invited, more than once, too late, or after their inviter has lost the right."""

from __future__ import annotations

import contextlib
import secrets
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from botocore.exceptions import ClientError

from tenantry.attacks import threats
from tenantry.attacks.assertions import granted, require, together
from tenantry.attacks.registry import REGISTRY
from tenantry.attacks.tenant_fixture import TenantFixture

if TYPE_CHECKING:
    from tenantry.attacks.accounts import Person
    from tenantry.attacks.http import Reply
    from tenantry.attacks.outcome import Outcome
    from tenantry.attacks.world import World

membership: Final = REGISTRY.surface("membership")


def _accept(world: World, fixture: TenantFixture, person: Person, token: str = "") -> Reply:
    return world.membership_api("POST", f"/invitations/{fixture.tenant}/acceptance", token or person.tokens.id)


def _unseen(fixture: TenantFixture, listed: Reply) -> Outcome:
    return require(fixture.tenant not in listed.text, otherwise=f"it is shown: {listed}", observed="not shown")


def _guest(world: World, label: str) -> Person:
    """Make somebody who belongs to one tenant, and has nothing to do with any other."""
    return TenantFixture.create(world, label).admin


@membership.attack("uninvited", threat=threats.OWN_ATTRIBUTES, must="404, and they do not belong to it.")
def _(world: World) -> Outcome:
    """Accept, and decline, an invitation that does not exist."""
    fixture, alice = TenantFixture.create(world, "unwelcoming"), world.users.alice
    declined = world.membership_api("DELETE", f"/invitations/{fixture.tenant}", alice.tokens.id)
    return together(
        fixture.refusal(_accept(world, fixture, alice), 404), fixture.refusal(declined, 404), fixture.has_roles(alice)
    )


@membership.attack("others-invitation", threat=threats.OWN_ATTRIBUTES, must="404; the invited can still accept it.")
def _(world: World) -> Outcome:
    """Accept, decline and withdraw the invitation of somebody else, and name their address wherever one can."""
    fixture, alice, guest = TenantFixture.create(world, "host"), world.users.alice, _guest(world, "guest")
    fixture.invite(guest.email, "admin")
    withdrawal = fixture.invitation_path()
    identifier = withdrawal.rpartition("/")[2]
    token, named = alice.tokens.id, {"x-user-id": guest.user_id, "email": guest.email}
    path = f"/invitations/{fixture.tenant}"
    attempts = [
        _accept(world, fixture, alice),
        world.membership_api("POST", f"{path}/acceptance?email={guest.email}", token, headers=named),
        world.membership_api("POST", f"{path}/acceptance", token, {"email": guest.email, "invitationId": identifier}),
        world.membership_api("POST", f"/invitations/{identifier}/acceptance", token),
        world.membership_api("DELETE", path, token, headers=named),
        world.membership_api("DELETE", withdrawal, token),
        world.membership_api("DELETE", f"/tenants/{alice.tenant}/invitations/{identifier}", token),
    ]
    listed = world.membership_api("GET", f"/invitations?email={guest.email}", token, headers=named)
    steps = [fixture.refusal(reply, 400, 403, 404) for reply in attempts]
    return together(
        *steps,
        granted(listed),
        _unseen(fixture, listed),
        fixture.has_roles(alice),
        granted(_accept(world, fixture, guest)),
        fixture.has_roles(guest, "admin"),
    )


@membership.attack("replay", threat=threats.OWN_ATTRIBUTES, must="404: an invitation can be used once.")
def _(world: World) -> Outcome:
    """Accept an invitation again, as a member and after having been removed."""
    fixture, guest = TenantFixture.create(world, "replayed"), _guest(world, "replayer")
    fixture.invite(guest.email, "member")
    first = _accept(world, fixture, guest)
    again = fixture.refusal(_accept(world, fixture, guest), 404)
    removed = fixture.by_admin("DELETE", f"{fixture.path}/{guest.user_id}")
    after = fixture.refusal(_accept(world, fixture, guest), 404)
    return together(granted(first), again, granted(removed), after, fixture.has_roles(guest))


@membership.attack("race", threat=threats.OWN_ATTRIBUTES, must="One acceptance of many counts.")
def _(world: World) -> Outcome:
    """Accept one invitation eight times at once."""
    fixture, guest = TenantFixture.create(world, "raced"), _guest(world, "racer")
    fixture.invite(guest.email, "visitor")
    with ThreadPoolExecutor(8) as pool:
        replies = list(pool.map(lambda _: _accept(world, fixture, guest), range(8)))
    statuses = sorted(reply.status for reply in replies)
    sound = statuses[0] == 201 and all(status in {404, 409} for status in statuses[1:])  # noqa: PLR2004 - HTTP
    return together(
        require(sound, otherwise=f"{statuses}", observed=f"{statuses}"), fixture.has_roles(guest, "visitor")
    )


@membership.attack("removed-inviter", threat=threats.CACHED_POLICY, must="404: it counts while they are an admin.")
def _(world: World) -> Outcome:
    """As an admin who is about to be removed, leave an invitation behind to come back by."""
    fixture, guest = TenantFixture.create(world, "betrayed"), _guest(world, "accomplice")
    traitor = fixture.member("traitor", "admin")
    sent = world.membership_api("POST", fixture.path, traitor.tokens.id, {"email": guest.email, "roles": ["admin"]})
    removed = fixture.by_admin("DELETE", f"{fixture.path}/{traitor.user_id}")
    listed = world.membership_api("GET", "/invitations", guest.tokens.id)
    return together(
        granted(sent),
        granted(removed),
        granted(listed),
        _unseen(fixture, listed),
        fixture.refusal(_accept(world, fixture, guest), 404),
        fixture.has_roles(guest),
    )


@membership.attack("expired", threat=threats.CACHED_POLICY, must="404, though the database still has it.")
def _(world: World) -> Outcome:
    """Accept an invitation that expired a second ago."""
    fixture, guest = TenantFixture.create(world, "late"), _guest(world, "latecomer")
    fixture.invite(guest.email, "member")
    (item,) = fixture.invitations()
    expired = {**item, "expires": {"N": str(int(time.time()) - 1)}}
    world.target.aws.dynamodb.put_item(TableName=world.target.invitations_table, Item=expired)
    refusal = fixture.refusal(_accept(world, fixture, guest), 404)
    fixture.invite(guest.email, "member")
    return together(refusal, granted(_accept(world, fixture, guest)), fixture.has_roles(guest, "member"))


@membership.attack("withdrawn", threat=threats.CACHED_POLICY, must="404.")
def _(world: World) -> Outcome:
    """Accept an invitation that was withdrawn."""
    fixture, guest = TenantFixture.create(world, "regretful"), _guest(world, "rejected")
    fixture.invite(guest.email, "member")
    done = fixture.by_admin("DELETE", fixture.invitation_path())
    return together(granted(done), fixture.refusal(_accept(world, fixture, guest), 404), fixture.has_roles(guest))


@membership.attack(
    "claimed-address", threat=threats.OWN_ATTRIBUTES, must="404: an address counts once the pool has verified it."
)
def _(world: World) -> Outcome:
    """Change one's own address to the invited one without being able to confirm it, and sign in anew."""
    fixture = TenantFixture.create(world, "claimed")
    thief = _guest(world, "thief")
    address = world.accounts.mailbox(f"invited-{secrets.token_hex(4)}")
    fixture.invite(address, "admin")
    with contextlib.suppress(ClientError):  # which is as good
        world.target.aws.anonymous().cognito.update_user_attributes(
            AccessToken=thief.tokens.access, UserAttributes=[{"Name": "email", "Value": address}]
        )
    tokens = [thief.tokens.id]
    for email in (thief.email, address):
        with contextlib.suppress(ClientError):
            tokens.append(world.accounts.sign_in(replace(thief, email=email)).id)
    steps = [fixture.refusal(_accept(world, fixture, thief, token), 404) for token in tokens]
    steps += [_unseen(fixture, world.membership_api("GET", "/invitations", token)) for token in tokens]
    return together(*steps, fixture.has_roles(thief))


_ADDRESSES: Final = (
    ("two", "a@example.com,b@example.com"),
    ("list", "a@example.com;b@example.com"),
    ("header", "a@example.com\r\nBcc: b@example.com"),
    ("kelvin", "\u212aate@example.com"),
    ("full-width", "a\uff20example.com"),
    ("display-name", "Ada <a@example.com>"),
    ("quoted", '"a b"@example.com'),
    ("nul", "a\u0000@example.com"),
    ("no-domain", "a@localhost"),
    ("long", f"{'a' * 300}@example.com"),
    ("template", "$context.x@example.com#set($x"),
)


@membership.each(
    ((slug, repr(address[:40]), address) for slug, address in _ADDRESSES),
    "address-{}",
    threat=threats.HOSTILE_NAMES,
    tries="Invite {}.",
    must="400, and nothing is stored.",
)
def _odd_address(world: World, address: str) -> Outcome:
    fixture = world.once("membership addresses", lambda: TenantFixture.create(world, "addresses"))
    reply = fixture.by_admin("POST", fixture.path, {"email": address, "roles": ["visitor"]})
    stored = any(address.lower() in item["email"]["S"] for item in fixture.invitations())
    return together(
        fixture.refusal(reply, 400), require(not stored, otherwise="it is stored", observed="nothing is stored")
    )


@membership.attack("address-case", threat=threats.COLLIDING_NAMES, must="One invitation, which the invited can accept.")
def _(world: World) -> Outcome:
    """Invite one address in different cases, so that two invitations might stand side by side."""
    fixture, guest = TenantFixture.create(world, "cases"), _guest(world, "cased")
    fixture.invite(guest.email.upper(), "admin")
    fixture.invite(guest.email, "visitor")
    single = require(len(fixture.invitations()) == 1, otherwise="there are two", observed="one invitation")
    accepted = _accept(world, fixture, guest)
    again = fixture.refusal(_accept(world, fixture, guest), 404)
    return together(single, granted(accepted), again, fixture.has_roles(guest, "visitor"))


@membership.attack("raised-roles", threat=threats.OWN_ATTRIBUTES, must="The invited roles, never others.")
def _(world: World) -> Outcome:
    """Accept an invitation as a visitor with a body that asks for more."""
    fixture, guest = TenantFixture.create(world, "modest"), _guest(world, "climber")
    fixture.invite(guest.email, "visitor")
    world.membership_api(
        "POST",
        f"/invitations/{fixture.tenant}/acceptance?roles=admin",
        guest.tokens.id,
        {"roles": ["admin"], "tenantId": fixture.tenant, "userId": fixture.admin.user_id},
        headers={"roles": '["admin"]'},
    )
    _accept(world, fixture, guest)
    return together(fixture.has_roles(guest, "visitor"), granted(fixture.good()))
