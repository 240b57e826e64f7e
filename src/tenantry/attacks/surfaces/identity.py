"""Tokens: those that the pool has not issued, those that it has issued for something else, and what they claim."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

import jwt

from tenantry.attacks import jws, threats
from tenantry.attacks.accounts import srp
from tenantry.attacks.assertions import refused, require, together
from tenantry.attacks.forged_tokens import FORGERIES, Forgery, Material
from tenantry.attacks.jwks_server import JwksServer
from tenantry.attacks.outcome import Outcome, breached, inconclusive
from tenantry.attacks.per_run import once_per_run
from tenantry.attacks.registry import REGISTRY

if TYPE_CHECKING:
    from collections.abc import Callable

    from tenantry.attacks.world import World

identity: Final = REGISTRY.surface(
    "identity",
    "Forged, foreign and mangled tokens; attributes that users write at sign-up, at sign-in and later; claims "
    "while the directory is inconsistent",
)

_AS_WITHOUT: Final = "401, and the very reply that a request without a token gets."


# Tokens that the pool has not issued


@once_per_run
def material_of(world: World) -> Material:
    """Return what Alice knows, who would like to be Bob."""
    alice, bob = world.users.alice, world.users.bob
    header = jwt.get_unverified_header(alice.tokens.id)
    keys = world.http.send("GET", world.target.jwks_url).json()["keys"]
    jwks_server = world.once("trap", lambda: JwksServer(header["kid"]))
    world.cleanup.later("the attacker's web server", jwks_server.close)
    return Material(
        own=alice.tokens.id,
        wanted={**alice.tokens.claims, "tenant": bob.tenant, "cognito:username": bob.user_id, "sub": bob.user_id},
        kid=header["kid"],
        jwk=next(key for key in keys if key["kid"] == header["kid"]),
        pool_id=world.target.user_pool_id,
        client_id=world.target.client_id,
        jwks_url=jwks_server.url,
    )


def _refused_token(world: World, path: str, token: str) -> Outcome:
    return world.refusal(world.tenant_api("GET", path, token), 401, like=world.plain_refusal)


@identity.each(
    ((forgery.slug, forgery.tries, forgery) for forgery in FORGERIES),
    threat=threats.FORGED_TOKEN,
    tries="{}",
    must=_AS_WITHOUT,
)
def _forged(world: World, forgery: Forgery) -> Outcome:
    material = material_of(world)
    outcome = _refused_token(world, f"/tenant/{world.users.bob.tenant}", forgery.make(material))
    jwks_server: JwksServer = world.once("trap", lambda: JwksServer(material.kid))
    if jwks_server.visited(forgery.slug):
        return breached("the attacker's web server was asked for keys")
    return outcome


@identity.attack(
    "unknown-kid-flood",
    threat=threats.FORGED_TOKEN,
    must="401 each time, and good tokens work all the while: strangers cannot wear out the key set.",
)
def _(world: World) -> Outcome:
    """Send 25 tokens, each with another unknown key id."""
    material = material_of(world)
    path = f"/tenant/{world.users.bob.tenant}"
    tokens = (material.token(jws.rs256, {"alg": "RS256", "kid": f"stranger-{number}"}) for number in range(25))
    return together(*(_refused_token(world, path, token) for token in tokens))


# Tokens that are genuine, and not for this


@identity.attack("access-token", threat=threats.FORGED_TOKEN, must=_AS_WITHOUT)
def _(world: World) -> Outcome:
    """Send one's own access token where an ID token is due."""
    alice = world.users.alice
    return _refused_token(world, f"/tenant/{alice.tenant}", alice.tokens.access)


@identity.attack("refresh-token", threat=threats.FORGED_TOKEN, must=_AS_WITHOUT)
def _(world: World) -> Outcome:
    """Send one's own refresh token where an ID token is due."""
    alice = world.users.alice
    return _refused_token(world, f"/tenant/{alice.tenant}", alice.tokens.refresh)


