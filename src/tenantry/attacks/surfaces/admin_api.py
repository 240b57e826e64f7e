"""The admin API, which IAM guards, and the roles and functions around it."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from botocore.credentials import ReadOnlyCredentials

from tenantry.attacks import threats
from tenantry.attacks.assertions import granted, refused, require, together
from tenantry.attacks.http import shortened
from tenantry.attacks.outcome import Outcome, breached, held
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


def _shut(world: World, reply: Reply, *also: int) -> Outcome:
    """Check a refusal beside a request that the operator signs, and that must be answered."""
    hidden = (*world.hidden, world.users.bob.tenant)
    return refused(reply, 403, *also, hidden=hidden, control=lambda: world.admin_api(_path(world), world.signer()))


@admin_api.attack(
    "operator", threat=threats.LOOSE_POLICY, must="200 with that user's tenants and no others, also for another user."
)
def _(world: World) -> Outcome:
    """Ask as the operator, whom IAM allows: the control of all other attacks here."""
    replies = {
        person: world.admin_api(f"/tenants/{person.user_id}", world.signer())
        for person in (world.users.alice, world.users.bob)
    }
    outcomes = []
    for person, reply in replies.items():
        right = require(
            not reply.ok or reply.json() == {"tenants": [person.tenant]},
            otherwise=f"the reply is not the user's tenants: {reply}",
            observed="that user's tenant alone",
        )
        outcomes += [granted(reply), right]
    return together(*outcomes)


# Without IAM's word


def _unsigned(world: World, headers: Callable[[World], dict[str, str]], query: str = "") -> Outcome:
    return _shut(world, world.admin_api(_path(world) + query, headers=headers(world)), 401)


_UNSIGNED: Final[tuple[tuple[str, str, Callable[[World], dict[str, str]], str], ...]] = (
    ("unsigned", "without a signature", lambda _: {}, ""),
    (
        "own-token",
        "with a user's good ID token",
        lambda world: {"Authorization": f"Bearer {world.users.bob.tokens.id}"},
        "",
    ),
    (
        "access-token",
        "with a user's access token",
        lambda world: {"Authorization": f"Bearer {world.users.bob.tokens.access}"},
        "",
    ),
    ("bare-token", "with a user's token and no scheme", lambda world: {"Authorization": world.users.bob.tokens.id}, ""),
    (
        "half-signature",
        "with a signature's header but no signature",
        lambda world: {
            "Authorization": f"AWS4-HMAC-SHA256 Credential={world.signer().credentials.access_key}/20260101/"
            f"{world.target.aws.region}/execute-api/aws4_request, SignedHeaders=host, Signature="
        },
        "",
    ),
    (
        "empty-scheme",
        "with the scheme of a signature and nothing else",
        lambda _: {"Authorization": "AWS4-HMAC-SHA256"},
        "",
    ),
    ("basic", "with a key as Basic credentials", lambda _: {"Authorization": "Basic dGVzdDp0ZXN0"}, ""),
    (
        "iam-headers",
        "with headers that claim a caller",
        lambda world: {
            "X-Amzn-Caller-Identity": "root",
            "X-Amz-Security-Token": "x",
            "X-Amz-Date": "20260101T000000Z",
            "X-Tenant-Id": world.users.bob.tenant,
        },
        "",
    ),
    (
        "query-signature",
        "with a made-up signature in the query",
        lambda _: {},
        "?"
        + urlencode(
            {
                "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
                "X-Amz-Credential": "AKIAIOSFODNN7EXAMPLE/20260101/us-east-1/execute-api/aws4_request",
                "X-Amz-Date": "20260101T000000Z",
                "X-Amz-Expires": "86400",
                "X-Amz-SignedHeaders": "host",
                "X-Amz-Signature": "0" * 64,
            }
        ),
    ),
)
for _slug, _how, _headers, _query in _UNSIGNED:
    admin_api.add(
        _slug,
        threat=threats.NO_TOKEN if "token" not in _slug else threats.FORGED_TOKEN,
        tries=f"Ask for another's tenants {_how}.",
        must=_SHUT,
        run=partial(_unsigned, headers=_headers, query=_query),
    )


# With the wrong signature


def _visitor(world: World) -> Aws:
    """Return a principal that may invoke this API: what differs below is the signature alone."""
    return world.once("visitor", lambda: world.role("visitor", _may_invoke(world, "/*")))


def _may_invoke(world: World, path: str) -> dict[str, object]:
    return {
        "Effect": "Allow",
        "Action": "execute-api:Invoke",
        "Resource": f"arn:aws:execute-api:{world.target.aws.region}:*:{_api_id(world)}/*/GET{path}",
    }


def _api_id(world: World) -> str:
    """Return the admin API's id, which its address begins with on AWS, and contains on a local cloud."""
    apis = world.target.aws.apigateway.get_paginator("get_rest_apis").paginate()
    return next(api["id"] for page in apis for api in page["items"] if api["id"] in world.target.admin_api)


