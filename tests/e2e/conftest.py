"""The deployed system, with users in it."""

from __future__ import annotations

import json
import secrets
from typing import TYPE_CHECKING, Any

import pytest

from tenantry.attacks.target import Target
from tenantry.attacks.world import World
from tests.e2e.parks import ParksApi
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tenantry.local.cloud import LocalCloud


@pytest.fixture(scope="session")
def world(deployed: LocalCloud) -> Iterator[World]:
    """Return the deployed system and what makes people in it; all that a test makes is removed in the end."""
    world = World(Target.named(state=deployed.folder.root))
    yield world
    assert world.cleanup.run() == []


@pytest.fixture(scope="module")
def texas(world: World) -> ParksApi:
    """Return the parks API as the admin of a new tenant calls it."""
    return ParksApi.of_a_new_tenant(world, "texas")


@pytest.fixture(scope="module")
def colorado(world: World) -> ParksApi:
    """Return the same for another tenant."""
    return ParksApi.of_a_new_tenant(world, "colorado")


@pytest.fixture
def park(texas: ParksApi, colorado: ParksApi) -> str:
    """Return the id of a park that both tenants have."""
    park = f"p-{secrets.token_hex(6)}"
    texas.add(park)
    colorado.add(park)
    return park


@pytest.fixture
def heard(world: World) -> Iterator[Callable[[int], list[dict[str, Any]]]]:
    """Listen to every event of the application on the bus, as another service would."""
    aws, name = world.target.aws, f"{world.run}-listener"
    url = aws.sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = aws.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    rule = aws.events.put_rule(
        Name=name,
        EventBusName=world.target.bus,
        EventPattern=json.dumps({"source": [{"prefix": f"{world.target.app}."}]}),
    )["RuleArn"]
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn,
        "Condition": {"ArnEquals": {"aws:SourceArn": rule}},
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    aws.sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    aws.events.put_targets(Rule=name, EventBusName=world.target.bus, Targets=[{"Id": "queue", "Arn": arn}])

    def receive(count: int) -> list[dict[str, Any]]:
        events: list[dict[str, Any]] = []

        def received() -> bool:
            answer = aws.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1)
            events.extend(json.loads(message["Body"]) for message in answer.get("Messages", []))
            return len(events) >= count

        until(received, f"{count} events on the bus", poll=0)
        return events

    yield receive
    aws.events.remove_targets(Rule=name, EventBusName=world.target.bus, Ids=["queue"])
    aws.events.delete_rule(Name=name, EventBusName=world.target.bus)
    aws.sqs.delete_queue(QueueUrl=url)
