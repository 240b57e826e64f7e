"""Tokens of the storage API: forged, borrowed and misshapen ones, and the issuer of those that it issues itself."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

import jwt

from tenantry.attacks import jws, threats
from tenantry.attacks.assertions import granted, refused, require, together
from tenantry.attacks.forged_tokens import FORGERIES, Forgery, Material
from tenantry.attacks.outcome import AttackResult, Outcome, breached, held, inconclusive
from tenantry.attacks.per_run import once_per_run
from tenantry.attacks.registry import REGISTRY
from tenantry.attacks.storage import Storage
from tenantry.attacks.surfaces.identity import material_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tenantry.attacks.http import Reply
    from tenantry.attacks.world import World

tokens: Final = REGISTRY.surface(
    "tokens",
    "The storage API's `x-token`: forged tokens, valid signatures over wrong claims, ids with a meaning in a "
    "policy or a key, and the issuer",
)

_OPEN_ISSUER: Final = ("local", "dev")
"""The environments in which the hands-on is played: the issuer is open there, and the secret is the published one."""
_PUBLISHED: Final = b"aws-saas-factory"
_AS_WITHOUT: Final = "401, and the very reply that a request without a token gets."
_HOUR: Final = 3600


def _good(world: World) -> Reply:
    """Send the good request beside a bad one: Alice lists her objects."""
    api = Storage.of(world)
    return world.recent("objects", lambda: api.listing(api.alice, "prefix"))


@once_per_run
def _plain(world: World) -> Reply:
    """Return what a request without a token gets."""
    return Storage.of(world).send("GET", "?partition=prefix", None)


def _shut(world: World, token: str | None, *, headers: Mapping[str, str] | None = None, more: str = "") -> Outcome:
    reply = Storage.of(world).send("GET", f"?partition=prefix{more}", token, headers=headers)
    hidden = (*world.hidden, *Storage.of(world).inner_names)
    return refused(reply, 401, like=_plain(world), hidden=hidden, control=lambda: _good(world))


# Tokens that nobody has issued


@once_per_run
def _materials(world: World) -> tuple[Material, Material]:
    """Return what an attacker knows, for tokens of the pool's form and for those of the storage API's own."""
    pool, bob = material_of(world), Storage.of(world).bob
    issued = _claims(world, bob.tenant, bob.user)
    return pool, replace(pool, wanted=issued)


def _claims(world: World, tenant: object, user: object, /, **more: object) -> dict[str, Any]:
    """Return the claims of a token that the API would issue; None leaves one out."""
    now, issuer = int(time.time()), f"{world.target.app}-storage"
    ids = {"tenant_id": tenant, "user_id": user}
    claims = {**ids, "iat": now, "exp": now + _HOUR, "iss": issuer, "aud": issuer, **more}
    return {name: value for name, value in claims.items() if value is not None}


@tokens.each(
    # Two are said of `Authorization`; and one's own is tried below.
    ((made.slug, made.tries, made) for made in FORGERIES if made.slug not in {"empty", "own-truncated"}),
    threat=threats.FORGED_TOKEN,
    tries="{}",
    must=_AS_WITHOUT,
)
def _forged(world: World, forgery: Forgery) -> Outcome:
    pool, issued = _materials(world)
    return _shut(world, forgery.make(issued if forgery.slug.startswith("hs") else pool))


@tokens.attack("none", threat=threats.NO_TOKEN, must=_AS_WITHOUT)
def _(world: World) -> Outcome:
    """Send no token, an empty one, and words that stand for none."""
    return together(*(_shut(world, token) for token in (None, "", "null", "undefined")))


@tokens.attack("elsewhere", threat=threats.NO_TOKEN, must="401: the token counts in its own header only.")
def _(world: World) -> Outcome:
    """Send one's own token in `Authorization`, in a cookie, in the query and under look-alikes of the header's name."""
    token = Storage.of(world).alice.token
    steps = [
        _shut(world, None, headers=headers)
        for headers in (
            {"Authorization": f"Bearer {token}"},
            {"Cookie": f"x-token={token}"},
            {"x_token": token},
            {"token": token},
            {"x-tokens": token},
        )
    ]
    return together(*steps, _shut(world, None, more=f"&x-token={token}"), _shut(world, f"Bearer {token}"))


_NAMED: Final = ("x-tenant-id", "x-user-id", "tenant_id", "user_id", "tenantId", "cognito:username", "tenant")


def _naming(world: World) -> tuple[dict[str, str], str]:
    """Return headers and a query that name the victim's tenant and user."""
    bob = Storage.of(world).bob
    named = {name: bob.user if "user" in name else bob.tenant for name in _NAMED}
    query = "&" + "&".join(f"{quote(name)}={quote(value)}" for name, value in named.items())
    return {name: value for name, value in named.items() if ":" not in name}, query


