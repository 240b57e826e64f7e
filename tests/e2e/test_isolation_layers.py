"""Direct AWS calls with vended credentials: two isolation layers of which either is enough, and functions without any.

The sessions here are the functions' own: vended by their code, with their configuration, of the tenant roles that are
deployed, for a principal with a function's grants. The surface `vending` of `attacks` tries more calls, also on AWS.
"""

from __future__ import annotations

import importlib
import io
import json
import secrets
import zipfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any, Final, cast

import boto3
import pytest
from aws_cdk import Environment, Stack, assertions
from botocore.exceptions import ClientError

from tenantry.attacks.storage import Storage
from tenantry.bundles.sources import package_folder
from tenantry.functions import FunctionDefaults, PythonFunction
from tenantry.isolation.data import TenantTable
from tenantry.isolation.vending import TokenVendor
from tenantry.model.caller import TenantCaller
from tenantry.model.identifiers import tenant_id, user_id
from tenantry.model.policies import PolicyTemplate
from tests.e2e.storage import ACCOUNT
from tests.e2e.vended_sessions import (
    ANYTHING,
    PURPOSES,
    Scene,
    Vending,
    allowing_anything,
    not_denied,
    outcome,
    reach,
    set_scene,
    tenant_role,
    variables,
)
from tests.lambdas.events import Context, proxy_event
from tests.synthesized import new_app

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tenantry.attacks.world import World
    from tenantry.local.cloud import LocalCloud
    from tenantry.operate.aws import Aws
    from tests.e2e.vended_sessions import Calls


@pytest.fixture(scope="module")
def vending(world: World) -> Iterator[Vending]:
    vending = Vending(world)
    with vending.trusted():
        yield vending


@pytest.fixture
def scene(world: World, purpose: str) -> Scene:
    return world.once(f"scene of {purpose}", lambda: set_scene(world, purpose))


_MINE: Final = {
    "bucket": {"get", "head", "list", "put", "begin an upload"},
    "prefix": {"get", "head", "list", "put", "begin an upload"},
    "tag": {"get", "head", "list", "put with tags", "tag"},
    "access_point": {"get", "head", "list", "put", "begin an upload"},
    "db_nosql": {"put", "begin an upload", "row: get", "row: query", "row: put"},
    "employees": {"get", "batch get", "query", "put", "update", "delete"},
}


