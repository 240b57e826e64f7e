"""Membership: who says who belongs to a tenant, in which roles, and which tenant is active."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Final

from tenantry.attacks import threats
from tenantry.attacks.households import Household
from tenantry.attacks.judge import granted, refused, require, together
from tenantry.attacks.registry import REGISTRY

if TYPE_CHECKING:
    from tenantry.attacks.http import Reply
    from tenantry.attacks.outcome import Outcome
    from tenantry.attacks.people import Person
    from tenantry.attacks.world import World

membership: Final = REGISTRY.surface("membership")

_NOBODY: Final = "00000000-0000-4000-8000-000000000000"
_INVITATION: Final = "0" * 32
_DUELS: Final = 4


def _victim(world: World) -> Household:
    """Return a tenant in which nothing of the attacker's is."""
    return world.once("membership victim", lambda: Household.found(world, "victim"))


def _visited(world: World) -> tuple[Household, Person]:
    """Return a tenant, and an attacker who is a visitor there."""

    def make() -> tuple[Household, Person]:
        house = Household.found(world, "visited")
        return house, house.member("visitor", "visitor")

    return world.once("membership visited", make)


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
    house = _victim(world)
    named = {"x-tenant-id": house.tenant, "tenantId": house.tenant, "x-user-id": house.boss.user_id}
    calls = (*_calls(house.tenant, house.boss.user_id), *_own_calls(house.tenant))
    replies = [
        world.parks_api(
            method, f"{path}?tenantId={house.tenant}&userId={house.boss.user_id}", token, body, headers=named
        )
        for method, path, body in calls
    ]
    return together(*(house.shut(reply, 401) for reply in replies), house.still(house.boss, "admin"))


@membership.attack("no-token", threat=threats.NO_TOKEN, must="401 from every route, and nothing changes.")
def _(world: World) -> Outcome:
    """Call every route without a token, naming the victim and their tenant in path, query, headers and body."""
    return _with_token(world, None)


@membership.attack("wrong-token", threat=threats.FORGED_TOKEN, must="401 from every route, and nothing changes.")
def _(world: World) -> Outcome:
    """Call every route with the victim's access token, with their ID token less its signature, and with garbage."""
    tokens = _victim(world).boss.tokens
    stripped = ".".join([*tokens.id.split(".")[:2], ""])
    return together(*(_with_token(world, token) for token in (tokens.access, stripped, "garbage")))


@membership.attack("foreign-tenant", threat=threats.WRONG_TENANT, must="403 from every route, and nothing changes.")
def _(world: World) -> Outcome:
    """As an admin of one's own tenant, make an admin's calls in another's."""
    house, alice = _victim(world), world.cast.alice
    steps = [
        house.shut(world.parks_api(method, path, alice.tokens.id, body))
        for member in (house.boss.user_id, alice.user_id)
        for method, path, body in _calls(house.tenant, member, alice.email)
    ]
    return together(*steps, house.still(house.boss, "admin"), house.still(alice))


@membership.attack(
    "existence", threat=threats.EXISTENCE_SHOWN, must="The same 403, whether there is such a tenant or member or not."
)
def _(world: World) -> Outcome:
    """Compare what is said of a tenant that there is with what is said of one that there is not, and of members too."""
    house, alice = _victim(world), world.cast.alice
    visited, visitor = _visited(world)
    token = alice.tokens.id
    steps = []
    pairs = zip(_calls(house.tenant, house.boss.user_id), _calls(_NOBODY, _NOBODY), strict=True)
    for (method, real, body), (_, unreal, _) in pairs:
        like = world.parks_api(method, unreal, token, body)
        steps.append(refused(world.parks_api(method, real, token, body), 403, like=like, hidden=house.hidden))
    like = world.parks_api("PUT", "/settings", token, {"tenantId": _NOBODY})
    reply = world.parks_api("PUT", "/settings", token, {"tenantId": house.tenant})
    steps.append(refused(reply, 403, like=like, control=house.good))
    like = world.parks_api("DELETE", f"{visited.path}/{_NOBODY}", visitor.tokens.id)
    reply = world.parks_api("DELETE", f"{visited.path}/{visited.boss.user_id}", visitor.tokens.id)
    steps.append(refused(reply, 403, like=like, hidden=visited.hidden, control=visited.good))
    return together(*steps)


