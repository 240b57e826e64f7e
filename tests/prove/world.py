"""Two tenants of a deployed app, and requests that reach what is not the caller's: from the declarations, by example.

Nothing here is the prover's: what a declaration means for requests is written a second time, with names instead of
variables, so that a mistake in one is seen by the other.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any, Final

from tenantry.model.stores import STORES, By, Store
from tests.prove.evaluator import Value

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tenantry.prove.assembly import Assembly, Resource, Stack

PAIRS: Final = (
    ("acme", "globex"),
    ("acme", "acme1"),
    ("acme1", "acme"),
    ("acme", "acme-1"),
    ("acme-1", "acme"),
    ("acme", "xacme"),
    ("xacme", "acme"),
    ("ACME", "acmE1"),
)
"""Caller and owner: tenants that differ in every way in which patterns go wrong."""

USERS: Final = (("ann", "bob"), ("ann", "ann1"), ("ann", "xann"))
_KEY: Final = "0a1b2c3d-0000-4000-8000-00000000abcd"
_LEADING: Final = "dynamodb:LeadingKeys"
_BOUND: Final = ("GetItem", "BatchGetItem", "Query", "PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem")
_WHOLE_TABLE: Final = ("Scan", "PartiQLSelect", "PartiQLUpdate", "ExportTableToPointInTime", "DeleteTable", "TagResource")
_OBJECT: Final = ("GetObject", "GetObjectVersion", "PutObject", "DeleteObject", "DeleteObjectVersion", "PutObjectTagging")
_BUCKET: Final = ("PutBucketPolicy", "DeleteBucket", "PutLifecycleConfiguration", "ListBucketMultipartUploads")
_ALL_TENANTS: Final = {
    "AWS::Kinesis::Stream": ("kinesis", "GetRecords", "PutRecord", "PutRecords", "GetShardIterator"),
    "AWS::SQS::Queue": ("sqs", "ReceiveMessage", "SendMessage", "DeleteMessage", "PurgeQueue"),
    "AWS::SecretsManager::Secret": ("secretsmanager", "GetSecretValue", "PutSecretValue"),
    "AWS::Cognito::UserPool": ("cognito-idp", "AdminGetUser", "ListUsers", "AdminUpdateUserAttributes"),
    "AWS::StepFunctions::StateMachine": ("states", "StartExecution", "StartSyncExecution"),
    "AWS::Lambda::Function": ("lambda", "InvokeFunction", "UpdateFunctionCode"),
    "AWS::Events::EventBus": ("events", "PutEvents", "PutRule"),
    "AWS::Logs::LogGroup": ("logs", "FilterLogEvents", "GetLogEvents"),
}
_NOBODYS_DATA: Final = frozenset(
    {"AWS::StepFunctions::StateMachine", "AWS::Lambda::Function", "AWS::Events::EventBus", "AWS::Logs::LogGroup"}
)
# What binds a session.
_BINDING: Final = (
    ("iam:PutRolePolicy", "arn:aws:iam::{a}:role/any"),
    ("iam:UpdateAssumeRolePolicy", "arn:aws:iam::{a}:role/any"),
    ("iam:PassRole", "arn:aws:iam::{a}:role/any"),
    ("iam:CreateAccessKey", "arn:aws:iam::{a}:user/any"),
    ("sts:AssumeRole", "arn:aws:iam::{a}:role/any"),
    ("iot:AttachThingPrincipal", "arn:aws:iot:{r}:{a}:thing/any"),
    ("iot:UpdateThing", "arn:aws:iot:{r}:{a}:thing/any"),
)
_MADE: Final = {
    "AWS::S3::Bucket": (
        "s3",
        (("GetObject", "arn:aws:s3:::{n}/{u}/x"), ("PutObject", "arn:aws:s3:::{n}/{u}/x"), ("ListBucket", "arn:aws:s3:::{n}")),
    ),
    "AWS::S3::AccessPoint": (
        "s3",
        (
            ("GetObject", "arn:aws:s3:{r}:{a}:accesspoint/{n}/object/{t}/{u}/x"),
            ("PutObject", "arn:aws:s3:{r}:{a}:accesspoint/{n}/object/{t}/{u}/x"),
            ("ListBucket", "arn:aws:s3:{r}:{a}:accesspoint/{n}"),
        ),
    ),
    "AWS::SNS::Topic": (
        "sns",
        tuple((action, "arn:aws:sns:{r}:{a}:{n}") for action in ("Publish", "Subscribe", "CreateTopic", "DeleteTopic")),
    ),
    "AWS::IoT::Thing": ("iot", (("DescribeThing", "arn:aws:iot:{r}:{a}:thing/{n}"),)),
    "AWS::IoT::ThingType": ("iot", (("DescribeThingType", "arn:aws:iot:{r}:{a}:thingtype/{n}"),)),
    "AWS::ApiGateway::ApiKey": ("apigateway", (("GET", "arn:aws:apigateway:{r}::/apikeys/k2"),)),
}
_LOWER: Final = {"AWS::KMS::Alias", "AWS::S3::AccessPoint", "AWS::S3::Bucket"}
_WORD: Final = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class Reach:
    """A request of `t1`'s user `u1` that reaches what is not theirs.

    Attributes
    ----------
    action, resource, keys
        The request; None for a key says that it is absent, and a key that is not named may be anything.
    ids
        Of the caller and of the owner: `t1`, `u1`, `t2`, `u2`.
    only_sessions
        Whether only those who act for one tenant must not make it.
    users
        Whether it is about another user of the same tenant.
    """

    action: str
    resource: str
    keys: tuple[tuple[str, Value | None], ...]
    ids: tuple[tuple[str, str], ...]
    only_sessions: bool = False
    users: bool = False


def reaches(assembly: Assembly) -> list[Reach]:
    """Return the requests that reach what is not the caller's, of every pair of tenants and of users."""
    found = [
        reach
        for t1, t2 in PAIRS
        for reach in _of_pair(assembly, {"t1": t1, "t2": t2, "u1": "ann", "u2": "ann"})
    ]
    for u1, u2 in USERS:
        found += _of_pair(assembly, {"t1": "acme", "t2": "acme", "u1": u1, "u2": u2}, users=True)
    return list(dict.fromkeys(found))


