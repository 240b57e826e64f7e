"""Tokens of the storage API: forged, borrowed and misshapen ones, and the issuer of those that it issues itself."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

import jwt

from tenantry.attacks import jws, threats
from tenantry.attacks.assertions import granted, refused, require, together
from tenantry.attacks.forged_tokens import FORGERIES, Forgery, Material
from tenantry.attacks.outcome import AttackResult, Outcome, breached, held, inconclusive
from tenantry.attacks.registry import REGISTRY
from tenantry.attacks.storage import Storage
from tenantry.attacks.surfaces.identity import material_of
from tenantry.attacks.ttl_cache import TtlCache

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
    own_listing = world.once("tokens good", lambda: TtlCache(lambda: api.listing(api.alice, "prefix")))
    return own_listing()


def _plain(world: World) -> Reply:
    """Return what a request without a token gets."""
    return world.once("plain storage refusal", lambda: Storage.of(world).send("GET", "?partition=prefix", None))


def _shut(world: World, token: str | None, *, headers: Mapping[str, str] | None = None, more: str = "") -> Outcome:
    reply = Storage.of(world).send("GET", f"?partition=prefix{more}", token, headers=headers)
    hidden = (*world.hidden, *Storage.of(world).inner_names)
    return refused(reply, 401, like=_plain(world), hidden=hidden, control=lambda: _good(world))


# Tokens that nobody has issued


def _materials(world: World) -> tuple[Material, Material]:
    """Return what an attacker knows, for tokens of the pool's form and for those of the storage API's own."""
    pool, bob = material_of(world), Storage.of(world).bob
    issued = _claims(world, bob.tenant, bob.user)
    return pool, replace(pool, wanted=issued)


def _claims(world: World, tenant: object, user: object, **more: object) -> dict[str, Any]:
    """Return the claims of a token that the API would issue; None leaves one out."""
    now, issuer = int(time.time()), f"{world.target.app}-storage"
    claims = {
        "tenant_id": tenant,
        "user_id": user,
        "iat": now,
        "exp": now + _HOUR,
        "iss": issuer,
        "aud": issuer,
        **more,
    }
    return {name: value for name, value in claims.items() if value is not None}


def _forged(world: World, forgery: Forgery) -> Outcome:
    pool, issued = world.once("token materials", lambda: _materials(world))
    return _shut(world, forgery.make(issued if forgery.slug.startswith("hs") else pool))


for _forgery in FORGERIES:
    if _forgery.slug in {"empty", "own-truncated"}:  # said of `Authorization`; and one's own is tried below
        continue
    tokens.add(
        _forgery.slug,
        threat=threats.FORGED_TOKEN,
        tries=_forgery.tries,
        must=_AS_WITHOUT,
        run=partial(_forged, forgery=_forgery),
    )


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


@tokens.attack("named-tenant", threat=threats.NO_TOKEN, must=_AS_WITHOUT)
def _(world: World) -> Outcome:
    """Name the victim's tenant and user in headers and in the query, without a token."""
    bob = Storage.of(world).bob
    named = {name: bob.user if "user" in name else bob.tenant for name in _NAMED}
    query = "&" + "&".join(f"{quote(name)}={quote(value)}" for name, value in named.items())
    headers = {name: value for name, value in named.items() if ":" not in name}
    return together(_shut(world, None, headers=headers), _shut(world, None, more=query))


@tokens.attack("named-beside", threat=threats.WRONG_TENANT, must="One's own objects each time: the token alone counts.")
def _(world: World) -> Outcome:
    """Name the victim's tenant and user in headers, query and body beside one's own good token."""
    api = Storage.of(world)
    alice, bob, key = api.alice, api.bob, "named-beside.txt"
    named = {name: bob.user if "user" in name else bob.tenant for name in _NAMED}
    headers = {name: value for name, value in named.items() if ":" not in name}
    query = "&" + "&".join(f"{quote(name)}={quote(value)}" for name, value in named.items())
    body = json.dumps({"key": key, "value": "the attacker's"})
    put = api.send("PUT", f"?partition=prefix{query}", alice.token, headers=headers, body=body)
    claimed = json.dumps({"key": f"not-{key}", "value": "x", "tenant_id": bob.tenant, "user_id": bob.user})
    theirs = api.names(bob, "prefix")
    return together(
        ("storing", granted(put)),
        ("a body that names them", refused(api.put(alice, "prefix", claimed), 400, hidden=world.hidden)),
        ("listing", _lists(api.send("GET", f"?partition=prefix{query}", alice.token, headers=headers), key)),
        ("the victim", require(key not in theirs, otherwise="it is stored there", observed="nothing is stored there")),
    )