@membership.attack("switch-foreign", threat=threats.WRONG_TENANT, must="403, and the active tenant stays.")
def _(world: World) -> Outcome:
    """Make a tenant active to which one does not belong."""
    house, alice = _victim(world), world.cast.alice
    reply = world.parks_api("PUT", "/settings", alice.tokens.id, {"tenantId": house.tenant})
    now = world.parks_api("GET", "/settings", alice.tokens.id)
    stays = require(
        (now.json() or {}).get("tenantId") == alice.tenant, otherwise=f"it is not: {now}", observed="own tenant active"
    )
    return together(house.shut(reply), stays)


@membership.attack("named-tenant", threat=threats.WRONG_TENANT, must="One's own tenants and settings, and no other's.")
def _(world: World) -> Outcome:
    """Ask for settings, tenants and invitations with the victim named in headers and query."""
    house, alice = _victim(world), world.cast.alice
    named = {"x-tenant-id": house.tenant, "x-user-id": house.boss.user_id, "tenantId": house.tenant}
    steps = []
    for path in ("/settings", "/tenants", "/invitations"):
        query = f"?tenantId={house.tenant}&userId={house.boss.user_id}&email={house.boss.email}"
        reply = world.parks_api("GET", path + query, alice.tokens.id, headers=named)
        foreign = any(text in reply.text for text in (house.tenant, *house.hidden))
        steps += [granted(reply), require(not foreign, otherwise=f"it shows another's: {reply}", observed="one's own")]
    return together(*steps)


# Roles that users give themselves


@membership.attack("self-grant", threat=threats.OWN_ATTRIBUTES, must="403, and they stay a visitor.")
def _(world: World) -> Outcome:
    """As a visitor, make an admin's calls for oneself and against the admin."""
    house, visitor = _visited(world)
    steps = [
        house.shut(world.parks_api(method, path, visitor.tokens.id, body))
        for member in (visitor.user_id, house.boss.user_id)
        for method, path, body in _calls(house.tenant, member, visitor.email)
        if (method, path) != ("DELETE", f"{house.path}/{visitor.user_id}")  # leaving is everybody's right
    ]
    return together(
        *steps,
        house.still(visitor, "visitor"),
        house.still(house.boss, "admin"),
        require(not house.invitations(), otherwise="there is an invitation", observed="no invitation"),
    )


@membership.attack("roles-elsewhere", threat=threats.OWN_ATTRIBUTES, must="403 in the tenant where one is a visitor.")
def _(world: World) -> Outcome:
    """With a token from where one is an admin, switch to where one is a visitor, and make an admin's calls in both."""
    house = Household.found(world, "elsewhere")
    own = Household.found(world, "at-home")
    token = own.boss.tokens.id
    world.people.enrol(own.boss, house.tenant, {"visitor"})
    at_home = own.good()
    switched = world.parks_api("PUT", "/settings", token, {"tenantId": house.tenant})
    calls = (*_calls(house.tenant, house.boss.user_id), *_calls(own.tenant, own.boss.user_id))
    refusals = [house.shut(world.parks_api(method, path, token, body)) for method, path, body in calls]
    back = world.parks_api("PUT", "/settings", token, {"tenantId": own.tenant})
    return together(
        granted(at_home),
        granted(switched),
        *refusals,
        granted(back),
        granted(own.good()),
        house.still(own.boss, "visitor"),
        house.still(house.boss, "admin"),
    )


def _self_service(world: World, body: str) -> Outcome:
    house, visitor = _visited(world)
    sent = body.replace("TENANT", house.tenant).replace("MINE", visitor.user_id)
    reply = world.parks_api("PUT", "/settings", visitor.tokens.id, sent)
    return together(house.shut(reply, 400), house.still(visitor, "visitor"))


for _slug, _body in (
    ("roles", '{"tenantId": "TENANT", "roles": ["admin"]}'),
    ("user", '{"tenantId": "TENANT", "userId": "MINE"}'),
    ("list", '{"tenantId": ["TENANT"]}'),
    ("twice", '{"tenantId": "another", "tenantId": "TENANT"}'),
):
    membership.add(
        f"settings-{_slug}",
        threat=threats.OWN_ATTRIBUTES,
        tries=f"As a visitor, change one's settings with the body {_body}.",
        must="400, and they stay a visitor.",
        run=partial(_self_service, body=_body),
    )


