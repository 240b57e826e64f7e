"""Membership: who says who belongs to a tenant, in which roles, and which tenant is active."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final

from tenantry.attacks import threats
from tenantry.attacks.assertions import granted, refused, require, together
from tenantry.attacks.per_run import once_per_run
from tenantry.attacks.registry import REGISTRY
from tenantry.attacks.tenant_fixture import TenantFixture
from tenantry.model.directory_tables import roles_attribute

if TYPE_CHECKING:
    from tenantry.attacks.accounts import Person
    from tenantry.attacks.http import Reply
    from tenantry.attacks.outcome import Outcome
    from tenantry.attacks.world import World

membership: Final = REGISTRY.surface(
    "membership",
    "Another tenant's members, roles and invitations; roles that users give themselves; invitations of others, "
    "used twice, expired or withdrawn; access after a switch, a lost role and a removal; two admins who demote "
    "each other at once",
)

_NOBODY: Final = "00000000-0000-4000-8000-000000000000"
_INVITATION: Final = "0" * 32
_DUELS: Final = 4


@once_per_run
def _victim(world: World) -> TenantFixture:
    """Return a tenant in which nothing of the attacker's is."""
    return TenantFixture.create(world, "victim")


@once_per_run
def _visited(world: World) -> tuple[TenantFixture, Person]:
    """Return a tenant, and an attacker who is a visitor there."""
    fixture = TenantFixture.create(world, "visited")
    return fixture, fixture.member("visitor", "visitor")


def _calls(tenant: str, member: str, email: str = "nobody@example.com") -> tuple[tuple[str, str, object], ...]:
    """Return every call that an admin of a tenant may make."""
    return (
        ("GET", f"/tenants/{tenant}/members", None),
        ("POST", f"/tenants/{tenant}/members", {"email": email, "roles": ["admin"]}),
        ("PUT", f"/tenants/{tenant}/members/{member}/roles", {"roles": ["admin"]}),
        ("DELETE", f"/tenants/{tenant}/members/{member}", None),
        ("GET", f"/tenants/{tenant}/invitations", None),
        ("DELETE", f"/tenants/{tenant}/invitations/{_INVITATION}", None),
    )


def _own_calls(tenant: str) -> tuple[tuple[str, str, object], ...]:
    """Return every call that anybody with a token may make."""
    return (
        ("GET", "/settings", None),
        ("PUT", "/settings", {"tenantId": tenant}),
        ("GET", "/tenants", None),
        ("GET", "/invitations", None),
        ("POST", f"/invitations/{tenant}/acceptance", None),
        ("DELETE", f"/invitations/{tenant}", None),
    )


# Identity


def _with_token(world: World, token: str | None) -> Outcome:
    fixture = _victim(world)
    named = {"x-tenant-id": fixture.tenant, "tenantId": fixture.tenant, "x-user-id": fixture.admin.user_id}
    query = f"?tenantId={fixture.tenant}&userId={fixture.admin.user_id}"
    calls = (*_calls(fixture.tenant, fixture.admin.user_id), *_own_calls(fixture.tenant))
    replies = [world.membership_api(method, path + query, token, body, headers=named) for method, path, body in calls]
    return together(*(fixture.refusal(reply, 401) for reply in replies), fixture.has_roles(fixture.admin, "admin"))


@membership.attack("no-token", threat=threats.NO_TOKEN, must="401 from every route, and nothing changes.")
def _(world: World) -> Outcome:
    """Call every route without a token, naming the victim and their tenant in path, query, headers and body."""
    return _with_token(world, None)


@membership.attack("wrong-token", threat=threats.FORGED_TOKEN, must="401 from every route, and nothing changes.")
def _(world: World) -> Outcome:
    """Call every route with the victim's access token, with their ID token less its signature, and with garbage."""
    return together(*(_with_token(world, token) for token in _victim(world).admin.tokens.unfit))