def _of_pair(assembly: Assembly, ids: dict[str, str], *, users: bool = False) -> Iterator[Reach]:
    def reach(action: str, resource: str, keys: dict[str, Value | None] | None = None, **more: bool) -> Reach:
        return Reach(action, resource, tuple((keys or {}).items()), tuple(ids.items()), users=users, **more)

    for stack in assembly.stacks.values():
        for store in map(Store.read, stack.template.get("Metadata", {}).get(STORES, [])):
            yield from _made(stack, store, "", ids, reach, users=users)
    for resource in assembly.resources():
        stack = assembly.stacks[resource.stack]
        stores = [Store.read(declared) for declared in resource.metadata.get(STORES, [])]
        for store in stores:
            if store.kind:
                yield from _made(stack, store, resource.name, ids, reach, users=users)
            elif store.by is not By.NONE and (not users or "{user}" in "".join((*store.forms, *store.prefixes))):
                yield from _of_store(assembly, resource, store, stores, ids, reach)
        if resource.type in _ALL_TENANTS and not users:
            if resource.type in _NOBODYS_DATA or not stores or stores[0].by is By.NONE:
                yield from _of_all(resource, reach, only_sessions=True)
    if not users:
        for action, form in _BINDING:
            yield reach(action, form.format(a=stack.account, r=stack.region), only_sessions=True)


def _of_all(resource: Resource, reach: Any, **more: bool) -> Iterator[Reach]:  # noqa: ANN401 - a function
    service, *actions = _ALL_TENANTS[resource.type]
    arn = resource.arn.removesuffix(":*") + (":*" if service == "logs" else "")
    for action in actions:
        yield reach(f"{service}:{action}", arn, **more)


def _filled(form: str, ids: dict[str, str], **more: str) -> str:
    values = {"tenant": ids["t2"], "user": ids["u2"], **more}
    return _WORD.sub(lambda found: values.get(found[1], "x"), form).replace("*", "x")


def _made(stack: Stack, store: Store, own: str, ids: dict[str, str], reach: Any, *, users: bool) -> Iterator[Reach]:  # noqa: ANN401
    """Yield requests for what is made at run time under the tenant's name."""
    if store.by is By.NONE or (users and not (store.kind == "AWS::S3::Bucket" and "{user}" in "".join(store.forms))):
        return
    given = {**ids, "t2": ids["t2"].lower()} if store.kind in _LOWER else ids
    name = _filled(store.name, given, account=stack.account, region=stack.region, id=own)
    place = {"n": name, "r": stack.region, "a": stack.account, "t": ids["t2"], "u": ids["u2"]}
    if store.kind == "AWS::KMS::Alias":
        key = f"arn:aws:kms:{stack.region}:{stack.account}:key/{_KEY}"
        for action in ("Decrypt", "GenerateDataKey", "CreateGrant"):
            yield reach(f"kms:{action}", key, {"aws:ResourceTag/TenantId": ids["t2"], "kms:EncryptionContext:aws:s3:arn": None})
        return
    if store.kind not in _MADE:
        return
    service, asked = _MADE[store.kind]
    for action, form in asked:
        arn = form.format(**place)
        keys: list[dict[str, Value | None]] = [{}]
        if action == "ListBucket":
            keys = [{"s3:prefix": prefix} for prefix in (None, "", f"{ids['t2']}/", f"{ids['u2']}/", f"{ids['u2']}/x")]
        for one in keys:
            point = {"s3:DataAccessPointArn": arn.split("/object/")[0]} if ":accesspoint/" in arn else {}
            yield reach(f"{service}:{action}", arn, {**one, **point})