def _missigned(world: World, change: Callable[[Signer], Signer]) -> Outcome:
    signer = world.signer(_visitor(world))
    control = partial(world.admin_api, _path(world), signer)
    reply = world.admin_api(_path(world), change(signer))
    return refused(reply, 403, hidden=(*world.hidden, world.users.bob.tenant), control=control)


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
for _slug, _how, _change in _MISSIGNED:
    admin_api.add(
        _slug,
        threat=threats.FORGED_TOKEN,
        tries=f"Ask for another's tenants, signed {_how}, where the right signature would be accepted.",
        must="403, and no tenant is named; the right signature gets one.",
        run=partial(_missigned, change=_change),
    )


def _replayed(world: World, altered: Callable[[World], str], method: str = "GET") -> Outcome:
    """Send the headers of a signed request with something else than was signed."""
    signer = world.signer(_visitor(world))
    own = world.target.admin_api + f"/tenants/{world.users.alice.user_id}"
    headers = signer.headers("GET", own)
    reply = world.http.send(method, world.target.admin_api + altered(world), headers=headers)
    control = partial(world.http.send, "GET", own, headers=headers)
    return refused(reply, 403, hidden=(*world.hidden, world.users.bob.tenant), control=control)


_REPLAYED: Final[tuple[tuple[str, str, Callable[[World], str], str], ...]] = (
    ("replayed-path", "another user's path", _path, "GET"),
    (
        "replayed-query",
        "a query",
        lambda world: f"/tenants/{world.users.alice.user_id}?userId={world.users.bob.user_id}",
        "GET",
    ),
    (
        "replayed-dots",
        "the way to another user's path",
        lambda world: f"/tenants/{world.users.alice.user_id}/../{world.users.bob.user_id}",
        "GET",
    ),
)
for _slug, _what, _altered, _verb in _REPLAYED:
    admin_api.add(
        _slug,
        threat=threats.FORGED_TOKEN,
        tries=f"Catch a signed request for one user's tenants, and send its signature with {_what}.",
        must="403: a signature is valid only for what was signed.",
        run=partial(_replayed, altered=_altered, method=_verb),
    )


# As a principal who may not


@admin_api.attack("no-grant", threat=threats.LOOSE_POLICY, must=_SHUT)
def _(world: World) -> Outcome:
    """Ask as a principal of the account that has been granted nothing."""
    return _shut(world, world.admin_api(_path(world), world.signer(world.nobody)))


@admin_api.attack(
    "other-grant", threat=threats.LOOSE_POLICY, must="403 for another's; 200 for the path that was granted."
)
def _(world: World) -> Outcome:
    """Ask as a principal that may invoke the API for one user's path only."""
    alice = world.users.alice
    clerk = world.signer(world.role("clerk", _may_invoke(world, f"/tenants/{alice.user_id}")))
    granted_path = granted(world.admin_api(f"/tenants/{alice.user_id}", clerk))
    return together(
        ("the granted path", granted_path), ("another's", _shut(world, world.admin_api(_path(world), clerk)))
    )


def _hostile_user(world: World, user: str) -> Outcome:
    bob = world.users.bob
    raw = user.replace("BOB", bob.user_id)
    # Signed as it is sent, so that it is the API that judges it, and not the signature.
    reply = world.admin_api(f"/tenants/{raw}", world.signer())
    if reply.ok and reply.json() == {"tenants": []}:
        return held(str(reply))
    return refused(
        reply,
        400,
        403,
        404,
        hidden=(*world.hidden, bob.tenant),
        control=lambda: world.admin_api(_path(world), world.signer()),
    )


for _slug, _raw in (
    ("asterisk", "*"),
    ("space", "BOB%20"),
    ("comma", "BOB,BOB"),
    ("dots", "BOB..BOB"),
    ("nul", "BOB%00"),
    ("condition", "x%22%20OR%20%221%22=%221"),
    ("long", "B" * 200),
):
    admin_api.add(
        f"user-{_slug}",
        threat=threats.HOSTILE_NAMES,
        tries=f"Ask as the operator for the tenants of the user `{shortened(_raw)}`.",
        must="Refused, or nobody's tenants: never another user's.",
        run=partial(_hostile_user, user=_raw),
    )


@admin_api.attack("existence", threat=threats.EXISTENCE_SHOWN, must="The same refusal for both.")
def _(world: World) -> Outcome:
    """Compare, without a grant, the replies for a user who exists and for one who does not."""
    signer, stranger = world.signer(world.nobody), str(uuid.uuid4())
    there, nowhere = world.admin_api(_path(world), signer), world.admin_api(f"/tenants/{stranger}", signer)
    # AWS names the resource that was asked for; apart from that, the texts must be the same.
    if (there.status, there.text.replace(world.users.bob.user_id, stranger)) != (nowhere.status, nowhere.text):
        return breached(f"the replies differ: {there} and {nowhere}")
    return _shut(world, there)
