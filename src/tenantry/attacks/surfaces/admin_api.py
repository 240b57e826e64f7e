"""The admin API, which IAM guards, and the roles and functions around it."""

from __future__ import annotations

import json
import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from botocore.credentials import ReadOnlyCredentials

from tenantry.attacks import threats
from tenantry.attacks.assertions import DENIALS, all_denied, granted, refused, require, together
from tenantry.attacks.http import shortened
from tenantry.attacks.outcome import Outcome, breached, held, inconclusive
from tenantry.attacks.per_run import once_per_run
from tenantry.attacks.registry import REGISTRY

if TYPE_CHECKING:
    from collections.abc import Callable

    from tenantry.attacks.http import Reply
    from tenantry.attacks.sigv4 import Signer
    from tenantry.attacks.world import World
    from tenantry.operate.aws import Aws

admin_api: Final = REGISTRY.surface(
    "admin-api",
    "Requests without a signature, with a wrong one or with another principal's; assuming the application's "
    "roles; calling functions past the gateway",
)

_SHUT: Final = "403, and no tenant is named; the operator's own request gets one."


def _path(world: World) -> str:
    return f"/tenants/{world.users.bob.user_id}"


def _ask(world: World, signer: Signer | None = None, path: str = "") -> Reply:
    """Ask for Bob's tenants, if for nobody else's."""
    return world.admin_api("GET", path or _path(world), signer=signer)


def _refused(world: World, reply: Reply, *statuses: int, control: Callable[[], Reply]) -> Outcome:
    return refused(reply, *statuses, hidden=(*world.hidden, world.users.bob.tenant), control=control)


def _shut(world: World, reply: Reply, *also: int) -> Outcome:
    """Check a refusal beside a request that the operator signs, and that must be answered."""
    return _refused(world, reply, 403, *also, control=lambda: _ask(world, world.signer()))


@admin_api.attack(
    "operator", threat=threats.LOOSE_POLICY, must="200 with that user's tenants and no others, also for another user."
)
def _(world: World) -> Outcome:
    """Ask as the operator, whom IAM allows: the control of all other attacks here."""
    outcomes = []
    for person in (world.users.alice, world.users.bob):
        reply = _ask(world, world.signer(), f"/tenants/{person.user_id}")
        right = require(
            not reply.ok or reply.json() == {"tenants": [person.tenant]},
            otherwise=f"the reply is not the user's tenants: {reply}",
            observed="that user's tenant alone",
        )
        outcomes += [granted(reply), right]
    return together(*outcomes)


# Without IAM's word


_UNSIGNED: Final[tuple[tuple[str, str, Callable[[World], dict[str, str]]], ...]] = (
    ("unsigned", "without a signature", lambda _: {}),
    (
        "own-token",
        "with a user's good ID token",
        lambda world: {"Authorization": f"Bearer {world.users.bob.tokens.id}"},
    ),
    (
        "access-token",
        "with a user's access token",
        lambda world: {"Authorization": f"Bearer {world.users.bob.tokens.access}"},
    ),
    ("bare-token", "with a user's token and no scheme", lambda world: {"Authorization": world.users.bob.tokens.id}),
    (
        "half-signature",
        "with a signature's header but no signature",
        lambda world: {
            "Authorization": f"AWS4-HMAC-SHA256 Credential={world.signer().credentials.access_key}/20260101/"
            f"{world.target.aws.region}/execute-api/aws4_request, SignedHeaders=host, Signature="
        },
    ),
    (
        "empty-scheme",
        "with the scheme of a signature and nothing else",
        lambda _: {"Authorization": "AWS4-HMAC-SHA256"},
    ),
    ("basic", "with a key as Basic credentials", lambda _: {"Authorization": "Basic dGVzdDp0ZXN0"}),
    (
        "iam-headers",
        "with headers that claim a caller",
        lambda world: {
            "X-Amzn-Caller-Identity": "root",
            "X-Amz-Security-Token": "x",
            "X-Amz-Date": "20260101T000000Z",
            "X-Tenant-Id": world.users.bob.tenant,
        },
    ),
)