@tokens.attack("named-tenant", threat=threats.NO_TOKEN, must=_AS_WITHOUT)
def _(world: World) -> Outcome:
    """Name the victim's tenant and user in headers and in the query, without a token."""
    headers, query = _naming(world)
    return together(_shut(world, None, headers=headers), _shut(world, None, more=query))


@tokens.attack("named-beside", threat=threats.WRONG_TENANT, must="One's own objects each time: the token alone counts.")
def _(world: World) -> Outcome:
    """Name the victim's tenant and user in headers, query and body beside one's own good token."""
    api, (headers, query) = Storage.of(world), _naming(world)
    alice, bob, key = api.alice, api.bob, "named-beside.txt"
    body = {"key": key, "value": "the attacker's"}
    put = api.send("PUT", f"?partition=prefix{query}", alice.token, headers=headers, body=body)
    claimed = {"key": f"not-{key}", "value": "x", "tenant_id": bob.tenant, "user_id": bob.user}
    theirs = api.names(bob, "prefix")
    return together(
        ("storing", granted(put)),
        ("a body that names them", refused(api.put(alice, "prefix", claimed), 400, hidden=world.hidden)),
        ("listing", _lists(api.send("GET", f"?partition=prefix{query}", alice.token, headers=headers), key)),
        ("the victim", require(key not in theirs, otherwise="it is stored there", observed="nothing is stored there")),
    )


def _lists(reply: Reply, key: str) -> Outcome:
    names = reply.field("result") if reply.ok else None
    return held("one's own") if key in (names or []) else inconclusive(f"one's own is not listed: {reply}")


@tokens.attack("pool-access", threat=threats.FORGED_TOKEN, must=_AS_WITHOUT)
def _(world: World) -> Outcome:
    """Send one's own access token, and one's refresh token, where an ID token is due."""
    own = world.users.alice.tokens
    return together(_shut(world, own.access), _shut(world, own.refresh))


@tokens.attack("pool-elsewhere", threat=threats.WRONG_TENANT, must="401 at the other API, and one's own objects here.")
def _(world: World) -> Outcome:
    """Send a token that the storage API has issued for the victim to the tenant API and to the employees API."""
    api = Storage.of(world)
    issued = api.stranger(api.bob.tenant, api.bob.user).token
    return together(
        world.refusal(world.tenant(api.bob.tenant, issued), 401),
        refused(world.employees_api("GET", "/employees", issued), 401, hidden=world.hidden),
        ("here", granted(api.send("GET", "?partition=prefix", issued))),
    )


@tokens.attack("mangled", threat=threats.FORGED_TOKEN, must=_AS_WITHOUT)
def _(world: World) -> Outcome:
    """Change claims, algorithm and signature of a token that was issued to oneself, while its policy is cached."""
    api = Storage.of(world)
    own = world.once("mangled", lambda: api.stranger(f"{world.run[-8:]}-own", "u")).token
    warm = api.send("GET", "?partition=prefix", own)
    head, _, signature = own.split(".")
    payload = jws.b64(json.dumps(_claims(world, api.bob.tenant, api.bob.user)).encode())
    none = jws.b64(b'{"alg":"none","typ":"JWT"}')
    other = "A" if signature[0] != "A" else "B"
    forms = (
        f"{head}.{payload}.{signature}",
        f"{none}.{payload}.",
        f"{none}.{payload}.{signature}",
        own[:-20],
        f"{head}.{own.split('.')[1]}.{other}{signature[1:]}",
        f"{own}.{payload}",
    )
    return together(("one's own", granted(warm)), *(_shut(world, form) for form in forms))


# Tokens that the published secret signs, where it is in force


def _sign(claims: Mapping[str, Any], *, secret: bytes = _PUBLISHED, alg: str = "HS256") -> str:
    header = {"alg": alg, "typ": "JWT"}
    return jws.compact(header, claims, jws.hmac_with(secret, f"sha{alg[2:]}"))


