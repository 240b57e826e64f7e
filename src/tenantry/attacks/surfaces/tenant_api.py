"""The tenant API: reaching what is not one's own."""

from __future__ import annotations

import uuid
from functools import partial
from typing import TYPE_CHECKING, Final

from tenantry.attacks import threats
from tenantry.attacks.assertions import all_denied, granted, indiscretion, refused, require, together
from tenantry.attacks.outcome import Outcome, breached, inconclusive
from tenantry.attacks.registry import REGISTRY
from tenantry.model.directory_tables import tenant_key

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tenantry.attacks.http import Reply
    from tenantry.attacks.world import World

tenant_api: Final = REGISTRY.surface(
    "tenant-api",
    "Requests that name a tenant instead of proving it; another tenant by path, header, query and method; ids "
    "that nearly match; bodies; cached authorizer policies; usage",
)

_ROUTES: Final[tuple[tuple[str, str, Callable[[World], str]], ...]] = (
    ("get", "GET", lambda world: f"/tenant/{world.users.bob.tenant}"),
    ("put", "PUT", lambda world: f"/tenant/{world.users.bob.tenant}"),
    ("list", "GET", lambda world: f"/tenants/{world.users.bob.user_id}"),
    ("usage", "GET", lambda world: f"/tenant/{world.users.bob.tenant}/usage"),
)
_NAME: Final = {"name": "tenantry-attack was here"}
_QUERY: Final = "the query"
_BODY: Final = "the body"


def _send(world: World, method: str, path: str, token: str | None = None, **headers: str) -> Reply:
    return world.tenant_api(method, path, token, _NAME if method == "PUT" else None, headers=headers)


# Without a token


@tenant_api.each(
    (
        (slug, f"{method} of {'a user and their' if slug == 'list' else 'the'} tenant", method, path)
        for slug, method, path in _ROUTES
    ),
    "no-token-{}",
    threat=threats.NO_TOKEN,
    tries="Send a {} without a token.",
    must="401, and the same short reply everywhere.",
)
def _without(world: World, method: str, path: Callable[[World], str]) -> Outcome:
    return world.refusal(_send(world, method, path(world)), 401, like=world.plain_refusal)


_NAMED: Final[tuple[tuple[str, str, dict[str, str]], ...]] = (
    (
        "tenant-headers",
        "headers that other systems take a tenant from",
        dict.fromkeys(("X-Tenant-Id", "X-Tenant", "Tenant", "TenantId", "Tenantid"), "TENANT"),
    ),
    (
        "user-headers",
        "headers that proxies put a user into",
        {
            **dict.fromkeys(("X-User-Id", "X-Forwarded-User", "X-Amzn-Oidc-Identity"), "USER"),
            "X-Auth-Request-Email": "EMAIL",
        },
    ),
    (
        "context-headers",
        "headers that look like an authorizer's context",
        {"X-Amzn-Authorizer-Tenantid": "TENANT", "X-Amzn-Request-Context": '{"authorizer":{"tenantId":"TENANT"}}'},
    ),
    ("tenant-query", "the query", {_QUERY: "?tenantId=TENANT&tenant=TENANT&tenantid=TENANT&userId=USER"}),
    ("tenant-body", "the body", {_BODY: '{"tenant": "TENANT", "tenantId": "TENANT", "userId": "USER"}'}),
    ("tenant-as-token", "the header where the token belongs", {"Authorization": "TENANT"}),
    ("user-basic", "Basic credentials", {"Authorization": "Basic dGVuYW50OnRlbmFudA=="}),
    (
        "token-query",
        "the query, with a good token in it as well",
        {
            _QUERY: "?token=TOKEN&access_token=TOKEN&id_token=TOKEN&Authorization=Bearer%20TOKEN"
            "&authorizationToken=TOKEN"
        },
    ),
    ("token-cookie", "a cookie with a good token", {"Cookie": "token=TOKEN; idToken=TOKEN; Authorization=TOKEN"}),
    (
        "token-elsewhere",
        "other headers with a good token",
        {"X-Authorization": "Bearer TOKEN", "X-Token": "TOKEN", "X-Amzn-Oidc-Data": "TOKEN", "X-Api-Key": "TOKEN"},
    ),
    ("token-body", "the body, with a good token in it", {_BODY: '{"token": "TOKEN", "Authorization": "Bearer TOKEN"}'}),
    ("other-scheme", "a good token under another scheme", {"Authorization": "Basic TOKEN"}),
)


