"""A tenant's first object while their bucket is being created or is unfinished."""

from __future__ import annotations

import importlib
import io
import itertools
import json
from typing import TYPE_CHECKING, Any, Final
from unittest.mock import Mock

import boto3
import pytest
from botocore.response import StreamingBody
from moto import mock_aws

from tenant_objects import onboarding as onboarding_module
from tenant_objects.onboarding import Onboarding
from tenantry.model.identifiers import TenantId
from tenantry.runtime.own_buckets import only_own_buckets
from tests.lambdas.events import Context, proxy_event
from tests.lambdas.expected_owner import ACCOUNT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

    from botocore.model import OperationModel

_OWNER, _TWIN = "t001", "T001"
_BUCKET: Final = f"own-{_OWNER}"
_SETTINGS: Final = {
    "APPLICATION": "shop",
    "ACCOUNT": ACCOUNT,
    "PARTITION": "aws",
    "NAMES_TABLE": "names",
    "TENANT_BUCKET": "own-{tenant}",
    "ACCESS_POINT_BUCKET": "shared",
    "ACCESS_POINT_NAME": "own-{tenant}",
    "ACCESS_POINT_ARN": f"arn:aws:s3:us-east-1:{ACCOUNT}:accesspoint/own-{{tenant}}",
    "OLD_VERSIONS_DAYS": "14",
    "KEY_ALIAS": "alias/shop-storage-{tenant}",
    "ROLE_ARN": f"arn:aws:iam::{ACCOUNT}:role/provisioner",
    "PROVISIONER_TAG": "TenantProvisioner=storage",
    "CORS_HEADERS": "{}",
    "PREFIX_BUCKET": "shared",
    "TAG_BUCKET": "shared",
    "DOCUMENTS_BUCKET": "shared",
    "DOCUMENTS_TABLE": "documents",
    "PROVISIONER": "provisioner",
    "TOKEN_VENDOR": json.dumps({"role": f"arn:aws:iam::{ACCOUNT}:role/tenant", "policies": {}}),
}
# The calls of a whole onboarding, in their order.
_STEPS: Final = (
    "PutItem",
    "GetBucketPolicy",
    "DescribeKey",
    "PutItem",
    "CreateKey",
    "EnableKeyRotation",
    "CreateAlias",
    "CreateBucket",
    "PutBucketPolicy",
    "PutBucketOwnershipControls",
    "PutPublicAccessBlock",
    "PutBucketTagging",
    "PutBucketVersioning",
    "PutBucketLifecycleConfiguration",
    "PutBucketEncryption",
    "PutBucketPolicy",
    "CreateAccessPoint",
    "PutAccessPointPolicy",
)
_FIRST_POLICY: Final = _STEPS.index("PutBucketPolicy")
_LAST_POLICY: Final = len(_STEPS) - 1 - _STEPS[::-1].index("PutBucketPolicy")


class _StoppedError(Exception):
    """The function's time was over, or the service refused."""


class _Application:
    """Both functions, each as it is deployed; the provisioner can be stopped before any of its calls."""

    def __init__(self, provisioner: ModuleType, objects: ModuleType) -> None:
        self._provisioner, self._objects = provisioner, objects
        self.s3 = boto3.client("s3")
        self.calls: list[str] = []
        self.writes: list[str] = []
        self.stop_before: int | None = None
        for client in (provisioner.s3, provisioner.s3control, provisioner.kms, provisioner.database):
            client.meta.events.register("before-call", self._step)
        self._vended = only_own_buckets(boto3.client("s3"), ACCOUNT)
        self._vended.meta.events.register("before-call", lambda model, **_: self.writes.append(model.name))

    def _step(self, model: OperationModel, **_: object) -> None:
        if self.stop_before == len(self.calls):
            raise _StoppedError
        self.calls.append(model.name)

    def onboard(self, tenant: str) -> object:
        """Send the event that a tenant was created."""
        self.calls.clear()
        return self._provisioner.handler({"detail": {"tenantId": tenant}}, Context())

    def invoke(self, *, Payload: bytes, **_: object) -> dict[str, Any]:  # noqa: N803 - Lambda's own name
        self.calls.clear()
        try:
            answer, more = self._provisioner.handler(json.loads(Payload), Context()), {}
        except _StoppedError:
            answer, more = {"errorMessage": "stopped"}, {"FunctionError": "Unhandled"}
        content = json.dumps(answer).encode()
        return {"Payload": StreamingBody(io.BytesIO(content), len(content)), **more}

    def session(self, *_: object) -> _Application:
        return self

    def client(self, _: str) -> object:
        return self._vended

    def put(self, tenant: str) -> int:
        """Store an object in a container that has just started."""
        functions: Any = self
        self._objects.vendor = self  # type: ignore[attr-defined]
        self._objects.onboarding = Onboarding(functions, "provisioner")  # type: ignore[attr-defined]
        self.writes.clear()
        event = proxy_event(
            path={},
            authorizer={"tenantId": tenant, "userId": "u"},
            body=json.dumps({"key": "k", "value": tenant}),
            route="PUT /object",
            query={"partition": "bucket"},
        )
        status: int = self._objects.handler(event, Context())["statusCode"]
        return status

    def policy(self) -> dict[str, Any]:
        statements = json.loads(self.s3.get_bucket_policy(Bucket=_BUCKET)["Policy"])["Statement"]
        return {statement["Sid"]: statement for statement in statements}


