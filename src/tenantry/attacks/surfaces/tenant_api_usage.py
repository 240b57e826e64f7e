"""The usage read: another tenant's figures, and direct calls with the sessions that count them."""

from __future__ import annotations

import json
import secrets
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from tenantry.attacks import threats
from tenantry.attacks.accounts import SetupError
from tenantry.attacks.assertions import all_denied, allowed, expect, granted, require, together
from tenantry.attacks.outcome import Outcome, held, inconclusive
from tenantry.attacks.per_run import once_per_run
from tenantry.attacks.sessions import IsolationLayers, Sessions
from tenantry.attacks.storage import MODES, Storage
from tenantry.attacks.surfaces.tenant_api import tenant_api
from tenantry.attacks.surfaces.vending import CODES, prize
from tenantry.model.directory_tables import TENANT_ID

if TYPE_CHECKING:
    from tenantry.attacks.accounts import Person
    from tenantry.attacks.assertions import Calls
    from tenantry.attacks.world import World
    from tenantry.operate.aws import Aws

_STORAGE: Final = "storage"
_INGESTION: Final = "ingestion"
_RECORDS: Final = 1_234_567
_EACH: Final = 3


def _usage(world: World, who: Person) -> dict[str, Any]:
    reply = world.tenant_api("GET", f"/tenant/{who.tenant}/usage", who.tokens.id)
    usage: dict[str, Any] = expect(reply, "Reading the usage of one's own tenant").json()
    if "failed" in usage:
        raise SetupError(f"What somebody's own tenant uses cannot be counted: {usage['failed']}")
    return usage


def _aggregates(world: World, tenant: str) -> str:
    """Write that a tenant has sent records just now, as the streaming application does, and return the file's key."""
    start = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(minutes=5)
    key = f"aggregates/{TENANT_ID}={tenant}/year={start:%Y}/month={start:%m}/day={start:%d}/part-{world.run}"
    text = start.strftime("%Y-%m-%d %H:%M:%S")
    row = {"window_start": text, "window_end": text, "records": _RECORDS, "bytes": _RECORDS}
    aws, bucket = world.target.aws, world.target.lake
    world.cleanup.later(f"the aggregates of {tenant}", partial(aws.s3.delete_object, Bucket=bucket, Key=key))
    aws.s3.put_object(Bucket=bucket, Key=key, Body=json.dumps(row).encode())
    return key


@once_per_run
def _victims(world: World) -> dict[str, str]:
    """Return the files of Bob's aggregates, and of tenants whose ids begin or end as Alice's does."""
    return _near(world, world.users.alice.tenant)


def _near(world: World, tenant: str) -> dict[str, str]:
    others = (world.users.bob.tenant, f"{tenant}-1", f"{tenant}0", tenant[:-1], tenant.upper())
    return {other: _aggregates(world, other) for other in others if other != tenant}


@tenant_api.attack(
    "usage-of-others", threat=threats.COLLIDING_NAMES, must="Nothing of it: one's own tenant has nothing."
)
def _(world: World) -> Outcome:
    """Read the usage of an empty tenant, while others, of like names too, have stored objects and sent records."""
    tenant, storage = f"usage-{secrets.token_hex(4)}", Storage.of(world)
    somebody = world.tenant_admin("usage", tenant)
    _near(world, tenant)
    for other in (tenant[:-1], f"{tenant}0", world.users.bob.tenant):
        owner = storage.stranger(other, "usage")
        for mode in MODES[1:]:
            expect(storage.put(owner, mode, {"key": "usage.txt", "value": "x" * 1000}), "Storing an object")
    seen = _usage(world, somebody)
    counted = [mode for mode in MODES if seen["storage"][mode]["objects"]]
    sent = seen["ingestion"]["minutes"]
    return together(
        ("storage", require(not counted, otherwise=f"others' objects count in {counted}", observed="nothing")),
        ("ingestion", require(not sent, otherwise="others' records count", observed="nothing")),
    )


