"""The storage API in each of its five modes: another's objects, by every key that could lead to them."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from tenantry.attacks import threats
from tenantry.attacks.accounts import SetupError
from tenantry.attacks.assertions import granted, indiscretion, refused, require, together
from tenantry.attacks.outcome import Outcome, breached, held, inconclusive
from tenantry.attacks.registry import REGISTRY
from tenantry.attacks.storage import MODES, Owner, Storage
from tenantry.attacks.ttl_cache import TtlCache

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tenantry.attacks.http import Reply
    from tenantry.attacks.threats import Threat
    from tenantry.attacks.world import World

storage: Final = REGISTRY.surface(
    "storage",
    "Each partition mode: another tenant's object by every key, look-alike and longest ids, hostile queries "
    "and bodies, metadata that points elsewhere",
)


def add_for_each_mode(*attacks: tuple[str, Threat, str, str, Callable[..., Outcome]]) -> None:
    """Register attacks for each partition mode: slug, threat, what they try, what must happen, and the function."""
    for slug, threat, tries, must, run in attacks:
        for mode in MODES:
            storage.add(
                f"{mode.replace('_', '-')}-{slug}",
                threat=threat,
                tries=f"{tries} (`{mode}`).",
                must=must,
                run=partial(run, mode=mode),
            )


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """What everybody has in one mode.

    Attributes
    ----------
    mode
        The mode.
    api
        The API.
    alice, bob, carol
        The attacker, the victim in another tenant, and another user of the attacker's own tenant.
    secret
        Under which key the victim has what nobody may see; the attacker has nothing there, nor has the other user.
    value
        What that is.
    own_object
        Reads something of the attacker's own, not more than once a second.
    """

    mode: str
    api: Storage
    alice: Owner
    bob: Owner
    carol: Owner
    secret: str
    value: str
    own_object: TtlCache[Reply]

    @property
    def hidden(self) -> tuple[str, ...]:
        """What no reply to anybody else may show."""
        return (self.value, self.secret, *self.api.inner_names)

    def good(self) -> Outcome:
        """Check whether the attacker still reads what is their own, without which no refusal means anything."""
        return granted(self.own_object())

    def untouched(self) -> Outcome:
        """Check whether the victims have what they had, and nothing else."""
        steps = [
            (
                f"{who}'s objects",
                require(
                    self.api.names(owner, self.mode) == [self.secret]
                    and self.api.content(owner, self.mode, self.secret) == self.value,
                    otherwise="they have changed",
                    observed="unchanged",
                ),
            )
            for who, owner in (("another tenant", self.bob), ("another user", self.carol))
        ]
        return together(*steps)


def scenario(world: World, mode: str) -> Scenario:
    """Return the scenario of a mode, which is set at the first need."""
    return world.once(f"storage scenario {mode}", lambda: _set(world, mode))


def _set(world: World, mode: str) -> Scenario:
    api, mark = Storage.of(world), world.accounts.mark
    alice = api.alice
    made = Scenario(
        mode=mode,
        api=api,
        alice=alice,
        bob=api.bob,
        carol=api.carol,
        secret=f"secret-{mark}.txt",
        value=f"the victim's {mark} in {mode}",
        own_object=TtlCache(lambda: api.get(alice, mode, "own.txt")),
    )
    # One after the other: the first object may have to wait for the tenant's bucket.
    for owner, key, value in (
        (made.bob, made.secret, made.value),
        (made.carol, made.secret, made.value),
        (made.alice, "own.txt", "the attacker's own"),
        (made.alice, "deep/er/own.txt", "the attacker's own"),
    ):
        reply = api.put(owner, mode, json.dumps({"key": key, "value": value}))
        if not reply.ok or api.content(owner, mode, key) != value:
            raise SetupError(f"An object cannot be stored and read again ({mode}): {reply}")
    return made


_FIRST: Final = slice(6)
"""The keys that differ by whose they are; the others try the same parsers."""


def keys_to(victim: Owner, key: str) -> tuple[str, ...]:
    """Return the keys by which an attacker could hope to get at another's object."""
    full = f"{victim.prefix}{key}"
    up = f"../../{full}"
    return (
        full,
        f"/{full}",
        f"//{full}",
        up,
        f"../{victim.user}/{key}",
        f"x/../../../{full}",
        f"./{up}",
        up.replace("/", "\\"),
        up.replace("/", "%2f"),
        up.replace("..", "%2e%2e"),
        quote(quote(up, safe=""), safe=""),
        up.replace("..", "\uff0e\uff0e"),
        up.replace("/", "\u2215"),
        f"{key}\0",
        f"{full}?versionId=null",
        f"s3://{full}",
        f"*{key}",
        "*",
        f"{victim.tenant}^{victim.user}",
        "${aws:PrincipalTag/TenantId}/" + key,
        "{{tenant_id}}/{{user_id}}/" + key,
    )


