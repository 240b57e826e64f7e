"""Credentials vended as the deployed functions vend them, and calls made with them."""

from __future__ import annotations

import json
import secrets
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final, cast

from botocore.exceptions import ClientError

from tenantry.attacks.storage import MODES, Owner, Storage
from tenantry.model.caller import TenantCaller
from tenantry.model.identifiers import tenant_id, user_id
from tenantry.model.policies import PolicyTemplate
from tenantry.runtime.vending import TokenVendor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from mypy_boto3_sts import STSClient

    from tenantry.attacks.world import World
    from tenantry.operate.aws import Aws

    Calls = Mapping[str, Callable[[], object]]

PURPOSES: Final = (*MODES, "employees")
ANYTHING: Final = json.dumps(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
)
_DENIED: Final = {"AccessDenied", "AccessDeniedException", "403"}
_KEY: Final = "secret.txt"


class _Sts:
    """The function's STS; it can leave the session policy away, and keeps what was vended."""

    def __init__(self, sts: STSClient, *, policy: bool) -> None:
        self._sts = sts
        self._policy = policy
        self.keys: Any = None

    def assume_role(self, **asked: Any) -> Any:  # noqa: ANN401 - STS's own parameters
        if not self._policy:
            del asked["Policy"]
        answer = self._sts.assume_role(**asked)
        self.keys = answer["Credentials"]
        return answer


class Vending:
    """The vending machines of the deployed functions, used by principals with the functions' grants."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._functions = [
            found
            for name in world.ids_of("AWS::Lambda::Function")
            if "TOKEN_VENDOR" in variables(found := _configuration(world, name))
        ]

    def function(self, purpose: str) -> dict[str, Any]:
        """Return the configuration of the function that vends for a purpose."""
        (found,) = (function for function in self._functions if purpose in _given(function)["policies"])
        return found

    def actor(self, purpose: str) -> Aws:
        """Return a principal with the grants of the function that vends for a purpose."""
        return self._acting_as(self.function(purpose))

    def _acting_as(self, function: dict[str, Any]) -> Aws:
        return self._world.clone_role(function["Role"].rpartition("/")[2])

    def tenant_roles(self) -> dict[str, Aws]:
        """Return each tenant role with a principal that has the grants of its function."""
        return {tenant_role(function): self._acting_as(function) for function in self._functions}

    @contextmanager
    def trusted(self) -> Iterator[None]:
        """Let the principals assume the tenant roles, as the functions do, and undo that in the end."""
        iam = self._world.target.aws.iam
        before: dict[str, str] = {}
        try:
            for role, actor in self.tenant_roles().items():
                found: Any = iam.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]
                trust = json.loads(found) if isinstance(found, str) else found
                before[role] = json.dumps(trust)
                identity = actor.sts.get_caller_identity()
                principal = {"AWS": f"arn:aws:iam::{identity['Account']}:role/{identity['Arn'].split('/')[1]}"}
                more = [{**statement, "Principal": principal} for statement in trust["Statement"]]
                widened = {**trust, "Statement": [*trust["Statement"], *more]}
                iam.update_assume_role_policy(RoleName=role, PolicyDocument=json.dumps(widened))
            yield
        finally:
            for role, document in before.items():
                iam.update_assume_role_policy(RoleName=role, PolicyDocument=document)

    def session(self, purpose: str, owner: Owner, *, policy: bool = True) -> Aws:
        """Vend a session as the function does, with its session policy or without."""
        given = _given(self.function(purpose))
        account = given["role"].split(":")[4]
        templates = {
            name: PolicyTemplate.of(statements, account=account) for name, statements in given["policies"].items()
        }
        sts = _Sts(self.actor(purpose).sts, policy=policy)
        caller = TenantCaller(tenant_id=tenant_id(owner.tenant), user_id=user_id(owner.user))
        TokenVendor(given["role"], templates, sts=cast("STSClient", sts)).session(caller, purpose)
        keys = sts.keys
        return self._world.target.aws.acting_as(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])


def _configuration(world: World, name: str) -> dict[str, Any]:
    return dict(world.target.aws.functions.get_function_configuration(FunctionName=name))


def variables(configuration: Mapping[str, Any]) -> dict[str, str]:
    """Return a function's environment variables."""
    return dict(configuration.get("Environment", {}).get("Variables", {}))


def _given(configuration: Mapping[str, Any]) -> dict[str, Any]:
    given: dict[str, Any] = json.loads(variables(configuration)["TOKEN_VENDOR"])
    return given


def tenant_role(configuration: Mapping[str, Any]) -> str:
    """Return the name of the role that a function vends sessions of."""
    return str(_given(configuration)["role"]).rpartition("/")[2]


@contextmanager
def allowing_anything(world: World, role: str) -> Iterator[None]:
    """Put a policy in the place of the tenant role's own that allows everything."""
    iam = world.target.aws.iam
    (name,) = iam.list_role_policies(RoleName=role)["PolicyNames"]
    document: Any = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
    iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=ANYTHING)
    try:
        yield
    finally:
        text = document if isinstance(document, str) else json.dumps(document)
        iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=text)


