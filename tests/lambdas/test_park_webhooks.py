"""Webhooks of users who lost access: paused by an event, or before the next delivery."""

from __future__ import annotations

import importlib
import json
from typing import TYPE_CHECKING, Any, Final

import boto3
import pytest
from moto import mock_aws

from park_webhooks.owners import Owners, Reason
from park_webhooks.publication import Publication
from tenantry.model.identifiers import InvalidIdentifierError, TenantId
from tests.lambdas.doubles import RecordingVendor
from tests.lambdas.events import Context
from tests.lambdas.tables import create_directory, join

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


_TABLE: Final = "parks"
_TOPICS: Final = "arn:aws:sns:us-east-1:123456789012:app-parks-"
_VENDOR: Final = {"role": "arn:aws:iam::123456789012:role/tenant", "policies": {}}
_TEXAS: Final = TenantId("texas")


class _Scene:
    """Two tenants with webhooks, and an inbox that gets what the bus and the topics are told."""

    def __init__(self) -> None:
        self.dynamodb: Any = boto3.client("dynamodb")
        self.sns: Any = boto3.client("sns")
        self._sqs = boto3.client("sqs")
        self.vendor = RecordingVendor()
        self._functions = {
            name: importlib.reload(importlib.import_module(f"{name}.handler"))
            for name in ("webhook_pauses", "webhook_publication")
        }
        for function in self._functions.values():
            function.vendor = self.vendor  # type: ignore[attr-defined]
        self._bus = self._queue("bus")
        self.events()

    def _queue(self, name: str) -> str:
        return self._sqs.create_queue(QueueName=name)["QueueUrl"]

    def listen(self) -> None:
        events: Any = boto3.client("events")
        rule = {"Name": "all", "EventBusName": "app-application-eventbus"}
        events.put_rule(**rule, EventPattern=json.dumps({"source": ["app.tenant"]}))
        arn = "arn:aws:sqs:us-east-1:123456789012:bus"
        events.put_targets(Rule="all", EventBusName=rule["EventBusName"], Targets=[{"Id": "q", "Arn": arn}])

    def events(self) -> list[dict[str, Any]]:
        return self._messages(self._bus)

    def _messages(self, url: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        while batch := self._sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            found += [json.loads(message["Body"]) for message in batch]
            for message in batch:
                self._sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return found

    def told(self, inbox: str) -> list[dict[str, Any]]:
        """Return what an endpoint was told."""
        return [json.loads(message["Message"]) for message in self._messages(self._queue(inbox))]

    def subscribe(self, inbox: str, *, park: str = "alamo", event: str = "park-closed", tenant: str = "texas") -> str:
        """Subscribe an endpoint to a topic, without a row."""
        self._queue(inbox)
        topic = self.sns.create_topic(Name=f"app-parks-{tenant}_{park}_{event}")["TopicArn"]
        arn = f"arn:aws:sqs:us-east-1:123456789012:{inbox}"
        made: str = self.sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)["SubscriptionArn"]
        return made

    def webhook(self, maker: str, inbox: str, *, park: str = "alamo", tenant: str = "texas") -> dict[str, Any]:
        """Subscribe an endpoint, and keep the row."""
        item = {
            "pk": {"S": f"{tenant}#webhook"},
            "sk": {"S": f"{park}#{inbox}"},
            "eventtype": {"S": "park-closed"},
            "endpoint": {"S": f"https://{inbox}.example/"},
            "subscription": {"S": self.subscribe(inbox, park=park, tenant=tenant)},
            "createdby": {"S": maker},
        }
        self.dynamodb.put_item(TableName=_TABLE, Item=item)
        return item

    def row(self, item: dict[str, Any]) -> dict[str, Any]:
        key = {"pk": item["pk"], "sk": item["sk"]}
        found: dict[str, Any] = self.dynamodb.get_item(TableName=_TABLE, Key=key)["Item"]
        return found

    def listens(self, item: dict[str, Any]) -> bool:
        listed = self.sns.list_subscriptions()["Subscriptions"]
        return item["subscription"]["S"] in {subscription["SubscriptionArn"] for subscription in listed}

    def account(self, user: str, **attributes: Any) -> None:  # noqa: ANN401 - of an item
        for name, value in attributes.items():
            self.dynamodb.update_item(
                TableName="app-users",
                Key={"userid": {"S": user}},
                UpdateExpression="SET #name = :value",
                ExpressionAttributeNames={"#name": name},
                ExpressionAttributeValues={":value": value},
            )

    def remove(self, user: str, tenant: str = "texas") -> None:
        key = {"tenantid": {"S": tenant}, "userid": {"S": user}}
        self.dynamodb.delete_item(TableName="app-tenant-users", Key=key)
        self.dynamodb.update_item(
            TableName="app-users",
            Key={"userid": {"S": user}},
            UpdateExpression="REMOVE #roles",
            ExpressionAttributeNames={"#roles": f"roles:{tenant}"},
        )

    def hear(self, user: str, *tenants: str, kind: str = "memberRemoved", **more: object) -> None:
        """Hand an event of the bus to the function that pauses."""
        named = {"tenants": list(tenants)} if kind in {"blocked", "deleted"} else {"tenantId": tenants[0]}
        detail = {"changeId": "1", "at": "2026-01-01T00:00:00Z", "by": "eve", "userName": user, **named, **more}
        event = {"id": "e-1", "source": "app.tenant", "detail-type": kind, "detail": detail}
        self._functions["webhook_pauses"].handler(event, Context())

    def publish(self, **changes: str) -> Any:  # noqa: ANN401 - the function's answer
        asked = {"tenantId": "texas", "userId": "ada", "id": "alamo", "status": "park-closed", "at": "1764000000000"}
        return self._functions["webhook_publication"].handler({**asked, **changes}, Context())