@membership.attack("foreign-tenant", threat=threats.WRONG_TENANT, must="403 from every route, and nothing changes.")
def _(world: World) -> Outcome:
    """As an admin of one's own tenant, make an admin's calls in another's."""
    fixture, alice = _victim(world), world.users.alice
    members = (fixture.admin.user_id, alice.user_id)
    calls = [call for member in members for call in _calls(fixture.tenant, member, alice.email)]
    steps = fixture.refusals(alice.tokens.id, calls)
    return together(*steps, fixture.has_roles(fixture.admin, "admin"), fixture.has_roles(alice))


@membership.attack(
    "existence", threat=threats.EXISTENCE_SHOWN, must="The same 403, whether there is such a tenant or member or not."
)
def _(world: World) -> Outcome:
    """Compare the replies about existing and unknown tenants, and about existing and unknown members."""
    fixture, alice = _victim(world), world.users.alice
    visited, visitor = _visited(world)
    token = alice.tokens.id
    steps = []
    pairs = zip(_calls(fixture.tenant, fixture.admin.user_id), _calls(_NOBODY, _NOBODY), strict=True)
    for (method, real, body), (_, unreal, _) in pairs:
        like = world.membership_api(method, unreal, token, body)
        steps.append(refused(world.membership_api(method, real, token, body), 403, like=like, hidden=fixture.hidden))
    like = world.membership_api("PUT", "/settings", token, {"tenantId": _NOBODY})
    reply = world.membership_api("PUT", "/settings", token, {"tenantId": fixture.tenant})
    steps.append(refused(reply, 403, like=like, control=fixture.good))
    like = world.membership_api("DELETE", f"{visited.path}/{_NOBODY}", visitor.tokens.id)
    reply = world.membership_api("DELETE", f"{visited.path}/{visited.admin.user_id}", visitor.tokens.id)
    steps.append(refused(reply, 403, like=like, hidden=visited.hidden, control=visited.good))
    return together(*steps)


@membership.attack("switch-foreign", threat=threats.WRONG_TENANT, must="403, and the active tenant stays.")
def _(world: World) -> Outcome:
    """Make a tenant active to which one does not belong."""
    fixture, alice = _victim(world), world.users.alice
    reply = world.membership_api("PUT", "/settings", alice.tokens.id, {"tenantId": fixture.tenant})
    now = world.membership_api("GET", "/settings", alice.tokens.id)
    stays = require(
        (now.json() or {}).get("tenantId") == alice.tenant, otherwise=f"it is not: {now}", observed="own tenant active"
    )
    return together(fixture.refusal(reply), stays)


@membership.attack("named-tenant", threat=threats.WRONG_TENANT, must="One's own tenants and settings, and no other's.")
def _(world: World) -> Outcome:
    """Ask for settings, tenants and invitations with the victim named in headers and query."""
    fixture, alice = _victim(world), world.users.alice
    named = {"x-tenant-id": fixture.tenant, "x-user-id": fixture.admin.user_id, "tenantId": fixture.tenant}
    steps = []
    for path in ("/settings", "/tenants", "/invitations"):
        query = f"?tenantId={fixture.tenant}&userId={fixture.admin.user_id}&email={fixture.admin.email}"
        reply = world.membership_api("GET", path + query, alice.tokens.id, headers=named)
        foreign = any(text in reply.text for text in (fixture.tenant, *fixture.hidden))
        steps += [granted(reply), require(not foreign, otherwise=f"it shows another's: {reply}", observed="one's own")]
    return together(*steps)


# Roles that users give themselves


@membership.attack("self-grant", threat=threats.OWN_ATTRIBUTES, must="403, and they stay a visitor.")
def _(world: World) -> Outcome:
    """As a visitor, make an admin's calls for oneself and against the admin."""
    fixture, visitor = _visited(world)
    members = (visitor.user_id, fixture.admin.user_id)
    calls = [call for member in members for call in _calls(fixture.tenant, member, visitor.email)]
    calls.remove(("DELETE", f"{fixture.path}/{visitor.user_id}", None))  # leaving is everybody's right
    return together(
        *fixture.refusals(visitor.tokens.id, calls),
        fixture.has_roles(visitor, "visitor"),
        fixture.has_roles(fixture.admin, "admin"),
        require(not fixture.invitations(), otherwise="there is an invitation", observed="no invitation"),
    )


