"""Vended credentials: who may have which, and ids that are hostile, alike or as long as can be."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from tenantry.attacks import threats
from tenantry.attacks.assertions import DENIALS, all_denied, allowed, denied, expect, together
from tenantry.attacks.outcome import AttackResult, Outcome, breached, held
from tenantry.attacks.registry import REGISTRY
from tenantry.attacks.sessions import PURPOSES, IsolationLayers, Sessions
from tenantry.attacks.storage import MODES, Owner, Storage
from tenantry.attacks.surfaces.storage_names import neighbours
from tenantry.attacks.surfaces.vending import CODES, own, prize
from tenantry.model.tags import PURPOSE_TAG, TENANT_ID_TAG, TENANT_NAME_TAG, session_tags
from tenantry.model.tenant_tables import employee_key

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tenantry.attacks.assertions import Calls
    from tenantry.attacks.world import World
    from tenantry.model.tags import Tag
    from tenantry.operate.aws import Aws

    Tags = Sequence[Tag]

vending: Final = REGISTRY.surface("vending")

_REFUSALS: Final = DENIALS | {"ValidationError", "InvalidParameterValue"}
_POLICY_CHARACTERS: Final = 2048
_LAYERS: Final = {
    IsolationLayers.ROLE: "the role's own policy alone",
    IsolationLayers.POLICY: "the session policy alone",
}
_VENDORS: Final = ("prefix", "employees")
"""One purpose of each tenant role."""


def _tag(name: str, value: str) -> Tag:
    return {"Key": name, "Value": value}


def _with(right: Tags, key: str, value: str) -> Tags:
    """Return tags of which one has another value."""
    return [_tag(key, value) if tag["Key"] == key else tag for tag in right]


def _without(right: Tags, key: str) -> Tags:
    return [tag for tag in right if tag["Key"] != key]


_UNTAGGED: Final[tuple[tuple[str, str, Callable[[Tags], Tags]], ...]] = (
    ("no-tags", "without tags", lambda _: []),
    ("no-tenant", "without the tenant's id", lambda right: _without(right, TENANT_ID_TAG)),
    ("no-name", "without the tenant's name", lambda right: _without(right, TENANT_NAME_TAG)),
    ("no-purpose", "without a purpose", lambda right: _without(right, PURPOSE_TAG)),
    (
        "other-key",
        "with the tenant under other keys",
        lambda right: [_tag("Tenant", right[0]["Value"]), _tag("tenant", right[0]["Value"]), *right[2:]],
    ),
    ("empty", "with an empty tenant", lambda right: _with(right, TENANT_ID_TAG, "")),
    ("other-name", "with another tenant's name", lambda right: _with(right, TENANT_NAME_TAG, "another")),
    ("longer-name", "with a longer name", lambda right: _with(right, TENANT_NAME_TAG, f"{right[1]['Value']}0")),
    ("wild-name", "with a pattern for a name", lambda right: _with(right, TENANT_NAME_TAG, "*")),
    ("other-purpose", "for a purpose that no function has", lambda right: _with(right, PURPOSE_TAG, "everything")),
    ("wild-purpose", "with a pattern for a purpose", lambda right: _with(right, PURPOSE_TAG, "*")),
    ("more", "with one tag more", lambda right: [*right, _tag("Admin", "true")]),
)


@vending.each(
    _UNTAGGED,
    "trust-{}",
    threat=threats.LOOSE_POLICY,
    tries="Assume each tenant role {}.",
    must="STS refuses, and with all three tags it does not.",
)
def _untagged(world: World, make: Callable[[Tags], Tags]) -> Outcome:
    """Assume a copy of each tenant role, whose trust has the same conditions, with tags that are wrong."""
    sessions, at, steps = Sessions.of(world), prize(world), []
    for purpose in _VENDORS:
        role = sessions.copy(purpose)
        right = session_tags(at.alice.tenant, purpose)
        good = allowed(partial(sessions.assume, role, right), "a session with good tags")
        bad = denied(partial(sessions.assume, role, make(right)), codes=_REFUSALS)
        steps += [(purpose, bad), (purpose, good)]
    return together(*steps)


@vending.attack(
    "trust-function", threat=threats.LOOSE_POLICY, must="STS denies each, but for a function's own tenant role."
)
def _(world: World) -> Outcome:
    """Assume each tenant role, well tagged, as a clone of every function's role, and as an unrelated role."""
    at, target = prize(world), world.target
    calls: Calls = []
    actors: list[tuple[str, Aws]] = [("nobody", world.nobody), ("without credentials", target.aws.anonymous())]
    actors += [
        (role.id, world.clone_role(role.id))
        for owner in ("StorageProvisioner", "TokenIssuer", "ApiAuth")
        for role in world.resources_of("AWS::IAM::Role", owner)
    ]
    for arn, purpose in ((target.storage_role, "prefix"), (target.employees_role, "employees")):
        chosen: Any = session_tags(at.alice.tenant, purpose)
        given: Any = {"RoleArn": arn, "RoleSessionName": world.run, "Tags": chosen}
        calls += [(name, partial(aws.sts.assume_role, **given)) for name, aws in actors]
    return together(*all_denied(calls, codes=CODES), told=f"{len(calls)} calls, all denied")