def _admins_body(world: World, body: str) -> Outcome:
    """Send a body with an admin's right: what is wrong with it must not reach the roles, nor another tenant."""
    house, visitor = _visited(world)
    other = _victim(world)
    text = body.replace("OTHER", other.tenant).replace("BOSS", other.boss.user_id)
    reply = house.by_boss("PUT", f"{house.path}/{visitor.user_id}/roles", text)
    return together(house.shut(reply, 400), house.still(visitor, "visitor"), other.still(other.boss, "admin"))


for _slug, _body in (
    ("tenant", '{"roles": ["visitor"], "tenantId": "OTHER"}'),
    ("member", '{"roles": ["visitor"], "userId": "BOSS"}'),
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
):
    membership.add(
        f"roles-{_slug}",
        threat=threats.INJECTION,
        tries=f"Change roles with the body {_body}.",
        must="400, and nobody's roles change.",
        run=partial(_admins_body, body=_body),
    )


def _hostile_id(world: World, name: str) -> Outcome:
    house, visitor = _visited(world)
    token = visitor.tokens.id
    path = name.replace("TENANT", house.tenant).replace("BOSS", house.boss.user_id)
    replies = [
        world.parks_api("PUT", f"/tenants/{path}/members/{visitor.user_id}/roles", token, {"roles": ["admin"]}),
        world.parks_api("DELETE", f"{house.path}/{path}", token),
        world.parks_api("PUT", "/settings", token, {"tenantId": path}),
        world.parks_api("POST", f"/invitations/{path}/acceptance", token),
    ]
    judged = [house.shut(reply, 400, 403, 404) for reply in replies]
    return together(*judged, house.still(visitor, "visitor"), house.still(house.boss, "admin"))


for _slug, _name in (
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
    ("attribute", "roles:TENANT"),
):
    membership.add(
        f"name-{_slug}",
        threat=threats.HOSTILE_NAMES,
        tries=f"As a visitor, put `{_name}` where a tenant or a member is named.",
        must="Refused; nobody's roles change.",
        run=partial(_hostile_id, name=_name),
    )


# What outlives a change


@membership.attack("removed-member", threat=threats.CACHED_VERDICT, must="403 at the next call, with the same token.")
def _(world: World) -> Outcome:
    """Go on as an admin with the token that one had when one was removed."""
    house = Household.found(world, "remover")
    removed = house.member("removed", "admin")
    token = removed.tokens.id
    before = world.parks_api("GET", house.path, token)
    done = house.by_boss("DELETE", f"{house.path}/{removed.user_id}")
    calls = _calls(house.tenant, house.boss.user_id, removed.email)
    after = [house.shut(world.parks_api(method, path, token, body)) for method, path, body in calls]
    back = house.shut(world.parks_api("PUT", "/settings", token, {"tenantId": house.tenant}))
    return together(granted(before), granted(done), *after, back, house.still(removed))


@membership.attack("withdrawn-role", threat=threats.CACHED_VERDICT, must="403 at the next call, with the same token.")
def _(world: World) -> Outcome:
    """Go on as an admin with the token that one had when one became a visitor."""
    house = Household.found(world, "demoter")
    demoted = house.member("demoted", "admin")
    before = world.parks_api("GET", house.path, demoted.tokens.id)
    done = house.by_boss("PUT", f"{house.path}/{demoted.user_id}/roles", {"roles": ["visitor"]})
    calls = _calls(house.tenant, house.boss.user_id, demoted.email)
    after = [house.shut(world.parks_api(method, path, demoted.tokens.id, body)) for method, path, body in calls]
    return together(granted(before), granted(done), *after, house.still(demoted, "visitor"))