@tenant_api.each(
    _NAMED,
    "named-{}",
    threat=threats.NO_TOKEN,
    tries="Send no token in its place, and name the tenant or the user in {}.",
    must="401: the header `Authorization: Bearer` is the only way in.",
)
def _named(world: World, given: Mapping[str, str]) -> Outcome:
    bob, token = world.users.bob, world.users.bob.tokens.id
    fill = {"TENANT": bob.tenant, "USER": bob.user_id, "EMAIL": bob.email, "TOKEN": token}

    def filled(text: str) -> str:
        for name, value in fill.items():
            text = text.replace(name, value)
        return text

    headers = {name: filled(value) for name, value in given.items()}
    path, body = f"/tenant/{bob.tenant}{headers.pop(_QUERY, '')}", headers.pop(_BODY, None)
    return world.refusal(world.tenant_api("GET", path, body=body, headers=headers), 401, like=world.plain_refusal)


@tenant_api.each(
    (
        ("lower", "authorization", "authorization"),
        ("upper", "AUTHORIZATION", "AUTHORIZATION"),
        ("mixed", "aUTHORIZATION", "aUTHORIZATION"),
    ),
    "header-{}-case",
    threat=threats.WRONG_TENANT,
    tries="Send a good token in a header spelt `{}`.",
    must="200: a proxy that changes the case of a header excludes nobody.",
)
def _header_case(world: World, name: str) -> Outcome:
    alice = world.users.alice
    return granted(_send(world, "GET", f"/tenant/{alice.tenant}", **{name: f"Bearer {alice.tokens.id}"}))


# With a token that is good for something else


@tenant_api.each(
    (
        (slug, f"{method} of another's {'tenants' if slug == 'list' else 'tenant'}", method, path)
        for slug, method, path in _ROUTES
    ),
    "foreign-{}",
    threat=threats.WRONG_TENANT,
    tries="Send a {} with one's own good token.",
    must="403, and nothing of the other's.",
)
def _foreign(world: World, method: str, path: Callable[[World], str]) -> Outcome:
    return world.refusal(_send(world, method, path(world), world.users.alice.tokens.id), 403)


_METHODS: Final = tuple((slug, method, method, path) for slug, method, path in _ROUTES)


@tenant_api.each(
    _METHODS,
    "claimed-{}",
    threat=threats.WRONG_TENANT,
    tries="The same {}, with one's own tenant in headers and query; and one's own, with the other's there.",
    must="403 for the other's path; nothing of the other's on one's own.",
)
def _claimed(world: World, method: str, path: Callable[[World], str]) -> Outcome:
    alice, bob = world.users.alice, world.users.bob
    own = {"X-Tenant-Id": alice.tenant, "X-User-Id": alice.user_id, "X-Original-Url": f"/tenant/{alice.tenant}"}
    reply = _send(
        world, method, f"{path(world)}?tenantId={alice.tenant}&userId={alice.user_id}", alice.tokens.id, **own
    )
    outcome = world.refusal(reply, 403)
    theirs = {"X-Tenant-Id": bob.tenant, "X-User-Id": bob.user_id, "X-Rewrite-Url": f"/tenant/{bob.tenant}"}
    mine = _send(world, "GET", f"/tenant/{alice.tenant}?tenantId={bob.tenant}", alice.tokens.id, **theirs)
    shown = indiscretion(mine, world.hidden)
    return together(outcome, breached(f"her own path shows {shown}") if shown else granted(mine))