def _unsigned(world: World, headers: Callable[[World], dict[str, str]]) -> Outcome:
    return _shut(world, world.admin_api("GET", _path(world), headers=headers(world)), 401)


for _slug, _how, _headers in _UNSIGNED:
    admin_api.add(
        _slug,
        threat=threats.NO_TOKEN if "token" not in _slug else threats.FORGED_TOKEN,
        tries=f"Ask for another's tenants {_how}.",
        must=_SHUT,
        run=partial(_unsigned, headers=_headers),
    )


@admin_api.attack("query-signature", threat=threats.NO_TOKEN, must=_SHUT)
def _(world: World) -> Outcome:
    """Ask for another's tenants with a made-up signature in the query."""
    signature = {
        "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
        "X-Amz-Credential": "AKIAIOSFODNN7EXAMPLE/20260101/us-east-1/execute-api/aws4_request",
        "X-Amz-Date": "20260101T000000Z",
        "X-Amz-Expires": "86400",
        "X-Amz-SignedHeaders": "host",
        "X-Amz-Signature": "0" * 64,
    }
    return _shut(world, _ask(world, path=f"{_path(world)}?{urlencode(signature)}"), 401)


# With the wrong signature


@once_per_run
def _visitor(world: World) -> Aws:
    """Return a principal that may invoke this API: what differs below is the signature alone."""
    return world.role("visitor", _may_invoke(world, "/*"))


def _may_invoke(world: World, path: str) -> dict[str, object]:
    api, _ = world.api_at(world.target.admin_api)
    arn = f"arn:aws:execute-api:{world.target.aws.region}:*:{api}/*/GET{path}"
    return {"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": arn}


def _with_key(signer: Signer, access_key: str = "", secret_key: str = "", token: str = "") -> Signer:
    key = signer.credentials
    return replace(
        signer,
        credentials=ReadOnlyCredentials(access_key or key.access_key, secret_key or key.secret_key, token or key.token),
    )


