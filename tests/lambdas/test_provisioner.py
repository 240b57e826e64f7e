"""Onboarding into storage: a bucket and an access point of the tenant's own, idempotent."""

from __future__ import annotations

import importlib
import io
import json
import time
from typing import TYPE_CHECKING, Any, Final

import boto3
import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse, HTTPHeaders
from botocore.exceptions import ClientError
from moto import mock_aws
from urllib3 import HTTPResponse

from storage_provisioner.keys import KeyIsBeingMadeError
from tenantry.runtime.own_buckets import only_own_buckets
from tests.lambdas.events import Context
from tests.lambdas.expected_owner import demand_owners

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import ModuleType

    from mypy_boto3_s3 import S3Client

_ACCOUNT: Final = "123456789012"
_SHARED: Final = f"aws-saas-s3-ap-{_ACCOUNT}"
_OTHER: Final = "lake"
_STRANGER: Final = "999999999999"
_SETTINGS: Final = {
    # Read at import, before the function-scoped environment of conftest.
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",
    "APPLICATION": "shop",
    "ACCOUNT": _ACCOUNT,
    "PARTITION": "aws",
    "NAMES_TABLE": "names",
    "TENANT_BUCKET": f"aws-saas-s3-{{tenant}}-{_ACCOUNT}",
    "ACCESS_POINT_BUCKET": _SHARED,
    "ACCESS_POINT_NAME": "aws-saas-s3-{tenant}",
    "OLD_VERSIONS_DAYS": "14",
    "KEY_ALIAS": "",
    "ROLE_ARN": f"arn:aws:iam::{_ACCOUNT}:role/provisioner",
    "PROVISIONER_TAG": "TenantProvisioner=storage",
}


@pytest.fixture(scope="module")
def function() -> ModuleType:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in _SETTINGS.items():
            patch.setenv(name, value)
        return importlib.reload(importlib.import_module("storage_provisioner.handler"))


@pytest.fixture
def provisioner(function: ModuleType) -> Iterator[ModuleType]:
    with mock_aws():
        _deploy(function)
        demand_owners(function.s3)
        yield function


