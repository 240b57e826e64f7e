"""Vended credentials and one's own tenant's data that another purpose of the same vendor is for."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from tenantry.attacks import threats
from tenantry.attacks.accounts import SetupError
from tenantry.attacks.assertions import denied, together
from tenantry.attacks.outcome import AttackResult, Outcome, held, inconclusive
from tenantry.attacks.registry import REGISTRY
from tenantry.attacks.sessions import IsolationLayers, Sessions
from tenantry.attacks.storage import MODES
from tenantry.attacks.surfaces.vending import CODES, prize
from tenantry.model.tags import OBJECT_TENANT_TAG, OBJECT_USER_TAG
from tenantry.model.tenant_tables import PARK, PARTITION_KEY, of_kind, park_key

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tenantry.attacks.world import World
    from tenantry.operate.aws import Aws

    Calls = Mapping[str, Callable[[], object]]

vending: Final = REGISTRY.surface("vending")

_WORK: Final = "park-statuses"
_WEBHOOKS: Final = "webhooks"
_PURPOSES: Final = (*MODES, _WORK)
"""What shares its vendor, and has less than another purpose of it: ``webhooks`` may all that ``park-statuses`` may."""


def _own(world: World, aws: Aws, purpose: str) -> Calls:
    """Return what a purpose's sessions do with their own tenant's data, by what it is."""
    if purpose in MODES:
        return _own_objects(world, aws, purpose)
    if purpose in {_WORK, _WEBHOOKS}:
        return _own_parks(world, aws, reading=purpose == _WEBHOOKS)
    raise SetupError(f"Nobody has said what {purpose!r} is for: add its calls to {__name__}.")


def _own_objects(world: World, aws: Aws, mode: str) -> Calls:
    at, s3, operator = prize(world), aws.s3, world.target.aws.s3
    bucket, key = at.api.bucket(mode, at.alice.tenant), at.api.full_key(mode, at.alice, at.key)
    more: Any = {}
    tagging: Any = {}
    if mode == "db_nosql":  # whose sessions get versions only, and find their objects by rows
        more = {"VersionId": operator.list_object_versions(Bucket=bucket, Prefix=key)["Versions"][0]["VersionId"]}
    if mode == "tag":
        tags = {OBJECT_TENANT_TAG: at.alice.tenant, OBJECT_USER_TAG: at.alice.user}
        tagging = {"Tagging": urlencode(tags)}
    new = at.api.full_key(mode, at.alice, f"{world.run}.txt")
    calls: dict[str, Callable[[], object]] = {
        f"get in {mode}": partial(s3.get_object, Bucket=bucket, Key=key, **more),
        f"put in {mode}": partial(s3.put_object, Bucket=bucket, Key=new, Body=b"mine", **tagging),
    }
    if mode == "db_nosql":
        row = {"id_concat": {"S": f"{at.alice.tenant}^{at.alice.user}"}, "key_name": {"S": key}}
        calls[f"row in {mode}"] = partial(aws.dynamodb.get_item, TableName=world.target.metadata_table, Key=row)
    else:
        prefix = at.api.full_key(mode, at.alice)
        calls[f"list in {mode}"] = partial(s3.list_objects_v2, Bucket=bucket, Prefix=prefix)
    return calls


def _own_parks(world: World, aws: Aws, *, reading: bool) -> Calls:
    """Return calls on the parks of a tenant that nobody lists, since one is made by setting its status."""
    tenant, table = prize(world).alice.tenant, world.target.parks_table
    key = park_key(tenant, PARK, world.run)
    operator = world.target.aws.dynamodb
    world.once(
        f"park of {tenant}",
        lambda: world.cleanup.later(
            f"the park {world.run} of {tenant}", partial(operator.delete_item, TableName=table, Key=key)
        ),
    )
    calls: dict[str, Callable[[], object]] = {
        "update a park": partial(aws.dynamodb.update_item, TableName=table, Key=key)
    }
    if reading:
        calls["query parks"] = partial(
            aws.dynamodb.query,
            TableName=table,
            KeyConditionExpression="#key = :key",
            ExpressionAttributeNames={"#key": PARTITION_KEY},
            ExpressionAttributeValues={":key": {"S": tenant + of_kind(PARK)}},
        )
    return calls


def _allowed(calls: Calls, purpose: str) -> list[tuple[str, Outcome]]:
    """Check that a purpose's own session may do what it is for, without which a denial to others means nothing."""
    steps = []
    for name, call in calls.items():
        try:
            call()
        except Exception as error:  # noqa: BLE001 - whatever it is, the session is not what it should be
            steps.append((name, inconclusive(f"a session for {purpose} cannot do it: {error}")))
        else:
            steps.append((name, held(f"a session for {purpose} can")))
    return steps


def _other_purposes(world: World, purpose: str) -> Outcome:
    at, sessions, role = prize(world), Sessions.of(world), IsolationLayers.ROLE
    mine = sessions.act(purpose, role, at.alice)
    own = _own(world, mine, purpose)
    steps, good = list[tuple[str, Outcome]](), _allowed(own, purpose)
    for other in sessions.purposes:
        if other == purpose or sessions.vendor(other).role != sessions.vendor(purpose).role:
            continue
        # What both are granted is no other purpose's alone.
        steps += [
            (name, denied(call, codes=CODES)) for name, call in _own(world, mine, other).items() if name not in own
        ]
        good += _allowed(_own(world, sessions.act(other, role, at.alice), other), other)
    if not steps:
        return inconclusive(f"nothing is another purpose's beside {purpose}")
    worst = together(*steps, *good)
    if worst.result is not AttackResult.HELD:
        return worst
    return held(f"{len(steps)} calls, all denied; each is what another purpose's session can do")


for _purpose in _PURPOSES:
    vending.add(
        f"{_purpose.replace('_', '-')}-role-other-purposes",
        threat=threats.LOOSE_POLICY,
        tries=f"With credentials vended for `{_purpose}` and no session policy, reach for one's own tenant's data that "
        "the vendor's other purposes are for.",
        must="Each call is denied by IAM, and sessions of these purposes can do it.",
        run=partial(_other_purposes, purpose=_purpose),
    )
