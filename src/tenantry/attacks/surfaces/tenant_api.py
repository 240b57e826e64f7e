"""The tenant API: reaching what is not one's own."""

from __future__ import annotations

import uuid
from functools import partial
from typing import TYPE_CHECKING, Final

from tenantry.attacks import threats
from tenantry.attacks.assertions import denied, granted, indiscretion, refused, require, together
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
_NAME: Final = '{"name": "tenantry-attack was here"}'


def _send(world: World, method: str, path: str, token: str | None = None, **headers: str) -> Reply:
    body = _NAME if method == "PUT" else None
    return world.tenant_api(path, token, method=method, headers=headers, body=body)


# Without a token


def _without(world: World, method: str, path: Callable[[World], str]) -> Outcome:
    reply = _send(world, method, path(world))
    return refused(reply, 401, hidden=world.hidden, like=world.plain_refusal, control=world.good)


for _slug, _method, _path in _ROUTES:
    tenant_api.add(
        f"no-token-{_slug}",
        threat=threats.NO_TOKEN,
        tries=f"Send a {_method} of {'the' if _slug != 'list' else 'a user and their'} tenant without a token.",
        must="401, and the same short reply everywhere.",
        run=partial(_without, method=_method, path=_path),
    )


def _named(world: World, headers: Mapping[str, str], query: str, body: str | None) -> Outcome:
    bob, token = world.users.bob, world.users.bob.tokens.id
    fill = {"TENANT": bob.tenant, "USER": bob.user_id, "EMAIL": bob.email, "TOKEN": token}

    def filled(text: str) -> str:
        for name, value in fill.items():
            text = text.replace(name, value)
        return text

    reply = world.tenant_api(
        f"/tenant/{bob.tenant}{filled(query)}",
        headers={name: filled(value) for name, value in headers.items()},
        body=filled(body) if body else None,
    )
    return refused(reply, 401, hidden=world.hidden, like=world.plain_refusal, control=world.good)


_NAMED: Final[tuple[tuple[str, str, dict[str, str], str, str | None], ...]] = (
    (
        "tenant-headers",
        "headers that other systems take a tenant from",
        {"X-Tenant-Id": "TENANT", "X-Tenant": "TENANT", "Tenant": "TENANT", "TenantId": "TENANT", "Tenantid": "TENANT"},
        "",
        None,
    ),
    (
        "user-headers",
        "headers that proxies put a user into",
        {
            "X-User-Id": "USER",
            "X-Forwarded-User": "USER",
            "X-Auth-Request-Email": "EMAIL",
            "X-Amzn-Oidc-Identity": "USER",
        },
        "",
        None,
    ),
    (
        "context-headers",
        "headers that look like an authorizer's context",
        {"X-Amzn-Authorizer-Tenantid": "TENANT", "X-Amzn-Request-Context": '{"authorizer":{"tenantId":"TENANT"}}'},
        "",
        None,
    ),
    ("tenant-query", "the query", {}, "?tenantId=TENANT&tenant=TENANT&tenantid=TENANT&userId=USER", None),
    ("tenant-body", "the body", {}, "", '{"tenant": "TENANT", "tenantId": "TENANT", "userId": "USER"}'),
    ("tenant-as-token", "the header where the token belongs", {"Authorization": "TENANT"}, "", None),
    ("user-basic", "Basic credentials", {"Authorization": "Basic dGVuYW50OnRlbmFudA=="}, "", None),
    (
        "token-query",
        "the query, with a good token in it as well",
        {},
        "?token=TOKEN&access_token=TOKEN&id_token=TOKEN&Authorization=Bearer%20TOKEN&authorizationToken=TOKEN",
        None,
    ),
    (
        "token-cookie",
        "a cookie with a good token",
        {"Cookie": "token=TOKEN; idToken=TOKEN; Authorization=TOKEN"},
        "",
        None,
    ),
    (
        "token-elsewhere",
        "other headers with a good token",
        {"X-Authorization": "Bearer TOKEN", "X-Token": "TOKEN", "X-Amzn-Oidc-Data": "TOKEN", "X-Api-Key": "TOKEN"},
        "",
        None,
    ),
    ("token-body", "the body, with a good token in it", {}, "", '{"token": "TOKEN", "Authorization": "Bearer TOKEN"}'),
    ("other-scheme", "a good token under another scheme", {"Authorization": "Basic TOKEN"}, "", None),
)
for _slug, _what, _headers, _query, _body in _NAMED:
    tenant_api.add(
        f"named-{_slug}",
        threat=threats.NO_TOKEN,
        tries=f"Send no token in its place, and name the tenant or the user in {_what}.",
        must="401: the header `Authorization: Bearer` is the only way in.",
        run=partial(_named, headers=_headers, query=_query, body=_body),
    )


def _header_case(world: World, name: str) -> Outcome:
    alice = world.users.alice
    return granted(_send(world, "GET", f"/tenant/{alice.tenant}", **{name: f"Bearer {alice.tokens.id}"}))


for _name in ("authorization", "AUTHORIZATION", "aUTHORIZATION"):
    tenant_api.add(
        f"header-{'lower' if _name.islower() else 'upper' if _name.isupper() else 'mixed'}-case",
        threat=threats.WRONG_TENANT,
        tries=f"Send a good token in a header spelt `{_name}`.",
        must="200: a proxy that changes the case of a header excludes nobody.",
        run=partial(_header_case, name=_name),
    )


