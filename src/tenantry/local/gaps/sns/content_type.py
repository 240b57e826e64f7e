"""SNS refuses delivery policies with an unknown content type or invalid retries.

AWS: `requestPolicy.headerContentType` of a subscription, and `defaultRequestPolicy.headerContentType` of a topic, is
one of a few media types, without parameters; what SNS sends when there is none is `text/plain; charset=UTF-8`. A policy
that is no JSON, or that asks for more retries or longer pauses than SNS makes, is refused as well.
https://docs.aws.amazon.com/sns/latest/dg/set-sub-attributes-delivery-policy-json.html
https://docs.aws.amazon.com/sns/latest/dg/sns-message-delivery-retries.html
https://docs.aws.amazon.com/sns/latest/dg/http-header.html

MiniStack: keeps any policy.

Here: refuses such a policy when it is set. Whether SNS takes a charset beside other media types is not documented, so
that the local cloud does not.
"""

import json
from collections.abc import Iterator
from typing import Any

from ministack.services import sns

from tenantry.local.patching import Fields, Original, require, wrap

#: Both replace: _subscribe.
AFTER = ("sns.https",)

_MEDIA_TYPES = {"text/plain", "text/plain; charset=UTF-8", "application/json", "application/xml"}
#: With raw delivery the body is the publisher's own.
_RAW_MEDIA_TYPES = _MEDIA_TYPES | {
    "application/atom+xml",
    "application/octet-stream",
    "application/soap+xml",
    "application/x-www-form-urlencoded",
    "application/xhtml+xml",
    "text/css",
    "text/csv",
    "text/html",
    "text/xml",
}
_MOST_RETRIES = 100
_LONGEST_SECONDS = 3600


def close() -> None:
    """Close the gap."""
    require(sns, "_p", "_error", "_sub_arn_to_topic", "_find_subscription")
    for name in ("_subscribe", "_set_subscription_attributes", "_create_topic", "_set_topic_attributes"):
        wrap(sns, name, _checked)


def _checked(call: Original, params: Fields) -> Any:
    given = dict(_attributes(params))
    raw = given.get("RawMessageDelivery") == "true" or _is_raw(sns._p(params, "SubscriptionArn"))
    problem = _problem(given.get("DeliveryPolicy") or "{}", _RAW_MEDIA_TYPES if raw else _MEDIA_TYPES)
    if problem:
        return sns._error("InvalidParameter", f"Invalid parameter: DeliveryPolicy: {problem}", 400)
    return call(params)


def _is_raw(subscription: str) -> bool:
    topic = sns._sub_arn_to_topic.get(subscription)
    found = sns._find_subscription(topic, subscription) if topic else None
    return found is not None and bool(found["attributes"].get("RawMessageDelivery") == "true")


def _attributes(params: Fields) -> Iterator[tuple[str, str]]:
    if name := sns._p(params, "AttributeName"):
        yield name, sns._p(params, "AttributeValue")
    number = 1
    while name := sns._p(params, f"Attributes.entry.{number}.key"):
        yield name, sns._p(params, f"Attributes.entry.{number}.value")
        number += 1


def _problem(text: str, media_types: set[str]) -> str:
    """Return what is wrong with a delivery policy; empty when nothing is."""
    try:
        policy = json.loads(text)
    except ValueError:
        policy = None
    if not isinstance(policy, dict):
        return "must be a JSON object"
    of_topic = policy.get("http") or {}
    request = {**(of_topic.get("defaultRequestPolicy") or {}), **(policy.get("requestPolicy") or {})}
    content_type = request.get("headerContentType", "application/json")
    if content_type not in media_types:
        return f"requestPolicy.headerContentType {content_type!r} is not supported"
    retry = {**(of_topic.get("defaultHealthyRetryPolicy") or {}), **(policy.get("healthyRetryPolicy") or {})}
    if retry.get("numRetries", 0) > _MOST_RETRIES:
        return f"healthyRetryPolicy.numRetries must be at most {_MOST_RETRIES}"
    shortest, longest = retry.get("minDelayTarget", 1), retry.get("maxDelayTarget", _LONGEST_SECONDS)
    if not 1 <= shortest <= longest <= _LONGEST_SECONDS:
        return f"1 <= minDelayTarget <= maxDelayTarget <= {_LONGEST_SECONDS} must hold"
    counted = sum(retry.get(name, 0) for name in ("numNoDelayRetries", "numMinDelayRetries", "numMaxDelayRetries"))
    if counted > retry.get("numRetries", counted):
        return "numRetries must be at least the retries of its phases"
    return ""
