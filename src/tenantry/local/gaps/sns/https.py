"""A topic confirms HTTPS endpoints, delivers to them, retries, and sends what fails to a dead-letter queue.

AWS: an endpoint is asked to confirm its subscription, again when it is subscribed again before it has. Messages come
with headers that say what they are, over verified TLS, without following redirects. 5xx, 429 and no answer are
retried by the subscription's delivery policy; what fails finally goes to the subscription's dead-letter queue, if the
queue's policy allows the topic. `ReturnSubscriptionArn` gives the ARN also of what is not confirmed.
https://docs.aws.amazon.com/sns/latest/dg/sns-http-https-endpoint-as-subscriber.html
https://docs.aws.amazon.com/sns/latest/dg/sns-message-delivery-retries.html
https://docs.aws.amazon.com/sns/latest/dg/sns-dead-letter-queues.html

MiniStack: posts once, follows redirects, verifies against the public CAs only, drops what fails, and names itself by
a plain HTTP address that it does not answer at.

Here: as on AWS, with addresses that answer on this machine. There is no way from here to the internet's `sslip.io`
(names that hold the address they stand for), so its names lead to the receivers of this machine. Nothing is signed.
"""

import asyncio
import http.client
import json
import os
import socket
import ssl
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlsplit

from ministack.core.responses import new_uuid
from ministack.services import sns

from tenantry.local.patching import Fields, Original, read_object, replace, require, service_calls, wrap
from tenantry.local.settings import HOST

#: The suffix of the names of this machine's receivers; as in `tenantry.local.worker` and `tenantry.local.certificates`.
_RECEIVERS = ".sslip.io"
_TIMEOUT_SECONDS = 15
_TOO_MANY = 429
#: SNS's own policy, where a subscription has none.
_DEFAULT = {"numRetries": 3, "minDelayTarget": 20, "maxDelayTarget": 20}


def close() -> None:
    """Close the gap."""
    require(sns, "_p", "_topic_by_arn_any_scope", "_xml", "logger")
    wrap(sns, "_subscribe", _subscribed)
    wrap(sns, "_deliver_to_http", _or_raw)
    replace(sns, "_send_subscription_confirmation", _ask_for_confirmation)


def _subscribed(subscribe: Original, params: Fields) -> Any:
    before = _find(sns._p(params, "TopicArn"), sns._p(params, "Endpoint"))
    answer = subscribe(params)
    found = _find(sns._p(params, "TopicArn"), sns._p(params, "Endpoint"))
    if found is None or found["confirmed"]:
        return answer
    if before:
        asyncio.ensure_future(_ask_for_confirmation(found["topic_arn"], found))  # noqa: RUF006 - MiniStack's way
    arn = found["arn"] if sns._p(params, "ReturnSubscriptionArn") == "true" else "pending confirmation"
    result = f"<SubscribeResult><SubscriptionArn>{arn}</SubscriptionArn></SubscribeResult>"
    return sns._xml(200, "SubscribeResponse", result)


def _find(topic_arn: str, endpoint: str) -> Fields | None:
    topic = sns._topic_by_arn_any_scope(topic_arn) or {}
    subscriptions = (s for s in topic.get("subscriptions", []) if s["endpoint"] == endpoint)
    return next((s for s in subscriptions if s["protocol"] in {"http", "https"}), None)


async def _ask_for_confirmation(topic_arn: str, subscription: Fields) -> None:
    token = subscription.get("token") or ""
    message = {
        "Type": "SubscriptionConfirmation",
        "MessageId": new_uuid(),
        "Token": token,
        "TopicArn": topic_arn,
        "Message": f"You have chosen to subscribe to the topic {topic_arn}. "
        "To confirm the subscription, visit the SubscribeURL included in this message.",
        "SubscribeURL": _address(f"Action=ConfirmSubscription&TopicArn={quote(topic_arn)}&Token={quote(token)}"),
        "Timestamp": time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime()),
    }
    await asyncio.to_thread(_deliver, subscription, message)