def _instead_of_waiting(monkeypatch: pytest.MonkeyPatch, do: Callable[[float], object]) -> None:
    """Do this where a publication waits; `time.sleep` itself belongs to other threads as well."""
    monkeypatch.setitem(Publication.__init__.__kwdefaults__ or {}, "sleep", do)


@pytest.fixture
def scene(monkeypatch: pytest.MonkeyPatch) -> Iterator[_Scene]:
    """Return texas with its admin Ada and its visitor Vera, who is a visitor in colorado as well."""
    monkeypatch.setenv("PARKS_TABLE", _TABLE)
    monkeypatch.setenv("TOPICS", _TOPICS)
    monkeypatch.setenv("TOKEN_VENDOR", json.dumps(_VENDOR))
    _instead_of_waiting(monkeypatch, lambda _: None)
    with mock_aws():
        client = boto3.client("dynamodb")
        client.create_table(
            TableName=_TABLE,
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
            BillingMode="PAY_PER_REQUEST",
        )
        create_directory(client)
        boto3.client("events").create_event_bus(Name="app-application-eventbus")
        for tenant in ("texas", "colorado"):
            join(client, tenant, "ada", "admin")
            join(client, tenant, "vera", "visitor")
        made = _Scene()
        made.listen()
        yield made


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("memberRemoved", "removed"),
        ("memberRolesChanged", "roleLost"),
        ("blocked", "blocked"),
        ("deleted", "deleted"),
    ],
)
def test_webhooks_are_paused_and_published_once(scene: _Scene, kind: str, reason: str) -> None:
    lost = [scene.webhook("vera", "vera-1"), scene.webhook("vera", "vera-2", park="big-bend")]
    kept = [scene.webhook("ada", "ada-1"), scene.webhook("vera", "vera-3", tenant="colorado")]
    match kind:
        case "memberRemoved":
            scene.remove("vera")
        case "memberRolesChanged":
            scene.account("vera", **{"roles:texas": {"SS": ["member"]}})
        case _:
            scene.account("vera", **{f"{kind}at": {"N": "1764000000"}})
    scene.hear("vera", "texas", kind=kind)
    scene.hear("vera", "texas", kind=kind)

    for item in lost:
        assert not scene.listens(item)
        assert scene.row(item)["pausedreason"] == {"S": reason}
        assert int(scene.row(item)["pausedat"]["N"]) > 1_700_000_000_000
    for item in kept:
        assert scene.listens(item)
        assert scene.row(item) == item
    events = scene.events()
    details = [event["detail"] for event in events]
    assert {event["detail-type"] for event in events} == {"webhookPaused"}
    assert sorted((d["parkId"], d["webhookId"], d["userName"], d["tenantId"], d["reason"]) for d in details) == [
        ("alamo", "vera-1", "vera", "texas", reason),
        ("big-bend", "vera-2", "vera", "texas", reason),
    ]
    assert len({detail["changeId"] for detail in details}) == 2
    assert {(tenant, purpose) for tenant, _, purpose in scene.vendor.asked} == {("texas", "webhooks")}


