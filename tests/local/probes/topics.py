"""Topics that deliver over HTTPS, and the workflows that use them."""

import json
import queue
import time
from typing import Any

from botocore.exceptions import ClientError

from tenantry.local.settings import ACCOUNT, REGION
from tests.local.ground import Ground, outcome
from tests.local.probes import probe
from tests.receiver import Receiver

_QUICK = json.dumps(
    {"healthyRetryPolicy": {"minDelayTarget": 1, "maxDelayTarget": 1, "numRetries": 2, "numNoDelayRetries": 2}}
)


def _subscribed(ground: Ground, receiver: Receiver, **attributes: str) -> tuple[str, str]:
    """Return the ARNs of a new topic and of the receiver's subscription to it."""
    sns = ground.client("sns")
    topic = sns.create_topic(Name=ground.name("topic"))["TopicArn"]
    made = sns.subscribe(
        TopicArn=topic, Protocol="https", Endpoint=receiver.url, Attributes=attributes, ReturnSubscriptionArn=True
    )
    return topic, made["SubscriptionArn"]


def _state(ground: Ground, subscription: str) -> str:
    """Return whether a subscription is confirmed, after a while in which it may be."""
    for _ in range(20):
        try:
            found = ground.client("sns").get_subscription_attributes(SubscriptionArn=subscription)["Attributes"]
        except ClientError as error:
            return str(error.response["Error"]["Code"])
        if found["PendingConfirmation"] == "false":
            return "confirmed"
        time.sleep(0.1)
    return "pending"


@probe("sns_https", aws=["confirmed", "Notification", "hello"], ministack=["NotFound", None, None])
def an_endpoint_that_confirms_its_subscription(ground: Ground) -> list[Any]:
    with Receiver(ground.cloud) as receiver:
        topic, subscription = _subscribed(ground, receiver)
        state = _state(ground, subscription)
        ground.client("sns").publish(TopicArn=topic, Message="hello")
        try:
            message = receiver.next("Notification", seconds=3)
        except queue.Empty:
            return [state, None, None]
        return [state, message["headers"]["x-amz-sns-message-type"], message["Message"]]


def _failed(ground: Ground, status: int, *, open_to: str = "sns.amazonaws.com") -> list[Any]:
    """Return how often an endpoint was tried that answers a status, and what of the message became a dead letter."""
    url, queue_arn = ground.queue(open_to=open_to)
    redrive = json.dumps({"deadLetterTargetArn": queue_arn})
    with Receiver(ground.cloud, status=status) as receiver:
        topic, subscription = _subscribed(ground, receiver, RedrivePolicy=redrive, DeliveryPolicy=_QUICK)
        _state(ground, subscription)
        before = receiver.count
        ground.client("sns").publish(TopicArn=topic, Message="lost")
        letter = ground.received(url, seconds=5)
        return [receiver.count - before, json.loads(letter["Body"])["Message"] if letter else None]


@probe("sns_https", aws=[3, "lost"], ministack=[0, None])
def an_endpoint_that_is_out_of_order(ground: Ground) -> list[Any]:
    return _failed(ground, 503)


@probe("sns_https", aws=[1, "lost"], ministack=[0, None])
def an_endpoint_that_refuses_a_message(ground: Ground) -> list[Any]:
    return _failed(ground, 400)


@probe("sns_https", aws=[1, None], ministack=[0, None])
def a_dead_letter_queue_that_lets_no_topic_in(ground: Ground) -> list[Any]:
    return _failed(ground, 400, open_to="")


_OTHER_POLICIES = (
    '{"requestPolicy": {"headerContentType": "application/json; charset=UTF-8"}}',
    '{"requestPolicy": {"headerContentType": "text/html"}}',
    '{"healthyRetryPolicy": {"numRetries": 101}}',
    '{"healthyRetryPolicy": {"minDelayTarget": 9, "maxDelayTarget": 8, "numRetries": 1}}',
    "retry",
)