def _lists(reply: Reply, key: str) -> Outcome:
    answer = reply.json()
    names = answer.get("result", []) if reply.ok and isinstance(answer, dict) else []
    return held("one's own") if key in names else inconclusive(f"one's own is not listed: {reply}")


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
    employees = world.http.send(
        "GET", f"{world.target.employees_api}/employees", headers={"Authorization": f"Bearer {issued}"}
    )
    return together(
        refused(world.tenant(api.bob.tenant, issued), 401, hidden=world.hidden, control=world.good),
        refused(employees, 401, hidden=world.hidden),
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


def _in_force(world: World) -> bool:
    """Return whether the published secret opens this environment, tried with a tenant of the run's own."""
    token = _sign(_claims(world, f"{world.run[-8:]}-own", "u"))
    return world.once("secret in force", lambda: Storage.of(world).send("GET", "?partition=prefix", token).ok)


@tokens.attack(
    "published",
    threat=threats.FORGED_TOKEN,
    must="401 in every environment but those in which the hands-on is played, which are local and dev.",
)
def _(world: World) -> Outcome:
    """Sign a token, and a bare one as the hands-on prints it, with the secret that the hands-on publishes."""
    bare = {"tenant_id": f"{world.run[-8:]}-own", "user_id": "u"}
    if world.target.name not in _OPEN_ISSUER:
        return together(_shut(world, _sign(_claims(world, **_ids(bare)))), _shut(world, _sign(bare)))
    reply = Storage.of(world).send("GET", "?partition=prefix", _sign(bare))
    told = f"not an attack here: the hands-on is played in {world.target.name}, and its tokens count by contract"
    return held(told) if reply.ok and _good(world).ok else inconclusive(f"the hands-on's tokens do not count: {reply}")


def _ids(bare: Mapping[str, str]) -> dict[str, str]:
    return {"tenant": bare["tenant_id"], "user": bare["user_id"]}


def _with_secret(world: World, claims: Mapping[str, Any], secret: bytes = _PUBLISHED, alg: str = "HS256") -> Outcome:
    """Send a token whose signature is good where the published secret is in force, and say where it is not."""
    outcome = _shut(world, _sign(claims, secret=secret, alg=alg))
    if outcome.result is AttackResult.HELD and not _in_force(world):
        return held(f"{outcome.observed} (the published secret is not in force here, so that its signature is bad too)")
    return outcome


@dataclass(frozen=True)
class _Claims:
    """Claims that must not be accepted, however good the signature is.

    Attributes
    ----------
    slug, tries
        Their name, and what they are.
    changes
        What is not as it should be; None leaves a claim out, and a number of seconds is counted from now.
    """

    slug: str
    tries: str
    changes: Mapping[str, object]


_FOREIGN: Final = (
    _Claims("expired", "that expired an hour ago", {"exp": -_HOUR}),
    _Claims("expired-just-now", "that expired two minutes ago", {"exp": -120}),
    _Claims("text-exp", "whose expiry is a word", {"exp": "never"}),
    _Claims("future-nbf", "that is not valid before tomorrow", {"nbf": 24 * _HOUR}),
    _Claims("other-iss", "of another issuer", {"iss": "another"}),
    _Claims("list-iss", "with a list of issuers", {"iss": ["tenantry-storage"]}),
    _Claims("other-aud", "for another audience", {"aud": "another"}),
    _Claims("list-aud", "with a list of audiences", {"aud": ["tenantry-storage", "x"]}),
    _Claims("no-exp", "with issuer and audience and no expiry", {"exp": None}),
    _Claims("no-iss", "with expiry and audience and no issuer", {"iss": None}),
    _Claims("no-aud", "with expiry and issuer and no audience", {"aud": None}),
    _Claims("exp-only", "with an expiry and neither issuer nor audience", {"iss": None, "aud": None}),
    _Claims("iss-only", "with an issuer and neither expiry nor audience", {"exp": None, "aud": None}),
    _Claims("aud-only", "with an audience and neither expiry nor issuer", {"exp": None, "iss": None}),
    _Claims("no-user", "without a user", {"user_id": None}),
    _Claims("no-tenant", "without a tenant", {"tenant_id": None}),
    _Claims("no-ids", "with neither", {"tenant_id": None, "user_id": None}),
    _Claims("pool-names", "with the pool's names for both", {"tenant_id": None, "user_id": None, "tenant": "BOB"}),
)
_TIMES: Final = frozenset({"exp", "nbf"})


def _wrong(world: World, case: _Claims) -> Outcome:
    bob = Storage.of(world).bob
    changes: dict[str, object] = {
        name: int(time.time()) + value if name in _TIMES and isinstance(value, int) else value
        for name, value in case.changes.items()
    }
    if changes.get("tenant") == "BOB":
        changes.update({"tenant": bob.tenant, "cognito:username": bob.user, "token_use": "id"})
    claims = _claims(world, bob.tenant, bob.user) | changes
    return _with_secret(world, {name: value for name, value in claims.items() if value is not None})


for _case in _FOREIGN:
    tokens.add(
        f"issued-{_case.slug}",
        threat=threats.FORGED_TOKEN,
        tries=f"A token {_case.tries}, signed with the hands-on's secret.",
        must=_AS_WITHOUT,
        run=partial(_wrong, case=_case),
    )


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


def _hostile(world: World, value: object, *, user: bool) -> Outcome:
    """Send the id in a full token and in a bare one."""
    api = Storage.of(world)
    tenant, name = (api.bob.tenant, _filled(world, value)) if user else (_filled(world, value), api.bob.user)
    claims = _claims(world, tenant, name)
    bare = {"tenant_id": tenant, "user_id": name}
    return together(_with_secret(world, claims), ("without exp, iss and aud", _with_secret(world, bare)))


for _kind, _ids_of_kind in (("tenant", _TENANTS), ("user", _USERS)):
    for _slug, _id in _ids_of_kind:
        tokens.add(
            f"{_kind}-{_slug}",
            threat=threats.HOSTILE_NAMES,
            tries=f"A well-signed token whose {_kind} is {json.dumps(_id)[:60]}, with the victim's ids for the words.",
            must=_AS_WITHOUT,
            run=partial(_hostile, value=_id, user=_kind == "user"),
        )


@tokens.attack("tenant-other-case", threat=threats.COLLIDING_NAMES, must="Nothing of the tenant whose id it nearly is.")
def _(world: World) -> Outcome:
    """Send a well-signed token for the victim's tenant in upper case, and for the victim's user in upper case."""
    api, steps = Storage.of(world), []
    bob = api.bob
    stored = api.put(bob, "prefix", json.dumps({"key": "case.txt", "value": world.accounts.mark}))
    for tenant, user in ((bob.tenant.upper(), bob.user), (bob.tenant, bob.user.upper())):
        reply = api.get(api.stranger(tenant, user), "prefix", "case.txt")
        steps.append(refused(reply, 404, hidden=(world.accounts.mark, *Storage.of(world).inner_names)))
    return together(("storing", granted(stored)), *steps)


# The issuer

_HEADERS: Final = ("x-tenant-id", "x-user-id")


@tokens.attack("issuer-open", threat=threats.NO_TOKEN, must="403 wherever the hands-on is not played.")
def _(world: World) -> Outcome:
    """Ask for a token for the victim, without a signature, with an ID token, and signed without a grant."""
    api, bob = Storage.of(world), Storage.of(world).bob
    named = {"x-tenant-id": bob.tenant, "x-user-id": bob.user}
    if world.target.name in _OPEN_ISSUER:
        reply = api.issue(named, signed=False)
        told = f"not an attack here: the hands-on is played in {world.target.name}, and the issuer is open by contract"
        issued = reply.json().get("result", {}).get("token") if reply.ok and isinstance(reply.json(), dict) else None
        claims = jwt.decode(issued, options={"verify_signature": False}) if issued else {}
        return held(told) if claims.get("tenant_id") == bob.tenant else inconclusive(f"no token was issued: {reply}")
    url = f"{world.target.storage_api}/token"
    unsigned = (
        api.issue(named, signed=False),
        api.issue({**named, "Authorization": f"Bearer {api.alice.token}"}, signed=False),
        api.issue({**named, "x-token": api.alice.token}, signed=False),
        world.http.send("GET", url, headers={**world.signer(world.nobody).headers("GET", url), **named}),
    )
    steps = [refused(reply, 401, 403, hidden=api.inner_names[:1]) for reply in unsigned]
    return together(*steps, ("the operator", granted(api.issue(named, signed=True))))


@tokens.attack(
    "issuer-ids", threat=threats.HOSTILE_NAMES, must="400 for malformed ids, 401 for missing ones; no token."
)
def _(world: World) -> Outcome:
    """Ask for tokens for malformed ids, with the operator's credentials."""
    api, steps = Storage.of(world), []
    good = {"x-tenant-id": f"{world.run[-8:]}-own", "x-user-id": "u"}
    bad = [{"x-tenant-id": tenant} for tenant in ("*", "../x", "a^b", "prefix", "DBNS", "ab", _LONG, "a b", "abc-")]
    bad += [{"x-user-id": user} for user in ("*", "a/b", "a..b", "a^b", "u" * 129, "{{user_id}}")]
    steps += [refused(api.issue({**good, **one}, signed=True), 400, hidden=api.inner_names) for one in bad]
    for missing in _HEADERS:
        left = {name: value for name, value in good.items() if name != missing}
        for headers in (left, {**left, missing: ""}):
            reply = api.issue(headers, signed=True)
            steps.append(refused(reply, 401, hidden=api.inner_names))
    return together(*steps, ("a good request", granted(api.issue(good, signed=True))))


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
