"""Two tenants of a deployed app, and requests that reach what is not the caller's: from the declarations, by example.

Nothing here is the prover's: what a declaration means for requests is written a second time, with names instead of
variables, so that a mistake in one is seen by the other.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Final

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
_OF_KEYS: Final = ("Decrypt", "GenerateDataKey", "CreateGrant")
_KEY: Final = "0a1b2c3d-0000-4000-8000-00000000abcd"
_LEADING: Final = "dynamodb:LeadingKeys"
_BOUND: Final = ("GetItem", "BatchGetItem", "Query", "PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem")
_WHOLE_TABLE: Final = (
    "Scan",
    "PartiQLSelect",
    "PartiQLUpdate",
    "ExportTableToPointInTime",
    "DeleteTable",
    "TagResource",
)
_OBJECT: Final = (
    "GetObject",
    "GetObjectVersion",
    "PutObject",
    "DeleteObject",
    "DeleteObjectVersion",
    "PutObjectTagging",
)
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
        (
            ("GetObject", "arn:aws:s3:::{n}/{u}/x"),
            ("PutObject", "arn:aws:s3:::{n}/{u}/x"),
            ("ListBucket", "arn:aws:s3:::{n}"),
        ),
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
    pairs = [_Pair(assembly, t1, t2, "ann", "ann") for t1, t2 in PAIRS]
    pairs += [_Pair(assembly, "acme", "acme", u1, u2) for u1, u2 in USERS]
    return list(dict.fromkeys(reach for pair in pairs for reach in pair.reaches()))


Keys = dict[str, Value | None]


@dataclass(frozen=True)
class _Pair:
    """A caller and an owner: of two tenants, or two users of one."""

    assembly: Assembly
    t1: str
    t2: str
    u1: str
    u2: str

    @property
    def _users(self) -> bool:
        return self.t1 == self.t2

    def _reach(self, action: str, resource: str, keys: Keys | None = None, *, only_sessions: bool = False) -> Reach:
        ids = (("t1", self.t1), ("t2", self.t2), ("u1", self.u1), ("u2", self.u2))
        return Reach(action, resource, tuple((keys or {}).items()), ids, only_sessions, self._users)

    def _filled(self, form: str, **more: str) -> str:
        values = {"tenant": self.t2, "user": self.u2, **more}
        return _WORD.sub(lambda found: values.get(found[1], "x"), form).replace("*", "x")

    def reaches(self) -> Iterator[Reach]:
        for stack in self.assembly.stacks.values():
            for store in map(Store.read, stack.template.get("Metadata", {}).get(STORES, [])):
                yield from self._made(stack, store, "")
        for resource in self.assembly.resources():
            yield from self._of_resource(resource)
        if not self._users:
            stack = next(iter(self.assembly.stacks.values()))
            for action, form in _BINDING:
                yield self._reach(action, form.format(a=stack.account, r=stack.region), only_sessions=True)

    def _of_resource(self, resource: Resource) -> Iterator[Reach]:
        stores = [Store.read(declared) for declared in resource.metadata.get(STORES, [])]
        for store in stores:
            if store.kind:
                yield from self._made(self.assembly.stacks[resource.stack], store, resource.name)
            elif store.by is not By.NONE and (not self._users or "{user}" in "".join((*store.forms, *store.prefixes))):
                yield from self._of_store(resource, store, stores)
        works_for_all = resource.type in _NOBODYS_DATA or not stores or stores[0].by is By.NONE
        if resource.type in _ALL_TENANTS and works_for_all and not self._users:
            yield from self._of_all(resource, only_sessions=True)

    def _of_all(self, resource: Resource, *, only_sessions: bool = False) -> Iterator[Reach]:
        service, *actions = _ALL_TENANTS[resource.type]
        arn = resource.arn.removesuffix(":*") + (":*" if service == "logs" else "")
        for action in actions:
            yield self._reach(f"{service}:{action}", arn, only_sessions=only_sessions)

    def _made(self, stack: Stack, store: Store, own: str) -> Iterator[Reach]:
        """Yield requests for what is made at run time under the tenant's name."""
        of_users = store.kind == "AWS::S3::Bucket" and "{user}" in "".join(store.forms)
        if store.by is By.NONE or (self._users and not of_users):
            return
        tenant = self.t2.lower() if store.kind in _LOWER else self.t2
        name = self._filled(store.name, tenant=tenant, account=stack.account, region=stack.region, id=own)
        if store.kind == "AWS::KMS::Alias":
            key = f"arn:aws:kms:{stack.region}:{stack.account}:key/{_KEY}"
            tag: Keys = {"aws:ResourceTag/TenantId": self.t2, "kms:EncryptionContext:aws:s3:arn": None}
            yield from (self._reach(f"kms:{action}", key, tag) for action in _OF_KEYS)
            return
        service, asked = _MADE.get(store.kind, ("", ()))
        for action, form in asked:
            arn = form.format(n=name, r=stack.region, a=stack.account, t=self.t2, u=self.u2)
            point: Keys = {"s3:DataAccessPointArn": arn.split("/object/")[0]} if ":accesspoint/" in arn else {}
            begun = (None, "", f"{self.t2}/", f"{self.u2}/", f"{self.u2}/x") if action == "ListBucket" else ()
            for keys in [{"s3:prefix": prefix} for prefix in begun] or [{}]:
                yield self._reach(f"{service}:{action}", arn, {**keys, **point})

    def _of_store(self, resource: Resource, store: Store, stores: list[Store]) -> Iterator[Reach]:
        match resource.type:
            case "AWS::DynamoDB::Table":
                yield from self._of_table(resource, store)
            case "AWS::S3::Bucket":
                points = self._points(resource, stores)
                for form in store.forms if store.by is By.PREFIX else store.prefixes:
                    yield from self._listed(resource, self._filled(form), points)
                    yield from self._objects(resource, self._filled(form), points, store)
                if not self._users:
                    yield from (self._reach(f"s3:{action}", resource.arn) for action in _BUCKET)
            case "AWS::KMS::Key":
                for action, via in product(_OF_KEYS, (None, "kinesis.us-east-1.amazonaws.com")):
                    yield self._reach(f"kms:{action}", resource.arn, {"kms:ViaService": via})
            case kind if kind in _ALL_TENANTS:
                yield from self._of_all(resource)

    def _of_table(self, resource: Resource, store: Store) -> Iterator[Reach]:
        keys: list[Keys] = [{}]
        if store.by is By.PARTITION_KEY:
            theirs = [self._filled(form) for form in store.forms]
            mine = self._filled(store.forms[0], tenant=self.t1, user=self.u1)
            keys = [{_LEADING: values} for values in (*((key,) for key in theirs), (mine, theirs[0]))]
        if not self._users:
            keys.append({_LEADING: None})
            yield from (self._reach(f"dynamodb:{action}", resource.arn) for action in _WHOLE_TABLE)
        for action, arn, one in product(_BOUND, (resource.arn, f"{resource.arn}/index/by"), keys):
            yield self._reach(f"dynamodb:{action}", arn, one)

    def _points(self, resource: Resource, stores: list[Store]) -> list[str | None]:
        """Return no access point, the caller's and the owner's."""
        stack = self.assembly.stacks[resource.stack]
        return [
            None,
            *(
                f"arn:aws:s3:{stack.region}:{stack.account}:accesspoint/{self._filled(store.name, tenant=tenant.lower())}"
                for store in stores
                if store.kind == "AWS::S3::AccessPoint"
                for tenant in (self.t1, self.t2)
            ),
        ]

    def _listed(self, resource: Resource, begun: str, points: list[str | None]) -> Iterator[Reach]:
        shorter = (begun[:length] for length in (0, 1, len(begun) // 2, len(begun) - 1))
        prefixes = [begun, f"{begun}x"] if self._users else [None, begun, f"{begun}x", *shorter]
        for action, prefix, point in product(("ListBucket", "ListBucketVersions"), prefixes, points):
            for arn in (resource.arn, *([point] if point else [])):
                yield self._reach(f"s3:{action}", arn, {"s3:DataAccessPointArn": point, "s3:prefix": prefix})

    def _objects(self, resource: Resource, begun: str, points: list[str | None], store: Store) -> Iterator[Reach]:
        for action, point in product(_OBJECT, points):
            for arn in (f"{resource.arn}/{begun}x", *([f"{point}/object/{begun}x"] if point else [])):
                for tags in self._tags(store, action):
                    yield self._reach(f"s3:{action}", arn, {"s3:DataAccessPointArn": point, **tags})

    def _tags(self, store: Store, action: str) -> Iterator[Keys]:
        """Yield the tags of an object of the owner's, and those that a request may give it."""
        if store.by is not By.TAG:
            yield {}
            return
        existing = f"s3:ExistingObjectTag/{store.key}"
        for given in (self.t2, None):
            yield {existing: given, "s3:ExistingObjectTag/user_id": self.u2}
        if action.startswith("Put"):
            yield {existing: self.t2, f"s3:RequestObjectTag/{store.key}": self.t1}