@tenant_api.attack(
    "usage-own", threat=threats.COLLIDING_NAMES, must="They appear: figures that are always nought would prove nothing."
)
def _(world: World) -> Outcome:
    """Store an object and send records oneself, and read one's own usage."""
    prize(world)
    _aggregates(world, world.users.alice.tenant)
    seen = _usage(world, world.users.alice)
    empty = [mode for mode in MODES if not seen["storage"][mode]["objects"]]
    return together(
        ("storage", require(not empty, otherwise=f"nothing in {empty}", observed="counted in each mode")),
        ("ingestion", require(str(_RECORDS) in json.dumps(seen), otherwise="not counted", observed="counted")),
    )


@tenant_api.attack("usage-member", threat=threats.WRONG_TENANT, must="200: every member may.")
def _(world: World) -> Outcome:
    """Read the usage of one's own tenant as a member who is no admin."""
    carol = world.users.carol
    return granted(world.tenant_api("GET", f"/tenant/{carol.tenant}/usage", carol.tokens.id))


# The counters themselves


def _counters(world: World) -> list[str]:
    """Return the registered counters."""
    ssm, path = world.target.aws.client("ssm"), f"/{world.target.app}/usage"
    found = ssm.get_parameters_by_path(Path=path)["Parameters"]
    return [json.loads(parameter["Value"])["function"] for parameter in found]


@tenant_api.attack("usage-counters", threat=threats.WRONG_TENANT, must="Each is denied, but for the usage function.")
def _(world: World) -> Outcome:
    """Invoke the registered counters directly, with Bob's tenant in the event."""
    at, counters = prize(world), _counters(world)
    if not counters:
        return inconclusive("no counter is registered")
    event = {"tenantId": at.bob.tenant, "userId": at.bob.user}
    sessions = Sessions.of(world)
    callers = {
        "nobody": world.target.aws.anonymous(),
        "somebody without a grant": world.nobody,
        **{
            f"a session for {purpose}, {layers}": sessions.act(purpose, layers, at.alice)
            for purpose in (_STORAGE, _INGESTION)
            for layers in IsolationLayers
        },
    }
    calls = [
        (f"{name} by {who}", partial(aws.functions.invoke, FunctionName=name, Payload=json.dumps(event)))
        for name in counters
        for who, aws in callers.items()
    ]
    steps = all_denied(calls)
    invoke = partial(world.clone_of("TenantUsage").functions.invoke, InvocationType="DryRun")
    controls = [allowed(partial(invoke, FunctionName=name), f"{name} by the usage function") for name in counters]
    return together(*steps, *controls, told=f"{len(steps)} calls, all denied")


@tenant_api.attack("usage-other-functions", threat=threats.LOOSE_POLICY, must="Each is denied: a counter alone may be.")
def _(world: World) -> Outcome:
    """Invoke every other function with the grants of the usage function, as if a registration named it."""
    invoke, counters = world.clone_of("TenantUsage").functions.invoke, _counters(world)
    names = [
        name for name in world.ids_of("AWS::Lambda::Function") if not any(arn.endswith(f":{name}") for arn in counters)
    ]
    calls = ((name, partial(invoke, FunctionName=name, InvocationType="DryRun")) for name in names)
    return together(*all_denied(calls), told=f"{len(names)} functions, all denied")


# Direct calls with the sessions that count


_IN_FORCE: Final = (
    ("both", "both isolation layers in force", IsolationLayers.BOTH),
    ("role", "the role's policy alone in force", IsolationLayers.ROLE),
    ("policy", "the session policy alone in force", IsolationLayers.POLICY),
)


@tenant_api.each(
    _IN_FORCE,
    "usage-count-{}",
    threat=threats.LOOSE_POLICY,
    tries="List and read others' objects with a session that counts, {}.",
    must="Denied, reading what it counts included.",
)
def _counting(world: World, layers: IsolationLayers) -> Outcome:
    at, storage = prize(world), Storage.of(world)
    aws = Sessions.of(world).act(_STORAGE, layers, at.alice)
    calls: Calls = []
    for mode in MODES:
        bucket, s3 = storage.bucket(mode, at.bob.tenant), aws.s3
        listing = partial(s3.list_objects_v2, Bucket=bucket)
        key = storage.full_key(mode, at.bob, at.key)
        mine: Any = {
            "Bucket": storage.bucket(mode, at.alice.tenant),
            "Key": storage.full_key(mode, at.alice, at.key),
        }
        calls += [
            (f"list Bob's in {mode}", partial(listing, Prefix="" if mode == "bucket" else f"{at.bob.tenant}/")),
            (f"get Bob's in {mode}", partial(s3.get_object, Bucket=bucket, Key=key)),
            # It may count what is its tenant's, and read or change none of it.
            (f"get one's own in {mode}", partial(s3.get_object, **mine)),
            (f"put one's own in {mode}", partial(s3.put_object, **mine, Body=b"the attacker was here")),
        ]
        if mode != "bucket":
            calls += [
                (f"list all in {mode}", listing),
                (f"list without the slash in {mode}", partial(listing, Prefix=at.alice.tenant)),
            ]
    calls += _of_the_lake(world, aws, own=True)
    return together(_can_count(world, aws), *all_denied(calls, codes=CODES))


