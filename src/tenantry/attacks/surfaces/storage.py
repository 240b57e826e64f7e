"""The storage API in each of its five modes: another's objects, by every key that could lead to them."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final, TypeVarTuple
from urllib.parse import quote

from tenantry.attacks import threats
from tenantry.attacks.assertions import granted, indiscretion, refused, require, together
from tenantry.attacks.outcome import Outcome, breached, inconclusive
from tenantry.attacks.per_run import once_per_run
from tenantry.attacks.registry import REGISTRY
from tenantry.attacks.scenario import Scenario
from tenantry.attacks.storage import MODES, Owner, Storage

if TYPE_CHECKING:
    from tenantry.attacks.http import Reply
    from tenantry.attacks.world import World

storage: Final = REGISTRY.surface(
    "storage",
    "Each partition mode: another tenant's object by every key, look-alike and longest ids, hostile queries "
    "and bodies, metadata that points elsewhere",
)


Ts = TypeVarTuple("Ts")


def in_each_mode(*given: *Ts) -> list[tuple[str, str, str, *Ts]]:
    """Return the cases of attacks that are made in each partition mode."""
    return [(mode.replace("_", "-"), mode, mode, *given) for mode in MODES]


@dataclass(frozen=True, kw_only=True)
class StorageScenario(Scenario):
    """What everybody has in one mode.

    Attributes
    ----------
    world
        The run.
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
    """

    world: World
    mode: str
    api: Storage
    alice: Owner
    bob: Owner
    carol: Owner
    secret: str
    value: str

    @property
    def hidden(self) -> tuple[str, ...]:
        """What no reply to anybody else may show."""
        return (self.value, self.secret, *self.api.inner_names)

    def good(self) -> Outcome:
        """Check whether the attacker still reads what is their own, without which no refusal means anything."""
        return granted(
            self.world.recent(f"object {self.mode}", partial(self.api.get, self.alice, self.mode, "own.txt"))
        )

    def refusal_of_key(self, reply: Reply, *statuses: int) -> Outcome:
        """Check a request that had to be refused, whose key the reply may repeat, and with it the victim's."""
        return refused(reply, *statuses, hidden=(self.value, *self.api.inner_names))

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


@once_per_run
def scenario(world: World, mode: str) -> StorageScenario:
    """Return the scenario of a mode, which is set at the first need."""
    api, mark = Storage.of(world), world.accounts.mark
    made = StorageScenario(
        world=world,
        mode=mode,
        api=api,
        alice=api.alice,
        bob=api.bob,
        carol=api.carol,
        secret=f"secret-{mark}.txt",
        value=f"the victim's {mark} in {mode}",
    )
    # One after the other: the first object may have to wait for the tenant's bucket.
    for owner, key, value in (
        (made.bob, made.secret, made.value),
        (made.carol, made.secret, made.value),
        (made.alice, "own.txt", "the attacker's own"),
        (made.alice, "deep/er/own.txt", "the attacker's own"),
    ):
        api.store(owner, mode, key, value)
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


@storage.each(
    in_each_mode("bob"),
    "{}-foreign-read",
    threat=threats.WRONG_TENANT,
    tries="Read another tenant's object by its key, by paths up and down to it, encoded once and twice, and by "
    "wildcards (`{}`).",
    must="400 or 404 each time, and one's own object can be read.",
)
@storage.each(
    in_each_mode("carol"),
    "{}-colleague-read",
    threat=threats.WRONG_TENANT,
    tries="Read an object of another user of one's own tenant in each of these ways (`{}`).",
    must="400 or 404 each time, and one's own object can be read.",
)
def _reads(world: World, mode: str, of: str) -> Outcome:
    at = scenario(world, mode)
    replies = [at.api.get(at.alice, mode, key) for key in (at.secret, *_keys_to(at, of))]
    count = Counter(reply.status for reply in replies)
    told = ", ".join(f"{times} times {status}" for status, times in sorted(count.items()))
    refusals = together(*(at.refusal_of_key(reply, 400, 404) for reply in replies), told=told)
    return together(refusals, ("one's own", at.good()))