@tenant_api.each(
    _METHODS,
    "existence-{}",
    threat=threats.EXISTENCE_SHOWN,
    tries="Compare the replies to a {} of what another has and of what nobody has.",
    must="The same status, the same body, the same headers.",
)
def _twins(world: World, method: str, path: Callable[[World], str]) -> Outcome:
    alice, bob = world.users.alice, world.users.bob
    there = _send(world, method, path(world), alice.tokens.id)
    nowhere = path(world).replace(bob.tenant, str(uuid.uuid4())).replace(bob.user_id, str(uuid.uuid4()))
    not_there = _send(world, method, nowhere, alice.tokens.id)
    if set(there.headers) != set(not_there.headers):
        return breached(f"the headers differ: {sorted(set(there.headers) ^ set(not_there.headers))}")
    return world.refusal(there, 403, like=not_there)


@tenant_api.attack("member-put", threat=threats.WRONG_TENANT, must="403, and the tenant keeps its name.")
def _(world: World) -> Outcome:
    """Rename one's own tenant as a member who is no admin."""
    carol, alice = world.users.carol, world.users.alice
    before = world.tenant_row(alice.tenant)
    outcome = refused(world.rename(carol.tenant, carol.tokens.id), 403, control=world.good)
    kept = require(world.tenant_row(alice.tenant) == before, otherwise="it is renamed", observed="the name is kept")
    return together(outcome, kept)


@tenant_api.attack(
    "member-get", threat=threats.WRONG_TENANT, must="200: refusing members everything would prove nothing."
)
def _(world: World) -> Outcome:
    """Read one's own tenant as a member who is no admin."""
    carol = world.users.carol
    return granted(world.tenant(carol.tenant, carol.tokens.id))


_ROLES: Final = (
    ("case", {"Admin", "ADMIN"}),
    ("prefix", {"administrator", "admin2", "notadmin"}),
    ("list", {"admin,member", '["admin"]'}),
    ("wildcard", {"*"}),
)


@tenant_api.each(
    ((slug, ", ".join(sorted(roles)), roles) for slug, roles in _ROLES),
    "role-{}",
    threat=threats.HOSTILE_NAMES,
    tries="Rename one's own tenant in the roles {}.",
    must="403: only the role `admin` is the role admin.",
)
def _odd_role(world: World, roles: set[str]) -> Outcome:
    tenant = str(uuid.uuid4())
    world.accounts.found_tenant(tenant, world.run)
    person = world.member("odd-role", tenant, roles)
    return refused(world.rename(tenant, person.tokens.id), 403, control=world.good)


@tenant_api.attack(
    "no-tenant", threat=threats.WRONG_TENANT, must="403 or 404 whatever the path says, and never a tenant."
)
def _(world: World) -> Outcome:
    """Ask with a good token that carries no tenant for the tenants `None`, `null`, `undefined`, empty and another's."""
    tokens = world.accounts.sign_in(world.accounts.admit("claimless"))
    if tokens.tenant:
        return inconclusive("the token of a user without a tenant carries one")
    names = ("None", "null", "undefined", "", "%20", "false", "0", world.users.bob.tenant)
    return together(*((name or "empty", world.refusal(world.tenant(name, tokens.id), 403, 404)) for name in names))


# Around the API


@tenant_api.attack("tables", threat=threats.LOOSE_POLICY, must="DynamoDB denies it.")
def _(world: World) -> Outcome:
    """Read and write the tables as a principal of the account that has been granted nothing, and as nobody at all."""
    target, key = world.target, tenant_key(world.users.bob.tenant)
    steps = []
    for who, aws in (("without a grant", world.nobody), ("unsigned", target.aws.anonymous())):
        client = aws.dynamodb
        steps += all_denied(
            (
                (f"GetItem {who}", partial(client.get_item, TableName=target.tenants_table, Key=key)),
                (f"Scan {who}", partial(client.scan, TableName=target.tenant_users_table, Limit=1)),
                (f"DeleteItem {who}", partial(client.delete_item, TableName=target.tenants_table, Key=key)),
            )
        )
    return together(*steps)