async def _or_raw(deliver: Original, endpoint: str, payload: str) -> None:
    message = read_object(payload)
    subscription = _find(message.get("TopicArn", ""), endpoint)
    if subscription is None:  # raw delivery, which does not say of which topic it is
        await deliver(endpoint, payload)
        return
    for unsigned in ("Signature", "SignatureVersion", "SigningCertURL"):
        message.pop(unsigned, None)
    message["UnsubscribeURL"] = _address(f"Action=Unsubscribe&SubscriptionArn={quote(subscription['arn'])}")
    await asyncio.to_thread(_deliver, subscription, message)


def _address(query: str) -> str:
    return f"{service_calls.endpoint()}/?{query}"


def _deliver(subscription: Fields, message: Fields) -> None:
    attributes = subscription["attributes"]
    policy = json.loads(attributes.get("DeliveryPolicy") or "{}")
    code, error = "NoAnswer", ""
    for pause in (0.0, *_pauses({**_DEFAULT, **policy.get("healthyRetryPolicy", {})})):
        time.sleep(pause)
        try:
            status = _post(subscription, message, policy.get("requestPolicy", {}).get("headerContentType", ""))
        except (OSError, http.client.HTTPException) as failure:
            code, error = "NoAnswer", f"no answer: {failure}"
            continue
        if status in range(200, 300):
            return
        code, error = str(status), f"status {status}"
        if status < 500 and status != _TOO_MANY:  # noqa: PLR2004 - the server's own errors begin there
            break
    sns.logger.warning("SNS: %s not reached: %s", subscription["endpoint"], error)
    target = json.loads(attributes.get("RedrivePolicy") or "{}").get("deadLetterTargetArn")
    if not target or message["Type"] != "Notification":
        return
    try:
        service_calls.send_to_queue(
            target,
            json.dumps(message),
            {"RequestID": new_uuid(), "ErrorCode": code, "ErrorMessage": error},
            service="sns.amazonaws.com",
            source_arn=subscription["topic_arn"],
        )
    except (service_calls.RefusedError, LookupError) as refused:
        sns.logger.warning("SNS: the dead-letter message is lost: %s", refused)


def _pauses(policy: Fields) -> Iterator[float]:
    """Yield the seconds to wait before each retry."""
    shortest, longest = float(policy["minDelayTarget"]), float(policy["maxDelayTarget"])
    at_once, early = policy.get("numNoDelayRetries", 0), policy.get("numMinDelayRetries", 0)
    late = policy.get("numMaxDelayRetries", 0)
    between = max(0, policy["numRetries"] - at_once - early - late)
    yield from (0.0 for _ in range(at_once))
    yield from (shortest for _ in range(early))
    yield from (shortest + (longest - shortest) * step / max(between, 1) for step in range(1, between + 1))
    yield from (longest for _ in range(late))


def _post(subscription: Fields, message: Fields, content_type: str) -> int:
    url = urlsplit(subscription["endpoint"])
    headers = {
        "Content-Type": content_type or "text/plain; charset=UTF-8",
        "User-Agent": "Amazon Simple Notification Service Agent",
        "x-amz-sns-message-type": message["Type"],
        "x-amz-sns-message-id": message["MessageId"],
        "x-amz-sns-topic-arn": message["TopicArn"],
    }
    if message["Type"] == "Notification":
        headers["x-amz-sns-subscription-arn"] = subscription["arn"]
    connection = _connection(url.scheme, url.hostname or "", url.port)
    try:
        target = f"{url.path or '/'}{f'?{url.query}' if url.query else ''}"
        connection.request("POST", target, json.dumps(message).encode(), headers)
        return connection.getresponse().status
    finally:
        connection.close()


def _connection(scheme: str, host: str, port: int | None) -> http.client.HTTPConnection:
    if scheme == "http":
        return http.client.HTTPConnection(host, port, timeout=_TIMEOUT_SECONDS)
    trusted = ssl.create_default_context(cafile=os.environ.get("AWS_CA_BUNDLE"))
    made = http.client.HTTPSConnection(host, port, timeout=_TIMEOUT_SECONDS, context=trusted)
    if host.endswith(_RECEIVERS):
        made._create_connection = _on_this_machine  # type: ignore[attr-defined]  # where urllib3 hooks in, too
    return made


def _on_this_machine(address: tuple[str, int], *rest: Any, **named: Any) -> socket.socket:
    return socket.create_connection((HOST, address[1]), *rest, **named)
