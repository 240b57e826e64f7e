"""The tenant API: authorizer policies that API Gateway caches for a token, used for another request or for too long."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final

from tenantry.attacks import threats
from tenantry.attacks.assertions import granted, refused, require, together
from tenantry.attacks.outcome import inconclusive
from tenantry.attacks.registry import REGISTRY
from tenantry.model.directory_tables import TENANT_ID, membership_key

if TYPE_CHECKING:
    from tenantry.attacks.http import Reply
    from tenantry.attacks.outcome import Outcome
    from tenantry.attacks.world import World

tenant_api: Final = REGISTRY.surface("tenant-api")


def _denied(world: World, reply: Reply) -> Outcome:
    """Check a refusal without a good request beside it, which would have a policy cached."""
    return refused(reply, 403, hidden=world.hidden)


@tenant_api.attack(
    "get-then-put",
    threat=threats.CACHED_POLICY,
    must="All of them work, in either order: a cached policy covers every route.",
)
def _(world: World) -> Outcome:
    """Read, rename, list and read again with one token, and rename first with another."""
    tenant = str(uuid.uuid4())
    first = world.tenant_admin("reader", tenant)
    second = world.member("writer", tenant, {"admin"})
    return together(
        ("GET", granted(world.tenant(tenant, first.tokens.id))),
        ("PUT", granted(world.rename(tenant, first.tokens.id, world.run))),
        ("list", granted(world.tenant_api("GET", f"/tenants/{first.user_id}", first.tokens.id))),
        ("GET again", granted(world.tenant(tenant, first.tokens.id))),
        ("PUT first", granted(world.rename(tenant, second.tokens.id, world.run))),
        ("GET after it", granted(world.tenant(tenant, second.tokens.id))),
    )


@tenant_api.attack(
    "warm-token", threat=threats.CACHED_POLICY, must="403 each time, also when the same route has just been allowed."
)
def _(world: World) -> Outcome:
    """Have the policy of one's own token cached, and use it for another's tenant, their list and a rename."""
    alice, bob = world.users.alice, world.users.bob
    token = alice.tokens.id
    return together(
        ("own", granted(world.tenant(alice.tenant, token))),
        ("GET", _denied(world, world.tenant(bob.tenant, token))),
        ("PUT", _denied(world, world.rename(bob.tenant, token))),
        ("list", _denied(world, world.tenant_api("GET", f"/tenants/{bob.user_id}", token))),
        ("own again", granted(world.tenant(alice.tenant, token))),
    )


@tenant_api.attack("warm-route", threat=threats.CACHED_POLICY, must="403: another's policy is not hers.")
def _(world: World) -> Outcome:
    """Ask for another's tenant right after its owner has."""
    alice, bob = world.users.alice, world.users.bob
    return together(
        ("the owner", granted(world.tenant(bob.tenant, bob.tokens.id))),
        ("GET", _denied(world, world.tenant(bob.tenant, alice.tokens.id))),
        ("PUT", _denied(world, world.rename(bob.tenant, alice.tokens.id))),
        ("nobody", refused(world.tenant(bob.tenant), 401, hidden=world.hidden)),
        ("the owner again", granted(world.tenant(bob.tenant, bob.tokens.id))),
    )


@tenant_api.attack("cold-refusal", threat=threats.CACHED_POLICY, must="403 first, and then 200 for what is one's own.")
def _(world: World) -> Outcome:
    """Use a fresh token for another's tenant first, and for one's own after that."""
    alice, bob = world.users.alice, world.users.bob
    token = world.accounts.sign_in(alice).id
    return together(
        ("another's", _denied(world, world.tenant(bob.tenant, token))),
        ("own", granted(world.tenant(alice.tenant, token))),
    )


@tenant_api.attack(
    "crossfire", threat=threats.CACHED_POLICY, must="Each gets their own and never the other's, 48 times."
)
def _(world: World) -> Outcome:
    """Send the requests of both, good and bad, all at once and mixed."""
    alice, bob = world.users.alice, world.users.bob

    def shot(number: int) -> Outcome:
        person, other = (alice, bob) if number % 2 else (bob, alice)
        if number % 4 in {0, 1}:
            reply = world.tenant(person.tenant, person.tokens.id)
            own = require(
                person.tenant in reply.text and other.tenant not in reply.text,
                otherwise=f"the reply is not the caller's tenant: {reply}",
                observed="own tenant",
            )
            return own if reply.ok else granted(reply)
        hidden = (other.name, other.email)
        reply = world.tenant(other.tenant, person.tokens.id)
        return refused(reply, 403, hidden=hidden)

    with ThreadPoolExecutor(8) as pool:
        return together(*pool.map(shot, range(48)))


@tenant_api.attack(
    "demoted-admin",
    threat=threats.CACHED_POLICY,
    must="403 at once: a withdrawn role does not live on in a cache or a token.",
)
def _(world: World) -> Outcome:
    """Rename a tenant with a warm token right after having ceased to be its admin."""
    tenant = str(uuid.uuid4())
    person = world.tenant_admin("demoted", tenant)
    while_admin = granted(world.rename(tenant, person.tokens.id, world.run))
    world.accounts.enrol(person, tenant, {"member"})
    return together(("as admin", while_admin), ("as member", refused(world.rename(tenant, person.tokens.id), 403)))


@tenant_api.attack("removed-admin", threat=threats.CACHED_POLICY, must="403 at once.")
def _(world: World) -> Outcome:
    """Rename a tenant with a warm token right after the membership is gone, and after the user's role is."""
    aws, table = world.target.aws, world.target.tenant_users_table
    tenant = str(uuid.uuid4())
    person = world.tenant_admin("removed", tenant)
    while_admin = granted(world.rename(tenant, person.tokens.id, world.run))
    # The authorizer reads the role in the user's item and lets the call pass: the write itself has to refuse.
    aws.dynamodb.delete_item(TableName=table, Key=membership_key(tenant, person.user_id))
    by_the_write = refused(world.rename(tenant, person.tokens.id), 403)
    world.accounts.dismiss(person, tenant)
    by_the_authorizer = refused(world.rename(tenant, person.tokens.id), 403)
    return together(
        ("as admin", while_admin), ("without membership", by_the_write), ("without role", by_the_authorizer)
    )


@tenant_api.attack("admin-elsewhere", threat=threats.CACHED_POLICY, must="403: a role counts in its tenant only.")
def _(world: World) -> Outcome:
    """Rename, as a member, the tenant that is active, being an admin of another."""
    carol = world.users.carol
    elsewhere = [
        item[TENANT_ID]["S"]
        for item in world.run_resources.memberships_of(carol.user_id)
        if item.get("roles") == {"SS": ["admin"]}
    ]
    if not elsewhere:
        return inconclusive("she is not an admin of her first tenant")
    return together(
        ("the active one", world.refusal(world.rename(carol.tenant, carol.tokens.id), 403)),
        ("the other one", refused(world.rename(elsewhere[0], carol.tokens.id), 403)),
    )