@membership.attack("roles-elsewhere", threat=threats.OWN_ATTRIBUTES, must="403 in the tenant where one is a visitor.")
def _(world: World) -> Outcome:
    """With a token from where one is an admin, switch to where one is a visitor, and make an admin's calls in both."""
    fixture = TenantFixture.create(world, "elsewhere")
    own = TenantFixture.create(world, "at-home")
    token = own.admin.tokens.id
    world.accounts.enrol(own.admin, fixture.tenant, {"visitor"})
    at_home = own.good()
    switched = world.membership_api("PUT", "/settings", token, {"tenantId": fixture.tenant})
    calls = (*_calls(fixture.tenant, fixture.admin.user_id), *_calls(own.tenant, own.admin.user_id))
    refusals = fixture.refusals(token, calls)
    back = world.membership_api("PUT", "/settings", token, {"tenantId": own.tenant})
    return together(
        granted(at_home),
        granted(switched),
        *refusals,
        granted(back),
        granted(own.good()),
        fixture.has_roles(own.admin, "visitor"),
        fixture.has_roles(fixture.admin, "admin"),
    )


_SETTINGS: Final = (
    ("roles", '{"tenantId": "TENANT", "roles": ["admin"]}'),
    ("user", '{"tenantId": "TENANT", "userId": "MINE"}'),
    ("list", '{"tenantId": ["TENANT"]}'),
    ("twice", '{"tenantId": "another", "tenantId": "TENANT"}'),
)


@membership.each(
    ((slug, body, body) for slug, body in _SETTINGS),
    "settings-{}",
    threat=threats.OWN_ATTRIBUTES,
    tries="As a visitor, change one's settings with the body {}.",
    must="400, and they stay a visitor.",
)
def _self_service(world: World, body: str) -> Outcome:
    fixture, visitor = _visited(world)
    sent = body.replace("TENANT", fixture.tenant).replace("MINE", visitor.user_id)
    reply = world.membership_api("PUT", "/settings", visitor.tokens.id, sent)
    return together(fixture.refusal(reply, 400), fixture.has_roles(visitor, "visitor"))


_ROLES: Final = (
    ("tenant", '{"roles": ["visitor"], "tenantId": "OTHER"}'),
    ("member", '{"roles": ["visitor"], "userId": "ADMIN"}'),
    ("twice", '{"roles": ["admin"], "roles": ["visitor"]}'),
    ("unknown-role", '{"roles": ["owner"]}'),
    ("case", '{"roles": ["Admin"]}'),
    ("space", '{"roles": ["admin "]}'),
    ("look-alike", json.dumps({"roles": ["\u0430dmin"]})),
    ("none", '{"roles": []}'),
    ("text", '{"roles": "admin"}'),
    ("nested", '{"roles": [["admin"]]}'),
    ("null", '{"roles": null}'),
    ("attribute", '{"roles": {"SS": ["admin"]}}'),
)


@membership.each(
    ((slug, body, body) for slug, body in _ROLES),
    "roles-{}",
    threat=threats.INJECTION,
    tries="Change roles with the body {}.",
    must="400, and nobody's roles change.",
)
def _admins_body(world: World, body: str) -> Outcome:
    """Send a body with an admin's right: what is wrong with it must not reach the roles, nor another tenant."""
    fixture, visitor = _visited(world)
    other = _victim(world)
    text = body.replace("OTHER", other.tenant).replace("ADMIN", other.admin.user_id)
    reply = fixture.by_admin("PUT", f"{fixture.path}/{visitor.user_id}/roles", text)
    return together(
        fixture.refusal(reply, 400), fixture.has_roles(visitor, "visitor"), other.has_roles(other.admin, "admin")
    )


