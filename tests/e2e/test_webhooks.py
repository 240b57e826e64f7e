"""Webhooks of parks, with a real HTTPS receiver."""

from __future__ import annotations

import json
import queue
from typing import TYPE_CHECKING, Any

import pytest

from examples.webhook_receiver import WebhookReceiver
from tests.receiver import Receiver

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tenantry.attacks.world import World
    from tenantry.local.cloud import LocalCloud
    from tests.e2e.parks import ParksApi


@pytest.fixture
def receiver(deployed: LocalCloud) -> Iterator[Receiver]:
    with Receiver(deployed) as receiver:
        yield receiver


def _set(api: ParksApi, park: str, status: str) -> None:
    assert api.send("POST", f"/parks/{park}/statuses", {"status": status}).status == 204


def test_webhook_gets_its_event_park_and_tenant_only(
    texas: ParksApi, colorado: ParksApi, park: str, receiver: Receiver
) -> None:
    other = f"{park}-other"
    texas.add(other)
    webhook = texas.subscribe(park, "park-closed", receiver.url)
    texas.await_confirmed(park, webhook)
    _set(texas, park, "park-opened")
    _set(texas, other, "park-closed")
    _set(colorado, park, "park-closed")
    _set(texas, park, "park-closed")

    message = receiver.next("Notification")
    told: dict[str, Any] = json.loads(message["Message"])
    assert told.pop("time").startswith("20")
    assert told == {"tenantId": texas.person.tenant, "parkId": park, "eventType": "park-closed"}
    assert message["headers"]["content-type"].startswith("application/json")
    with pytest.raises(queue.Empty):
        receiver.next("Notification", seconds=1)


def test_list_shows_pending_and_confirmed(texas: ParksApi, park: str, deployed: LocalCloud) -> None:
    with Receiver(deployed) as willing, Receiver(deployed, confirms=False) as silent:
        confirmed = texas.subscribe(park, "park-closed", willing.url)
        pending = texas.subscribe(park, "natural-disaster", silent.url)
        silent.next("SubscriptionConfirmation")
        texas.await_confirmed(park, confirmed)

        maker = {"createdBy": texas.person.user_id}
        assert texas.webhooks(park) == {
            confirmed: {
                "id": confirmed,
                "eventType": "park-closed",
                "endpoint": willing.url,
                "state": "confirmed",
                **maker,
            },
            pending: {
                "id": pending,
                "eventType": "natural-disaster",
                "endpoint": silent.url,
                "state": "pending",
                **maker,
            },
        }
        _set(texas, park, "natural-disaster")
        with pytest.raises(queue.Empty):
            silent.next("Notification", seconds=1)


def test_duplicate_webhook_is_the_same_webhook(texas: ParksApi, park: str, receiver: Receiver) -> None:
    first = texas.subscribe(park, "park-closed", receiver.url)

    assert texas.subscribe(park, "park-closed", receiver.url) == first
    assert list(texas.webhooks(park)) == [first]


def test_removed_webhook_gets_nothing(texas: ParksApi, park: str, receiver: Receiver) -> None:
    webhook = texas.subscribe(park, "park-closed", receiver.url)
    texas.await_confirmed(park, webhook)
    assert texas.send("DELETE", f"/parks/{park}/webhooks/{webhook}").status == 204
    _set(texas, park, "park-closed")

    with pytest.raises(queue.Empty):
        receiver.next("Notification", seconds=1)
    assert texas.webhooks(park) == {}
    assert texas.send("DELETE", f"/parks/{park}/webhooks/{webhook}").status == 404


def test_other_tenant_cannot_see_or_remove_webhooks(
    texas: ParksApi, colorado: ParksApi, park: str, receiver: Receiver
) -> None:
    private = f"{park}-private"
    texas.add(private)
    webhook = texas.subscribe(private, "park-closed", receiver.url)

    for method, path in (
        ("GET", f"/parks/{private}/webhooks"),
        ("DELETE", f"/parks/{private}/webhooks/{webhook}"),
        ("DELETE", f"/parks/{park}/webhooks/{webhook}"),
    ):
        assert colorado.send(method, path).status == 404
    body = {"eventType": "park-closed", "endpoint": receiver.url}
    assert colorado.send("POST", f"/parks/{private}/webhooks", body).status == 404
    assert colorado.webhooks(park) == {}
    assert list(texas.webhooks(private)) == [webhook]


