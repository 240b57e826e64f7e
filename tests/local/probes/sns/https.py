"""Probes of `sns.https`."""

import json
import queue
import time
from typing import Any

from botocore.exceptions import ClientError

from tests.local.emulator import Emulator
from tests.local.probes import probe
from tests.receiver import Receiver

_QUICK = json.dumps(
    {"healthyRetryPolicy": {"minDelayTarget": 1, "maxDelayTarget": 1, "numRetries": 2, "numNoDelayRetries": 2}}
)


def _subscribed(emulator: Emulator, receiver: Receiver, **attributes: str) -> tuple[str, str]:
    """Return the ARNs of a new topic and of the receiver's subscription to it."""
    sns = emulator.client("sns")
    topic = sns.create_topic(Name=emulator.name("topic"))["TopicArn"]
    made = sns.subscribe(
        TopicArn=topic, Protocol="https", Endpoint=receiver.url, Attributes=attributes, ReturnSubscriptionArn=True
    )
    return topic, made["SubscriptionArn"]


def _state(emulator: Emulator, subscription: str) -> str:
    """Return whether a subscription is confirmed, after a while in which it may be."""
    for _ in range(20):
        try:
            found = emulator.client("sns").get_subscription_attributes(SubscriptionArn=subscription)["Attributes"]
        except ClientError as error:
            return str(error.response["Error"]["Code"])
        if found["PendingConfirmation"] == "false":
            return "confirmed"
        time.sleep(0.1)
    return "pending"


@probe(aws=["confirmed", "Notification", "hello"], ministack=["NotFound", None, None])
def an_endpoint_that_confirms_its_subscription(emulator: Emulator) -> list[Any]:
    with Receiver(emulator.cloud) as receiver:
        topic, subscription = _subscribed(emulator, receiver)
        state = _state(emulator, subscription)
        emulator.client("sns").publish(TopicArn=topic, Message="hello")
        try:
            message = receiver.next("Notification", seconds=3)
        except queue.Empty:
            return [state, None, None]
        return [state, message["headers"]["x-amz-sns-message-type"], message["Message"]]


def _failed(emulator: Emulator, status: int, *, open_to: str = "sns.amazonaws.com") -> list[Any]:
    """Return the attempts at an endpoint that answers a status, and the message in the dead-letter queue."""
    url, queue_arn = emulator.queue(open_to=open_to)
    redrive = json.dumps({"deadLetterTargetArn": queue_arn})
    with Receiver(emulator.cloud, status=status) as receiver:
        topic, subscription = _subscribed(emulator, receiver, RedrivePolicy=redrive, DeliveryPolicy=_QUICK)
        _state(emulator, subscription)
        before = receiver.count
        emulator.client("sns").publish(TopicArn=topic, Message="lost")
        dead_letter = emulator.received(url, seconds=5)
        return [receiver.count - before, json.loads(dead_letter["Body"])["Message"] if dead_letter else None]


@probe(aws=[3, "lost"], ministack=[0, None])
def an_endpoint_that_answers_server_errors(emulator: Emulator) -> list[Any]:
    return _failed(emulator, 503)


@probe(aws=[1, "lost"], ministack=[0, None])
def an_endpoint_that_refuses_a_message(emulator: Emulator) -> list[Any]:
    return _failed(emulator, 400)


@probe(aws=[1, None], ministack=[0, None])
def a_dead_letter_queue_without_permission_for_the_topic(emulator: Emulator) -> list[Any]:
    return _failed(emulator, 400, open_to="")