def _of_store(
    assembly: Assembly, resource: Resource, store: Store, stores: list[Store], ids: dict[str, str], reach: Any  # noqa: ANN401
) -> Iterator[Reach]:
    match resource.type:
        case "AWS::DynamoDB::Table":
            yield from _of_table(resource, store, ids, reach)
        case "AWS::S3::Bucket":
            yield from _of_bucket(assembly, resource, store, stores, ids, reach)
        case "AWS::KMS::Key":
            for action, via in product(("Decrypt", "GenerateDataKey", "CreateGrant"), (None, "kinesis.us-east-1.amazonaws.com")):
                yield reach(f"kms:{action}", resource.arn, {"kms:ViaService": via})
        case kind if kind in _ALL_TENANTS:
            yield from _of_all(resource, reach)


def _of_table(resource: Resource, store: Store, ids: dict[str, str], reach: Any) -> Iterator[Reach]:  # noqa: ANN401
    if ids["t1"] != ids["t2"]:
        for action in _WHOLE_TABLE:
            yield reach(f"dynamodb:{action}", resource.arn)
    keys: list[dict[str, Value | None]] = [{}]
    if store.by is By.PARTITION_KEY:
        theirs = [_filled(form, ids) for form in store.forms]
        mine = [_filled(form, {**ids, "t2": ids["t1"], "u2": ids["u1"]}) for form in store.forms]
        keys = [{_LEADING: (key,)} for key in theirs] + [{_LEADING: (mine[0], theirs[0])}]
        if ids["t1"] != ids["t2"]:
            keys.append({_LEADING: None})
    for action, arn, one in product(_BOUND, (resource.arn, f"{resource.arn}/index/by"), keys):
        yield reach(f"dynamodb:{action}", arn, one)


def _of_bucket(
    assembly: Assembly, resource: Resource, store: Store, stores: list[Store], ids: dict[str, str], reach: Any  # noqa: ANN401
) -> Iterator[Reach]:
    tenants = ids["t1"] != ids["t2"]
    prefixes = store.forms if store.by is By.PREFIX else store.prefixes
    for action in _BUCKET if tenants else ():
        yield reach(f"s3:{action}", resource.arn)
    points: list[str | None] = [None]
    stack = assembly.stacks[resource.stack]
    for other in stores:
        if other.kind == "AWS::S3::AccessPoint":
            points += [
                f"arn:aws:s3:{stack.region}:{stack.account}:accesspoint/"
                + _filled(other.name, {**ids, "t2": ids[whose].lower()})
                for whose in ("t1", "t2")
            ]
    for form in prefixes:
        begun = _filled(form, ids)
        listed = [None, begun, begun[:-1], f"{begun}x", *(begun[:length] for length in (0, 1, len(begun) // 2))]
        for point in points:
            via: dict[str, Value | None] = {"s3:DataAccessPointArn": point}
            for action, prefix in product(("ListBucket", "ListBucketVersions"), dict.fromkeys(listed)):
                if tenants or (prefix or "").startswith(begun[:-1]):
                    for arn in (resource.arn, *([point] if point else [])):
                        yield reach(f"s3:{action}", arn, {**via, "s3:prefix": prefix})
            for action in _OBJECT:
                for arn in (f"{resource.arn}/{begun}x", *([f"{point}/object/{begun}x"] if point else [])):
                    for tags in _tags(store, ids, action):
                        yield reach(f"s3:{action}", arn, {**via, **tags})


def _tags(store: Store, ids: dict[str, str], action: str) -> Iterator[dict[str, Value | None]]:
    """Yield the tags of an object of the owner's, and those that a request may give it."""
    if store.by is not By.TAG:
        yield {}
        return
    existing = f"s3:ExistingObjectTag/{store.key}"
    for given in (ids["t2"], None):
        yield {existing: given, "s3:ExistingObjectTag/user_id": ids["u2"]}
    if action.startswith("Put"):
        yield {existing: ids["t2"], f"s3:RequestObjectTag/{store.key}": ids["t1"]}
