"""Onboarding into the storage stack: a bucket and an access point of the tenant's own, however often it is asked for."""

from __future__ import annotations

import importlib
import io
import json
from typing import TYPE_CHECKING, Any, Final

import boto3
import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse, HTTPHeaders
from botocore.exceptions import ClientError
from moto import mock_aws
from urllib3 import HTTPResponse

from tests.lambdas.events import Context

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import ModuleType

_ACCOUNT: Final = "123456789012"
_SHARED: Final = f"aws-saas-s3-ap-{_ACCOUNT}"
_SETTINGS: Final = {
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
        yield function


def _deploy(module: ModuleType) -> None:
    module.s3.create_bucket(Bucket=_SHARED)
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


def test_makes_a_private_versioned_bucket_and_an_access_point_on_the_shared_one(provisioner: ModuleType) -> None:
    assert _onboard(provisioner, "T001")

    state = _state(provisioner, "t001")
    assert set(state["public"].values()) == {True}
    assert state["ownership"] == [{"ObjectOwnership": "BucketOwnerEnforced"}]
    assert state["versioning"] == "Enabled"
    assert state["access point"] == _SHARED


def test_bucket_says_whose_it_is_to_a_teardown(provisioner: ModuleType) -> None:
    _onboard(provisioner, "T001")

    assert _state(provisioner, "t001")["tags"] == [{"Key": "application", "Value": "shop"}]


def test_bucket_takes_tls_only(provisioner: ModuleType) -> None:
    _onboard(provisioner, "T001")

    (tls, _) = _state(provisioner, "t001")["policy"]["Statement"]
    assert (tls["Effect"], tls["Principal"], tls["Action"]) == ("Deny", "*", "s3:*")
    assert tls["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_bucket_and_access_point_refuse_every_session_of_another_tenant(provisioner: ModuleType) -> None:
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


def test_again_changes_nothing(provisioner: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    assert _onboard(provisioner, "tenant-1")
    once = _state(provisioner, "tenant-1")

    # Outside us-east-1, S3 answers so of a bucket that one has.
    monkeypatch.setattr(provisioner.s3, "create_bucket", _failing("BucketAlreadyOwnedByYou"))
    monkeypatch.setattr(provisioner.s3control, "create_access_point", _failing("AccessPointAlreadyOwnedByYou"))
    assert _onboard(provisioner, "tenant-1")
    assert _state(provisioner, "tenant-1") == once


def test_what_was_left_half_way_is_finished(provisioner: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(provisioner.s3control, "create_access_point", _failing("InternalError"))
        with pytest.raises(ClientError, match="InternalError"):
            _onboard(provisioner, "tenant-1")

    assert _onboard(provisioner, "tenant-1")
    assert _state(provisioner, "tenant-1")["access point"] == _SHARED


def test_bucket_that_somebody_else_has_is_a_failure_and_no_success(
    provisioner: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(provisioner.s3, "create_bucket", _failing("BucketAlreadyExists"))

    with pytest.raises(ClientError, match="BucketAlreadyExists"):
        _onboard(provisioner, "tenant-1")


@pytest.mark.parametrize(("first", "second"), [("T001", "t001"), ("t001", "T001"), ("Ab-c", "aB-c")])
def test_tenant_whose_name_is_taken_is_refused_and_changes_nothing(
    provisioner: ModuleType, first: str, second: str
) -> None:
    assert _onboard(provisioner, first)
    before = _state(provisioner, first.lower())

    assert not _onboard(provisioner, second)
    assert _state(provisioner, first.lower()) == before
    assert _onboard(provisioner, first)


def test_names_that_begin_alike_do_not_collide(provisioner: ModuleType) -> None:
    assert all(_onboard(provisioner, tenant) for tenant in ("t-1", "t-10", "t-1-0"))


@pytest.mark.parametrize("tenant", ["", "*", "ab", "a/b", "a..b", "prefix", "TAG", "ap", "dbns", "t" * 39, None, 1, ["t-1"]], ids=repr)  # fmt: skip
def test_what_is_no_tenant_id_is_refused_before_anything_is_made(provisioner: ModuleType, tenant: object) -> None:
    assert not _onboard(provisioner, tenant)

    assert [bucket["Name"] for bucket in provisioner.s3.list_buckets()["Buckets"]] == [_SHARED]
    assert provisioner.database.scan(TableName="names")["Count"] == 0


@pytest.mark.parametrize("event", [{}, {"detail": {}}, {"detail": {"tenant": "tenant-1"}}], ids=str)
def test_event_without_a_tenant_is_a_failure_that_becomes_a_dead_letter(
    provisioner: ModuleType, event: dict[str, Any]
) -> None:
    with pytest.raises(KeyError):
        provisioner.handler(event, Context())


@pytest.mark.parametrize("region", ["us-east-1", "eu-north-1"])
def test_bucket_is_made_in_the_functions_own_region(
    provisioner: ModuleType, monkeypatch: pytest.MonkeyPatch, region: str
) -> None:
    s3 = boto3.client("s3", region_name=region)
    monkeypatch.setattr(provisioner, "settings", provisioner.settings.model_copy(update={"aws_region": region}))
    monkeypatch.setattr(provisioner, "s3", s3)

    _onboard(provisioner, "tenant-1")

    place = s3.get_bucket_location(Bucket=f"aws-saas-s3-tenant-1-{_ACCOUNT}")["LocationConstraint"]
    assert (place or "us-east-1") == region


@pytest.mark.parametrize(("aborted", "succeeds"), [(1, True), (5, True), (6, False)])
def test_waits_while_s3_makes_the_same_bucket_for_somebody_else(
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


def test_bucket_forgets_old_versions_when_the_environment_says(provisioner: ModuleType) -> None:
    _onboard(provisioner, "tenant-1")

    (rule,) = provisioner.s3.get_bucket_lifecycle_configuration(Bucket=f"aws-saas-s3-tenant-1-{_ACCOUNT}")["Rules"]
    assert rule["Status"] == "Enabled"
    assert rule["NoncurrentVersionExpiration"] == {"NoncurrentDays": 14}


@pytest.fixture
def with_keys(provisioner: ModuleType, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    changed = {"key_alias": "alias/tenantry-storage-{tenant}"}
    monkeypatch.setattr(provisioner, "settings", provisioner.settings.model_copy(update=changed))
    return provisioner


def _key_of_bucket(provisioner: ModuleType, name: str) -> str:
    found = provisioner.s3.get_bucket_encryption(Bucket=f"aws-saas-s3-{name}-{_ACCOUNT}")
    (rule,) = found["ServerSideEncryptionConfiguration"]["Rules"]
    assert rule["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms"
    key: str = rule["ApplyServerSideEncryptionByDefault"]["KMSMasterKeyID"]
    return key


def test_key_is_the_tenants_own_and_refuses_sessions_of_every_other(with_keys: ModuleType) -> None:
    _onboard(with_keys, "T001")
    _onboard(with_keys, "T002")

    key, other = (_key_of_bucket(with_keys, name) for name in ("t001", "t002"))
    assert key != other
    assert with_keys.kms.list_resource_tags(KeyId=key)["Tags"] == [{"TagKey": "TenantId", "TagValue": "T001"}]
    assert with_keys.kms.get_key_rotation_status(KeyId=key)["KeyRotationEnabled"]
    policy = json.loads(with_keys.kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"])
    (refusal,) = (statement for statement in policy["Statement"] if statement["Effect"] == "Deny")
    assert refusal["Condition"]["StringNotEquals"] == {"aws:PrincipalTag/TenantId": "T001"}


def test_key_is_made_once_however_many_make_it_at_the_same_time(
    with_keys: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    _onboard(with_keys, "tenant-1")
    key = _key_of_bucket(with_keys, "tenant-1")
    seen = iter([_error("NotFoundException")])
    look = with_keys.kms.describe_key

    def too_early(**call: str) -> object:
        for _ in seen:
            raise with_keys.kms.exceptions.NotFoundException({"Error": {"Code": "NotFoundException"}}, "DescribeKey")
        return look(**call)

    monkeypatch.setattr(with_keys.kms, "describe_key", too_early)
    _onboard(with_keys, "tenant-1")

    assert _key_of_bucket(with_keys, "tenant-1") == key
    states = {
        found["KeyId"]: look(KeyId=found["KeyId"])["KeyMetadata"]["KeyState"]
        for found in with_keys.kms.list_keys()["Keys"]
    }
    assert sorted(states.values()) == ["Enabled", "PendingDeletion"]
    assert states[key.rpartition("/")[2]] == "Enabled"


def test_log_names_the_tenant_and_nobody(provisioner: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.StringIO()
    monkeypatch.setattr(provisioner.logger.registered_handler, "stream", written)

    _onboard(provisioner, "tenant-1")

    assert json.loads(written.getvalue())["tenant"] == "tenant-1"
    assert "a@example.com" not in written.getvalue()