def _reads(world: World, mode: str, victim: Callable[[Scenario], Owner], keys: slice = slice(None)) -> Outcome:
    at = scenario(world, mode)
    # The key itself is in the victim's, so that only the value and the inner workings may not be shown.
    replies = [at.api.get(at.alice, mode, key) for key in (at.secret, *keys_to(victim(at), at.secret)[keys])]
    steps = [refused(reply, 400, 404, hidden=(at.value, *at.api.inner_names)) for reply in replies]
    told = together(*steps)
    return together(told, at.good()) if told.result is not told.result.HELD else _counted(replies, at.good())


def _counted(replies: Iterable[Reply], good: Outcome) -> Outcome:
    statuses = [reply.status for reply in replies]
    seen = ", ".join(f"{statuses.count(status)} times {status}" for status in sorted(set(statuses)))
    return together(held(seen), ("one's own", good))


def _foreign_read(world: World, mode: str) -> Outcome:
    return _reads(world, mode, lambda at: at.bob)


def _colleague_read(world: World, mode: str) -> Outcome:
    return _reads(world, mode, lambda at: at.carol, _FIRST)


def _existence(world: World, mode: str) -> Outcome:
    """Ask for what another has and for what nobody has: the replies have to be the same."""
    at = scenario(world, mode)
    nobodys = at.secret[::-1]
    steps = []
    for there, missing in (
        (at.secret, nobodys),
        (f"{at.bob.prefix}{at.secret}", f"{at.bob.prefix}{nobodys}"),
        (f"{at.carol.prefix}{at.secret}", f"{at.carol.prefix}{nobodys}"),
    ):
        like = at.api.get(at.alice, mode, missing)
        steps.append(refused(at.api.get(at.alice, mode, there), 404, like=like, hidden=at.hidden))
    return together(*steps, ("one's own", at.good()))


_LISTINGS: Final = (
    "",
    "&prefix=BOB/",
    "&Prefix=",
    "&delimiter=/",
    "&start-after=BOB/",
    "&continuation-token=x",
    "&max-keys=1",
    "&tenant_id=TENANT&user_id=USER",
    "&tenant=TENANT&x-tenant-id=TENANT",
    "&bucket=BUCKET",
)


def _listing(world: World, mode: str) -> Outcome:
    at, steps = scenario(world, mode), []
    for more in _LISTINGS:
        query = (
            more.replace("BOB", f"{at.bob.tenant}/{at.bob.user}")
            .replace("TENANT", at.bob.tenant)
            .replace("USER", at.bob.user)
            .replace("BUCKET", at.api.bucket(mode, at.bob.tenant) if "BUCKET" in more else "")
        )
        reply = at.api.listing(at.alice, mode, query)
        steps.append(_own_names(at, reply))
    return together(*steps, ("one's own", at.good()))


def _own_names(at: Scenario, reply: Reply) -> Outcome:
    if shown := indiscretion(reply, at.hidden):
        return breached(f"the listing shows {shown}: {reply}")
    answer = reply.json()
    names = answer.get("result") if reply.ok and isinstance(answer, dict) else None
    if not isinstance(names, list):
        return inconclusive(f"it is no listing: {reply}")
    # Another attack may be storing something of the attacker's own just now.
    return require(
        {"own.txt", "deep/er/own.txt"} <= set(names), otherwise=f"one's own are missing: {reply}", observed="one's own"
    )


def _writes(world: World, mode: str, victim: Callable[[Scenario], Owner], keys: slice = slice(None)) -> Outcome:
    at, steps = scenario(world, mode), []
    writer = world.once(
        "storage writer", lambda: at.api.stranger(at.alice.tenant, "writer")
    )  # so that listings stay readable
    accepted = []
    for key in keys_to(victim(at), at.secret)[keys]:
        reply = at.api.put(writer, mode, json.dumps({"key": key, "value": "the attacker was here"}))
        if reply.ok:
            accepted.append(key)
        else:
            steps.append(refused(reply, 400, hidden=(at.value, *at.api.inner_names)))
    elsewhere = set(accepted) - set(at.api.names(writer, mode))
    own = f"{len(accepted)} stored under one's own"
    steps.append(require(not elsewhere, otherwise=f"these went elsewhere: {elsewhere}", observed=own))
    return together(*steps, at.untouched(), ("one's own", at.good()))


def _foreign_write(world: World, mode: str) -> Outcome:
    return _writes(world, mode, lambda at: at.bob)


def _colleague_write(world: World, mode: str) -> Outcome:
    return _writes(world, mode, lambda at: at.carol, _FIRST)


def _overwrite(world: World, mode: str) -> Outcome:
    """Store under the very key that both victims use."""
    at = scenario(world, mode)
    attacker = at.api.stranger(world.once("overwriting tenant", lambda: _new_tenant(world)), at.bob.user)
    reply = at.api.put(attacker, mode, json.dumps({"key": at.secret, "value": "the attacker's"}))
    own = at.api.content(attacker, mode, at.secret)
    return together(
        granted(reply),
        require(own == "the attacker's", otherwise=f"it reads {own}", observed="one's own is stored"),
        at.untouched(),
    )