@pytest.mark.parametrize("purpose", PURPOSES)
class TestSession:
    def test_session_allows_its_purpose_only(self, world: World, vending: Vending, scene: Scene, purpose: str) -> None:
        session = vending.session(purpose, scene.mine)

        assert not_denied(reach(world, session, purpose, scene.mine)).keys() == _MINE[purpose]

    def test_session_reaches_no_other_tenant_or_user(
        self, world: World, vending: Vending, scene: Scene, purpose: str
    ) -> None:
        session = vending.session(purpose, scene.mine)

        assert not_denied(reach(world, session, purpose, scene.theirs)) == {}
        if purpose != "employees":  # which are the tenant's
            assert not_denied(reach(world, session, purpose, scene.colleague)) == {}

    def test_role_policy_alone_isolates_tenants(
        self, world: World, vending: Vending, scene: Scene, purpose: str
    ) -> None:
        session = vending.session(purpose, scene.mine, policy=False)

        assert not_denied(reach(world, session, purpose, scene.theirs)) == {}
        assert _MINE[purpose] <= not_denied(reach(world, session, purpose, scene.mine)).keys()

    def test_session_policy_alone_isolates_tenants(
        self, world: World, vending: Vending, scene: Scene, purpose: str
    ) -> None:
        session = vending.session(purpose, scene.mine)

        with allowing_anything(world, tenant_role(vending.function(purpose))):
            assert not_denied(reach(world, session, purpose, scene.theirs)) == {}
            assert not_denied(reach(world, session, purpose, scene.mine)).keys() == _MINE[purpose]

    def test_without_either_layer_other_tenants_are_reachable(
        self, world: World, vending: Vending, purpose: str
    ) -> None:
        scene = set_scene(world, purpose)  # little is left of it
        session = vending.session(purpose, scene.mine, policy=False)

        with allowing_anything(world, tenant_role(vending.function(purpose))):
            calls = reach(world, session, purpose, scene.theirs)
            reached = not_denied(calls).keys()
        if purpose in {"bucket", "access_point"}:  # where the resource policy is a third layer
            assert not {"get", "list", "put", "delete"} & reached
        else:
            assert reached == calls.keys()

    def test_session_cannot_change_settings_or_assume_roles(
        self, world: World, vending: Vending, scene: Scene, purpose: str
    ) -> None:
        session, target, role = vending.session(purpose, scene.mine), world.target, vending.function(purpose)["Role"]
        bucket = Storage.of(world).bucket("prefix" if purpose == "employees" else purpose, scene.mine.tenant)
        tags: Any = [
            {"Key": "TenantId", "Value": scene.theirs.tenant},
            {"Key": "TenantName", "Value": "x"},
            {"Key": "Purpose", "Value": purpose},
        ]
        assume = partial(session.sts.assume_role, RoleSessionName="again")
        point: Any = {"AccountId": ACCOUNT, "Name": f"aws-saas-s3-{scene.mine.tenant}"}
        calls: dict[str, Callable[[], object]] = {
            "assume the role again": partial(assume, RoleArn=target.storage_role, Tags=tags),
            "assume the other role": partial(assume, RoleArn=target.employees_role, Tags=tags),
            "assume the function's": partial(assume, RoleArn=role),
            "read a policy": partial(session.iam.get_role_policy, RoleName=role, PolicyName="x"),
            "list buckets": session.s3.list_buckets,
            "read an access point": partial(session.s3control.get_access_point_policy, **point),
            "change an access point": partial(session.s3control.put_access_point_policy, **point, Policy="{}"),
        }
        if not bucket.startswith("arn:"):
            calls |= {
                "read the bucket's policy": partial(session.s3.get_bucket_policy, Bucket=bucket),
                "change the bucket's policy": partial(session.s3.put_bucket_policy, Bucket=bucket, Policy="{}"),
                "delete the bucket's policy": partial(session.s3.delete_bucket_policy, Bucket=bucket),
            }

        assert not_denied(calls) == {}

    @pytest.mark.parametrize("policy", [True, False], ids=["both layers", "role policy alone"])
    def test_session_is_refused_for_another_purpose(
        self, world: World, vending: Vending, scene: Scene, purpose: str, *, policy: bool
    ) -> None:
        session = vending.session(purpose, scene.mine, policy=policy)
        others = {
            f"{name} ({other})": call
            for other in PURPOSES
            for name, call in reach(world, session, other, scene.mine).items()
            if other != purpose
        }

        # What a partition that has not been used yet answers says nothing of what is in it.
        assert set(not_denied(others).values()) <= {"NoSuchAccessPoint", "NoSuchBucket", "404"}


def test_shared_bucket_refuses_direct_access(world: World, vending: Vending) -> None:
    purpose, scene = "access_point", set_scene(world, "access_point")
    bucket, own = f"aws-saas-s3-ap-{ACCOUNT}", scene.mine.prefix
    theirs = Storage.of(world).bucket(purpose, scene.theirs.tenant)
    with allowing_anything(world, tenant_role(vending.function(purpose))):
        for session in (vending.session(purpose, scene.mine), vending.session(purpose, scene.mine, policy=False)):
            calls: Calls = {
                "get": partial(session.s3.get_object, Bucket=bucket, Key=f"{own}secret.txt"),
                "put": partial(session.s3.put_object, Bucket=bucket, Key=f"{own}secret.txt", Body=b"x"),
                "list": partial(session.s3.list_objects_v2, Bucket=bucket, Prefix=own),
                "one's own through another's": partial(session.s3.get_object, Bucket=theirs, Key=f"{own}secret.txt"),
            }
            assert not_denied(calls) == {}


