"""The walkthrough of the ingestion document on its API, and the API's errors."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import pytest
import requests
from requests_aws4auth import AWS4Auth

from tenantry.attacks.ingest import Landed, Senders
from tenantry.local.settings import REGION
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tenantry.attacks.world import World
    from tenantry.local.cloud import LocalCloud

_PAYLOAD: Final = {"key1": "value1", "key2": "value2", "key3": "value3"}
_IAM_SECONDS: Final = 5


class _Sender:
    """Sends as the document's test user: its access key is the only secret, and an operator makes it."""

    def __init__(self, cloud: LocalCloud, key: dict[str, str]) -> None:
        self._cloud = cloud
        self._auth = AWS4Auth(key["AccessKeyId"], key["SecretAccessKey"], REGION, "execute-api")
        self.invoke_url = cloud.output("InvokeURL")

    def post(self, body: object, *, tenant: str = "T001", route: str = "", **headers: str) -> requests.Response:
        url = f"{self.invoke_url.rsplit('/', 1)[0]}/{tenant}{route}"
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        sent = {"Content-Type": "application/json", **headers}
        return requests.post(
            url, data=content, headers=sent, auth=self._auth, verify=str(self._cloud.ca_bundle), timeout=60
        )


@pytest.fixture(scope="module")
def sender(deployed: LocalCloud) -> Iterator[_Sender]:
    iam, user = deployed.session().client("iam"), deployed.output("TestUserName")
    key = iam.create_access_key(UserName=user)["AccessKey"]
    yield _Sender(deployed, key)
    iam.delete_access_key(UserName=user, AccessKeyId=key["AccessKeyId"])


@pytest.fixture(scope="module")
def senders(world: World) -> Senders:
    return Senders.of(world)


def _landed(senders: Senders, marker: str, count: int) -> list[Landed]:
    found: list[Landed] = []

    def landed() -> bool:
        found[:] = senders.landed(marker, expect=count > 0)
        return len(found) >= count

    until(landed, f"{count} records in the stream", timeout=_IAM_SECONDS)
    return found


def test_walkthrough(sender: _Sender, senders: Senders, world: World) -> None:
    marker = f"{world.run}-walk"
    replies = [sender.post({"Data": {**_PAYLOAD, "marker": marker}}) for _ in range(6)]

    assert [reply.status_code for reply in replies] == [200] * 6
    for reply in replies:
        assert set(reply.json()) == {"EncryptionType", "SequenceNumber", "ShardId"}
        assert reply.json()["EncryptionType"] == "KMS"
    records = _landed(senders, marker, 6)
    assert [(record.tenant, record.json()) for record in records] == [
        ("T001", {"tenantid": "T001", "data": {**_PAYLOAD, "marker": marker}})
    ] * 6


def test_another_tenants_path_is_access_denied(sender: _Sender, deployed: LocalCloud) -> None:
    reply = sender.post({"Data": _PAYLOAD}, tenant="T002")

    assert reply.status_code == 403
    message = reply.json()["Message"]
    assert message.startswith(
        f"User: arn:aws:iam::000000000000:user/{deployed.output('TestUserName')} is not authorized"
    )
    assert "to perform: execute-api:Invoke on resource: arn:aws:execute-api:" in message
    assert message.endswith("/prod/POST/T002")


def test_documented_example_without_quotes_is_invalid_json(sender: _Sender) -> None:
    assert sender.post(b'{ Data: { "key1": "value1" } }').status_code == 400


@pytest.mark.parametrize("size", [240_000, 900_000])
def test_documented_burst_is_accepted(sender: _Sender, size: int) -> None:
    assert sender.post({"Data": {"readings": "x" * size}}).status_code == 200


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"no json", {}, 400),
        ({"Data": "text"}, {}, 400),
        ({}, {}, 400),
        ({"Data": {}}, {"Content-Type": "text/plain"}, 415),
        ({"Data": {"x": "x" * 1_100_000}}, {}, 413),
        ({"Data": {"x": "x" * 11_000_000}}, {}, 413),
    ],
    ids=["no json", "text", "no Data", "text/plain", "over 1 MiB", "over 10 MB"],
)
def test_errors_are_json_with_a_message(sender: _Sender, body: object, headers: dict[str, str], status: int) -> None:
    reply = sender.post(body, **headers)

    assert reply.status_code == status
    assert list(reply.json()) == ["message"]
    assert reply.headers["Access-Control-Allow-Origin"] == "*"


def test_batch_of_500_is_accepted_in_order(sender: _Sender, senders: Senders, world: World) -> None:
    marker = f"{world.run}-many"
    records = [{"Data": {"marker": marker, "n": number}} for number in range(500)]

    reply = sender.post({"Records": records}, route="/batch")

    assert reply.status_code == 200
    body = reply.json()
    assert (body["EncryptionType"], body["FailedRecordCount"]) == ("KMS", 0)
    assert [record["Index"] for record in body["Records"]] == list(range(500))
    found = _landed(senders, marker, 500)
    assert {record.tenant for record in found} == {"T001"}
    assert sorted(record.json()["data"]["n"] for record in found) == list(range(500))
    assert len({record["SequenceNumber"] for record in body["Records"]}) == 500


