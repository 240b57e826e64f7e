"""The deployed system, with people in it, for tests that do what a caller does."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest

from tenantry.attacks.target import Target
from tenantry.attacks.world import World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tenantry.local.cloud import LocalCloud


@pytest.fixture(scope="session")
def world(deployed: LocalCloud) -> Iterator[World]:
    """Return the deployed system and what makes people in it; all that a test makes is removed in the end."""
    world = World(Target.named(state=deployed.folder.root))
    yield world
    assert world.cleanup.run() == []


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
        deadline = time.monotonic() + 30
        while len(events) < count and time.monotonic() < deadline:
            answer = aws.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1)
            events += [json.loads(message["Body"]) for message in answer.get("Messages", [])]
        return events

    yield receive
    aws.events.remove_targets(Rule=name, EventBusName=world.target.bus, Ids=["queue"])
    aws.events.delete_rule(Name=name, EventBusName=world.target.bus)
    aws.sqs.delete_queue(QueueUrl=url)
