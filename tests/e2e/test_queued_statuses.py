"""Asynchronous updates of many parks, which keep the tenant of their request."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any, Literal

import pytest

from tests.e2e.parks import ParksApi
from tests.receiver import Receiver
from tests.waiting import until, until_clock_passes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tenantry.attacks.world import World
    from tenantry.local.cloud import LocalCloud


@pytest.fixture
def held(world: World) -> Iterator[str]:
    """Keep the queue's work waiting; what is returned lets it go on when it is called with."""
    functions = world.target.aws.functions
    arn = world.target.aws.sqs.get_queue_attributes(
        QueueUrl=world.target.park_statuses_queue, AttributeNames=["QueueArn"]
    )["Attributes"]["QueueArn"]
    (mapping,) = functions.list_event_source_mappings(EventSourceArn=arn)["EventSourceMappings"]
    functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
    until(lambda: functions.get_event_source_mapping(UUID=mapping["UUID"])["State"] == "Disabled", "a disabled mapping")
    until_clock_passes(time.time() + 1, "a poll that began before the mapping was disabled has ended")
    yield mapping["UUID"]
    functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=True)


def test_bulk_update_ignores_unknown_ids(texas: ParksApi, colorado: ParksApi, park: str) -> None:
    second = f"{park}-2"
    texas.add(second)
    reply = texas.send("POST", "/parks/statuses", {"ids": [park, "no-such-park", second], "status": "park-closed"})

    assert reply.status == 202
    assert reply.json()["id"]
    texas.await_status(second, "park-closed")
    assert texas.status(park) == "park-closed"
    assert colorado.status(park) == "park-opened"
    assert texas.send("GET", "/parks/no-such-park").status == 404


def test_queued_work_keeps_its_tenant_after_a_switch(
    world: World, texas: ParksApi, colorado: ParksApi, park: str, held: str
) -> None:
    person = world.member("traveller", texas.person.tenant, {"admin"})
    world.accounts.enrol(person, colorado.person.tenant, {"admin"})
    traveller = ParksApi(world, person)
    assert traveller.send("POST", "/parks/statuses", {"ids": [park], "status": "natural-disaster"}).status == 202
    switched = world.membership_api("PUT", "/settings", person.tokens.id, {"tenantId": colorado.person.tenant})
    assert switched.status == 204
    assert world.membership_api("GET", "/settings", person.tokens.id).json()["tenantId"] == colorado.person.tenant
    assert texas.status(park) == "park-opened"

    world.target.aws.functions.update_event_source_mapping(UUID=held, Enabled=True)

    texas.await_status(park, "natural-disaster")
    assert colorado.status(park) == "park-opened"


def test_older_work_does_not_overwrite_newer_status(texas: ParksApi, park: str, held: str, world: World) -> None:
    texas.send("POST", "/parks/statuses", {"ids": [park], "status": "natural-disaster"})
    assert texas.send("POST", f"/parks/{park}/statuses", {"status": "park-closed"}).status == 204
    later = f"{park}-later"
    texas.add(later)
    texas.send("POST", "/parks/statuses", {"ids": [later], "status": "natural-disaster"})
    world.target.aws.functions.update_event_source_mapping(UUID=held, Enabled=True)

    texas.await_status(later, "natural-disaster")
    assert texas.status(park) == "park-closed"


def test_queued_changes_notify_webhooks(texas: ParksApi, park: str, deployed: LocalCloud) -> None:
    with Receiver(deployed) as receiver:
        texas.await_confirmed(park, texas.subscribe(park, "park-closed", receiver.url))
        texas.send("POST", "/parks/statuses", {"ids": [park], "status": "park-closed"})

        told: dict[str, Any] = json.loads(receiver.next("Notification")["Message"])
    assert (told["tenantId"], told["parkId"], told["eventType"]) == (texas.person.tenant, park, "park-closed")


def test_failed_message_does_not_block_its_batch(world: World, texas: ParksApi, park: str, held: str) -> None:
    url, sqs = world.target.park_statuses_queue, world.target.aws.sqs
    bad = {"id": "x", "tenantId": "*", "userId": "u", "at": "1764000000000", "ids": [park], "status": "park-closed"}
    sqs.send_message(QueueUrl=url, MessageBody=json.dumps(bad))
    texas.send("POST", "/parks/statuses", {"ids": [park], "status": "park-closed"})
    world.target.aws.functions.update_event_source_mapping(UUID=held, Enabled=True)

    texas.await_status(park, "park-closed")
    names: list[Literal["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]] = [
        "ApproximateNumberOfMessages",
        "ApproximateNumberOfMessagesNotVisible",
    ]

    def queued() -> int:
        return sum(map(int, sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"].values()))

    try:
        until(lambda: queued() == 1, "the bad message alone in the queue")
    finally:
        sqs.purge_queue(QueueUrl=url)