@probe("sns_content_type", aws=["done"] + ["InvalidParameter"] * 5 + ["done"], ministack=["done"] * 7)
def delivery_policies_that_sns_does_not_know(ground: Ground) -> list[str]:
    """Subscribe with one that it knows, with others, and with one that goes with raw delivery alone."""
    sns = ground.client("sns")
    topic = sns.create_topic(Name=ground.name("topic"))["TopicArn"]

    def subscribe(policy: str, **attributes: str) -> str:
        endpoint = f"https://example.com/{ground.name()}"
        given = {"DeliveryPolicy": policy, **attributes}
        return outcome(lambda: sns.subscribe(TopicArn=topic, Protocol="https", Endpoint=endpoint, Attributes=given))

    known = '{"requestPolicy": {"headerContentType": "application/json"}}'
    return [*map(subscribe, (known, *_OTHER_POLICIES)), subscribe(_OTHER_POLICIES[1], RawMessageDelivery="true")]


@probe("sns_content_type", aws=["InvalidParameter", "InvalidParameter"], ministack=["done", "done"])
def delivery_policies_that_come_later(ground: Ground) -> list[str]:
    sns = ground.client("sns")
    topic = sns.create_topic(Name=ground.name("topic"))["TopicArn"]
    # A queue confirms at once.
    arn = sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=ground.queue()[1])["SubscriptionArn"]
    of_topic = '{"http": {"defaultRequestPolicy": {"headerContentType": "image/png"}}}'
    policy = {"AttributeName": "DeliveryPolicy", "AttributeValue": _OTHER_POLICIES[0]}
    return [
        outcome(lambda: sns.set_subscription_attributes(SubscriptionArn=arn, **policy)),
        outcome(lambda: sns.set_topic_attributes(TopicArn=topic, **{**policy, "AttributeValue": of_topic})),
    ]


def _run(ground: Ground, text: str) -> Any:  # noqa: ANN401
    states = {"Say": {"Type": "Succeed", "Output": {"said": "{% $states.input.word & '!' %}"}}}
    machine = ground.machine({"QueryLanguage": "JSONata", "StartAt": "Say", "States": states})
    try:
        answer = ground.client("stepfunctions").start_sync_execution(stateMachineArn=machine, input=text)
    except ClientError as error:
        return error.response["Error"]["Code"]
    return json.loads(answer["output"]) if "output" in answer else answer["status"]


@probe("stepfunctions_succeed", aws={"said": "hello!"}, ministack={"word": "hello"})
def the_output_of_a_state_that_succeeds(ground: Ground) -> Any:  # noqa: ANN401
    return _run(ground, '{"word": "hello"}')


@probe("stepfunctions_input", aws="InvalidExecutionInput", ministack={})
def an_input_that_is_no_json(ground: Ground) -> Any:  # noqa: ANN401
    return _run(ground, "refused")


@probe("apigateway_service_integrations", aws=[200, "a&b='\"", 403], ministack=[200, "a&b='\"", 200])
def a_message_by_a_form(ground: Ground) -> list[Any]:
    """Send to a queue through an API, with a role that may and with one that may not."""
    url, arn = ground.queue()
    integration = {
        "type": "AWS",
        "integrationHttpMethod": "POST",
        "uri": f"arn:aws:apigateway:{REGION}:sqs:path/{ACCOUNT}/{arn.rsplit(':', 1)[-1]}",
        "requestParameters": {
            "integration.request.header.Content-Type": "'application/x-www-form-urlencoded'",
        },
        "requestTemplates": {
            "application/json": "#set($text = \"$!{input.params('text')}\")\n"
            "Action=SendMessage&MessageBody=$util.urlEncode($text)"
        },
    }
    answers = {
        "200": {"statusCode": "200", "responseTemplates": {"application/json": "{}"}},
        "403": {"statusCode": "403", "selectionPattern": "4\\d{2}"},
    }
    allowed, denied = (
        ground.api(
            {**integration, "credentials": ground.role("apigateway.amazonaws.com", *statements)}, responses=answers
        )
        for statements in ([{"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": arn}], [])
    )
    sent = ground.get(f"{allowed}?text=a%26b%3D'%22").status_code
    message = ground.received(url, seconds=2)
    return [sent, message["Body"] if message else None, ground.get(f"{denied}?text=x").status_code]