def test_undeliverable_notification_is_dead_lettered(
    world: World, texas: ParksApi, park: str, deployed: LocalCloud
) -> None:
    with Receiver(deployed, status=410) as gone:
        texas.await_confirmed(park, texas.subscribe(park, "park-closed", gone.url))
        _set(texas, park, "park-closed")
        gone.next("Notification")
        found = world.target.aws.sqs.receive_message(
            QueueUrl=world.target.webhook_dead_letters, WaitTimeSeconds=10, MessageAttributeNames=["All"]
        )["Messages"]
    for message in found:
        world.target.aws.sqs.delete_message(
            QueueUrl=world.target.webhook_dead_letters, ReceiptHandle=message["ReceiptHandle"]
        )

    (message,) = found
    assert json.loads(json.loads(message["Body"])["Message"])["parkId"] == park
    assert message["MessageAttributes"]["ErrorCode"]["StringValue"] == "410"


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://8-8-8-8.sslip.io/",
        "https://localhost/",
        "https://127.0.0.1/",
        "https://2130706433/",
        "https://0x7f.1/",
        "https://0177.0.0.1/",
        "https://[::1]/",
        "https://[::ffff:10.0.0.1]/",
        "https://8.8.8.8/",
        "https://8-8-8-8.sslip.io./",
        "https://user:secret@8-8-8-8.sslip.io/",
        "https://8-8-8-8.sslip.io:22/",
        "https://127-0-0-1.sslip.io/",
        "https://10-0-0-1.sslip.io/",
        "https://172-16-0-1.sslip.io/",
        "https://192-168-0-1.sslip.io/",
        "https://100-64-0-1.sslip.io/",
        "https://169-254-169-254.sslip.io/latest/meta-data/",
        "https://--1.sslip.io/",
        "https://fd00-ec2--254.sslip.io/",
        "https://fe80--1.sslip.io/",
        "https://nowhere.invalid/",
    ],
)
def test_non_public_endpoint_is_refused_with_a_reason(texas: ParksApi, park: str, endpoint: str) -> None:
    reply = texas.send("POST", f"/parks/{park}/webhooks", {"eventType": "park-closed", "endpoint": endpoint})

    assert reply.status == 400
    assert "endpoint" in reply.json()["message"]
    assert texas.webhooks(park) == {}


def test_webhook_limit_per_park(texas: ParksApi, park: str) -> None:
    for number in range(20):
        texas.subscribe(park, "park-closed", f"https://8-8-8-8.sslip.io:8443/{number}")
    body = {"eventType": "park-closed", "endpoint": "https://8-8-8-8.sslip.io:8443/20"}

    assert texas.send("POST", f"/parks/{park}/webhooks", body).status == 409
    assert texas.subscribe(park, "park-closed", "https://8-8-8-8.sslip.io:8443/19")
    assert len(texas.webhooks(park)) == 20


def test_example_receiver_accepts_its_tenant_only(
    texas: ParksApi, colorado: ParksApi, park: str, deployed: LocalCloud
) -> None:
    """Another tenant subscribes the same endpoint to a topic of its own: SNS signs that one's messages, too."""
    with Receiver(deployed, confirms=False) as endpoint:
        body = {"eventType": "park-closed", "endpoint": endpoint.url}
        own = texas.send("POST", f"/parks/{park}/webhooks", body).json()
        events: list[Any] = []
        receiver = WebhookReceiver(
            own["topic"],
            events.append,
            verify=lambda _: None,  # the local cloud signs nothing
            confirm=lambda message: endpoint.confirm(dict(message)).raise_for_status(),
        )
        assert receiver.take(_body(endpoint.next("SubscriptionConfirmation"))) == 200
        texas.await_confirmed(park, own["id"])

        theirs = colorado.send("POST", f"/parks/{park}/webhooks", body).json()
        asked = endpoint.next("SubscriptionConfirmation")
        assert asked["TopicArn"] == theirs["topic"]
        assert receiver.take(_body(asked)) == 403
        assert colorado.webhooks(park)[theirs["id"]]["state"] == "pending"

        # Whoever has the endpoint confirm it all the same, by other ways, is not listened to.
        endpoint.confirm(asked).raise_for_status()
        colorado.await_confirmed(park, theirs["id"])
        _set(colorado, park, "park-closed")
        assert receiver.take(_body(endpoint.next("Notification"))) == 403
        _set(texas, park, "park-closed")
        assert receiver.take(_body(endpoint.next("Notification"))) == 200
    assert [event["tenantId"] for event in events] == [texas.person.tenant]


def test_reply_has_the_topic_name(texas: ParksApi, park: str, receiver: Receiver) -> None:
    body = {"eventType": "park-closed", "endpoint": receiver.url}
    made = texas.send("POST", f"/parks/{park}/webhooks", body).json()

    assert receiver.next("SubscriptionConfirmation")["TopicArn"] == made["topic"]
    assert made["topic"].endswith(f"-parks-{texas.person.tenant}_{park}_park-closed")


def _body(message: dict[str, Any]) -> bytes:
    """Return a request's body, without what the receiver of the tests has added."""
    return json.dumps({name: value for name, value in message.items() if name != "headers"}).encode()