def _deploy(module: ModuleType) -> None:
    module.s3.create_bucket(Bucket=_SHARED)
    module.s3.create_bucket(Bucket=_OTHER)
    module.database.create_table(
        TableName="names",
        KeySchema=[{"AttributeName": "name", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "name", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )


def _onboard(provisioner: ModuleType, tenant: object) -> bool:
    """Send what the saga's event, or the first use of the storage API, sends."""
    answer: dict[str, bool] = provisioner.handler({"detail": {"tenantId": tenant, "email": "a@example.com"}}, Context())
    return answer["onboarded"]


def _state(provisioner: ModuleType, name: str) -> dict[str, Any]:
    bucket = f"aws-saas-s3-{name}-{_ACCOUNT}"
    s3, control = provisioner.s3, provisioner.s3control
    point = {"AccountId": _ACCOUNT, "Name": f"aws-saas-s3-{name}"}
    return {
        "policy": json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"]),
        "public": s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"],
        "ownership": s3.get_bucket_ownership_controls(Bucket=bucket)["OwnershipControls"]["Rules"],
        "tags": s3.get_bucket_tagging(Bucket=bucket)["TagSet"],
        "versioning": s3.get_bucket_versioning(Bucket=bucket)["Status"],
        "access point": control.get_access_point(**point)["Bucket"],
        "access point's policy": json.loads(control.get_access_point_policy(**point)["Policy"]),
    }


def _error(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": ""}}, "Create")


def _failing(code: str) -> Callable[..., None]:
    def fail(**_: object) -> None:
        raise _error(code)

    return fail


def test_bucket_and_access_point_are_created(provisioner: ModuleType) -> None:
    assert _onboard(provisioner, "T001")

    state = _state(provisioner, "t001")
    assert set(state["public"].values()) == {True}
    assert state["ownership"] == [{"ObjectOwnership": "BucketOwnerEnforced"}]
    assert state["versioning"] == "Enabled"
    assert state["access point"] == _SHARED


def test_bucket_has_teardown_tags(provisioner: ModuleType) -> None:
    _onboard(provisioner, "T001")

    assert _state(provisioner, "t001")["tags"] == [{"Key": "application", "Value": "shop"}]


def test_bucket_requires_tls(provisioner: ModuleType) -> None:
    _onboard(provisioner, "T001")

    (tls, _, _) = _state(provisioner, "t001")["policy"]["Statement"]
    assert (tls["Effect"], tls["Principal"], tls["Action"]) == ("Deny", "*", "s3:*")
    assert tls["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_bucket_and_access_point_deny_other_tenants(provisioner: ModuleType) -> None:
    _onboard(provisioner, "T001")

    state = _state(provisioner, "t001")
    bucket = f"arn:aws:s3:::aws-saas-s3-t001-{_ACCOUNT}"
    point = f"arn:aws:s3:us-east-1:{_ACCOUNT}:accesspoint/aws-saas-s3-t001"
    refusal = {
        "Sid": "ThisTenantOnly",
        "Effect": "Deny",
        "Principal": "*",
        "Action": ["s3:GetObject*", "s3:PutObject*", "s3:DeleteObject*", "s3:ListBucket*"],
        # The id exactly, although the name is in lower case.
        "Condition": {
            "StringNotEquals": {"aws:PrincipalTag/TenantId": "T001"},
            "Null": {"aws:PrincipalTag/TenantId": "false"},
        },
    }
    assert state["policy"]["Statement"][1] == {**refusal, "Resource": [bucket, f"{bucket}/*"]}
    assert state["access point's policy"]["Statement"] == [{**refusal, "Resource": [point, f"{point}/object/*"]}]


def test_second_run_changes_nothing(provisioner: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    assert _onboard(provisioner, "tenant-1")
    once = _state(provisioner, "tenant-1")

    # Outside us-east-1, S3 answers so of a bucket that one has.
    monkeypatch.setattr(provisioner.s3, "create_bucket", _failing("BucketAlreadyOwnedByYou"))
    monkeypatch.setattr(provisioner.s3control, "create_access_point", _failing("AccessPointAlreadyOwnedByYou"))
    assert _onboard(provisioner, "tenant-1")
    assert _state(provisioner, "tenant-1") == once


def test_interrupted_provisioning_is_finished(provisioner: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(provisioner.s3control, "create_access_point", _failing("InternalError"))
        with pytest.raises(ClientError, match="InternalError"):
            _onboard(provisioner, "tenant-1")

    assert _onboard(provisioner, "tenant-1")
    assert _state(provisioner, "tenant-1")["access point"] == _SHARED


def _stranger() -> S3Client:
    """Return S3 as another account uses it."""
    keys = boto3.client("sts").assume_role(
        RoleArn=f"arn:aws:iam::{_STRANGER}:role/stranger", RoleSessionName="stranger"
    )["Credentials"]
    return boto3.client(
        "s3",
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
    )


def test_bucket_of_another_account_is_refused(
    provisioner: ModuleType,
) -> None:
    name, stranger = f"aws-saas-s3-tenant-1-{_ACCOUNT}", _stranger()
    stranger.create_bucket(Bucket=name)
    # Even where its owner lets everybody do everything.
    everybody = {"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": f"arn:aws:s3:::{name}"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [everybody]})
    stranger.put_bucket_policy(Bucket=name, Policy=policy)
    calls = demand_owners(provisioner.s3)

    with pytest.raises(provisioner.NameTakenError, match=f"{name} belongs to another AWS account"):
        _onboard(provisioner, "tenant-1")

    assert calls == ["GetBucketPolicy", "CreateBucket"]
    assert provisioner.s3control.get_access_point(AccountId=_ACCOUNT, Name="aws-saas-s3-tenant-1")["Bucket"] == _SHARED
    assert stranger.get_bucket_policy(Bucket=name)["Policy"] == policy
    assert "Status" not in stranger.get_bucket_versioning(Bucket=name)


@pytest.mark.parametrize(
    ("bucket", "account"), [(_OTHER, _ACCOUNT), (_SHARED, _STRANGER)], ids=["another bucket", "another account"]
)
def test_access_point_on_another_bucket_is_refused(
    provisioner: ModuleType, monkeypatch: pytest.MonkeyPatch, bucket: str, account: str
) -> None:
    own: Any = {"AccountId": _ACCOUNT, "Name": "aws-saas-s3-tenant-1"}
    provisioner.s3control.create_access_point(**own, Bucket=bucket)
    found = {**provisioner.s3control.get_access_point(**own), "BucketAccountId": account}
    monkeypatch.setattr(provisioner.s3control, "get_access_point", lambda **_: found)
    monkeypatch.setattr(provisioner.s3control, "create_access_point", _failing("AccessPointAlreadyOwnedByYou"))

    with pytest.raises(provisioner.NameTakenError, match=f"belongs to the bucket {bucket} of the account {account}"):
        _onboard(provisioner, "tenant-1")

    with pytest.raises(ClientError, match="NoSuchAccessPointPolicy"):
        provisioner.s3control.get_access_point_policy(**own)


def test_access_point_names_the_bucket_account(provisioner: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[dict[str, Any]] = []
    monkeypatch.setattr(provisioner.s3control, "create_access_point", lambda **call: asked.append(call))
    monkeypatch.setattr(provisioner.s3control, "put_access_point_policy", lambda **_: None)

    _onboard(provisioner, "tenant-1")

    assert (asked[0]["Bucket"], asked[0]["BucketAccountId"]) == (_SHARED, _ACCOUNT)


def test_finished_bucket_denies_the_provisioner(provisioner: ModuleType) -> None:
    _onboard(provisioner, "T001")

    bucket = f"arn:aws:s3:::aws-saas-s3-t001-{_ACCOUNT}"
    assert _state(provisioner, "t001")["policy"]["Statement"][2] == {
        "Sid": "Sealed",
        "Effect": "Deny",
        "Principal": "*",
        "Action": ["s3:Put*", "s3:Delete*", "s3:GetObject*", "s3:ListBucket*"],
        "Resource": [bucket, f"{bucket}/*"],
        "Condition": {"StringEquals": {"aws:PrincipalTag/TenantProvisioner": "storage"}},
    }


def test_finished_bucket_is_not_changed(provisioner: ModuleType) -> None:
    _onboard(provisioner, "tenant-1")
    calls = demand_owners(provisioner.s3)

    assert _onboard(provisioner, "tenant-1")
    assert calls == ["GetBucketPolicy"]


@pytest.mark.parametrize("policy", ["none", "of an older version"])
def test_unsealed_bucket_is_finished(provisioner: ModuleType, policy: str) -> None:
    _onboard(provisioner, "tenant-1")
    finished, name = _state(provisioner, "tenant-1"), f"aws-saas-s3-tenant-1-{_ACCOUNT}"
    if policy == "none":
        provisioner.s3.delete_bucket_policy(Bucket=name)
    else:
        old = {**finished["policy"], "Statement": finished["policy"]["Statement"][:2]}
        provisioner.s3.put_bucket_policy(Bucket=name, Policy=json.dumps(old))
    provisioner.s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Suspended"})

    assert _onboard(provisioner, "tenant-1")
    assert _state(provisioner, "tenant-1") == finished


def test_bucket_sealed_by_a_concurrent_run_is_a_success(
    provisioner: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    _onboard(provisioner, "tenant-1")
    look = provisioner.s3.get_bucket_policy

    def too_early(**call: str) -> object:
        monkeypatch.setattr(provisioner.s3, "get_bucket_policy", look)
        return _failing("NoSuchBucketPolicy")(**call)

    monkeypatch.setattr(provisioner.s3, "get_bucket_policy", too_early)
    monkeypatch.setattr(provisioner.s3, "put_bucket_policy", _failing("AccessDenied"))

    assert _onboard(provisioner, "tenant-1")


def test_bucket_sealed_for_another_tenant_is_a_failure(
    provisioner: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    _onboard(provisioner, "T001")
    monkeypatch.setattr(provisioner, "_claim", lambda _: True)
    monkeypatch.setattr(provisioner.s3, "put_bucket_policy", _failing("AccessDenied"))

    with pytest.raises(ClientError, match="AccessDenied"):
        _onboard(provisioner, "t001")


@pytest.mark.parametrize(("first", "second"), [("T001", "t001"), ("t001", "T001"), ("Ab-c", "aB-c")])
def test_taken_tenant_name_is_refused(provisioner: ModuleType, first: str, second: str) -> None:
    assert _onboard(provisioner, first)
    before = _state(provisioner, first.lower())

    assert not _onboard(provisioner, second)
    assert _state(provisioner, first.lower()) == before
    assert _onboard(provisioner, first)


def test_names_with_a_common_prefix_do_not_collide(provisioner: ModuleType) -> None:
    assert all(_onboard(provisioner, tenant) for tenant in ("t-1", "t-10", "t-1-0"))


@pytest.mark.parametrize("tenant", ["", "*", "ab", "a/b", "a..b", "prefix", "TAG", "ap", "dbns", "t" * 39, None, 1, ["t-1"]], ids=repr)  # fmt: skip
def test_malformed_tenant_id_is_refused_first(provisioner: ModuleType, tenant: object) -> None:
    assert not _onboard(provisioner, tenant)

    assert {bucket["Name"] for bucket in provisioner.s3.list_buckets()["Buckets"]} == {_SHARED, _OTHER}
    assert provisioner.database.scan(TableName="names")["Count"] == 0


@pytest.mark.parametrize("event", [{}, {"detail": {}}, {"detail": {"tenant": "tenant-1"}}], ids=str)
def test_event_without_tenant_is_dead_lettered(provisioner: ModuleType, event: dict[str, Any]) -> None:
    with pytest.raises(KeyError):
        provisioner.handler(event, Context())


@pytest.mark.parametrize("region", ["us-east-1", "eu-north-1"])
def test_bucket_is_created_in_the_functions_region(
    provisioner: ModuleType, monkeypatch: pytest.MonkeyPatch, region: str
) -> None:
    s3 = only_own_buckets(boto3.client("s3", region_name=region), _ACCOUNT)
    monkeypatch.setattr(provisioner.settings, "aws_region", region)
    monkeypatch.setattr(provisioner, "s3", s3)

    _onboard(provisioner, "tenant-1")

    place = s3.get_bucket_location(Bucket=f"aws-saas-s3-tenant-1-{_ACCOUNT}")["LocationConstraint"]
    assert (place or "us-east-1") == region


@pytest.mark.parametrize(("aborted", "succeeds"), [(1, True), (5, True), (6, False)])
def test_conflicting_bucket_operation_is_retried(
    provisioner: ModuleType, monkeypatch: pytest.MonkeyPatch, aborted: int, *, succeeds: bool
) -> None:
    answers = iter([b"<Error><Code>OperationAborted</Code></Error>"] * aborted)
    waited: list[float] = []

    def busy(request: AWSPreparedRequest, **_: object) -> AWSResponse | None:
        body = next(answers, None)
        raw = HTTPResponse(io.BytesIO(body), preload_content=False) if body else None
        return AWSResponse(request.url, 409, HTTPHeaders(), raw) if raw else None

    monkeypatch.setattr("botocore.endpoint.time.sleep", waited.append)
    provisioner.s3.meta.events.register_first("before-send.s3.PutBucketVersioning", busy)
    try:
        if succeeds:
            assert _onboard(provisioner, "tenant-1")
        else:
            with pytest.raises(ClientError, match="OperationAborted"):
                _onboard(provisioner, "tenant-1")
    finally:
        provisioner.s3.meta.events.unregister("before-send.s3.PutBucketVersioning", busy)
    assert waited == sorted(waited)
    assert len(waited) == min(aborted, 5)


def test_old_versions_expire_as_configured(provisioner: ModuleType) -> None:
    _onboard(provisioner, "tenant-1")

    (rule,) = provisioner.s3.get_bucket_lifecycle_configuration(Bucket=f"aws-saas-s3-tenant-1-{_ACCOUNT}")["Rules"]
    assert rule["Status"] == "Enabled"
    assert rule["NoncurrentVersionExpiration"] == {"NoncurrentDays": 14}


@pytest.fixture
def with_keys(provisioner: ModuleType, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    changed = {"key_alias": "alias/tenantry-storage-{tenant}"}
    for name, value in changed.items():
        monkeypatch.setattr(provisioner.settings, name, value)
    return provisioner


def _key_of_bucket(provisioner: ModuleType, name: str) -> str:
    found = provisioner.s3.get_bucket_encryption(Bucket=f"aws-saas-s3-{name}-{_ACCOUNT}")
    (rule,) = found["ServerSideEncryptionConfiguration"]["Rules"]
    assert rule["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms"
    key: str = rule["ApplyServerSideEncryptionByDefault"]["KMSMasterKeyID"]
    return key


def test_tenant_key_denies_other_tenants(with_keys: ModuleType) -> None:
    _onboard(with_keys, "T001")
    _onboard(with_keys, "T002")

    key, other = (_key_of_bucket(with_keys, name) for name in ("t001", "t002"))
    assert key != other
    assert with_keys.kms.get_key_rotation_status(KeyId=key)["KeyRotationEnabled"]
    policy = json.loads(with_keys.kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"])
    (refusal,) = (statement for statement in policy["Statement"] if statement["Effect"] == "Deny")
    assert refusal["Condition"]["StringNotEquals"] == {"aws:PrincipalTag/TenantId": "T001"}
    (finishing,) = (statement for statement in policy["Statement"] if statement["Sid"] == "MakerFinishes")
    assert finishing["Principal"] == {"AWS": _SETTINGS["ROLE_ARN"]}
    assert finishing["Action"] == ["kms:CreateAlias", "kms:EnableKeyRotation"]


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    paused: list[float] = []
    monkeypatch.setattr("storage_provisioner.keys.time.sleep", paused.append)
    return paused


def _keys(provisioner: ModuleType) -> list[str]:
    return [found["KeyId"] for found in provisioner.kms.list_keys()["Keys"]]


def test_concurrent_key_creation_makes_one_key(
    with_keys: ModuleType, monkeypatch: pytest.MonkeyPatch, pauses: list[float]
) -> None:
    """The second run comes while the first makes the key, and finds it when it looks again."""
    make, found = with_keys.kms.create_key, []

    def meanwhile(**call: str) -> object:
        monkeypatch.setattr(with_keys.kms, "create_key", make)
        with pytest.raises(KeyIsBeingMadeError, match="Another run is creating alias/tenantry-storage-tenant-1"):
            _onboard(with_keys, "tenant-1")
        found.extend(pauses)
        return make(**call)

    monkeypatch.setattr(with_keys.kms, "create_key", meanwhile)
    _onboard(with_keys, "tenant-1")

    assert len(_keys(with_keys)) == 1
    assert found
    assert _onboard(with_keys, "tenant-1")
    assert len(_keys(with_keys)) == 1


def test_abandoned_key_creation_is_taken_over(
    with_keys: ModuleType, monkeypatch: pytest.MonkeyPatch, pauses: list[float]
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(with_keys.kms, "create_key", _failing("KMSInternalException"))
        with pytest.raises(ClientError, match="KMSInternalException"):
            _onboard(with_keys, "tenant-1")
    now = time.time()
    with pytest.raises(KeyIsBeingMadeError):
        _onboard(with_keys, "tenant-1")

    monkeypatch.setattr(with_keys.time, "time", lambda: now + 61)
    assert _onboard(with_keys, "tenant-1")
    assert _key_of_bucket(with_keys, "tenant-1").rpartition("/")[2] in _keys(with_keys)
    assert pauses


def test_key_creation_lock_is_a_row_of_the_tenant(with_keys: ModuleType) -> None:
    """Whoever erases or exports a tenant finds all rows by this attribute."""
    _onboard(with_keys, "T001")

    rows = with_keys.database.scan(TableName="names")["Items"]
    assert {row["name"]["S"]: row["tenantid"]["S"] for row in rows} == {"t001": "T001", "key/t001": "T001"}


def test_finished_bucket_without_key_is_logged(
    provisioner: ModuleType, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    _onboard(provisioner, "tenant-1")
    request.getfixturevalue("with_keys")
    written = io.StringIO()
    monkeypatch.setattr(provisioner.logger, "stream", written)

    assert _onboard(provisioner, "tenant-1")
    assert "before tenants had keys of their own" in written.getvalue()
    assert _keys(provisioner) == []


def test_log_has_tenant_but_no_person(provisioner: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.StringIO()
    monkeypatch.setattr(provisioner.logger, "stream", written)

    _onboard(provisioner, "tenant-1")

    assert json.loads(written.getvalue())["tenant"] == "tenant-1"
    assert "a@example.com" not in written.getvalue()