def test_object_requires_exactly_the_callers_tags(world: World, vending: Vending) -> None:
    scene = set_scene(world, "tag")
    s3, mine, theirs = vending.session("tag", scene.mine).s3, scene.mine, scene.theirs
    put = partial(s3.put_object, Bucket=f"aws-saas-s3-tag-{ACCOUNT}", Key=f"{mine.prefix}new.txt", Body=b"x")
    own = f"tenant_id={mine.tenant}&user_id={mine.user}"
    calls = {
        "no tags": put,
        "another tenant's": partial(put, Tagging=f"tenant_id={theirs.tenant}&user_id={theirs.user}"),
        "another user's": partial(put, Tagging=f"tenant_id={mine.tenant}&user_id=user10"),
        "the tenant's alone": partial(put, Tagging=f"tenant_id={mine.tenant}"),
        "one more": partial(put, Tagging=f"{own}&plan=gold"),
    }

    assert not_denied(calls) == {}
    assert not_denied({"exactly these": partial(put, Tagging=own)}) == {"exactly these": "success"}
    assert world.target.aws.s3.get_object_tagging(Bucket=f"aws-saas-s3-tag-{ACCOUNT}", Key=f"{mine.prefix}new.txt")


class TestIndex:
    """No deployed table has an index; this one is as a `TenantTable` would be deployed with one."""

    @pytest.fixture(scope="class")
    @classmethod
    def table(cls, world: World) -> Iterator[str]:
        name, database = f"{world.run}-orders", world.target.aws.dynamodb
        names: Any = [{"AttributeName": attribute, "AttributeType": "S"} for attribute in ("Tenant", "Id", "Name")]
        keys: Any = [{"AttributeName": "Tenant", "KeyType": "HASH"}, {"AttributeName": "Id", "KeyType": "RANGE"}]
        index: Any = {
            "IndexName": "by-name",
            "KeySchema": [keys[0], {"AttributeName": "Name", "KeyType": "RANGE"}],
            "Projection": {"ProjectionType": "ALL"},
        }
        database.create_table(
            TableName=name,
            AttributeDefinitions=names,
            KeySchema=keys,
            GlobalSecondaryIndexes=[index],
            BillingMode="PAY_PER_REQUEST",
        )
        for tenant in ("tenant-1", "tenant-10"):
            item: Any = {"Tenant": {"S": tenant}, "Id": {"S": "1"}, "Name": {"S": "x"}}
            database.put_item(TableName=name, Item=item)
        yield name
        database.delete_table(TableName=name)

    @pytest.mark.parametrize("layers", ["both", "tenant role", "session policy", "none"])
    def test_index_is_limited_to_the_tenant(self, world: World, table: str, layers: str) -> None:
        role, policy = self._policies(table)
        if layers in {"session policy", "none"}:
            role = ANYTHING
        session = self._session(world, role, policy if layers in {"both", "session policy"} else None)

        for index in (None, "by-name"):
            assert self._found(session, table, index, "tenant-1") == 1
            found = self._found(session, table, index, "tenant-10")
            assert found == (1 if layers == "none" else "AccessDeniedException")
        scan = outcome(partial(session.dynamodb.scan, TableName=table, IndexName="by-name"))
        assert scan == ("success" if layers == "none" else "AccessDeniedException")

    def _found(self, session: Aws, table: str, index: str | None, tenant: str) -> int | str:
        where: Any = {"TableName": table, **({"IndexName": index} if index else {})}
        try:
            return session.dynamodb.query(
                **where,
                KeyConditionExpression="Tenant = :tenant",
                ExpressionAttributeValues={":tenant": {"S": tenant}},
            )["Count"]
        except ClientError as error:
            return str(error.response["Error"]["Code"])

    def _policies(self, table: str) -> tuple[str, str]:
        """Return what the constructs make: the tenant role's policy, and the session policy of tenant-1."""
        stack = Stack(new_app(), "stack", env=Environment(account=ACCOUNT, region="us-east-1"))
        orders = TenantTable(
            stack,
            "Orders",
            table_name=table,
            partition_key="Tenant",
            sort_key="Id",
            indexes={"by-name": ("Tenant", "Name")},
        )
        vendor = TokenVendor(stack, "Vendor")
        orders.grant_tenant_read_write(vendor.purpose("orders"))
        entry = package_folder("employees")
        vendor.grant_vend(
            PythonFunction(stack, "F", entry=entry, defaults=FunctionDefaults(namespace="x")), purposes=["orders"]
        )
        template = assertions.Template.from_stack(stack)
        (role,) = template.find_resources(
            "AWS::IAM::Role", {"Properties": {"Policies": assertions.Match.any_value()}}
        ).values()
        document = _deployed(role["Properties"]["Policies"][0]["PolicyDocument"], table)
        (function,) = template.find_resources("AWS::Lambda::Function").values()
        given = json.loads(_deployed(function["Properties"]["Environment"]["Variables"]["TOKEN_VENDOR"], table))
        caller = TenantCaller(tenant_id=tenant_id("tenant-1"), user_id=user_id("user1"))
        return json.dumps(document), PolicyTemplate.of(given["policies"]["orders"], account=ACCOUNT).fill(caller)

    def _session(self, world: World, role_policy: str, session_policy: str | None) -> Aws:
        aws, name = world.target.aws, f"{world.run}-{secrets.token_hex(3)}"
        trust = {
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
            "Action": ["sts:AssumeRole", "sts:TagSession"],
        }
        made = aws.iam.create_role(
            RoleName=name, AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]})
        )
        world.cleanup.later(f"the role {name}", partial(aws.iam.delete_role, RoleName=name))
        aws.iam.put_role_policy(RoleName=name, PolicyName="tenant", PolicyDocument=role_policy)
        world.cleanup.later(
            f"the policy of {name}", partial(aws.iam.delete_role_policy, RoleName=name, PolicyName="tenant")
        )
        more: Any = {"Policy": session_policy} if session_policy else {}
        values = {"TenantId": "tenant-1", "TenantName": "tenant-1", "Purpose": "orders"}
        tags: Any = [{"Key": key, "Value": value} for key, value in values.items()]
        keys = aws.sts.assume_role(RoleArn=made["Role"]["Arn"], RoleSessionName="test", Tags=tags, **more)[
            "Credentials"
        ]
        return aws.acting_as(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])