_NAMES: Final = (
    ("asterisk", "*"),
    ("encoded-asterisk", "%2A"),
    ("question", "%3F" * 36),
    ("up", "..%2FTENANT"),
    ("dots", "../TENANT"),
    ("slash", "TENANT%2Fmembers%2FBOSS"),
    ("hash", "%23set"),
    ("dollar", "$context.authorizer.tenantId"),
    ("space", "TENANT%20"),
    ("line-break", "TENANT%0A"),
    ("nul", "TENANT%00"),
    ("prefix", "prefix"),
    ("attribute", roles_attribute("TENANT")),
)


@membership.each(
    ((slug, name, name) for slug, name in _NAMES),
    "name-{}",
    threat=threats.HOSTILE_NAMES,
    tries="As a visitor, put `{}` where a tenant or a member is named.",
    must="Refused; nobody's roles change.",
)
def _hostile_id(world: World, name: str) -> Outcome:
    fixture, visitor = _visited(world)
    token = visitor.tokens.id
    path = name.replace("TENANT", fixture.tenant).replace("ADMIN", fixture.admin.user_id)
    replies = [
        world.membership_api("PUT", f"/tenants/{path}/members/{visitor.user_id}/roles", token, {"roles": ["admin"]}),
        world.membership_api("DELETE", f"{fixture.path}/{path}", token),
        world.membership_api("PUT", "/settings", token, {"tenantId": path}),
        world.membership_api("POST", f"/invitations/{path}/acceptance", token),
    ]
    checked = [fixture.refusal(reply, 400, 403, 404) for reply in replies]
    return together(*checked, fixture.has_roles(visitor, "visitor"), fixture.has_roles(fixture.admin, "admin"))


# What outlives a change


@membership.attack("removed-member", threat=threats.CACHED_POLICY, must="403 at the next call, with the same token.")
def _(world: World) -> Outcome:
    """Go on as an admin with the token that one had when one was removed."""
    fixture = TenantFixture.create(world, "remover")
    removed = fixture.member("removed", "admin")
    token = removed.tokens.id
    before = world.membership_api("GET", fixture.path, token)
    done = fixture.by_admin("DELETE", f"{fixture.path}/{removed.user_id}")
    calls = _calls(fixture.tenant, fixture.admin.user_id, removed.email)
    after = fixture.refusals(token, calls)
    back = fixture.refusal(world.membership_api("PUT", "/settings", token, {"tenantId": fixture.tenant}))
    return together(granted(before), granted(done), *after, back, fixture.has_roles(removed))


@membership.attack("withdrawn-role", threat=threats.CACHED_POLICY, must="403 at the next call, with the same token.")
def _(world: World) -> Outcome:
    """Go on as an admin with the token that one had when one became a visitor."""
    fixture = TenantFixture.create(world, "demoter")
    demoted = fixture.member("demoted", "admin")
    before = world.membership_api("GET", fixture.path, demoted.tokens.id)
    done = fixture.by_admin("PUT", f"{fixture.path}/{demoted.user_id}/roles", {"roles": ["visitor"]})
    calls = _calls(fixture.tenant, fixture.admin.user_id, demoted.email)
    after = fixture.refusals(demoted.tokens.id, calls)
    return together(granted(before), granted(done), *after, fixture.has_roles(demoted, "visitor"))


@membership.attack(
    "switching", threat=threats.CACHED_POLICY, must="Each call is answered for the tenant that is active just then."
)
def _(world: World) -> Outcome:
    """Switch to and fro between two tenants with one token, and ask after each switch."""
    first, second = TenantFixture.create(world, "first"), TenantFixture.create(world, "second")
    token = first.admin.tokens.id
    world.accounts.enrol(first.admin, second.tenant, {"visitor"})
    steps = []
    for fixture, other, roles in ((second, first, ["visitor"]), (first, second, ["admin"])) * 3:
        steps.append(granted(world.membership_api("PUT", "/settings", token, {"tenantId": fixture.tenant})))
        reply = world.membership_api("GET", "/settings", token)
        steps.append(
            require(
                reply.json() == {"tenantId": fixture.tenant, "roles": roles},
                otherwise=f"it is not: {reply}",
                observed="the active tenant and its roles",
            )
        )
        steps.append(fixture.refusal(world.membership_api("GET", other.path, token)))
    return together(*steps, granted(first.good()))