@tenant_api.each(
    _IN_FORCE,
    "usage-lake-{}",
    threat=threats.LOOSE_POLICY,
    tries="List and read others' part of the lake with a session that reads aggregates, {}.",
    must="Denied, its own tenant's records included.",
)
def _reading(world: World, layers: IsolationLayers) -> Outcome:
    at = prize(world)
    aws = Sessions.of(world).act(_INGESTION, layers, at.alice)
    shared = Storage.of(world).shared_bucket("prefix")
    calls = _of_the_lake(world, aws, own=False)
    mine = f"{at.alice.tenant}/"
    calls.append(("list in another bucket", partial(aws.s3.list_objects_v2, Bucket=shared, Prefix=mine)))
    return together(_can_read(world, aws), *all_denied(calls, codes=CODES))


def _of_the_lake(world: World, aws: Aws, *, own: bool) -> Calls:
    """Return every way to others' parts of the lake; to one's own as well, for who has no business there."""
    lake, alice, s3 = world.target.lake, world.users.alice.tenant, aws.s3
    listing = partial(s3.list_objects_v2, Bucket=lake)
    calls: Calls = [
        ("list the lake", listing),
        ("list all aggregates", partial(listing, Prefix="aggregates/")),
        ("list without the slash", partial(listing, Prefix=f"aggregates/{TENANT_ID}={alice}")),
        ("list one's own records", partial(listing, Prefix=f"data/{TENANT_ID}={alice}/")),
        ("list the errors", partial(listing, Prefix="errors/")),
    ]
    for tenant, key in list(_victims(world).items())[:_EACH]:
        one: Any = {"Bucket": lake, "Key": key}
        calls += [
            (f"list those of {tenant}", partial(listing, Prefix=f"{key.rpartition('/')[0]}/")),
            (f"get those of {tenant}", partial(s3.get_object, **one)),
            (f"put those of {tenant}", partial(s3.put_object, **one, Body=b"the attacker was here")),
            (f"delete those of {tenant}", partial(s3.delete_object, **one)),
        ]
    if own:
        calls.append(("list one's own aggregates", partial(listing, Prefix=f"aggregates/{TENANT_ID}={alice}/")))
    return calls


def _can_count(world: World, aws: Aws) -> Outcome:
    """Check whether the session can do what it is for: without it, a denial of all else means nothing."""
    at, storage = prize(world), Storage.of(world)
    for mode in MODES:
        bucket = storage.bucket(mode, at.alice.tenant)
        try:
            found = aws.s3.list_objects_v2(Bucket=bucket, Prefix="" if mode == "bucket" else f"{at.alice.tenant}/")
        except Exception as error:  # noqa: BLE001 - whatever it is, the session is not what it should be
            return inconclusive(f"the session cannot count in {mode}: {error}")
        if not found["KeyCount"]:
            return inconclusive(f"the session finds nothing of its own in {mode}")
    return held("its own can be counted")


def _can_read(world: World, aws: Aws) -> Outcome:
    key = _aggregates(world, world.users.alice.tenant)
    listing = partial(aws.s3.list_objects_v2, Bucket=world.target.lake, Prefix=f"{key.rpartition('/')[0]}/")
    get = partial(aws.s3.get_object, Bucket=world.target.lake, Key=key)
    return together(allowed(listing, "listing its own aggregates"), allowed(get, "reading its own aggregates"))