@once_per_run
def _in_force(world: World) -> bool:
    """Return whether the published secret opens this environment, tried with a tenant of the run's own."""
    token = _sign(_claims(world, f"{world.run[-8:]}-own", "u"))
    return Storage.of(world).send("GET", "?partition=prefix", token).ok


@tokens.attack(
    "published",
    threat=threats.FORGED_TOKEN,
    must="401 in every environment but those in which the hands-on is played, which are local and dev.",
)
def _(world: World) -> Outcome:
    """Sign a token, and a bare one as the hands-on prints it, with the secret that the hands-on publishes."""
    bare = {"tenant_id": f"{world.run[-8:]}-own", "user_id": "u"}
    if world.target.name not in _OPEN_ISSUER:
        full = _claims(world, bare["tenant_id"], bare["user_id"])
        return together(_shut(world, _sign(full)), _shut(world, _sign(bare)))
    reply = Storage.of(world).send("GET", "?partition=prefix", _sign(bare))
    told = f"not an attack here: the hands-on is played in {world.target.name}, and its tokens count by contract"
    return held(told) if reply.ok and _good(world).ok else inconclusive(f"the hands-on's tokens do not count: {reply}")


def _with_secret(world: World, claims: Mapping[str, Any], secret: bytes = _PUBLISHED, alg: str = "HS256") -> Outcome:
    """Send a token whose signature is good where the published secret is in force, and say where it is not."""
    outcome = _shut(world, _sign(claims, secret=secret, alg=alg))
    if outcome.result is AttackResult.HELD and not _in_force(world):
        return held(f"{outcome.observed} (the published secret is not in force here, so that its signature is bad too)")
    return outcome


#: Claims that must not be accepted, however good the signature is: None leaves one out, and a number of seconds is
#: counted from now.
_FOREIGN: Final[tuple[tuple[str, str, Mapping[str, object]], ...]] = (
    ("expired", "that expired an hour ago", {"exp": -_HOUR}),
    ("expired-just-now", "that expired two minutes ago", {"exp": -120}),
    ("text-exp", "whose expiry is a word", {"exp": "never"}),
    ("future-nbf", "that is not valid before tomorrow", {"nbf": 24 * _HOUR}),
    ("other-iss", "of another issuer", {"iss": "another"}),
    ("list-iss", "with a list of issuers", {"iss": ["tenantry-storage"]}),
    ("other-aud", "for another audience", {"aud": "another"}),
    ("list-aud", "with a list of audiences", {"aud": ["tenantry-storage", "x"]}),
    ("no-exp", "with issuer and audience and no expiry", {"exp": None}),
    ("no-iss", "with expiry and audience and no issuer", {"iss": None}),
    ("no-aud", "with expiry and issuer and no audience", {"aud": None}),
    ("exp-only", "with an expiry and neither issuer nor audience", {"iss": None, "aud": None}),
    ("iss-only", "with an issuer and neither expiry nor audience", {"exp": None, "aud": None}),
    ("aud-only", "with an audience and neither expiry nor issuer", {"exp": None, "iss": None}),
    ("no-user", "without a user", {"user_id": None}),
    ("no-tenant", "without a tenant", {"tenant_id": None}),
    ("no-ids", "with neither", {"tenant_id": None, "user_id": None}),
    ("pool-names", "with the pool's names for both", {"tenant_id": None, "user_id": None, "tenant": "BOB"}),
)


@tokens.each(
    _FOREIGN,
    "issued-{}",
    threat=threats.FORGED_TOKEN,
    tries="A token {}, signed with the hands-on's secret.",
    must=_AS_WITHOUT,
)
def _wrong(world: World, given: Mapping[str, object]) -> Outcome:
    bob = Storage.of(world).bob
    changes: dict[str, object] = {
        name: int(time.time()) + value if name in {"exp", "nbf"} and isinstance(value, int) else value
        for name, value in given.items()
    }
    if changes.get("tenant") == "BOB":
        changes.update({"tenant": bob.tenant, "cognito:username": bob.user, "token_use": "id"})
    return _with_secret(world, _claims(world, bob.tenant, bob.user, **changes))