def _new_tenant(world: World) -> str:
    return f"{world.run[-8:]}-twin"


_EXACT: Final = (
    ("quotes", "a'b\"c", "'\"'\"\\\"\\'"),
    ("backslashes", "a\\b\\\\c", "\\\\ \\n \\u0041 \\"),
    ("lines", "lines", "a\r\nb\n\tc\n"),
    ("velocity", "#set($x=1)$x", '#set($x = $context.authorizer.tenantId)$x $input.json("$")'),
    ("context", "$context.identity.sourceIp", "$context.authorizer.tenantId $stageVariables.x ${stageVariables.x}"),
    ("policy", "${aws:PrincipalTag/TenantId}", "${aws:PrincipalTag/TenantId} ${aws:username}"),
    ("placeholder", "{{tenant_id}}/{{user_id}}", "{{tenant_id}} {tenant} {{7*7}} ${7*7} <%= 7*7 %>"),
    ("json", '{"key": "x"}', '","result":{"x":"y"},"z":"'),
    ("markup", "<Key>x</Key>&amp;", '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>&e;'),
    ("query", "a&partition=tag?x=y#z", "a&b=c"),
    ("plus", "a+b c%20d", "a+b c%20d"),
    ("unicode", "\u05e9\u05dc\u05d5\u05dd/\U0001f3e2/e\u0301", "\u05e9\u05dc\u05d5\u05dd \U0001f3e2 e\u0301 \ufeff"),
    ("nul", "nul", "a\0b"),
    ("dynamodb", "attribute_not_exists(id_concat)", '{"S": "x"} OR 1=1 --'),
    ("empty", "empty", ""),
    ("slashes", "a//b///c", "x"),
    ("caret", "a^b", "t^u"),
)


def _exact(world: World, mode: str) -> Outcome:
    """Store keys and values that something on the way could take for its own, and read and list them."""
    at = scenario(world, mode)
    me = at.api.stranger(world.once("exact tenant", lambda: f"{world.run[-8:]}-exact"), "exact")

    def one(case: tuple[str, str, str]) -> tuple[str, Outcome]:
        name, key, value = case
        reply = at.api.put(me, mode, json.dumps({"key": key, "value": value}))
        if not reply.ok:
            return name, inconclusive(f"it was refused: {reply}")
        back = at.api.content(me, mode, key)
        return name, require(back == value, otherwise=f"something else comes back: {back!r}", observed="exact")

    first = one(_EXACT[0])  # which makes the bucket
    with ThreadPoolExecutor(3) as pool:
        steps = [first, *pool.map(one, _EXACT[1:])]
    names, wanted = at.api.names(me, mode), sorted(key for _, key, _ in _EXACT)
    listed = require(names == wanted, otherwise=f"the listing is {names}", observed="all are listed as they were sent")
    return together(*steps, listed)


_GROUPS: Final = (
    (
        "foreign-read",
        threats.WRONG_TENANT,
        "Read another tenant's object by its key, by paths up and down to it, encoded once and twice, and by wildcards",
        "400 or 404 each time, and one's own object can be read.",
        _foreign_read,
    ),
    (
        "colleague-read",
        threats.WRONG_TENANT,
        "Read an object of another user of one's own tenant in each of these ways",
        "400 or 404 each time, and one's own object can be read.",
        _colleague_read,
    ),
    (
        "existence",
        threats.EXISTENCE_SHOWN,
        "Ask for an object that another tenant or user has, and for one that nobody has",
        "404 for both, in the same words.",
        _existence,
    ),
    (
        "listing",
        threats.WRONG_TENANT,
        "List with another's prefix, page, bucket or ids in the query",
        "One's own names, and nobody else's.",
        _listing,
    ),
    (
        "foreign-write",
        threats.WRONG_TENANT,
        "Store under keys that could land at another tenant",
        "400, or stored under one's own; the other's object and listing stay as they are.",
        _foreign_write,
    ),
    (
        "colleague-write",
        threats.WRONG_TENANT,
        "Store under keys that could land at another user of one's own tenant",
        "400, or stored under one's own; the other's object and listing stay as they are.",
        _colleague_write,
    ),
    (
        "overwrite",
        threats.WRONG_TENANT,
        "Store under the victim's key, as a user with the victim's id in another tenant",
        "One's own object is stored and the victim's stays as it is.",
        _overwrite,
    ),
    (
        "exact",
        threats.INJECTION,
        "Store keys and values that a template, a policy, a query or a parser on the way could take for its own",
        "Each comes back exactly, and is listed exactly.",
        _exact,
    ),
)
add_for_each_mode(*_GROUPS)