def _deployed(value: Any, table: str) -> Any:  # noqa: ANN401 - any part of a template
    """Return a part of a template as CloudFormation makes it."""
    match value:
        case {"Fn::Join": [separator, parts]}:
            return separator.join(_deployed(part, table) for part in parts)
        case {"Fn::GetAtt": _}:
            return f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/{table}"
        case dict():
            return {key: _deployed(part, table) for key, part in value.items()}
        case list():
            return [_deployed(part, table) for part in value]
        case _:
            return value


class TestFunctionWithoutVending:
    """A function's own role has no grant on tenants' data: a handler that forgets to vend fails closed."""

    @pytest.mark.parametrize("purpose", PURPOSES)
    def test_role_reaches_nothing(self, world: World, vending: Vending, scene: Scene, purpose: str) -> None:
        actor = vending.actor(purpose)

        for owner in (scene.mine, scene.theirs):
            assert not_denied(reach(world, actor, purpose, owner)) == {}
        assert actor.sts.get_caller_identity()["Arn"]

    @pytest.mark.parametrize(("vends", "status"), [(True, 200), (False, 500)], ids=["vends", "does not"])
    def test_handler_answers_an_error_and_no_rows(
        self, world: World, deployed: LocalCloud, vending: Vending, *, vends: bool, status: int
    ) -> None:
        """The deployed code, with and without the one line, in a function with the same role and settings."""
        mine, function, functions = (
            set_scene(world, "employees").mine,
            vending.function("employees"),
            world.target.aws.functions,
        )
        line = 'vendor.session(caller, "employees").client("dynamodb")'
        code = _bundle(deployed, "employees", {} if vends else {line: '__import__("boto3").client("dynamodb")'})
        name = f"{world.run}-{'with' if vends else 'without'}"
        functions.create_function(
            FunctionName=name,
            Role=function["Role"],
            Runtime=function["Runtime"],
            Handler=function["Handler"],
            Environment={"Variables": variables(function)},
            Timeout=30,
            Code={"ZipFile": code},
        )
        world.cleanup.later(f"the function {name}", partial(functions.delete_function, FunctionName=name))
        caller = {"tenantId": mine.tenant, "userId": mine.user}
        event = proxy_event(path={}, authorizer=caller, route="GET /employees")

        answer = functions.invoke(FunctionName=name, Payload=json.dumps(event).encode())

        reply = json.loads(answer["Payload"].read())
        assert reply["statusCode"] == status
        assert ("Ada" in reply["body"]) is vends