@tokens.attack("issued-other-secret", threat=threats.FORGED_TOKEN, must=_AS_WITHOUT)
def _(world: World) -> Outcome:
    """Sign with secrets that are nearly the hands-on's, the API's name, and other lengths of the algorithm."""
    bob = Storage.of(world).bob
    claims = _claims(world, bob.tenant, bob.user)
    names = (
        b"",
        b"aws-saas-factory ",
        b"AWS-SAAS-FACTORY",
        b"aws-saas-factory\n",
        f"{world.target.app}-storage".encode(),
    )
    return together(
        *(_with_secret(world, claims, secret) for secret in names),
        *(_with_secret(world, claims, _PUBLISHED, alg) for alg in ("HS384", "HS512")),
        *(_with_secret(world, {name: claims[name] for name in ("tenant_id", "user_id")}, secret) for secret in names),
    )


_LONG: Final = "x" * 39
_TENANTS: Final = (
    ("wildcard", "*"),
    ("question", "???"),
    ("prefix-wildcard", "BOB*"),
    ("any-suffix", "TENANT?"),
    ("up", "../BOB"),
    ("slash", "BOB/x"),
    ("dots", ".."),
    ("caret", "BOB^USER"),
    ("hash", "BOB#x"),
    ("equals", "a=b"),
    ("quote", 'a"b'),
    ("apostrophe", "a'b"),
    ("backslash", "a\\b"),
    ("variable", "${aws:PrincipalTag/TenantId}"),
    ("placeholder", "{{tenant_id}}"),
    ("format", "{tenant}"),
    ("statement", '"]},{"Effect":"Allow","Action":"*","Resource":"*"}'),
    ("space", "BOB "),
    ("leading-space", " BOB"),
    ("newline", "BOB\n"),
    ("nul", "BOB\0"),
    ("tab", "a\tb"),
    ("look-alike", "\u0430bc"),
    ("full-width", "\uff41bc"),
    ("zero-width", "a\u200bbc"),
    ("long-s", "a\u017fb"),
    ("digits", "\u0661\u0662\u0663"),
    ("empty", ""),
    ("short", "ab"),
    ("long", _LONG),
    ("very-long", "x" * 3000),
    ("hyphen-first", "-abc"),
    ("hyphen-last", "abc-"),
    ("underscore", "a_b"),
    ("reserved-prefix", "prefix"),
    ("reserved-tag", "tag"),
    ("reserved-ap", "ap"),
    ("reserved-dbns", "dbns"),
    ("reserved-upper", "DBNS"),
    ("number", 123),
    ("true", True),
    ("list", ["BOB"]),
    ("object", {"S": "BOB"}),
)
_USERS: Final = (
    ("wildcard", "*"),
    ("question", "?"),
    ("any-suffix", "USER*"),
    ("up", "../USER"),
    ("up-two", "x/../../BOB/USER"),
    ("dots", "a..b"),
    ("slash", "USER/x"),
    ("caret", "a^b"),
    ("variable", "${aws:PrincipalTag/TenantId}"),
    ("placeholder", "{{user_id}}"),
    ("statement", '*"]},{"Effect":"Allow","Action":"*","Resource":"*'),
    ("space", "USER "),
    ("newline", "USER\n"),
    ("nul", "USER\0"),
    ("look-alike", "\u0430lice"),
    ("empty", ""),
    ("long", "u" * 129),
    ("hash", "a#b"),
    ("ampersand", "a&tenant_id=BOB"),
    ("equals", "a=b"),
    ("number", 7),
    ("list", ["USER"]),
    ("object", {"S": "USER"}),
)


def _filled(world: World, value: object) -> object:
    """Put the victim's ids in place of the words that stand for them."""
    bob = Storage.of(world).bob
    if isinstance(value, str):
        return value.replace("BOB", bob.tenant).replace("TENANT", bob.tenant[:-1]).replace("USER", bob.user)
    if isinstance(value, list):
        return [_filled(world, part) for part in value]
    return {name: _filled(world, part) for name, part in value.items()} if isinstance(value, dict) else value


@tokens.each(
    (
        (f"{kind}-{slug}", f"{kind} is {json.dumps(value)[:60]}", value, kind)
        for kind, values in (("tenant", _TENANTS), ("user", _USERS))
        for slug, value in values
    ),
    threat=threats.HOSTILE_NAMES,
    tries="A well-signed token whose {}, with the victim's ids for the words.",
    must=_AS_WITHOUT,
)
def _hostile(world: World, value: object, kind: str) -> Outcome:
    """Send the id in a full token and in a bare one."""
    api = Storage.of(world)
    tenant, name = (api.bob.tenant, _filled(world, value)) if kind == "user" else (_filled(world, value), api.bob.user)
    claims = _claims(world, tenant, name)
    bare = {"tenant_id": tenant, "user_id": name}
    return together(_with_secret(world, claims), ("without exp, iss and aud", _with_secret(world, bare)))


