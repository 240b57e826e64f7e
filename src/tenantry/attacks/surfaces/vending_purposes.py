"""Vended credentials and one's own tenant's data that another purpose of the same vendor is for."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

from tenantry.attacks import threats
from tenantry.attacks.accounts import SetupError
from tenantry.attacks.assertions import all_denied, allowed, together
from tenantry.attacks.items import query
from tenantry.attacks.outcome import Outcome, inconclusive
from tenantry.attacks.registry import REGISTRY
from tenantry.attacks.sessions import IsolationLayers, Sessions
from tenantry.attacks.storage import MODES
from tenantry.attacks.surfaces.vending import CODES, prize, tagging
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
    tags: Any = {}
    if mode == "db_nosql":  # whose sessions get versions only, and find their objects by rows
        more = {"VersionId": operator.list_object_versions(Bucket=bucket, Prefix=key)["Versions"][0]["VersionId"]}
    if mode == "tag":
        tags = {"Tagging": tagging(at.alice)}
    new = at.api.full_key(mode, at.alice, f"{world.run}.txt")
    calls: dict[str, Callable[[], object]] = {
        f"get in {mode}": partial(s3.get_object, Bucket=bucket, Key=key, **more),
        f"put in {mode}": partial(s3.put_object, Bucket=bucket, Key=new, Body=b"mine", **tags),
    }
    if mode == "db_nosql":
        row = at.alice.row(key)
        calls[f"row in {mode}"] = partial(aws.dynamodb.get_item, TableName=world.target.metadata_table, Key=row)
    else:
        prefix = at.api.full_key(mode, at.alice)
        calls[f"list in {mode}"] = partial(s3.list_objects_v2, Bucket=bucket, Prefix=prefix)
    return calls


def _own_parks(world: World, aws: Aws, *, reading: bool) -> Calls:
    """Return calls on the parks of a tenant that nobody lists, since one is made by setting its status."""
    tenant, table = prize(world).alice.tenant, world.target.parks_table
    key = park_key(tenant, PARK, world.run)
    delete = partial(world.target.aws.dynamodb.delete_item, TableName=table, Key=key)
    world.remove(f"the park {world.run} of {tenant}", delete)
    calls: dict[str, Callable[[], object]] = {
        "update a park": partial(aws.dynamodb.update_item, TableName=table, Key=key)
    }
    if reading:
        calls["query parks"] = partial(query, aws, table, PARTITION_KEY, tenant + of_kind(PARK))
    return calls


def _allowed(calls: Calls, purpose: str) -> list[tuple[str, Outcome]]:
    """Check that a purpose's own session may do what it is for."""
    return [(name, allowed(call, f"a session for {purpose}")) for name, call in calls.items()]


@vending.each(
    ((purpose.replace("_", "-"), purpose, purpose) for purpose in _PURPOSES),
    "{}-role-other-purposes",
    threat=threats.LOOSE_POLICY,
    tries="With credentials vended for `{}` and no session policy, reach for one's own tenant's data that the vendor's "
    "other purposes are for.",
    must="Each call is denied by IAM, and sessions of these purposes can do it.",
)
def _other_purposes(world: World, purpose: str) -> Outcome:
    at, sessions, role = prize(world), Sessions.of(world), IsolationLayers.ROLE
    mine = sessions.act(purpose, role, at.alice)
    own = _own(world, mine, purpose)
    steps, good = list[tuple[str, Outcome]](), _allowed(own, purpose)
    for other in sessions.purposes:
        if other == purpose or sessions.vendor(other).role != sessions.vendor(purpose).role:
            continue
        # What both are granted is no other purpose's alone.
        tried = ((name, call) for name, call in _own(world, mine, other).items() if name not in own)
        steps += all_denied(tried, codes=CODES)
        good += _allowed(_own(world, sessions.act(other, role, at.alice), other), other)
    if not steps:
        return inconclusive(f"nothing is another purpose's beside {purpose}")
    told = f"{len(steps)} calls, all denied; each is what another purpose's session can do"
    return together(*steps, *good, told=told)