def _keys_to(at: StorageScenario, victim: str) -> tuple[str, ...]:
    return keys_to(at.bob, at.secret) if victim == "bob" else keys_to(at.carol, at.secret)[_FIRST]


@storage.each(
    in_each_mode(),
    "{}-existence",
    threat=threats.EXISTENCE_SHOWN,
    tries="Ask for an object that another tenant or user has, and for one that nobody has (`{}`).",
    must="404 for both, in the same words.",
)
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
        steps.append(at.refusal(at.api.get(at.alice, mode, there), 404, like=like))
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


@storage.each(
    in_each_mode(),
    "{}-listing",
    threat=threats.WRONG_TENANT,
    tries="List with another's prefix, page, bucket or ids in the query (`{}`).",
    must="One's own names, and nobody else's.",
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


def _own_names(at: StorageScenario, reply: Reply) -> Outcome:
    if shown := indiscretion(reply, at.hidden):
        return breached(f"the listing shows {shown}: {reply}")
    names = reply.field("result") if reply.ok else None
    if not isinstance(names, list):
        return inconclusive(f"it is no listing: {reply}")
    # Another attack may be storing something of the attacker's own just now.
    return require(
        {"own.txt", "deep/er/own.txt"} <= set(names), otherwise=f"one's own are missing: {reply}", observed="one's own"
    )


@storage.each(
    in_each_mode("bob"),
    "{}-foreign-write",
    threat=threats.WRONG_TENANT,
    tries="Store under keys that could land at another tenant (`{}`).",
    must="400, or stored under one's own; the other's object and listing stay as they are.",
)
@storage.each(
    in_each_mode("carol"),
    "{}-colleague-write",
    threat=threats.WRONG_TENANT,
    tries="Store under keys that could land at another user of one's own tenant (`{}`).",
    must="400, or stored under one's own; the other's object and listing stay as they are.",
)
def _writes(world: World, mode: str, of: str) -> Outcome:
    at, steps = scenario(world, mode), []
    writer = world.once(
        "storage writer", lambda: at.api.stranger(at.alice.tenant, "writer")
    )  # so that listings stay readable
    accepted = []
    for key in _keys_to(at, of):
        reply = at.api.put(writer, mode, {"key": key, "value": "the attacker was here"})
        if reply.ok:
            accepted.append(key)
        else:
            steps.append(at.refusal_of_key(reply, 400))
    elsewhere = set(accepted) - set(at.api.names(writer, mode))
    own = f"{len(accepted)} stored under one's own"
    steps.append(require(not elsewhere, otherwise=f"these went elsewhere: {elsewhere}", observed=own))
    return at.checked(*steps)


@storage.each(
    in_each_mode(),
    "{}-overwrite",
    threat=threats.WRONG_TENANT,
    tries="Store under the victim's key, as a user with the victim's id in another tenant (`{}`).",
    must="One's own object is stored and the victim's stays as it is.",
)
def _overwrite(world: World, mode: str) -> Outcome:
    """Store under the very key that both victims use."""
    at = scenario(world, mode)
    attacker = at.api.stranger(f"{world.run[-8:]}-twin", at.bob.user)
    reply = at.api.put(attacker, mode, {"key": at.secret, "value": "the attacker's"})
    own = at.api.content(attacker, mode, at.secret)
    return together(
        granted(reply),
        require(own == "the attacker's", otherwise=f"it reads {own}", observed="one's own is stored"),
        at.untouched(),
    )


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


@storage.each(
    in_each_mode(),
    "{}-exact",
    threat=threats.INJECTION,
    tries="Store keys and values that a template, a policy, a query or a parser on the way could take for its own "
    "(`{}`).",
    must="Each comes back exactly, and is listed exactly.",
)
def _exact(world: World, mode: str) -> Outcome:
    """Store keys and values that something on the way could take for its own, and read and list them."""
    at = scenario(world, mode)
    me = at.api.stranger(f"{world.run[-8:]}-exact", "exact")

    def one(case: tuple[str, str, str]) -> tuple[str, Outcome]:
        name, key, value = case
        reply = at.api.put(me, mode, {"key": key, "value": value})
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