@tokens.attack("tenant-other-case", threat=threats.COLLIDING_NAMES, must="Nothing of the tenant whose id it nearly is.")
def _(world: World) -> Outcome:
    """Send a well-signed token for the victim's tenant in upper case, and for the victim's user in upper case."""
    api, steps = Storage.of(world), []
    bob = api.bob
    stored = api.put(bob, "prefix", {"key": "case.txt", "value": world.accounts.mark})
    for tenant, user in ((bob.tenant.upper(), bob.user), (bob.tenant, bob.user.upper())):
        reply = api.get(api.stranger(tenant, user), "prefix", "case.txt")
        steps.append(refused(reply, 404, hidden=(world.accounts.mark, *Storage.of(world).inner_names)))
    return together(("storing", granted(stored)), *steps)


# The issuer


@tokens.attack("issuer-open", threat=threats.NO_TOKEN, must="403 wherever the hands-on is not played.")
def _(world: World) -> Outcome:
    """Ask for a token for the victim, without a signature, with an ID token, and signed without a grant."""
    api, bob = Storage.of(world), Storage.of(world).bob
    named = {"x-tenant-id": bob.tenant, "x-user-id": bob.user}
    if world.target.name in _OPEN_ISSUER:
        reply = api.issue(named)
        told = f"not an attack here: the hands-on is played in {world.target.name}, and the issuer is open by contract"
        issued = (reply.field("result") or {}).get("token") if reply.ok else None
        claims = jwt.decode(issued, options={"verify_signature": False}) if issued else {}
        return held(told) if claims.get("tenant_id") == bob.tenant else inconclusive(f"no token was issued: {reply}")
    unsigned = (
        api.issue(named),
        api.issue({**named, "Authorization": f"Bearer {api.alice.token}"}),
        api.issue({**named, "x-token": api.alice.token}),
        api.issue(named, by=world.nobody),
    )
    steps = [refused(reply, 401, 403, hidden=api.inner_names[:1]) for reply in unsigned]
    return together(*steps, ("the operator", granted(api.issue(named, by=world.target.aws))))


@tokens.attack(
    "issuer-ids", threat=threats.HOSTILE_NAMES, must="400 for malformed ids, 401 for missing ones; no token."
)
def _(world: World) -> Outcome:
    """Ask for tokens for malformed ids, with the operator's credentials."""
    api, operator, steps = Storage.of(world), world.target.aws, []
    good = {"x-tenant-id": f"{world.run[-8:]}-own", "x-user-id": "u"}
    bad = [{"x-tenant-id": tenant} for tenant in ("*", "../x", "a^b", "prefix", "DBNS", "ab", _LONG, "a b", "abc-")]
    bad += [{"x-user-id": user} for user in ("*", "a/b", "a..b", "a^b", "u" * 129, "{{user_id}}")]
    steps += [refused(api.issue({**good, **one}, by=operator), 400, hidden=api.inner_names) for one in bad]
    for missing in good:
        left = {name: value for name, value in good.items() if name != missing}
        for headers in (left, {**left, missing: ""}):
            reply = api.issue(headers, by=operator)
            steps.append(refused(reply, 401, hidden=api.inner_names))
    return together(*steps, ("a good request", granted(api.issue(good, by=operator))))


@tokens.attack(
    "issuer-claims", threat=threats.FORGED_TOKEN, must="It expires in an hour, and names its audience and its issuer."
)
def _(world: World) -> Outcome:
    """Look into a token that was issued for what would make it good for longer, or elsewhere."""
    api = Storage.of(world)
    token = api.stranger(f"{world.run[-8:]}-own", "u").token
    claims = jwt.decode(token, options={"verify_signature": False})
    lasts = claims.get("exp", 0) - claims.get("iat", 0)
    if not 0 < lasts <= _HOUR or not claims.get("iss") or not claims.get("aud"):
        return breached(f"its claims are {sorted(claims)}, and it lasts {lasts} seconds")
    return together(granted(api.send("GET", "?partition=prefix", token)), held(f"{lasts} seconds"))