# With a token that is good for something else


def _foreign(world: World, method: str, path: Callable[[World], str]) -> Outcome:
    alice = world.users.alice
    return refused(_send(world, method, path(world), alice.tokens.id), 403, hidden=world.hidden, control=world.good)


def _claimed(world: World, method: str, path: Callable[[World], str]) -> Outcome:
    alice, bob = world.users.alice, world.users.bob
    own = {"X-Tenant-Id": alice.tenant, "X-User-Id": alice.user_id, "X-Original-Url": f"/tenant/{alice.tenant}"}
    reply = _send(
        world, method, f"{path(world)}?tenantId={alice.tenant}&userId={alice.user_id}", alice.tokens.id, **own
    )
    outcome = refused(reply, 403, hidden=world.hidden, control=world.good)
    theirs = {"X-Tenant-Id": bob.tenant, "X-User-Id": bob.user_id, "X-Rewrite-Url": f"/tenant/{bob.tenant}"}
    mine = _send(world, "GET", f"/tenant/{alice.tenant}?tenantId={bob.tenant}", alice.tokens.id, **theirs)
    shown = indiscretion(mine, world.hidden)
    return together(outcome, breached(f"her own path shows {shown}") if shown else granted(mine))


def _twins(world: World, method: str, path: Callable[[World], str]) -> Outcome:
    alice, bob = world.users.alice, world.users.bob
    there = _send(world, method, path(world), alice.tokens.id)
    nowhere = path(world).replace(bob.tenant, str(uuid.uuid4())).replace(bob.user_id, str(uuid.uuid4()))
    not_there = _send(world, method, nowhere, alice.tokens.id)
    if set(there.headers) != set(not_there.headers):
        return breached(f"the headers differ: {sorted(set(there.headers) ^ set(not_there.headers))}")
    return refused(there, 403, hidden=world.hidden, like=not_there, control=world.good)


for _slug, _method, _path in _ROUTES:
    tenant_api.add(
        f"foreign-{_slug}",
        threat=threats.WRONG_TENANT,
        tries=f"Send a {_method} of another's {'tenants' if _slug == 'list' else 'tenant'} with one's own good token.",
        must="403, and nothing of the other's.",
        run=partial(_foreign, method=_method, path=_path),
    )
    tenant_api.add(
        f"claimed-{_slug}",
        threat=threats.WRONG_TENANT,
        tries=f"The same {_method}, with one's own tenant in headers and query; and one's own, with the other's there.",
        must="403 for the other's path; nothing of the other's on one's own.",
        run=partial(_claimed, method=_method, path=_path),
    )
    tenant_api.add(
        f"existence-{_slug}",
        threat=threats.EXISTENCE_SHOWN,
        tries=f"Compare the replies to a {_method} of what another has and of what nobody has.",
        must="The same status, the same body, the same headers.",
        run=partial(_twins, method=_method, path=_path),
    )


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


def _odd_role(world: World, roles: set[str]) -> Outcome:
    tenant = str(uuid.uuid4())
    world.accounts.found_tenant(tenant, world.run)
    person = world.member("odd-role", tenant, roles)
    return refused(world.rename(tenant, person.tokens.id), 403, control=world.good)


for _slug, _roles in (
    ("case", {"Admin", "ADMIN"}),
    ("prefix", {"administrator", "admin2", "notadmin"}),
    ("list", {"admin,member", '["admin"]'}),
    ("wildcard", {"*"}),
):
    tenant_api.add(
        f"role-{_slug}",
        threat=threats.HOSTILE_NAMES,
        tries=f"Rename one's own tenant in the roles {', '.join(sorted(_roles))}.",
        must="403: only the role `admin` is the role admin.",
        run=partial(_odd_role, roles=_roles),
    )


@tenant_api.attack(
    "no-tenant", threat=threats.WRONG_TENANT, must="403 or 404 whatever the path says, and never a tenant."
)
def _(world: World) -> Outcome:
    """Ask with a good token that carries no tenant for the tenants `None`, `null`, `undefined`, empty and another's."""
    tokens = world.accounts.sign_in(world.accounts.admit("claimless"))
    if tokens.tenant:
        return inconclusive("the token of a user without a tenant carries one")
    names = ("None", "null", "undefined", "", "%20", "false", "0", world.users.bob.tenant)
    return together(
        *(
            (
                name or "empty",
                refused(world.tenant(name, tokens.id), 403, 404, hidden=world.hidden, control=world.good),
            )
            for name in names
        )
    )


# Around the API


@tenant_api.attack("tables", threat=threats.LOOSE_POLICY, must="DynamoDB denies it.")
def _(world: World) -> Outcome:
    """Read and write the tables as a principal of the account that has been granted nothing, and as nobody at all."""
    target, bob = world.target, world.users.bob
    key = tenant_key(bob.tenant)
    steps = []
    for who, aws in (("without a grant", world.nobody), ("unsigned", target.aws.anonymous())):
        client = aws.dynamodb
        steps += [
            (f"GetItem {who}", denied(lambda c=client: c.get_item(TableName=target.tenants_table, Key=key))),  # type: ignore[misc]
            (f"Scan {who}", denied(lambda c=client: c.scan(TableName=target.tenant_users_table, Limit=1))),  # type: ignore[misc]
            (f"DeleteItem {who}", denied(lambda c=client: c.delete_item(TableName=target.tenants_table, Key=key))),  # type: ignore[misc]
        ]
    return together(*steps)
