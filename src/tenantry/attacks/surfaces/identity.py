"""Tokens: those that the pool has not issued, and those that it has issued for something else."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

import jwt

from tenantry.attacks import jws, threats
from tenantry.attacks.accounts import srp
from tenantry.attacks.assertions import refused, together
from tenantry.attacks.forged_tokens import FORGERIES, Forgery, Material
from tenantry.attacks.jwks_server import JwksServer
from tenantry.attacks.outcome import Outcome, breached, inconclusive
from tenantry.attacks.registry import REGISTRY

if TYPE_CHECKING:
    from tenantry.attacks.world import World

identity: Final = REGISTRY.surface(
    "identity",
    "Forged, foreign and mangled tokens; attributes that users write at sign-up, at sign-in and later; claims "
    "while the directory is inconsistent",
)

_AS_WITHOUT: Final = "401, and the very reply that a request without a token gets."


# Tokens that the pool has not issued


def _material(world: World) -> Material:
    alice, bob = world.users.alice, world.users.bob
    header = jwt.get_unverified_header(alice.tokens.id)
    keys = world.http.send("GET", world.target.jwks_url).json()["keys"]
    jwks_server = world.once("trap", lambda: JwksServer(header["kid"]))
    world.cleanup.later("the attacker's web server", jwks_server.close)
    return Material(
        own=alice.tokens.id,
        own_claims=alice.tokens.claims,
        wanted={**alice.tokens.claims, "tenant": bob.tenant, "cognito:username": bob.user_id, "sub": bob.user_id},
        kid=header["kid"],
        jwk=next(key for key in keys if key["kid"] == header["kid"]),
        pool_id=world.target.user_pool_id,
        client_id=world.target.client_id,
        jwks_url=jwks_server.url,
    )


def _refused_token(world: World, path: str, token: str) -> Outcome:
    return refused(
        world.tenant_api(path, token),
        401,
        like=world.plain_refusal,
        hidden=world.hidden,
        control=world.good,
    )


def material_of(world: World) -> Material:
    """Return what Alice knows, who would like to be Bob."""
    return world.once("material", lambda: _material(world))


def _forged(world: World, forgery: Forgery) -> Outcome:
    material = material_of(world)
    outcome = _refused_token(world, f"/tenant/{world.users.bob.tenant}", forgery.make(material))
    jwks_server: JwksServer = world.once("trap", lambda: JwksServer(material.kid))
    if jwks_server.visited(forgery.slug):
        return breached("the attacker's web server was asked for keys")
    return outcome


for _forgery in FORGERIES:
    identity.add(
        _forgery.slug,
        threat=threats.FORGED_TOKEN,
        tries=_forgery.tries,
        must=_AS_WITHOUT,
        run=partial(_forged, forgery=_forgery),
    )


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


@identity.attack("other-client", threat=threats.FORGED_TOKEN, must=_AS_WITHOUT)
def _(world: World) -> Outcome:
    """Send a token that the pool has issued to another of its clients: right key, right issuer, wrong audience."""
    alice, pool, aws = world.users.alice, world.target.user_pool_id, world.target.aws
    client = aws.cognito.create_user_pool_client(
        UserPoolId=pool,
        ClientName=world.run,
        ExplicitAuthFlows=["ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
    )["UserPoolClient"]["ClientId"]
    world.cleanup.later(
        f"the client {client}", lambda: aws.cognito.delete_user_pool_client(UserPoolId=pool, ClientId=client)
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
    client = aws.cognito.create_user_pool_client(
        UserPoolId=pool, ClientName=world.run, ExplicitAuthFlows=["ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]
    )["UserPoolClient"]["ClientId"]
    password = world.users.alice.password
    aws.cognito.admin_create_user(UserPoolId=pool, Username=bob.user_id, MessageAction="SUPPRESS")
    aws.cognito.admin_set_user_password(UserPoolId=pool, Username=bob.user_id, Password=password, Permanent=True)
    tokens = srp(aws.anonymous().cognito, pool, client, bob.user_id, password)
    if tokens.claims["cognito:username"] != bob.user_id:
        return inconclusive("the other pool's token does not carry the victim's id, so that it proves nothing")
    return _refused_token(world, f"/tenants/{bob.user_id}", tokens.id)