_MISSIGNED: Final[tuple[tuple[str, str, Callable[[Signer], Signer]], ...]] = (
    ("wrong-secret", "with another secret", lambda signer: _with_key(signer, "", "A" * 40)),
    (
        "unknown-key",
        "with a key that AWS's documentation prints",
        lambda signer: _with_key(signer, "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
    ),
    ("guessed-key", "with the key `test`", lambda signer: _with_key(signer, "test", "test")),
    (
        "account-key",
        "with an account's id as the key",
        lambda signer: _with_key(signer, "000000000000", "test"),
    ),
    ("wrong-session", "with another session's token", lambda signer: _with_key(signer, "", "", "A" * 200)),
    ("other-service", "for another service", lambda signer: replace(signer, service="s3")),
    (
        "other-region",
        "for another region",
        lambda signer: replace(signer, region="eu-south-2" if signer.region != "eu-south-2" else "us-east-1"),
    ),
    ("old-signature", "an hour ago", lambda signer: replace(signer, at=datetime.now(UTC) - timedelta(hours=1))),
    (
        "early-signature",
        "for an hour from now",
        lambda signer: replace(signer, at=datetime.now(UTC) + timedelta(hours=1)),
    ),
)


@admin_api.each(
    _MISSIGNED,
    threat=threats.FORGED_TOKEN,
    tries="Ask for another's tenants, signed {}, where the right signature would be accepted.",
    must="403, and no tenant is named; the right signature gets one.",
)
def _missigned(world: World, change: Callable[[Signer], Signer]) -> Outcome:
    signer = world.signer(_visitor(world))
    return _refused(world, _ask(world, change(signer)), 403, control=lambda: _ask(world, signer))


_REPLAYED: Final[tuple[tuple[str, str, Callable[[World], str]], ...]] = (
    ("replayed-path", "another user's path", _path),
    (
        "replayed-query",
        "a query",
        lambda world: f"/tenants/{world.users.alice.user_id}?userId={world.users.bob.user_id}",
    ),
    (
        "replayed-dots",
        "the way to another user's path",
        lambda world: f"/tenants/{world.users.alice.user_id}/../{world.users.bob.user_id}",
    ),
)


@admin_api.each(
    _REPLAYED,
    threat=threats.FORGED_TOKEN,
    tries="Catch a signed request for one user's tenants, and send its signature with {}.",
    must="403: a signature is valid only for what was signed.",
)
def _replayed(world: World, altered: Callable[[World], str]) -> Outcome:
    """Send the headers of a signed request with something else than was signed."""
    own = f"/tenants/{world.users.alice.user_id}"
    headers = world.signer(_visitor(world)).headers("GET", world.target.admin_api + own)
    reply = world.admin_api("GET", altered(world), headers=headers)
    return _refused(world, reply, 403, control=lambda: world.admin_api("GET", own, headers=headers))


# As a principal who may not


@admin_api.attack("no-grant", threat=threats.LOOSE_POLICY, must=_SHUT)
def _(world: World) -> Outcome:
    """Ask as a principal of the account that has been granted nothing."""
    return _shut(world, _ask(world, world.signer(world.nobody)))


@admin_api.attack(
    "other-grant", threat=threats.LOOSE_POLICY, must="403 for another's; 200 for the path that was granted."
)
def _(world: World) -> Outcome:
    """Ask as a principal that may invoke the API for one user's path only."""
    alice = world.users.alice
    clerk = world.signer(world.role("clerk", _may_invoke(world, f"/tenants/{alice.user_id}")))
    granted_path = granted(_ask(world, clerk, f"/tenants/{alice.user_id}"))
    return together(("the granted path", granted_path), ("another's", _shut(world, _ask(world, clerk))))


_USERS: Final = (
    ("asterisk", "*"),
    ("space", "BOB%20"),
    ("comma", "BOB,BOB"),
    ("dots", "BOB..BOB"),
    ("nul", "BOB%00"),
    ("condition", "x%22%20OR%20%221%22=%221"),
    ("long", "B" * 200),
)


@admin_api.each(
    ((slug, shortened(raw), raw) for slug, raw in _USERS),
    "user-{}",
    threat=threats.HOSTILE_NAMES,
    tries="Ask as the operator for the tenants of the user `{}`.",
    must="Refused, or nobody's tenants: never another user's.",
)
def _hostile_user(world: World, user: str) -> Outcome:
    # Signed as it is sent, so that it is the API that judges it, and not the signature.
    reply = _ask(world, world.signer(), f"/tenants/{user.replace('BOB', world.users.bob.user_id)}")
    if reply.ok and reply.json() == {"tenants": []}:
        return held(str(reply))
    return _shut(world, reply, 400, 404)


@admin_api.attack("existence", threat=threats.EXISTENCE_SHOWN, must="The same refusal for both.")
def _(world: World) -> Outcome:
    """Compare, without a grant, the replies for a user who exists and for one who does not."""
    signer, stranger = world.signer(world.nobody), str(uuid.uuid4())
    there, nowhere = _ask(world, signer), _ask(world, signer, f"/tenants/{stranger}")
    # AWS names the resource that was asked for; apart from that, the texts must be the same.
    if (there.status, there.text.replace(world.users.bob.user_id, stranger)) != (nowhere.status, nowhere.text):
        return breached(f"the replies differ: {there} and {nowhere}")
    return _shut(world, there)


# Becoming a role, or calling a function past its gateway

# The routes of the tenant API, by what the names of their functions contain.
_ROUTES: Final = {
    "TenantGet": ("GET", "/tenant/{tenantId}"),
    "TenantRename": ("PUT", "/tenant/{tenantId}"),
    "TenantUsage": ("GET", "/tenant/{tenantId}/usage"),
    "UserTenantsList": ("GET", "/tenants/{userId}"),
}


_TRUST_DENIALS: Final = DENIALS | {"InvalidIdentityToken", "ValidationError", "IDPRejectedClaim"}


def _assumptions(world: World, assume: Callable[..., object], **given: str) -> Outcome:
    """Assume each role that the stacks have made."""
    get = world.target.aws.iam.get_role
    roles = {name: get(RoleName=name)["Role"]["Arn"] for name in world.ids_of("AWS::IAM::Role")}
    calls = [(name, partial(assume, RoleArn=arn, RoleSessionName=world.run, **given)) for name, arn in roles.items()]
    return together(*all_denied(calls, codes=_TRUST_DENIALS), told=f"{len(roles)} roles, all denied")


@admin_api.attack("assume-as-stranger", threat=threats.LOOSE_POLICY, must="STS denies each.")
def _(world: World) -> Outcome:
    """Assume each role of the application without credentials."""
    return _assumptions(world, world.target.aws.anonymous().sts.assume_role)


@admin_api.attack("assume-as-nobody", threat=threats.LOOSE_POLICY, must="STS denies each.")
def _(world: World) -> Outcome:
    """Assume each role of the application as a principal that has been granted nothing."""
    return _assumptions(world, world.nobody.sts.assume_role)


@admin_api.attack(
    "assume-as-assumer", threat=threats.LOOSE_POLICY, must="STS denies each: the roles trust AWS services only."
)
def _(world: World) -> Outcome:
    """Assume each role of the application as a principal that IAM lets assume any role."""
    anyone = world.role("assumer", {"Effect": "Allow", "Action": "sts:*", "Resource": "*"})
    return _assumptions(world, anyone.sts.assume_role)


@admin_api.attack("assume-by-token", threat=threats.LOOSE_POLICY, must="STS denies each.")
def _(world: World) -> Outcome:
    """Assume each role of the application with a user's good ID token."""
    sts, token = world.target.aws.anonymous().sts, world.users.alice.tokens.id
    return _assumptions(world, sts.assume_role_with_web_identity, WebIdentityToken=token)


@admin_api.attack("invoke-functions", threat=threats.LOOSE_POLICY, must="Lambda denies each call.")
def _(world: World) -> Outcome:
    """Call the functions behind both APIs directly, with an authorizer's policy of one's own in the event."""
    names = world.ids_of("AWS::Lambda::Function")
    context = {"userId": world.users.bob.user_id, "tenantId": world.users.bob.tenant}
    event = {"pathParameters": {**context}, "requestContext": {"authorizer": context, "requestId": world.run}}
    payload = json.dumps(event).encode()
    callers = (("unsigned", world.target.aws.anonymous()), ("without a grant", world.nobody))
    calls = [
        (f"{name} {who}", partial(aws.functions.invoke, FunctionName=name, Payload=payload))
        for name in names
        for who, aws in callers
    ]
    return together(*all_denied(calls), told=f"{len(names)} functions, all denied")


@admin_api.attack(
    "no-authorizer",
    threat=threats.NO_TOKEN,
    must="A refusal, in a word: each function checks for itself that the authorizer was there.",
)
def _(world: World) -> Outcome:
    """Call the tenant API's functions past the gateway, with the operator's credentials and no authorizer context."""
    bob, steps = world.users.bob, []
    event = {
        "pathParameters": {"tenantId": bob.tenant, "userId": bob.user_id},
        "headers": {"X-Tenant-Id": bob.tenant},
        "body": '{"name": "x"}',
        "requestContext": {"requestId": world.run},
    }
    served = ((name, part) for name in world.ids_of("AWS::Lambda::Function") for part in _ROUTES if part in name)
    for name, part in served:
        if "Admin" in name:
            continue
        method, resource = _ROUTES[part]
        sent = {**event, "httpMethod": method, "resource": resource}
        answer = world.target.aws.functions.invoke(FunctionName=name, Payload=json.dumps(sent).encode())
        payload = answer["Payload"].read().decode()
        status = (json.loads(payload) or {}).get("statusCode", 0)
        if any(value in payload for value in (*world.hidden, '"tenants"')):
            steps.append((name, breached(f"it answers: {payload[:200]}")))
        else:
            steps.append((name, held(str(status)) if status in {401, 403} else inconclusive(payload[:200])))
    return together(*steps)