# Tags that are no tenant's id


def _good(world: World, purpose: str) -> Outcome:
    """Check whether a session with good tags can do what it is for, with the role's own policy alone."""
    alice = prize(world).alice
    return own(world, purpose, Sessions.of(world).act(purpose, IsolationLayers.ROLE, alice), alice)


def _wild(world: World, tenant: str, purpose: str) -> Outcome:
    """Get a session whose tag is a pattern, which no function would vend, and reach for others with the role alone."""
    sessions, at = Sessions.of(world), prize(world)
    value = tenant.replace("BOB", at.bob.tenant)
    role = sessions.copy(purpose)
    good = _good(world, purpose)
    if good.result is not AttackResult.HELD:
        return good
    try:
        named = {TENANT_ID_TAG: value, TENANT_NAME_TAG: value, PURPOSE_TAG: purpose}
        aws = sessions.assume(role, [_tag(key, text) for key, text in named.items()])
    except ClientError as error:
        return together(held(f"no session: {error.response['Error']['Code']}"), good)
    steps = all_denied(_reach(world, aws, purpose, at.bob), codes=CODES)
    return together(*steps, ("with a good tag", good))


def _reach(world: World, aws: Aws, purpose: str, victim: Owner) -> Calls:
    """Return the plain ways to a victim's data in the purpose's own place."""
    at, database = prize(world), aws.dynamodb
    if purpose == "employees":
        key = employee_key(victim.tenant, at.key)
        return [("get", partial(database.get_item, TableName=world.target.employees_table, Key=key))]
    bucket, full = at.api.bucket(purpose, victim.tenant), at.api.full_key(purpose, victim, at.key)
    calls: Calls = [
        ("get", partial(aws.s3.get_object, Bucket=bucket, Key=full)),
        ("put", partial(aws.s3.put_object, Bucket=bucket, Key=full, Body=b"x")),
        ("list", partial(aws.s3.list_objects_v2, Bucket=bucket, Prefix=at.api.full_key(purpose, victim))),
    ]
    if purpose == "db_nosql":
        row = partial(database.get_item, TableName=world.target.metadata_table, Key=victim.row(full))
        calls.append(("row", row))
    return calls


for _slug, _value, _purposes in (
    ("wildcard", "*", PURPOSES),
    ("question", "?" * 36, _VENDORS),
    ("part", "BOB*", _VENDORS),
    ("slash", "BOB/", _VENDORS),
):
    for _purpose in _purposes:
        vending.add(
            f"tag-{_slug}-{_purpose.replace('_', '-')}",
            threat=threats.HOSTILE_NAMES,
            tries=f"Tag a session for `{_purpose}` with {_value!r}, the victim's id for BOB, and reach for their data.",
            must="No session, or one that every call is denied to: a tag is compared as it stands.",
            run=partial(_wild, tenant=_value, purpose=_purpose),
        )