def test_missing_integration_permission_is_500(sender: _Sender, deployed: LocalCloud) -> None:
    """A service's 400 that is not the caller's doing is no 400: the role's grant is taken away for a moment."""
    iam = deployed.session().client("iam")
    role = next(
        role["RoleName"]
        for page in iam.get_paginator("list_roles").paginate()
        for role in page["Roles"]
        if "ApiOneRole" in role["RoleName"]
    )
    policy = iam.list_role_policies(RoleName=role)["PolicyNames"][0]
    document = iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]
    iam.delete_role_policy(RoleName=role, PolicyName=policy)
    try:
        reply = sender.post({"Data": {}})
        assert (reply.status_code, reply.json()) == (500, {"message": "Internal server error"})
    finally:
        iam.put_role_policy(RoleName=role, PolicyName=policy, PolicyDocument=json.dumps(document))
    assert sender.post({"Data": {}}).status_code == 200


def test_rate_limit_is_per_tenant(sender: _Sender, deployed: LocalCloud) -> None:
    """Two keys in the plan, with keys asked for as in staging and prod: one tenant's burst leaves the other alone."""
    gateway = deployed.session().client("apigateway")
    plan = deployed.output("IngestUsagePlanId")
    before = gateway.get_usage_plan(usagePlanId=plan)["throttle"]
    _throttle(gateway, plan, rate=1, burst=3)
    keys = [gateway.create_api_key(name=f"rate-{name}", enabled=True) for name in ("one", "other")]
    try:
        for key in keys:
            gateway.create_usage_plan_key(usagePlanId=plan, keyId=key["id"], keyType="API_KEY")
        with _keys_required(gateway, deployed):
            assert sender.post({"Data": {}}).status_code == 403
            send = partial(sender.post, {"Data": {}})
            with ThreadPoolExecutor(8) as pool:
                burst = list(pool.map(lambda _: send(**{"x-api-key": keys[0]["value"]}), range(12)))
            refused = [reply for reply in burst if reply.status_code == 429]
            assert {reply.status_code for reply in burst} == {200, 429}
            assert len(refused) >= 6
            assert {reply.headers["Retry-After"] for reply in refused} == {"1"}
            assert send(**{"x-api-key": keys[1]["value"]}).status_code == 200
    finally:
        for key in keys:
            gateway.delete_api_key(apiKey=key["id"])
        _throttle(gateway, plan, rate=int(before["rateLimit"]), burst=before["burstLimit"])
    assert sender.post({"Data": {}}).status_code == 200


def test_disabled_api_key_is_refused(sender: _Sender, deployed: LocalCloud) -> None:
    gateway = deployed.session().client("apigateway")
    plan = deployed.output("IngestUsagePlanId")
    key = gateway.create_api_key(name="disabled-later", enabled=True)
    try:
        gateway.create_usage_plan_key(usagePlanId=plan, keyId=key["id"], keyType="API_KEY")
        with _keys_required(gateway, deployed):
            send = partial(sender.post, {"Data": {}}, **{"x-api-key": key["value"]})
            assert send().status_code == 200
            change = {"op": "replace", "path": "/enabled", "value": "false"}
            gateway.update_api_key(apiKey=key["id"], patchOperations=[change])
            assert send().status_code == 403
    finally:
        gateway.delete_api_key(apiKey=key["id"])


def _throttle(gateway: Any, plan: str, *, rate: int, burst: int) -> None:  # noqa: ANN401 - boto3's client
    values = {"/throttle/rateLimit": rate, "/throttle/burstLimit": burst}
    gateway.update_usage_plan(
        usagePlanId=plan,
        patchOperations=[{"op": "replace", "path": path, "value": str(value)} for path, value in values.items()],
    )


@contextmanager
def _keys_required(gateway: Any, cloud: LocalCloud) -> Iterator[None]:  # noqa: ANN401 - boto3's client
    """Have the method ask for keys, as it is deployed where environments say so."""
    api = cloud.output("IngestApiUrl").rsplit("/", 2)[1]
    resources = gateway.get_resources(restApiId=api)["items"]
    resource = next(item["id"] for item in resources if item["path"] == "/{tenantId}")

    def ask(value: str) -> None:
        change = {"op": "replace", "path": "/apiKeyRequired", "value": value}
        gateway.update_method(restApiId=api, resourceId=resource, httpMethod="POST", patchOperations=[change])
        gateway.create_deployment(restApiId=api, stageName="prod")

    ask("true")
    try:
        yield
    finally:
        ask("false")
