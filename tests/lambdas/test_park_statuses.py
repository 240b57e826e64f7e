"""Queued updates of parks: in their captured tenant, idempotent, and failing alone."""

from __future__ import annotations

import importlib
import json
from typing import TYPE_CHECKING, Any, Final

import boto3
import pytest
from moto import mock_aws

from tenantry.model.tenant_tables import PARK, park_key
from tests.lambdas.doubles import RecordingVendor
from tests.lambdas.events import Context
from tests.lambdas.tables import create_directory, join

if TYPE_CHECKING:
    from collections.abc import Iterator


_TABLE: Final = "parks"
_TOPICS: Final = "arn:aws:sns:us-east-1:123456789012:app-parks-"
_VENDOR: Final = {"role": "arn:aws:iam::123456789012:role/tenant", "policies": {}}
_WORK: Final[dict[str, Any]] = {
    "id": "request-1",
    "tenantId": "texas",
    "userId": "ada",
    "authTime": "1763999000",
    "session": "session-1",
    "at": "1764000000000",
    "ids": ["big-bend"],
    "status": "park-closed",
}


class _Scene:
    def __init__(self, function: Any) -> None:  # noqa: ANN401 - a module
        self._function = function
        self.vendor = RecordingVendor()
        function.vendor = self.vendor
        self.dynamodb: Any = self.vendor.client("dynamodb")

    def webhook(self, park: str, *, subscription: str) -> None:
        row = {"pk": {"S": "texas#webhook"}, "sk": {"S": f"{park}#{'0' * 32}"}, "createdby": {"S": "ada"}}
        more = {"eventtype": {"S": "park-closed"}, "subscription": {"S": subscription}}
        self.dynamodb.put_item(TableName=_TABLE, Item={**row, **more, "endpoint": {"S": "https://x.example/"}})

    def account(self, change: str, name: str, value: Any = None) -> None:  # noqa: ANN401 - of an attribute
        values = {"ExpressionAttributeValues": {":value": value}} if value else {}
        self.dynamodb.update_item(
            TableName="app-users",
            Key={"userid": {"S": "ada"}},
            UpdateExpression=change,
            ExpressionAttributeNames={"#name": name},
            **values,
        )

    def add(self, tenant: str, park: str, at: int = 1) -> None:
        item = {**park_key(tenant, PARK, park), "status": {"S": "park-opened"}}
        self.dynamodb.put_item(TableName=_TABLE, Item={**item, "statusat": {"N": str(at)}})

    def status(self, tenant: str, park: str) -> str | None:
        key = park_key(tenant, PARK, park)
        item = self.dynamodb.get_item(TableName=_TABLE, Key=key).get("Item")
        return item["status"]["S"] if item else None

    def run(self, *bodies: object) -> list[str]:
        """Return the numbers of what failed."""
        records = [
            {"messageId": str(number), "body": body if isinstance(body, str) else json.dumps(body)}
            for number, body in enumerate(bodies)
        ]
        answer = self._function.handler({"Records": records}, Context())
        return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


@pytest.fixture
def scene(monkeypatch: pytest.MonkeyPatch) -> Iterator[_Scene]:
    monkeypatch.setenv("PARKS_TABLE", _TABLE)
    monkeypatch.setenv("TOPICS", _TOPICS)
    monkeypatch.setenv("TOKEN_VENDOR", json.dumps(_VENDOR))
    with mock_aws():
        boto3.client("dynamodb").create_table(
            TableName=_TABLE,
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
            BillingMode="PAY_PER_REQUEST",
        )
        create_directory(boto3.client("dynamodb"))
        boto3.client("events").create_event_bus(Name="app-application-eventbus")
        for tenant in ("texas", "colorado"):
            join(boto3.client("dynamodb"), tenant, "ada", "admin", active=tenant == "colorado")
        yield _Scene(importlib.reload(importlib.import_module("park_statuses.handler")))


def test_statuses_are_set_with_credentials_of_the_captured_tenant(scene: _Scene) -> None:
    for tenant in ("texas", "colorado"):
        scene.add(tenant, "big-bend")

    assert scene.run(_WORK) == []
    assert scene.status("texas", "big-bend") == "park-closed"
    assert scene.status("colorado", "big-bend") == "park-opened"
    assert set(scene.vendor.asked) == {("texas", "ada", "park-statuses"), ("texas", "ada", "webhooks")}


def test_unknown_park_is_ignored(scene: _Scene) -> None:
    scene.add("texas", "big-bend")

    assert scene.run({**_WORK, "ids": ["nowhere", "big-bend"]}) == []
    assert scene.status("texas", "nowhere") is None
    assert scene.status("texas", "big-bend") == "park-closed"


def test_repeated_work_is_idempotent(scene: _Scene) -> None:
    scene.add("texas", "big-bend")
    later = {**_WORK, "at": "1764000000001", "status": "natural-disaster"}

    assert scene.run(_WORK, _WORK, later, _WORK) == []
    assert scene.status("texas", "big-bend") == "natural-disaster"