def _bundle(deployed: LocalCloud, function: str, changes: Mapping[str, str]) -> bytes:
    """Return a function's deployed bundle as a zip file, with changes in its handler."""
    template = json.loads((deployed.folder.assembly / "tenantry-employees.template.json").read_text())
    (asset,) = (
        resource["Properties"]["Code"]["S3Key"].removesuffix(".zip")
        for resource in template["Resources"].values()
        if resource["Properties"].get("Handler") == f"{function}.handler.handler"
    )
    folder, content = deployed.folder.assembly / f"asset.{asset}", io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for path in (path for path in folder.rglob("*") if path.is_file()):
            data = path.read_bytes()
            if path == folder / function / "handler.py":
                text = data.decode()
                for old, new in changes.items():
                    assert text.count(old) == 1
                    text = text.replace(old, new)
                data = text.encode()
            archive.writestr(str(path.relative_to(folder)), data)
    return content.getvalue()


def test_thousand_requests_of_ten_tenants_make_ten_sts_calls(
    world: World, deployed: LocalCloud, vending: Vending, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The deployed function's code and settings in this process, eight requests at a time, against real IAM and S3."""
    api, run = Storage.of(world), secrets.token_hex(4)
    owners = [api.stranger(f"thousand-{run}-{number}", "user1") for number in range(10)]
    calls: Counter[str] = Counter()
    handler = _in_this_process(deployed, vending, monkeypatch, calls)

    def put(number: int) -> int:
        event = proxy_event(
            path={},
            authorizer={"tenantId": owners[number // 100].tenant, "userId": "user1"},
            body=json.dumps({"key": f"{number:03}.txt", "value": "A value"}),
            route="PUT /object",
            query={"partition": "prefix"},
        )
        answer: dict[str, Any] = handler(event, Context())
        return int(answer["statusCode"])

    with ThreadPoolExecutor(8) as pool:
        statuses = Counter(pool.map(put, range(1000)))

    assert statuses == {201: 1000}
    assert calls == {"AssumeRole": 10, "PutObject": 1000}
    for first, owner in enumerate(owners):
        assert api.names(owner, "prefix") == [f"{100 * first + number:03}.txt" for number in range(100)]
    s3, bucket = world.target.aws.s3, api.bucket("prefix", "")
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=f"thousand-{run}"):
        objects: Any = [{"Key": found["Key"], "VersionId": found["VersionId"]} for found in page["Versions"]]
        s3.delete_objects(Bucket=bucket, Delete={"Objects": objects})


def _in_this_process(
    deployed: LocalCloud, vending: Vending, monkeypatch: pytest.MonkeyPatch, calls: Counter[str]
) -> Callable[..., Any]:
    """Import the storage function as Lambda would, with the credentials of a principal that has its grants."""
    keys = vending.actor("prefix").credentials()
    settings = {
        **variables(vending.function("prefix")),
        **deployed.variables,
        "AWS_ACCESS_KEY_ID": str(keys.access_key),
        "AWS_SECRET_ACCESS_KEY": str(keys.secret_key),
        "AWS_SESSION_TOKEN": str(keys.token),
    }
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    make = boto3.Session.client

    def counted(session: boto3.Session, service: str, **options: Any) -> Any:  # noqa: ANN401 - boto3's own
        client: Any = cast("Any", make)(session, service, **options)
        client.meta.events.register("before-call", lambda model, **_: calls.update([model.name]))
        return client

    monkeypatch.setattr(boto3.Session, "client", counted)
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    module = importlib.import_module("tenant_objects.handler")
    handler: Callable[..., Any] = importlib.reload(module).handler
    return handler