@vending.attack(
    "tag-two-tenants",
    threat=threats.LOOSE_POLICY,
    must="No session: the name must be the id, but for upper and lower case.",
)
def _(world: World) -> Outcome:
    """Tag a session with one's own id and the victim's name, which would open their bucket for the role alone."""
    sessions, at = Sessions.of(world), prize(world)
    steps = []
    for purpose in ("bucket", "access_point"):
        mixed = _with(session_tags(at.alice.tenant, purpose), TENANT_NAME_TAG, at.bob.tenant.lower())
        steps += [
            (f"a session ({purpose})", denied(partial(sessions.assume, sessions.copy(purpose), mixed))),
            (purpose, _good(world, purpose)),
        ]
    return together(*steps)


@vending.attack(
    "tag-other-case",
    threat=threats.COLLIDING_NAMES,
    must="Denied: the bucket itself refuses whoever is tagged with another id.",
)
def _(world: World) -> Outcome:
    """Be the tenant whose id is the victim's in upper case, whose session's name opens the victim's bucket."""
    sessions, at = Sessions.of(world), prize(world)
    steps = []
    for purpose in ("bucket", "access_point"):
        twin = session_tags(at.bob.tenant.upper(), purpose)
        aws = sessions.assume(sessions.copy(purpose), twin)
        reach = ((f"{name} ({purpose})", call) for name, call in _reach(world, aws, purpose, at.bob))
        steps += all_denied(reach, codes=CODES)
        steps.append((purpose, _good(world, purpose)))
    return together(*steps)


# Ids that are alike, and ids that are long


def _near(world: World, purpose: str, layers: IsolationLayers) -> Outcome:
    """Reach from each neighbour for each other."""
    sessions, api, steps = Sessions.of(world), Storage.of(world), []
    near, far, hyphen, *_ = neighbours(world, "vending")
    pairs = [(near, far), (far, near)]
    if purpose != "employees" and layers is not IsolationLayers.ROLE:
        pairs += [(near, hyphen), (hyphen, near)]
    if purpose in MODES:
        for owner in (near, far, hyphen):
            expect(api.put(owner, purpose, {"key": "prize.txt", "value": "x"}), "Storing an object")
    for attacker, victim in pairs:
        aws = sessions.act(purpose, layers, attacker)
        steps += all_denied(_reach(world, aws, purpose, victim), codes=CODES)
        steps.append(("one's own", own(world, purpose, aws, attacker)))
    return together(*steps)


def _long(world: World, purpose: str) -> Outcome:
    """Vend for ids of 38 and 128 characters, which have to fit into a session policy."""
    sessions, at = Sessions.of(world), prize(world)
    owner = world.once("vending longest", lambda: at.api.stranger(f"{world.run[-8:]}{'V' * 30}", "u" * 128))
    if purpose in MODES:
        expect(at.api.put(owner, purpose, {"key": "first.txt", "value": "x"}), "Storing an object")
    if len(sessions.policy(purpose, owner.tenant, owner.user)) > _POLICY_CHARACTERS:
        return breached("the session policy is longer than STS takes")
    aws = sessions.act(purpose, IsolationLayers.BOTH, owner)
    steps = all_denied(_reach(world, aws, purpose, at.bob), codes=CODES)
    return together(("one's own", own(world, purpose, aws, owner)), *steps)


for _purpose in PURPOSES:
    for _layers in (IsolationLayers.ROLE, IsolationLayers.POLICY):  # where each keeps them apart alone, both do
        vending.add(
            f"{_purpose.replace('_', '-')}-{_layers}-neighbours",
            threat=threats.COLLIDING_NAMES,
            tries=f"With credentials vended for `{_purpose}` ({_LAYERS[_layers]}), reach for ids that begin alike.",
            must="Each call is denied by IAM, and one's own can be used.",
            run=partial(_near, purpose=_purpose, layers=_layers),
        )
    vending.add(
        f"{_purpose.replace('_', '-')}-longest",
        threat=threats.HOSTILE_NAMES,
        tries=f"Vend credentials for `{_purpose}` to the longest ids that there are.",
        must="They reach their own and nobody else's.",
        run=partial(_long, purpose=_purpose),
    )