def _client(world: World, pool: str) -> str:
    """Add a client to a pool, and return its id."""
    flows: Any = ["ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]
    create = world.target.aws.cognito.create_user_pool_client
    return create(UserPoolId=pool, ClientName=world.run, ExplicitAuthFlows=flows)["UserPoolClient"]["ClientId"]


@identity.attack("other-client", threat=threats.FORGED_TOKEN, must=_AS_WITHOUT)
def _(world: World) -> Outcome:
    """Send a token that the pool has issued to another of its clients: right key, right issuer, wrong audience."""
    alice, pool, aws = world.users.alice, world.target.user_pool_id, world.target.aws
    client = _client(world, pool)
    world.cleanup.later(
        f"the client {client}", partial(aws.cognito.delete_user_pool_client, UserPoolId=pool, ClientId=client)
    )
    tokens = srp(aws.anonymous().cognito, pool, client, alice.email, alice.password)
    if tokens.tenant != alice.tenant:
        return inconclusive("the other client's token does not carry the tenant, so that it proves nothing")
    return _refused_token(world, f"/tenant/{alice.tenant}", tokens.id)


@identity.attack("other-pool", threat=threats.FORGED_TOKEN, must=_AS_WITHOUT)
def _(world: World) -> Outcome:
    """Send a token of a pool of one's own, in which one has taken the victim's user id as a name."""
    aws, bob = world.target.aws, world.users.bob
    pool = aws.cognito.create_user_pool(PoolName=world.run)["UserPool"]["Id"]
    world.cleanup.later(f"the pool {pool}", lambda: aws.cognito.delete_user_pool(UserPoolId=pool))
    client = _client(world, pool)
    password = world.users.alice.password
    aws.cognito.admin_create_user(UserPoolId=pool, Username=bob.user_id, MessageAction="SUPPRESS")
    aws.cognito.admin_set_user_password(UserPoolId=pool, Username=bob.user_id, Password=password, Permanent=True)
    tokens = srp(aws.anonymous().cognito, pool, client, bob.user_id, password)
    if tokens.claims["cognito:username"] != bob.user_id:
        return inconclusive("the other pool's token does not carry the victim's id, so that it proves nothing")
    return _refused_token(world, f"/tenants/{bob.user_id}", tokens.id)


# Claims, when the directory is not as it should be


@identity.attack("active-not-member", threat=threats.WRONG_TENANT, must="The token carries no tenant.")
def _(world: World) -> Outcome:
    """Have a tenant active that one does not belong to, as after a removal."""
    person = world.accounts.admit("expelled")
    world.accounts.activate(person, world.users.bob.tenant)
    tokens = world.accounts.sign_in(person)
    claimless = require(
        tokens.tenant is None, otherwise="the token carries a tenant", observed="the token carries no tenant"
    )
    return together(claimless, world.no_access(tokens))


@identity.attack("removed-member", threat=threats.WRONG_TENANT, must="The next token no longer carries the tenant.")
def _(world: World) -> Outcome:
    """Sign in anew after having been removed from a tenant."""
    person = world.member("removed", world.users.bob.tenant, {"member"})
    world.accounts.dismiss(person, person.tenant)
    tokens = world.accounts.sign_in(person)
    claimless = require(
        tokens.tenant is None, otherwise="the token still carries the tenant", observed="the token carries no tenant"
    )
    return together(claimless, world.no_access(tokens))


_FULL_WIDTH: Final = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}

_HOSTILE: Final[tuple[tuple[str, str, Callable[[str], str]], ...]] = (
    ("asterisk", "`*`", lambda _: "*"),
    ("question-marks", "36 question marks", lambda _: "?" * 36),
    ("prefix-asterisk", "the first letters of another's and `*`", lambda tenant: f"{tenant[:8]}*"),
    ("policy-variable", "`${aws:username}`", lambda _: "${aws:username}"),
    ("context-variable", "`$context.authorizer.tenantId`", lambda _: "$context.authorizer.tenantId"),
    ("dots", "`x/../` and another's", lambda tenant: f"x/../{tenant}"),
    ("slash", "another's and a slash", lambda tenant: f"{tenant}/"),
    ("space", "another's and a space", lambda tenant: f"{tenant} "),
    ("newline", "another's and a line break", lambda tenant: f"{tenant}\n"),
    ("nul", "another's and a NUL", lambda tenant: f"{tenant}\0"),
    ("quote", "another's in quotes", lambda tenant: f'"{tenant}"'),
    ("list", "two with a comma between them", lambda tenant: f"abc,{tenant}"),
    ("look-alike", "another's in full-width letters", lambda tenant: tenant.translate(_FULL_WIDTH)),
    ("reserved", "the name of a shared bucket", lambda _: "prefix"),
    ("long", "1,000 letters", lambda _: "a" * 1000),
)


@identity.each(
    _HOSTILE,
    "tenant-claim-{}",
    threat=threats.HOSTILE_NAMES,
    tries="Belong to a tenant whose id is {}.",
    must="No access to another tenant: the hook and the authorizer refuse an id that is not one.",
)
def _hostile_claim(world: World, hostile: Callable[[str], str]) -> Outcome:
    bob, person = world.users.bob, world.accounts.admit("hostile")
    tenant = hostile(bob.tenant)
    world.accounts.enrol(person, tenant, {"admin"})
    world.accounts.activate(person, tenant)
    tokens = world.accounts.sign_in(person)
    got = "the token carries it" if tokens.tenant else "the token carries no tenant"
    renamed = refused(world.rename(bob.tenant, tokens.id), 401, 403, hidden=world.hidden)
    named = refused(world.tenant(quote(tenant, safe=""), tokens.id), 400, 401, 403, 404, hidden=world.hidden)
    return together((f"{got}; reading", world.no_access(tokens)), ("renaming", renamed), ("by that name", named))