def test_blocked_accounts_webhooks_are_paused_in_every_tenant(scene: _Scene) -> None:
    items = [scene.webhook("vera", f"vera-{tenant}", tenant=tenant) for tenant in ("texas", "colorado")]
    scene.account("vera", blockedat={"N": "1764000000"})
    scene.hear("vera", "texas", "colorado", kind="blocked")

    assert not any(scene.listens(item) for item in items)
    assert {tenant for tenant, _, _ in scene.vendor.asked} == {"texas", "colorado"}


@pytest.mark.parametrize("roles", [["visitor", "member"], ["admin"], ["visitor"]])
def test_remaining_webhook_role_keeps_webhooks(scene: _Scene, roles: list[str]) -> None:
    item = scene.webhook("vera", "vera-1")
    scene.account("vera", **{"roles:texas": {"SS": roles}})
    scene.hear("vera", "texas", kind="memberRolesChanged", roles=["member"], rolesBefore=["visitor"])

    assert scene.listens(item)
    assert scene.row(item) == item


def test_late_event_pauses_nothing_of_a_returned_member(scene: _Scene) -> None:
    item = scene.webhook("vera", "vera-1")
    scene.hear("vera", "texas")

    assert scene.listens(item)
    assert scene.events() == []


@pytest.mark.parametrize(
    "attributes",
    [{"validafter": {"N": "9999999999"}}, {"newpassword": {"S": "code-asked-again"}}, {"resetasked": {"N": "1"}}],
)
def test_session_and_password_changes_keep_webhooks(scene: _Scene, attributes: dict[str, Any]) -> None:
    item = scene.webhook("vera", "vera-1")
    scene.account("vera", **attributes)
    scene.hear("vera", "texas", kind="memberRolesChanged")

    assert scene.publish() == {"published": True}
    assert scene.listens(item)
    assert len(scene.told("vera-1")) == 1


def test_older_member_keeps_webhooks_until_removed(scene: _Scene) -> None:
    item = scene.webhook("vera", "vera-1")
    scene.dynamodb.put_item(TableName="app-users", Item={"userid": {"S": "vera"}})
    scene.hear("vera", "texas")
    assert scene.listens(item)

    scene.remove("vera")
    scene.hear("vera", "texas")
    assert not scene.listens(item)