@pytest.fixture
def application(monkeypatch: pytest.MonkeyPatch) -> Iterator[_Application]:
    for name, value in _SETTINGS.items():
        monkeypatch.setenv(name, value)
    with mock_aws():
        provisioner, objects = (
            importlib.reload(importlib.import_module(f"{name}.handler"))
            for name in ("storage_provisioner", "tenant_objects")
        )
        provisioner.s3.create_bucket(Bucket="shared")
        provisioner.database.create_table(
            TableName="names",
            KeySchema=[{"AttributeName": "name", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "name", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        # moto reads no conditions, so that each denial would be one of everybody; `tests/e2e` has them enforced.
        monkeypatch.setattr("moto.s3.models.FakeBucket.get_permission", lambda *_: None)
        now = provisioner.time.time()
        # The turn of a run that was stopped is over at the next.
        moments = itertools.count(0, 1000)
        monkeypatch.setattr("storage_provisioner.handler.time.time", lambda: now + next(moments))
        monkeypatch.setattr("storage_provisioner.keys.time.sleep", lambda _: None)
        yield _Application(provisioner, objects)


def test_calls_are_in_order(application: _Application) -> None:
    application.onboard(_OWNER)

    assert tuple(application.calls) == _STEPS


@pytest.mark.parametrize("step", range(len(_STEPS)), ids=lambda step: f"{step} {_STEPS[step]}")
def test_unfinished_bucket_is_not_written_at_any_step(application: _Application, step: int) -> None:
    application.stop_before = step
    with pytest.raises(_StoppedError):
        application.onboard(_OWNER)

    # The same stop again: neither can write while the bucket is not finished.
    twin = application.put(_TWIN)
    assert (twin, application.writes) == ((500 if step == 0 else 403), [])  # without the claim nothing is anybody's
    application.stop_before = 1
    assert application.put(_OWNER) == 500
    assert application.writes == []

    application.stop_before = None
    assert application.put(_OWNER) == 201
    assert application.writes == ["PutObject"]
    assert application.put(_TWIN) == 403
    assert application.writes == []
    stored = application.s3.get_object(Bucket=_BUCKET, Key="u/k")
    assert stored["Body"].read() == _OWNER.encode()
    assert stored["VersionId"] != "null"
    assert stored["ServerSideEncryption"] == "aws:kms"
    assert application.policy().keys() == {"TlsOnly", "ThisTenantOnly", "Sealed"}


@pytest.mark.parametrize("step", range(_FIRST_POLICY + 1, _LAST_POLICY + 1), ids=lambda step: f"{step} {_STEPS[step]}")
def test_unfinished_bucket_denies_all_tenants(application: _Application, step: int) -> None:
    application.stop_before = step
    with pytest.raises(_StoppedError):
        application.onboard(_OWNER)

    policy = application.policy()
    assert policy.keys() == {"TlsOnly", "ThisTenantOnly", "Unfinished"}
    shut = policy["Unfinished"]
    assert (shut["Effect"], shut["Principal"]) == ("Deny", "*")
    assert shut["Condition"] == {"Null": {"aws:PrincipalTag/TenantId": "false"}}
    assert shut["Action"] == policy["ThisTenantOnly"]["Action"]
    assert shut["Resource"] == [f"arn:aws:s3:::{_BUCKET}", f"arn:aws:s3:::{_BUCKET}/*"]


def test_failed_key_creation_leaves_no_bucket(application: _Application) -> None:
    application.stop_before = _STEPS.index("CreateKey")
    with pytest.raises(_StoppedError):
        application.onboard(_OWNER)

    assert [bucket["Name"] for bucket in application.s3.list_buckets()["Buckets"]] == ["shared"]


def test_answers_are_kept_for_a_bounded_number_of_tenants(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onboarding_module, "_CAPACITY", 10)
    functions = Mock(invoke=lambda **_: {"Payload": io.BytesIO(b'{"onboarded": true}')})
    onboarding = Onboarding(functions, "provisioner")

    for number in range(100):
        onboarding.ensure(TenantId(f"tenant-{number}"))
        onboarding.ensure(TenantId("tenant-0"))  # which is in use, and stays

    assert len(onboarding._answers) == 10  # noqa: SLF001 - what is kept
    assert "tenant-0" in onboarding._answers  # noqa: SLF001 - as above