@membership.attack("last-admin", threat=threats.OWN_ATTRIBUTES, must="409, and they stay: a tenant has an admin.")
def _(world: World) -> Outcome:
    """As the last admin, leave, and give up the role."""
    fixture = TenantFixture.create(world, "last")
    replies = [
        fixture.by_admin("DELETE", f"{fixture.path}/{fixture.admin.user_id}"),
        fixture.by_admin("PUT", f"{fixture.path}/{fixture.admin.user_id}/roles", {"roles": ["member"]}),
    ]
    return together(*(fixture.refusal(reply, 409) for reply in replies), fixture.has_roles(fixture.admin, "admin"))


@membership.attack("duel", threat=threats.REJECTED_RECORD, must="At least one of the two stays an admin, every time.")
def _(world: World) -> Outcome:
    """As two admins, demote and remove each other, and leave, at the same moment."""

    def duel(number: int) -> Outcome:
        fixture = TenantFixture.create(world, f"duel-{number}")
        rival = fixture.member("rival", "admin")
        sides = ((fixture.admin, rival), (rival, fixture.admin))

        def strike(side: tuple[Person, Person]) -> Reply:
            mine, theirs = side
            if number % 3 == 0:
                return world.membership_api("DELETE", f"{fixture.path}/{mine.user_id}", mine.tokens.id)
            if number % 3 == 1:
                return world.membership_api("DELETE", f"{fixture.path}/{theirs.user_id}", mine.tokens.id)
            path = f"{fixture.path}/{theirs.user_id}/roles"
            return world.membership_api("PUT", path, mine.tokens.id, {"roles": ["visitor"]})

        with ThreadPoolExecutor(2) as pool:
            replies = list(pool.map(strike, sides))
        admins = [person for person in (fixture.admin, rival) if fixture.roles(person)[0] == {"admin"}]
        told = f"{[reply.status for reply in replies]}, {len(admins)} left"
        one = require(len(admins) >= 1, otherwise=f"nobody is left: {told}", observed=told)
        clean = [fixture.has_roles(person, "admin") for person in admins]
        answered = [reply for reply in replies if reply.status not in {204, 403, 409}]
        sound = refused(answered[0], 403) if answered else require(True, otherwise="", observed="answered as it must")  # noqa: FBT003
        won = granted(next((reply for reply in replies if reply.ok), replies[0]))
        return together(one, *clean, sound, won)

    return together(*map(duel, range(_DUELS)))


# Leaks


@membership.attack("members-shown", threat=threats.EXISTENCE_SHOWN, must="403: who belongs to it is for its admins.")
def _(world: World) -> Outcome:
    """As a visitor and as a member, list the members and the invitations, and read the tenant for its admins."""
    fixture, visitor = _visited(world)
    member = fixture.member("curious", "member")
    fixture.invite("somebody.else@example.com", "visitor")
    steps = []
    for person in (visitor, member):
        queries = ("", "?limit=1", f"?after={fixture.admin.user_id}")
        paths = [*(f"{fixture.path}{query}" for query in queries), f"/tenants/{fixture.tenant}/invitations"]
        steps += fixture.refusals(person.tokens.id, [("GET", path, None) for path in paths])
        reply = world.tenant(fixture.tenant, person.tokens.id)
        shown = "admins" in reply.text or any(hidden in reply.text for hidden in fixture.hidden)
        steps += [granted(reply), require(not shown, otherwise=f"it shows them: {reply}", observed="no admins shown")]
    seen = together(*steps)  # first: the clean-up fails if another invitation has come in
    fixture.by_admin("DELETE", fixture.invitation_path())
    return seen
