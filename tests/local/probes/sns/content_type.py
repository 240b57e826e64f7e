"""Probes of `sns.content_type`."""

from tests.local.emulator import Emulator, outcome
from tests.local.probes import probe

_OTHER_POLICIES = (
    '{"requestPolicy": {"headerContentType": "application/json; charset=UTF-8"}}',
    '{"requestPolicy": {"headerContentType": "text/html"}}',
    '{"healthyRetryPolicy": {"numRetries": 101}}',
    '{"healthyRetryPolicy": {"minDelayTarget": 9, "maxDelayTarget": 8, "numRetries": 1}}',
    "retry",
)


@probe(aws=["done"] + ["InvalidParameter"] * 5 + ["done"], ministack=["done"] * 7)
def invalid_delivery_policies(emulator: Emulator) -> list[str]:
    """Subscribe with one that it knows, with others, and with one that goes with raw delivery alone."""
    sns = emulator.client("sns")
    topic = sns.create_topic(Name=emulator.name("topic"))["TopicArn"]

    def subscribe(policy: str, **attributes: str) -> str:
        endpoint = f"https://example.com/{emulator.name()}"
        given = {"DeliveryPolicy": policy, **attributes}
        return outcome(lambda: sns.subscribe(TopicArn=topic, Protocol="https", Endpoint=endpoint, Attributes=given))

    known = '{"requestPolicy": {"headerContentType": "application/json"}}'
    return [*map(subscribe, (known, *_OTHER_POLICIES)), subscribe(_OTHER_POLICIES[1], RawMessageDelivery="true")]


@probe(aws=["InvalidParameter", "InvalidParameter"], ministack=["done", "done"])
def delivery_policies_that_are_set_later(emulator: Emulator) -> list[str]:
    sns = emulator.client("sns")
    topic = sns.create_topic(Name=emulator.name("topic"))["TopicArn"]
    # A queue confirms at once.
    arn = sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=emulator.queue()[1])["SubscriptionArn"]
    of_topic = '{"http": {"defaultRequestPolicy": {"headerContentType": "image/png"}}}'
    policy = {"AttributeName": "DeliveryPolicy", "AttributeValue": _OTHER_POLICIES[0]}
    return [
        outcome(lambda: sns.set_subscription_attributes(SubscriptionArn=arn, **policy)),
        outcome(lambda: sns.set_topic_attributes(TopicArn=topic, **{**policy, "AttributeValue": of_topic})),
    ]
