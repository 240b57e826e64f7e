"""Buckets in five partition modes: closed to everybody but sessions of one tenant."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pytest
from aws_cdk import Duration, Environment, Stack, assertions

from tenantry.bundles.sources import package_folder
from tenantry.functions import FunctionDefaults, PythonFunction
from tenantry.isolation.data import AccessPointBucket, DocumentedBucket, PrefixBucket, SiloBuckets, TaggedBucket
from tenantry.isolation.vending import TENANT_NAME, TokenVendor
from tenantry.model.caller import TenantCaller
from tenantry.model.identifiers import RESERVED_WORDS, tenant_id, user_id
from tenantry.model.policies import PolicyTemplate
from tests.statements import listed
from tests.synthesized import assembly, new_app

if TYPE_CHECKING:
    from collections.abc import Callable

    from constructs import Construct

_ACCOUNT: Final = "123456789012"
_ENVIRONMENT: Final = Environment(account=_ACCOUNT, region="eu-north-1")
_POINTS: Final = f"arn:aws:s3:eu-north-1:{_ACCOUNT}:accesspoint"
_TAG: Final = "${aws:PrincipalTag/TenantId}"
_NAME: Final = "${aws:PrincipalTag/TenantName}"
_OWN: Final = {"StringEquals": {"aws:ResourceAccount": [_ACCOUNT], "aws:PrincipalTag/Purpose": ["objects"]}}
_FORMS: Final[dict[str, Callable[..., Any]]] = {
    "prefix": PrefixBucket,
    "tag": TaggedBucket,
    "access point": lambda scope, name, **options: AccessPointBucket(
        scope, name, access_point_name=f"shop-{TENANT_NAME}", **options
    ),
    "documented": DocumentedBucket,
    "silo": lambda scope, _, tenant_keys=False, per_user=True, **__: SiloBuckets(
        scope, name=f"shop-{TENANT_NAME}-{_ACCOUNT}", tenant_keys=tenant_keys, per_user=per_user
    ),
}
_POOLED: Final = [form for form in _FORMS if form != "silo"]


@dataclass(frozen=True)
class _Synthesized:
    """A stack with a bucket in one form, and the statements that its purpose got."""

    template: assertions.Template
    role: list[dict[str, Any]]

    def session(self, tenant: str, user: str) -> list[dict[str, Any]]:
        """Return the statements of a caller's session policy, as the function's code completes them."""
        (function,) = self.template.find_resources("AWS::Lambda::Function").values()
        text = _flat(function["Properties"]["Environment"]["Variables"])["TOKEN_VENDOR"]
        policy = PolicyTemplate.of(json.loads(text)["policies"]["objects"], account=_ACCOUNT)
        caller = TenantCaller(tenant_id=tenant_id(tenant), user_id=user_id(user))
        found: list[dict[str, Any]] = json.loads(policy.fill(caller))["Statement"]
        return found

    @property
    def bucket(self) -> dict[str, Any]:
        (bucket,) = self.template.find_resources("AWS::S3::Bucket").values()
        properties: dict[str, Any] = bucket["Properties"]
        return properties

    @property
    def policy(self) -> list[dict[str, Any]]:
        (policy,) = self.template.find_resources("AWS::S3::BucketPolicy").values()
        statements: list[dict[str, Any]] = policy["Properties"]["PolicyDocument"]["Statement"]
        return statements


def _synthesize(form: str, **options: Any) -> _Synthesized:  # noqa: ANN401 - the bucket's own parameters
    stack = Stack(new_app(), "stack", env=_ENVIRONMENT)
    bucket = _FORMS[form](stack, "Bucket", **{"bucket_name": "shop-pool", **options})
    vendor = TokenVendor(stack, "Vendor")
    bucket.grant_tenant_read_write(vendor.purpose("objects"))
    vendor.grant_vend(_function(stack), purposes=["objects"])
    template = assertions.Template.from_stack(stack)
    (role,) = template.find_resources(
        "AWS::IAM::Role", {"Properties": {"Policies": assertions.Match.any_value()}}
    ).values()
    return _Synthesized(template, role["Properties"]["Policies"][0]["PolicyDocument"]["Statement"])


def _function(scope: Construct) -> PythonFunction:
    return PythonFunction(
        scope, "Function", entry=package_folder("employees"), defaults=FunctionDefaults(namespace="test")
    )


def _flat(statement: dict[str, Any]) -> dict[str, Any]:
    """Return a statement with its ARNs as text and its lists in order, which the CDK has not kept."""

    def text(value: Any) -> Any:  # noqa: ANN401 - any part of a statement
        match value:
            case {"Fn::Join": ["", parts]}:
                return "".join(text(part) for part in parts)
            case {"Ref": ("AWS::Partition" | "AWS::URLSuffix") as name}:
                return {"AWS::Partition": "aws", "AWS::URLSuffix": "amazonaws.com"}[name]
            case {"Fn::GetAtt": [name, "Arn"]}:
                return f"arn:of:{name}"
            case dict():
                return {key: text(part) for key, part in value.items()}
            case list():
                return sorted(text(part) for part in value)
            case _:
                return value

    flat: dict[str, Any] = text(statement)
    return flat


@pytest.mark.parametrize("form", _POOLED)
class TestEveryPooledBucket:
    def test_bucket_is_encrypted_private_and_versioned(self, form: str) -> None:
        bucket = _synthesize(form).bucket

        (encryption,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
        assert encryption["ServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"
        assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
        assert bucket["OwnershipControls"] == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
        assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}

    def test_bucket_requires_current_tls(self, form: str) -> None:
        conditions = {
            json.dumps(statement["Condition"], sort_keys=True)
            for statement in _synthesize(form).policy
            if statement["Effect"] == "Deny"
            and statement["Principal"] == {"AWS": "*"}
            and statement["Action"] == "s3:*"
        }

        assert conditions == {
            json.dumps({"Bool": {"aws:SecureTransport": "false"}}),
            json.dumps({"NumericLessThan": {"s3:TlsVersion": 1.2}}),
        }

    def test_bucket_policy_allows_nobody(self, form: str) -> None:
        assert {statement["Effect"] for statement in _synthesize(form).policy} == {"Deny"}

    def test_lifecycle_removes_old_versions_and_unfinished_uploads(self, form: str) -> None:
        (rule,) = _synthesize(form, old_versions=Duration.days(7)).bucket["LifecycleConfiguration"]["Rules"]

        assert rule["NoncurrentVersionExpiration"]["NoncurrentDays"] == 7
        assert rule["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 1}
        assert rule["Status"] == "Enabled"

    def test_bucket_is_retained_unless_ephemeral(self, form: str) -> None:
        _synthesize(form).template.has_resource(
            "AWS::S3::Bucket", {"DeletionPolicy": "RetainExceptOnCreate", "UpdateReplacePolicy": "Retain"}
        )

    def test_function_role_has_no_grant(self, form: str) -> None:
        policies = _synthesize(form).template.find_resources("AWS::IAM::Policy")

        assert '"s3:' not in json.dumps(policies)


@pytest.mark.parametrize("form", _FORMS)
class TestEveryForm:
    def test_session_reaches_data_but_no_settings(self, form: str) -> None:
        actions = {action for statement in _synthesize(form).role for action in listed(statement["Action"])}

        assert actions <= {
            "s3:GetObject",
            "s3:GetObjectVersion",
            "s3:PutObject",
            "s3:PutObjectTagging",
            "s3:DeleteObjectVersion",
            "s3:ListBucket",
        }

    def test_listing_is_limited_to_the_users_prefix(self, form: str) -> None:
        prefixes = [
            prefix
            for statement in _synthesize(form).role
            if "s3:ListBucket" in listed(statement["Action"])
            for prefix in statement["Condition"]["StringLike"]["s3:prefix"]
        ]

        own = "*/*" if form == "silo" else f"{_TAG}/*/*"
        assert prefixes == [] if form == "documented" else prefixes == [own]


def test_prefix_has_tenant_and_user() -> None:
    objects, listing = map(_flat, _synthesize("prefix").role)

    assert objects == {
        "Effect": "Allow",
        "Action": ["s3:GetObject", "s3:PutObject"],
        "Resource": f"arn:aws:s3:::shop-pool/{_TAG}/*/*",
        "Condition": _OWN,
    }
    assert listing["Resource"] == "arn:aws:s3:::shop-pool"


def test_tagged_object_is_readable_with_matching_tags_only() -> None:
    read, _, _ = map(_flat, _synthesize("tag").role)

    assert read["Action"] == "s3:GetObject"
    assert read["Condition"] == {
        "StringLike": {"s3:ExistingObjectTag/tenant_id": [_TAG], "s3:ExistingObjectTag/user_id": ["*"]},
        **_OWN,
    }


def test_tagged_object_requires_exactly_the_callers_tags() -> None:
    _, write, _ = map(_flat, _synthesize("tag").role)

    assert write["Action"] == ["s3:PutObject", "s3:PutObjectTagging"]
    assert write["Condition"] == {
        "StringLike": {"s3:RequestObjectTag/tenant_id": [_TAG], "s3:RequestObjectTag/user_id": ["*"]},
        "ForAllValues:StringEquals": {"s3:RequestObjectTagKeys": ["tenant_id", "user_id"]},
        **_OWN,
    }
    assert write["Resource"] == f"arn:aws:s3:::shop-pool/{_TAG}/*/*"


def test_shared_bucket_allows_own_access_points_only() -> None:
    synthesized = _synthesize("access point")

    (through,) = [_flat(statement) for statement in synthesized.policy if statement["Action"] != "s3:*"]
    assert (through["Effect"], through["Principal"]) == ("Deny", {"AWS": "*"})
    assert through["Condition"] == {"StringNotEquals": {"s3:DataAccessPointAccount": _ACCOUNT}}
    assert through["Action"] == ["s3:DeleteObject*", "s3:GetObject*", "s3:ListBucket*", "s3:PutObject*"]
    assert through["Resource"] == ["arn:of:BucketD7FEB781", "arn:of:BucketD7FEB781/*"]


def test_session_uses_its_tenants_access_point_only() -> None:
    objects, listing = map(_flat, _synthesize("access point").role)

    point = f"{_POINTS}/shop-{_NAME}"
    assert objects == {
        "Effect": "Allow",
        "Action": ["s3:GetObject", "s3:PutObject"],
        # S3 asks for both, and the condition holds for both.
        "Resource": [f"arn:aws:s3:::shop-pool/{_TAG}/*/*", f"{point}/object/{_TAG}/*/*"],
        "Condition": {"StringEquals": {"s3:DataAccessPointArn": [point], **_OWN["StringEquals"]}},
    }
    assert listing["Resource"] == ["arn:aws:s3:::shop-pool", point]
    assert listing["Condition"]["StringEquals"] == {"s3:DataAccessPointArn": [point], **_OWN["StringEquals"]}


def test_db_nosql_objects_are_unlisted_and_deleted_by_version() -> None:
    (statement,) = map(_flat, _synthesize("documented").role)

    assert statement == {
        "Effect": "Allow",
        "Action": ["s3:DeleteObjectVersion", "s3:GetObjectVersion", "s3:PutObject"],
        "Resource": f"arn:aws:s3:::shop-pool/{_TAG}/*/*",
        "Condition": _OWN,
    }


@pytest.mark.parametrize("form", _POOLED)
def test_referenced_versions_do_not_expire(form: str) -> None:
    """A row may name a version that is not the latest: of writes that overtook each other, or one that ended half-way."""
    (rule,) = _synthesize(form).bucket["LifecycleConfiguration"]["Rules"]

    kept = rule["NoncurrentVersionExpiration"].get("NewerNoncurrentVersions")
    assert kept == (20 if form == "documented" else None)


def test_silo_is_the_tenants_bucket_with_user_prefix() -> None:
    objects, listing = map(_flat, _synthesize("silo").role)

    bucket = f"arn:aws:s3:::shop-{_NAME}-{_ACCOUNT}"
    assert objects["Resource"] == f"{bucket}/*/*"
    assert listing["Resource"] == bucket


def test_tenant_keys_are_usable_for_the_tenants_bucket_only() -> None:
    keys, _, _ = map(_flat, _synthesize("silo", tenant_keys=True).role)

    assert keys == {
        "Effect": "Allow",
        "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
        "Resource": f"arn:aws:kms:eu-north-1:{_ACCOUNT}:key/*",
        "Condition": {
            "StringEquals": {
                "kms:EncryptionContext:aws:s3:arn": [f"arn:aws:s3:::shop-{_NAME}-{_ACCOUNT}"],
                "kms:ViaService": ["s3.eu-north-1.amazonaws.com"],
                "aws:PrincipalTag/Purpose": ["objects"],
            }
        },
    }


@pytest.mark.parametrize("form", _FORMS)
def test_tenant_wide_bucket_names_the_tenant_in_both_layers(form: str) -> None:
    synthesized = _synthesize(form, per_user=False)
    layers = {
        "role": (synthesized.role, _TAG, _NAME),
        "session": (synthesized.session("T-1", "ada@example.com"), "T-1", "t-1"),
    }

    for layer, (statements, tenant, name) in layers.items():
        objects: list[dict[str, Any]] = []
        listings: list[dict[str, Any]] = []
        for statement in map(_flat, statements):
            (listings if statement["Action"] in ("s3:ListBucket", ["s3:ListBucket"]) else objects).append(statement)
        inside = f"shop-{name}-{_ACCOUNT}/*" if form == "silo" else f"shop-pool/{tenant}/*"
        for statement in objects:
            assert inside in json.dumps(statement["Resource"]), layer
            assert "user" not in json.dumps(statement), layer
            assert "ada" not in json.dumps(statement), layer
        for statement in listings:
            prefixes = listed(statement.get("Condition", {}).get("StringLike", {}).get("s3:prefix", []))
            assert prefixes == ([] if form == "silo" else [f"{tenant}/*"]), layer
        # A tenant whose id begins with this one's is another.
        assert f"{tenant}*" not in json.dumps(statements), layer


def test_tenant_wide_tags_name_the_tenant_only() -> None:
    synthesized = _synthesize("tag", per_user=False)

    for statements, tenant in ((synthesized.role, _TAG), (synthesized.session("T-1", "ada"), "T-1")):
        read, write, _ = map(_flat, statements)
        assert {key: listed(value) for key, value in read["Condition"]["StringLike"].items()} == {
            "s3:ExistingObjectTag/tenant_id": [tenant]
        }
        assert listed(write["Condition"]["StringLike"]["s3:RequestObjectTag/tenant_id"]) == [tenant]
        assert listed(write["Condition"]["ForAllValues:StringEquals"]["s3:RequestObjectTagKeys"]) == ["tenant_id"]


@pytest.mark.parametrize("form", _POOLED)
@pytest.mark.parametrize(("per_user", "prefix"), [(True, "{tenant}/{user}/"), (False, "{tenant}/")])
def test_declared_store_has_the_keys_of_the_mode(form: str, *, per_user: bool, prefix: str) -> None:
    (bucket,) = _synthesize(form, per_user=per_user).template.find_resources("AWS::S3::Bucket").values()

    assert bucket["Metadata"]["tenantry:stores"][0]["forms"] == (["{tenant}"] if form == "tag" else [prefix])


def test_generated_bucket_name_is_bound_the_same_way() -> None:
    synthesized = _synthesize("prefix", bucket_name=None)

    assert "BucketName" not in synthesized.bucket
    (objects, _) = synthesized.role
    assert objects["Resource"]["Fn::Join"][1][1] == f"/{_TAG}/*/*"


def test_bucket_names_follow_the_contract() -> None:
    resources = assembly("local").templates["storage"]["Resources"].values()
    names = {resource["Properties"]["BucketName"] for resource in resources if resource["Type"] == "AWS::S3::Bucket"}

    assert names == {f"aws-saas-s3-{form}-000000000000" for form in RESERVED_WORDS}