@membership.attack(
    "switching", threat=threats.CACHED_VERDICT, must="Each call is answered for the tenant that is active just then."
)
def _(world: World) -> Outcome:
    """Switch to and fro between two tenants with one token, and ask after each switch."""
    first, second = Household.found(world, "first"), Household.found(world, "second")
    token = first.boss.tokens.id
    world.people.enrol(first.boss, second.tenant, {"visitor"})
    steps = []
    for house, other, roles in ((second, first, ["visitor"]), (first, second, ["admin"])) * 3:
        steps.append(granted(world.parks_api("PUT", "/settings", token, {"tenantId": house.tenant})))
        reply = world.parks_api("GET", "/settings", token)
        steps.append(
            require(
                reply.json() == {"tenantId": house.tenant, "roles": roles},
                otherwise=f"it is not: {reply}",
                observed="the active tenant and its roles",
            )
        )
        steps.append(house.shut(world.parks_api("GET", other.path, token)))
    return together(*steps, granted(first.good()))


@membership.attack("last-admin", threat=threats.OWN_ATTRIBUTES, must="409, and they stay: a tenant has an admin.")
def _(world: World) -> Outcome:
    """As the last admin, leave, and give up the role."""
    house = Household.found(world, "last")
    replies = [
        house.by_boss("DELETE", f"{house.path}/{house.boss.user_id}"),
        house.by_boss("PUT", f"{house.path}/{house.boss.user_id}/roles", {"roles": ["member"]}),
    ]
    return together(*(house.shut(reply, 409) for reply in replies), house.still(house.boss, "admin"))


@membership.attack("duel", threat=threats.POISON, must="At least one of the two stays an admin, every time.")
def _(world: World) -> Outcome:
    """As two admins, demote and remove each other, and leave, at the same moment."""

    def duel(number: int) -> Outcome:
        house = Household.found(world, f"duel-{number}")
        rival = house.member("rival", "admin")
        sides = ((house.boss, rival), (rival, house.boss))

        def strike(side: tuple[Person, Person]) -> Reply:
            mine, theirs = side
            if number % 3 == 0:
                return world.parks_api("DELETE", f"{house.path}/{mine.user_id}", mine.tokens.id)
            if number % 3 == 1:
                return world.parks_api("DELETE", f"{house.path}/{theirs.user_id}", mine.tokens.id)
            path = f"{house.path}/{theirs.user_id}/roles"
            return world.parks_api("PUT", path, mine.tokens.id, {"roles": ["visitor"]})

        with ThreadPoolExecutor(2) as pool:
            replies = list(pool.map(strike, sides))
        admins = [person for person in (house.boss, rival) if house.roles(person)[0] == {"admin"}]
        told = f"{[reply.status for reply in replies]}, {len(admins)} left"
        one = require(len(admins) >= 1, otherwise=f"nobody is left: {told}", observed=told)
        clean = [house.still(person, "admin") for person in admins]
        answered = [reply for reply in replies if reply.status not in {204, 403, 409}]
        sound = refused(answered[0], 403) if answered else require(True, otherwise="", observed="answered as it must")  # noqa: FBT003
        won = granted(next((reply for reply in replies if reply.ok), replies[0]))
        return together(one, *clean, sound, won)

    return together(*map(duel, range(_DUELS)))


# Leaks


@membership.attack("members-shown", threat=threats.EXISTENCE_SHOWN, must="403: who belongs to it is for its admins.")
def _(world: World) -> Outcome:
    """As a visitor and as a member, list the members and the invitations, and read the tenant for its admins."""
    house, visitor = _visited(world)
    member = house.member("curious", "member")
    house.invite("somebody.else@example.com", "visitor")
    steps = []
    for person in (visitor, member):
        steps += [
            house.shut(world.parks_api("GET", f"{house.path}{query}", person.tokens.id))
            for query in ("", "?limit=1", f"?after={house.boss.user_id}")
        ]
        steps.append(house.shut(world.parks_api("GET", f"/tenants/{house.tenant}/invitations", person.tokens.id)))
        reply = world.tenant(house.tenant, person.tokens.id)
        shown = "admins" in reply.text or any(hidden in reply.text for hidden in house.hidden)
        steps += [granted(reply), require(not shown, otherwise=f"it shows them: {reply}", observed="no admins shown")]
    for item in house.invitations():
        house.by_boss("DELETE", f"/tenants/{house.tenant}/invitations/{item['invitationid']['S']}")
    return together(*steps)
