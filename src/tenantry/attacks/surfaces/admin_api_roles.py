"""The roles and functions around the APIs: becoming one, or calling one past its gateway."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Final

from tenantry.attacks import threats
from tenantry.attacks.assertions import DENIALS, denied, together
from tenantry.attacks.outcome import AttackResult, Outcome, breached, held, inconclusive
from tenantry.attacks.registry import REGISTRY

if TYPE_CHECKING:
    from collections.abc import Callable

    from tenantry.attacks.world import World

admin_api: Final = REGISTRY.surface("admin-api")
# The routes of the tenant API, by what the names of their functions contain.
_ROUTES: Final = {
    "TenantGet": ("GET", "/tenant/{tenantId}"),
    "TenantRename": ("PUT", "/tenant/{tenantId}"),
    "TenantUsage": ("GET", "/tenant/{tenantId}/usage"),
    "UserTenantsList": ("GET", "/tenants/{userId}"),
}


def _roles(world: World) -> list[str]:
    """Return the ARNs of all roles that the stacks have made."""
    aws = world.target.aws
    return [aws.iam.get_role(RoleName=name)["Role"]["Arn"] for name in world.ids_of("AWS::IAM::Role")]


def _assumptions(world: World, assume: Callable[[str], object], codes: frozenset[str]) -> Outcome:
    roles = _roles(world)
    if not roles:
        return inconclusive("the stacks have no roles")
    outcomes = [(role.rsplit("/", 1)[-1], denied(partial(assume, role), codes=codes)) for role in roles]
    worst = together(*outcomes)
    return held(f"{len(roles)} roles, all denied") if worst.result is AttackResult.HELD else worst


_TRUST_DENIALS: Final = DENIALS | {"InvalidIdentityToken", "ValidationError", "IDPRejectedClaim"}


@admin_api.attack("assume-as-stranger", threat=threats.LOOSE_POLICY, must="STS denies each.")
def _(world: World) -> Outcome:
    """Assume each role of the application without credentials."""
    sts = world.target.aws.anonymous().sts
    return _assumptions(world, lambda role: sts.assume_role(RoleArn=role, RoleSessionName=world.run), _TRUST_DENIALS)


@admin_api.attack("assume-as-nobody", threat=threats.LOOSE_POLICY, must="STS denies each.")
def _(world: World) -> Outcome:
    """Assume each role of the application as a principal that has been granted nothing."""
    sts = world.nobody.sts
    return _assumptions(world, lambda role: sts.assume_role(RoleArn=role, RoleSessionName=world.run), _TRUST_DENIALS)


@admin_api.attack(
    "assume-as-assumer", threat=threats.LOOSE_POLICY, must="STS denies each: the roles trust AWS services only."
)
def _(world: World) -> Outcome:
    """Assume each role of the application as a principal that IAM lets assume any role."""
    anyone = world.role("assumer", {"Effect": "Allow", "Action": "sts:*", "Resource": "*"})
    return _assumptions(
        world, lambda role: anyone.sts.assume_role(RoleArn=role, RoleSessionName=world.run), _TRUST_DENIALS
    )


@admin_api.attack("assume-by-token", threat=threats.LOOSE_POLICY, must="STS denies each.")
def _(world: World) -> Outcome:
    """Assume each role of the application with a user's good ID token."""
    sts, token = world.target.aws.anonymous().sts, world.users.alice.tokens.id

    def assume(role: str) -> object:
        return sts.assume_role_with_web_identity(RoleArn=role, RoleSessionName=world.run, WebIdentityToken=token)

    return _assumptions(world, assume, _TRUST_DENIALS)


@admin_api.attack("invoke-functions", threat=threats.LOOSE_POLICY, must="Lambda denies each call.")
def _(world: World) -> Outcome:
    """Call the functions behind both APIs directly, with an authorizer's policy of one's own in the event."""
    names = world.ids_of("AWS::Lambda::Function")
    context = {"userId": world.users.bob.user_id, "tenantId": world.users.bob.tenant}
    event = {"pathParameters": {**context}, "requestContext": {"authorizer": context, "requestId": world.run}}
    payload = json.dumps(event).encode()
    steps = [
        (f"{name} {who}", denied(partial(client.invoke, FunctionName=name, Payload=payload)))
        for name in names
        for who, client in (
            ("unsigned", world.target.aws.anonymous().functions),
            ("without a grant", world.nobody.functions),
        )
    ]
    if not steps:
        return inconclusive("the stacks have no functions")
    worst = together(*steps)
    return held(f"{len(names)} functions, all denied") if worst.result is AttackResult.HELD else worst


@admin_api.attack(
    "no-authorizer",
    threat=threats.NO_TOKEN,
    must="A refusal, in a word: each function checks for itself that the authorizer was there.",
)
def _(world: World) -> Outcome:
    """Call the tenant API's functions past the gateway, with the operator's credentials and no authorizer context."""
    bob, steps = world.users.bob, []
    api_functions = [name for name in world.ids_of("AWS::Lambda::Function") if _serves_tenants(name)]
    event = {
        "pathParameters": {"tenantId": bob.tenant, "userId": bob.user_id},
        "headers": {"X-Tenant-Id": bob.tenant},
        "body": '{"name": "x"}',
        "requestContext": {"requestId": world.run},
    }
    for name in api_functions:
        method, resource = next(route for part, route in _ROUTES.items() if part in name)
        sent = {**event, "httpMethod": method, "resource": resource}
        answer = world.target.aws.functions.invoke(FunctionName=name, Payload=json.dumps(sent).encode())
        payload = answer["Payload"].read().decode()
        status = (json.loads(payload) or {}).get("statusCode", 0)
        if any(value in payload for value in (*world.hidden, '"tenants"')):
            steps.append((name, breached(f"it answers: {payload[:200]}")))
        else:
            steps.append((name, held(str(status)) if status in {401, 403} else inconclusive(payload[:200])))
    return together(*steps) if steps else inconclusive("no function of the tenant API is found")


def _serves_tenants(name: str) -> bool:
    return any(part in name for part in _ROUTES) and "Admin" not in name