def test_interrupted_pause_is_finished_and_published(scene: _Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    item = scene.webhook("vera", "vera-1")
    scene.remove("vera")
    with monkeypatch.context() as patch:
        patch.setattr("park_webhooks.webhooks.Webhooks.mark_published", _fail)
        with pytest.raises(RuntimeError):
            scene.hear("vera", "texas")
    scene.hear("vera", "texas")

    assert not scene.listens(item)
    first, second = (event["detail"] for event in scene.events())
    assert first == second


def _fail(*_: object) -> None:
    raise RuntimeError


def test_webhook_taken_over_meanwhile_is_not_paused(scene: _Scene) -> None:
    item = scene.webhook("vera", "vera-1")
    scene.remove("vera")
    scene.dynamodb.put_item(TableName=_TABLE, Item={**item, "createdby": {"S": "ada"}})
    scene.hear("vera", "texas")

    assert scene.listens(item)


@pytest.mark.parametrize(
    "detail", [{}, {"tenantId": "texas"}, {"userName": "../x", "tenantId": "texas"}, {"userName": "vera"}]
)
def test_malformed_event_fails_and_pauses_nothing(scene: _Scene, detail: dict[str, str]) -> None:
    item = scene.webhook("vera", "vera-1")
    scene.remove("vera")
    handler = importlib.import_module("webhook_pauses.handler").handler
    if detail == {"userName": "vera"}:  # somebody who belonged to no tenant
        handler({"id": "e", "detail": detail}, Context())
    else:
        with pytest.raises((ValueError, InvalidIdentifierError)):
            handler({"id": "e", "detail": detail}, Context())
    assert scene.listens(item)


def test_lost_event_is_repaired_before_delivery(scene: _Scene) -> None:
    lost, kept = scene.webhook("vera", "vera-1"), scene.webhook("ada", "ada-1")
    assert scene.publish() == {"published": True}
    assert len(scene.told("vera-1")) == len(scene.told("ada-1")) == 1
    scene.remove("vera")

    assert scene.publish() == {"published": True}
    assert scene.told("vera-1") == []
    assert len(scene.told("ada-1")) == 1
    assert (scene.listens(lost), scene.listens(kept)) == (False, True)
    assert scene.row(lost)["pausedreason"] == {"S": "removed"}
    assert [event["detail"]["userName"] for event in scene.events()] == ["vera"]


def test_without_subscribers_nothing_is_published(scene: _Scene) -> None:
    stranger = scene.subscribe("stranger")
    scene.webhook("ada", "elsewhere", park="big-bend")

    assert scene.publish() == {"published": False}
    assert scene.told("stranger") == []
    assert stranger


def test_subscription_without_row_is_removed(scene: _Scene) -> None:
    """Its webhook was removed while it was pending, and its endpoint has confirmed since."""
    scene.webhook("ada", "ada-1")
    stranger = scene.subscribe("stranger")
    scene.publish()

    assert scene.told("stranger") == []
    assert len(scene.told("ada-1")) == 1
    assert stranger not in {each["SubscriptionArn"] for each in scene.sns.list_subscriptions()["Subscriptions"]}


def test_paused_webhook_confirmed_late_gets_nothing(scene: _Scene) -> None:
    item = scene.webhook("vera", "vera-1")
    scene.webhook("ada", "ada-1")
    scene.remove("vera")
    scene.hear("vera", "texas")
    scene.subscribe("vera-1")

    scene.publish()
    assert scene.told("vera-1") == []
    assert not scene.listens(item)


def test_webhook_row_written_after_subscription_works(scene: _Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    scene.webhook("ada", "ada-1")
    subscription = scene.subscribe("vera-1")
    item = {
        "pk": {"S": "texas#webhook"},
        "sk": {"S": "alamo#vera-1"},
        "eventtype": {"S": "park-closed"},
        "subscription": {"S": subscription},
        "createdby": {"S": "vera"},
    }
    _instead_of_waiting(monkeypatch, lambda _: scene.dynamodb.put_item(TableName=_TABLE, Item=item))
    scene.publish()

    assert scene.listens(item)


@pytest.mark.parametrize(
    "changes",
    [{"tenantId": "*"}, {"userId": ""}, {"id": "a#b"}, {"status": "closed"}, {"at": "now"}, {"admin": "x"}],
)
def test_unexpected_request_is_refused(scene: _Scene, changes: dict[str, str]) -> None:
    scene.webhook("ada", "ada-1")
    with pytest.raises((ValueError, InvalidIdentifierError)):
        scene.publish(**changes)
    assert scene.told("ada-1") == []


def test_owners_are_read_in_batches(scene: _Scene) -> None:
    owners = Owners(scene.dynamodb, users="app-users", memberships="app-tenant-users")
    many = {f"user-{number}" for number in range(230)}
    for user in list(many)[:3]:
        join(scene.dynamodb, "texas", user, "visitor")

    lapsed = owners.lapsed(_TEXAS, many | {"ada", "vera"})
    assert set(lapsed.values()) == {Reason.REMOVED}
    assert len(lapsed) == 227