@dataclass(frozen=True)
class Scene:
    """Neighbours who have the same things: mine, a colleague's, and another tenant's, each of whose ids begin alike."""

    mine: Owner
    colleague: Owner
    theirs: Owner


def set_scene(world: World, purpose: str) -> Scene:
    """Store something for each of them in the partition of a purpose."""
    api, tenant = Storage.of(world), f"layers-{secrets.token_hex(4)}"
    owners = (
        Owner(tenant=tenant, user="user1"),
        Owner(tenant=tenant, user="user10"),
        Owner(tenant=f"{tenant}0", user="user1"),
    )
    for owner in owners:
        if purpose == "employees":
            item: Any = {"Tenant": {"S": owner.tenant}, "Id": {"S": _KEY}, "Name": {"S": "Ada"}}
            table = world.target.employees_table
            world.target.aws.dynamodb.put_item(TableName=table, Item=item)
            key: Any = {"Tenant": item["Tenant"], "Id": item["Id"]}
            world.cleanup.later(
                f"an employee of {owner.tenant}",
                partial(world.target.aws.dynamodb.delete_item, TableName=table, Key=key),
            )
        else:
            known = api.stranger(owner.tenant, owner.user)
            assert api.put(known, purpose, json.dumps({"key": _KEY, "value": "secret"})).status == 201
    return Scene(*owners)


def reach(world: World, aws: Aws, purpose: str, owner: Owner) -> Calls:
    """Return the ways to what an owner has in the partition of a purpose; the last ones destroy it."""
    if purpose == "employees":
        return _rows(aws, world.target.employees_table, ("Tenant", owner.tenant), ("Id", _KEY))
    api, s3 = Storage.of(world), aws.s3
    where: Any = {"Bucket": api.bucket(purpose, owner.tenant)}
    prefix = api.full_key(purpose, owner)
    one = {**where, "Key": f"{prefix}{_KEY}"}
    tagging: Any = {"TagSet": [{"Key": "tenant_id", "Value": owner.tenant}, {"Key": "user_id", "Value": owner.user}]}
    calls: dict[str, Callable[[], object]] = {
        "get": partial(s3.get_object, **one),
        "head": partial(s3.head_object, **one),
        "get tags": partial(s3.get_object_tagging, **one),
        "get ACL": partial(s3.get_object_acl, **one),
        "list": partial(s3.list_objects_v2, **where, Prefix=prefix),
        "list without the slash": partial(s3.list_objects_v2, **where, Prefix=prefix[:-1]),
        "list all": partial(s3.list_objects_v2, **where),
        "list versions": partial(s3.list_object_versions, **where, Prefix=prefix),
        "begin an upload": partial(s3.create_multipart_upload, **one),
        "put": partial(s3.put_object, **one, Body=b"x"),
        "tag": partial(s3.put_object_tagging, **one, Tagging=tagging),
        "delete": partial(s3.delete_object, **one),
    }
    if purpose == "tag":
        tags = f"tenant_id={owner.tenant}&user_id={owner.user}"
        calls = {"put with tags": partial(s3.put_object, **one, Body=b"x", Tagging=tags), **calls}
    if purpose == "db_nosql":
        row = ("id_concat", f"{owner.tenant}^{owner.user}"), ("key_name", one["Key"])
        calls |= {f"row: {name}": call for name, call in _rows(aws, world.target.metadata_table, *row).items()}
    return calls


def _rows(aws: Aws, table: str, hash_key: tuple[str, str], range_key: tuple[str, str]) -> Calls:
    database, (name, value) = aws.dynamodb, hash_key
    key: Any = {name: {"S": value}, range_key[0]: {"S": range_key[1]}}
    batch: Any = {table: {"Keys": [key]}}
    query = {"KeyConditionExpression": "#h = :h", "ExpressionAttributeNames": {"#h": name}}
    return {
        "get": partial(database.get_item, TableName=table, Key=key),
        "batch get": partial(database.batch_get_item, RequestItems=batch),
        "query": partial(
            database.query, TableName=table, ExpressionAttributeValues={":h": {"S": value}}, **cast("Any", query)
        ),
        "scan": partial(database.scan, TableName=table),
        "PartiQL": partial(database.execute_statement, Statement=f'SELECT * FROM "{table}"'),  # noqa: S608 - an attack
        "put": partial(database.put_item, TableName=table, Item={**key, "Name": {"S": "x"}}),
        "update": partial(database.update_item, TableName=table, Key=key),
        "delete": partial(database.delete_item, TableName=table, Key=key),
    }


def not_denied(calls: Calls) -> dict[str, str]:
    """Make calls, and return what became of those that IAM did not deny."""
    outcomes = {name: outcome(call) for name, call in calls.items()}
    return {name: outcome for name, outcome in outcomes.items() if outcome not in _DENIED}


def outcome(call: Callable[[], object]) -> str:
    """Make a call, and return the error's code, or that there was none."""
    try:
        call()
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return "success"