@pytest.mark.parametrize(
    "bad",
    [
        "{",
        {**_WORK, "tenantId": "*"},
        {**_WORK, "tenantId": "texas#park"},
        {**_WORK, "tenantId": "prefix"},
        {**_WORK, "userId": "../x"},
        {**_WORK, "ids": []},
        {**_WORK, "ids": ["big-bend"] * 101},
        {**_WORK, "ids": ["big-bend#x"]},
        {**_WORK, "ids": ["big-bend\n"]},
        {**_WORK, "status": "closed"},
        {**_WORK, "at": "soon"},
        {**_WORK, "authTime": "soon"},
        {**_WORK, "session": "x" * 257},
        {**_WORK, "admin": True},
        {name: value for name, value in _WORK.items() if name != "tenantId"},
    ],
    ids=str,
)
def test_malformed_message_fails_alone(scene: _Scene, bad: object) -> None:
    scene.add("texas", "big-bend")
    scene.add("texas", "alpha")

    assert scene.run(bad, {**_WORK, "ids": ["alpha"]}) == ["0"]
    assert scene.status("texas", "big-bend") == "park-opened"
    assert scene.status("texas", "alpha") == "park-closed"


def test_only_the_topic_of_tenant_park_and_event_is_published(scene: _Scene) -> None:
    sns, sqs = boto3.client("sns"), boto3.client("sqs")
    inbox = sqs.create_queue(QueueName="inbox")["QueueUrl"]
    for name in ("texas_big-bend_park-closed", "texas_big-bend_park-opened", "texas-2_big-bend_park-closed"):
        topic = sns.create_topic(Name=f"app-parks-{name}")["TopicArn"]
        made = sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint="arn:aws:sqs:us-east-1:123456789012:inbox")
        if name == "texas_big-bend_park-closed":
            subscription = made["SubscriptionArn"]
    scene.add("texas", "big-bend")
    scene.webhook("big-bend", subscription=subscription)
    scene.run(_WORK)

    (message,) = sqs.receive_message(QueueUrl=inbox, MaxNumberOfMessages=10)["Messages"]
    told = json.loads(message["Body"])
    assert told["TopicArn"] == f"{_TOPICS}texas_big-bend_park-closed"
    assert json.loads(told["Message"]) == {
        "tenantId": "texas",
        "parkId": "big-bend",
        "eventType": "park-closed",
        "time": "2025-11-24T16:00:00.000Z",
    }


@pytest.mark.parametrize(
    ("change", "name", "value"),
    [
        ("SET #name = :value", "roles:texas", {"SS": ["member", "visitor"]}),
        ("SET #name = :value", "blockedat", {"N": "1764000001"}),
        ("SET #name = :value", "deletedat", {"N": "1764000001"}),
        ("SET #name = :value", "newpassword", {"S": "code-asked-again"}),
        ("SET #name = :value", "validafter", {"N": "1763999001"}),
        ("SET #name = :value", "endedsessions", {"SS": ["1764000001:session-1"]}),
    ],
)
def test_work_without_required_role_is_dropped(
    scene: _Scene, change: str, name: str, value: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    scene.add("texas", "big-bend")
    assert scene.run(_WORK) == []
    assert scene.status("texas", "big-bend") == "park-closed"
    scene.account(change, name, value)
    capsys.readouterr()

    assert scene.run({**_WORK, "at": "1764000000009", "status": "natural-disaster"}) == []
    assert scene.status("texas", "big-bend") == "park-closed"
    assert "WorkDropped" in capsys.readouterr().out


def test_work_of_a_removed_member_is_dropped(scene: _Scene) -> None:
    scene.add("texas", "big-bend")
    scene.account("REMOVE #name", "roles:texas")
    scene.dynamodb.delete_item(TableName="app-tenant-users", Key={"tenantid": {"S": "texas"}, "userid": {"S": "ada"}})

    assert scene.run(_WORK) == []
    assert scene.status("texas", "big-bend") == "park-opened"


@pytest.mark.parametrize("state", ["suspended", "erasing", "erased", "onboarding"])
def test_work_of_an_inactive_tenant_is_dropped(scene: _Scene, state: str) -> None:
    scene.add("texas", "big-bend")
    scene.dynamodb.put_item(TableName="app-tenants", Item={"tenantid": {"S": "texas"}, "state": {"S": state}})

    assert scene.run(_WORK) == []
    assert scene.status("texas", "big-bend") == "park-opened"


def test_later_sign_in_or_ended_session_is_ignored(scene: _Scene) -> None:
    scene.add("texas", "big-bend")
    scene.account("SET #name = :value", "validafter", {"N": "1763999000"})
    scene.account("SET #name = :value", "endedsessions", {"SS": ["1763999500:session-2"]})

    assert scene.run(_WORK) == []
    assert scene.status("texas", "big-bend") == "park-closed"


def test_older_work_without_sign_in_time_counts_as_old(scene: _Scene) -> None:
    old = {name: value for name, value in _WORK.items() if name not in {"authTime", "session"}}
    scene.add("texas", "big-bend")

    assert scene.run(old) == []
    assert scene.status("texas", "big-bend") == "park-closed"
    scene.account("SET #name = :value", "validafter", {"N": "1"})
    assert scene.run({**old, "at": "1764000000009", "status": "natural-disaster"}) == []
    assert scene.status("texas", "big-bend") == "park-closed"
