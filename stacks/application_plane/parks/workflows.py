"""The workflows of the parks API, in Amazon States Language: a park's status, and webhooks.

Each is started by an API's template, which puts the authorizer's tenant into the input. Every partition key and every
topic's name begins with that tenant.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from stacks.platform.roles import ADMIN

if TYPE_CHECKING:
    from collections.abc import Mapping

PARK: Final = "park"
WEBHOOK: Final = "webhook"
MOST_WEBHOOKS: Final = 20
_INPUT: Final = "$states.context.Execution.Input"
_UNKNOWN: Final = "Sns.NotFoundException"
# The roles are JSON of the authorizer's; the quotes keep a name from being a part of another one.
_IS_ADMIN: Final = f"""$contains({_INPUT}.roles, '"{ADMIN}"')"""
_SOMEBODY_ELSES: Final = "Another user owns this webhook; an admin can take it over"
_RETRY: Final[Mapping[str, Any]] = {
    "ErrorEquals": ["States.ALL"],
    "IntervalSeconds": 1,
    "MaxAttempts": 2,
    "BackoffRate": 2,
    "JitterStrategy": "FULL",
}
# How often SNS tries to deliver: at once, then within ten minutes. SNS takes the content types of its list alone;
# `application/json` is on it, without a parameter. JSON is UTF-8 in any case (RFC 8259).
# https://docs.aws.amazon.com/sns/latest/dg/sns-message-delivery-retries.html
# https://docs.aws.amazon.com/sns/latest/dg/set-sub-attributes-delivery-policy-json.html
_DELIVERY: Final = {
    "healthyRetryPolicy": {
        "numRetries": 8,
        "numNoDelayRetries": 1,
        "minDelayTarget": 5,
        "numMinDelayRetries": 2,
        "maxDelayTarget": 120,
        "numMaxDelayRetries": 1,
        "backoffFunction": "exponential",
    },
    "throttlePolicy": {"maxReceivesPerSecond": 20},
    "requestPolicy": {"headerContentType": "application/json"},
}


class ParkWorkflows:
    """The definitions.

    Parameters
    ----------
    table
        Name of the parks table.
    topics
        What the ARN of each topic begins with.
    """

    def __init__(self, *, table: str, topics: str) -> None:
        self._table = table
        self._topics = topics

    def set_status(self, *, publish: str) -> Mapping[str, Any]:
        """Set a park's status, and have its webhooks told of it if it has any for that.

        Parameters
        ----------
        publish
            Name of the function that publishes.
        """
        return _machine(
            {
                "Set the status": self._task(
                    "dynamodb:updateItem",
                    {
                        "Key": _row(PARK, f"{_INPUT}.id"),
                        "ConditionExpression": "attribute_exists(pk)",
                        "UpdateExpression": "SET #status = :status, statuskey = :statuskey, statusat = :at",
                        "ExpressionAttributeNames": {"#status": "status"},
                        "ExpressionAttributeValues": {
                            ":status": {"S": _given("status")},
                            ":statuskey": {"S": _text(f"{_INPUT}.status & '#' & {_INPUT}.id")},
                            ":at": {"N": _given("at")},
                        },
                    },
                    then="Count who listens",
                    caught={"DynamoDb.ConditionalCheckFailedException": "No park"},
                ),
                "Count who listens": self._task(
                    "dynamodb:query",
                    {
                        "ConsistentRead": True,
                        "KeyConditionExpression": "pk = :pk AND begins_with(sk, :park)",
                        "FilterExpression": "eventtype = :event AND attribute_not_exists(pausedat)",
                        "ExpressionAttributeValues": {
                            ":pk": {"S": _pk(WEBHOOK)},
                            ":park": {"S": _text(f"{_INPUT}.id & '#'")},
                            ":event": {"S": _given("status")},
                        },
                    },
                    then="Does anybody listen?",
                    assign={"listening": "{% $count($states.result.Items) %}"},
                ),
                "Does anybody listen?": _choice("$listening > 0", then="Publish", otherwise="Done"),
                "Publish": _invoke(
                    publish,
                    {name: _given(name) for name in ("tenantId", "userId", "id", "status", "at")},
                    then="Done",
                ),
                "Done": _end(204),
                "No park": _NO_PARK,
            }
        )

    def subscribe(self, *, check: str, dead_letters: str) -> Mapping[str, Any]:
        """Subscribe an endpoint to what happens to a park, on a topic that is made now if there is none.

        Parameters
        ----------
        check
            Name of the function that checks endpoints.
        dead_letters
            ARN of the queue for what cannot be delivered.
        """
        # The same endpoint for the same event is the same webhook: a client that tries again makes no second one.
        webhook = f"$substring($hash({_INPUT}.eventType & ' ' & {_INPUT}.endpoint, 'SHA-256'), 0, 32)"
        key = f"{_INPUT}.id & '#' & $webhook"
        return _machine(
            {
                **self._find_park(then="Count the webhooks"),
                "Count the webhooks": self._task(
                    "dynamodb:query",
                    self._webhooks_of_park(),
                    then="Is it somebody else's?",
                    assign={"webhook": _text(webhook), "kept": "{% [$states.result.Items] %}"},
                ),
                "Is it somebody else's?": _choice(
                    f"$exists($kept[sk.S = {key} and createdby.S != {_INPUT}.userId])",
                    then="Somebody else's",
                    otherwise="Is there room?",
                ),
                "Somebody else's": _end(409, {"message": _SOMEBODY_ELSES}),
                "Is there room?": _choice(
                    f"$count($kept[sk.S != {key}]) >= {MOST_WEBHOOKS}", then="No room", otherwise="Check the endpoint"
                ),
                "No room": _end(
                    409, {"message": f"A park can have at most {MOST_WEBHOOKS} webhooks; remove one first"}
                ),
                **self._checked(check, _given("endpoint"), then="Make the topic"),
                **self._subscribed(dead_letters, f"{_INPUT}.eventType", _given("endpoint"), then="Keep the webhook"),
                "Keep the webhook": self._task(
                    "dynamodb:putItem",
                    {
                        "Item": {
                            **_row(WEBHOOK, key),
                            "eventtype": {"S": _given("eventType")},
                            "endpoint": {"S": _given("endpoint")},
                            "subscription": {"S": "{% $subscription %}"},
                            "createdby": {"S": _given("userId")},
                        },
                        # Two people at the same moment: the subscription is the first one's.
                        "ConditionExpression": "attribute_not_exists(pk) OR createdby = :user",
                        "ExpressionAttributeValues": {":user": {"S": _given("userId")}},
                    },
                    then="Done",
                    caught={
                        "DynamoDb.ConditionalCheckFailedException": "Somebody else's",
                        "States.ALL": "Take it back",
                    },
                ),
                "Done": _end_with(201, "$string({'id': $webhook, 'topic': $topic})"),
                "Take it back": self._task(
                    "sns:unsubscribe", {"SubscriptionArn": "{% $subscription %}"}, then="Failed"
                ),
                "Failed": {"Type": "Fail", "Error": "NotKept", "Cause": "The webhook could not be stored."},
            }
        )

    def list_webhooks(self) -> Mapping[str, Any]:
        """List a park's webhooks, each with its state: to admins all, with who made them; to others their own."""
        row = "$states.input"
        shown = (
            f"'id': $substringAfter({row}.sk.S, '#'), 'eventType': {row}.eventtype.S, 'endpoint': {row}.endpoint.S, "
            f"'createdBy': {_IS_ADMIN} ? {row}.createdby.S"
        )
        look = self._task("sns:getSubscriptionAttributes", {"SubscriptionArn": f"{{% {row}.subscription.S %}}"})
        pending = "$states.result.Attributes.PendingConfirmation = 'true'"
        look["Output"] = _text(f"{{{shown}, 'state': {pending} ? 'pending' : 'confirmed'}}")
        look["Retry"] = [{"ErrorEquals": [_UNKNOWN], "MaxAttempts": 0}, _RETRY]
        look["Catch"] = [{"ErrorEquals": [_UNKNOWN], "Output": f"{{% {row} %}}", "Next": "Expired"}]
        expired = {"Type": "Pass", "Output": _text(f"{{{shown}, 'state': 'expired'}}"), "End": True}
        paused = {
            "Type": "Pass",
            "Output": _text(f"{{{shown}, 'state': 'paused', 'pausedReason': {row}.pausedreason.S}}"),
            "End": True,
        }
        return _machine(
            {
                **self._find_park(then="Find the webhooks"),
                "Find the webhooks": self._task(
                    "dynamodb:query",
                    self._webhooks_of_park(),
                    then="See what is confirmed",
                    assign={
                        "webhooks": f"{{% [$states.result.Items[{_IS_ADMIN} or createdby.S = {_INPUT}.userId]] %}}"
                    },
                ),
                "See what is confirmed": {
                    "Type": "Map",
                    "Items": "{% $webhooks %}",
                    "ItemProcessor": {
                        "ProcessorConfig": {"Mode": "INLINE"},
                        "StartAt": "Is it paused?",
                        "States": {
                            "Is it paused?": _choice(f"$exists({row}.pausedat)", then="Paused", otherwise="Look"),
                            "Look": look,
                            "Expired": expired,
                            "Paused": paused,
                        },
                    },
                    "Next": "Done",
                },
                "Done": _end_with(200, "$string({'items': $states.input})"),
            }
        )

    def unsubscribe(self) -> Mapping[str, Any]:
        """Remove a webhook and its subscription: an admin any, others their own, and there is no other to them.

        The topic stays: SNS deletes none on a condition.
        """
        key = _row(WEBHOOK, f"{_INPUT}.id & '#' & {_INPUT}.webhookId")
        return _machine(
            {
                "Find the webhook": self._task(
                    "dynamodb:getItem",
                    {"Key": key, "ConsistentRead": True},
                    then="Is there one?",
                    assign={
                        "subscription": f"{{% $exists($states.result.Item) and ({_IS_ADMIN} "
                        f"or $states.result.Item.createdby.S = {_INPUT}.userId) "
                        "? $states.result.Item.subscription.S : '' %}"
                    },
                ),
                "Is there one?": _choice("$subscription = ''", then="No webhook", otherwise="Unsubscribe"),
                "No webhook": _NO_WEBHOOK,
                "Unsubscribe": self._task(
                    "sns:unsubscribe",
                    {"SubscriptionArn": "{% $subscription %}"},
                    then="Remove the webhook",
                    # SNS has forgotten it, or will: what is not confirmed in two days goes away by itself.
                    caught=dict.fromkeys((_UNKNOWN, "Sns.InvalidParameterException"), "Remove the webhook"),
                ),
                "Remove the webhook": self._task("dynamodb:deleteItem", {"Key": key}, then="Done"),
                "Done": _end(204),
            }
        )

    def take_over(self, *, check: str, dead_letters: str) -> Mapping[str, Any]:
        """Make a webhook the caller's own, paused or not: the endpoint is asked to confirm again.

        Parameters
        ----------
        check, dead_letters
            As for `subscribe`.
        """
        key = _row(WEBHOOK, f"{_INPUT}.id & '#' & {_INPUT}.webhookId")
        gone = dict.fromkeys((_UNKNOWN, "Sns.InvalidParameterException"), "Make the topic")
        return _machine(
            {
                "Find the webhook": self._task(
                    "dynamodb:getItem",
                    {"Key": key, "ConsistentRead": True},
                    then="Is there one?",
                    assign={
                        "found": "{% $exists($states.result.Item) %}",
                        "old": _or_empty("subscription"),
                        "endpoint": _or_empty("endpoint"),
                        "eventType": _or_empty("eventtype"),
                    },
                ),
                "Is there one?": _choice("$found", then="Check the endpoint", otherwise="No webhook"),
                "No webhook": _NO_WEBHOOK,
                **self._checked(check, "{% $endpoint %}", then="End the old subscription"),
                # Else SNS would not ask the endpoint again.
                "End the old subscription": self._task(
                    "sns:unsubscribe", {"SubscriptionArn": "{% $old %}"}, then="Make the topic", caught=gone
                ),
                **self._subscribed(dead_letters, "$eventType", "{% $endpoint %}", then="Keep the owner"),
                "Keep the owner": self._task(
                    "dynamodb:updateItem",
                    {
                        "Key": key,
                        "ConditionExpression": "attribute_exists(pk)",
                        "UpdateExpression": "SET createdby = :user, subscription = :subscription "
                        "REMOVE pausedat, pausedreason, pausetold",
                        "ExpressionAttributeValues": {
                            ":user": {"S": _given("userId")},
                            ":subscription": {"S": "{% $subscription %}"},
                        },
                    },
                    then="Done",
                    caught={"DynamoDb.ConditionalCheckFailedException": "Take it back", "States.ALL": "Take it back"},
                ),
                "Done": _end(204),
                "Take it back": self._task(
                    "sns:unsubscribe", {"SubscriptionArn": "{% $subscription %}"}, then="No webhook"
                ),
            }
        )

    def _checked(self, check: str, endpoint: str, *, then: str) -> Mapping[str, Any]:
        """Have an endpoint checked, and end with 400 where it is refused."""
        asked = _invoke(check, {"endpoint": endpoint}, then="Is it public?")
        return {
            "Check the endpoint": {**asked, "Assign": {"refusal": "{% $states.result.Payload.refusal %}"}},
            "Is it public?": _choice("$refusal != ''", then="Refused", otherwise=then),
            "Refused": _end_with(400, "$string({'message': 'Invalid endpoint: ' & $refusal})"),
        }

    def _subscribed(self, dead_letters: str, event_type: str, endpoint: str, *, then: str) -> Mapping[str, Any]:
        """Subscribe an endpoint to the topic of a park and an event, which is made if there is none."""
        attributes = {"DeliveryPolicy": json.dumps(_DELIVERY), "RedrivePolicy": _redrive(dead_letters)}
        return {
            "Make the topic": self._task(
                "sns:createTopic",
                {
                    "Name": self._topic_name(f"{_INPUT}.id", event_type),
                    "Attributes": {"KmsMasterKeyId": "alias/aws/sns"},
                },
                then="Subscribe",
                assign={"topic": "{% $states.result.TopicArn %}"},
            ),
            "Subscribe": self._task(
                "sns:subscribe",
                {
                    "TopicArn": "{% $topic %}",
                    "Protocol": "https",
                    "Endpoint": endpoint,
                    "Attributes": attributes,
                    "ReturnSubscriptionArn": True,
                },
                then=then,
                assign={"subscription": "{% $states.result.SubscriptionArn %}"},
            ),
        }

    def _find_park(self, *, then: str) -> Mapping[str, Any]:
        """Look whether the tenant has the park: another tenant's is none."""
        find = self._task(
            "dynamodb:getItem",
            {"Key": _row(PARK, f"{_INPUT}.id"), "ConsistentRead": True},
            then="Is there a park?",
            assign={"found": "{% $exists($states.result.Item) %}"},
        )
        return {
            "Find the park": find,
            "Is there a park?": _choice("$found", then=then, otherwise="No park"),
            "No park": _NO_PARK,
        }

    def _webhooks_of_park(self) -> Mapping[str, Any]:
        return {
            "ConsistentRead": True,
            "KeyConditionExpression": "pk = :pk AND begins_with(sk, :park)",
            "ExpressionAttributeValues": {
                ":pk": {"S": _pk(WEBHOOK)},
                ":park": {"S": _text(f"{_INPUT}.id & '#'")},
            },
        }

    def _task(
        self,
        action: str,
        arguments: Mapping[str, Any],
        *,
        then: str | None = None,
        assign: Mapping[str, str] | None = None,
        caught: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        named = {"TableName": self._table, **arguments} if action.startswith("dynamodb:") else dict(arguments)
        task: dict[str, Any] = {
            "Type": "Task",
            "Resource": f"arn:aws:states:::aws-sdk:{action}",
            "Arguments": named,
            "Retry": [_RETRY],
            "Output": {},
            **({"Next": then} if then else {"End": True}),
        }
        if assign:
            task["Assign"] = assign
        if caught:
            errors = [error for error in caught if error != "States.ALL"]
            if errors:
                task["Retry"] = [{"ErrorEquals": errors, "MaxAttempts": 0}, _RETRY]
            task["Catch"] = [{"ErrorEquals": [error], "Output": {}, "Next": state} for error, state in caught.items()]
        return task

    def _topic_name(self, park: str, event_type: str) -> str:
        return _text(f"'{self._topics.rsplit(':', 1)[-1]}' & {_topic_suffix(park, event_type)}")


def _topic_suffix(park: str, event_type: str) -> str:
    """Return the end of a topic's name: none of the three holds an underscore, so that no two names are the same."""
    return f"{_INPUT}.tenantId & '_' & {park} & '_' & {event_type}"


def _machine(states: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"QueryLanguage": "JSONata", "StartAt": next(iter(states)), "States": states}


def _text(expression: str) -> str:
    return f"{{% {expression} %}}"


def _given(name: str) -> str:
    return _text(f"{_INPUT}.{name}")


def _pk(kind: str) -> str:
    return _text(f"{_INPUT}.tenantId & '#{kind}'")


def _row(kind: str, sort_key: str) -> Mapping[str, Any]:
    return {"pk": {"S": _pk(kind)}, "sk": {"S": _text(sort_key)}}


def _or_empty(attribute: str) -> str:
    return _text(f"$exists($states.result.Item) ? $states.result.Item.{attribute}.S : ''")


def _invoke(function: str, payload: Mapping[str, Any], *, then: str) -> Mapping[str, Any]:
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Arguments": {"FunctionName": function, "Payload": payload},
        "Retry": [_RETRY],
        "Output": {},
        "Next": then,
    }


def _choice(condition: str, *, then: str, otherwise: str) -> Mapping[str, Any]:
    return {"Type": "Choice", "Choices": [{"Condition": _text(condition), "Next": then}], "Default": otherwise}


def _end(status: int, body: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
    return {"Type": "Succeed", "Output": {"status": status, "body": json.dumps(body) if body else ""}}


def _end_with(status: int, body: str) -> Mapping[str, Any]:
    return {"Type": "Succeed", "Output": {"status": status, "body": _text(body)}}


def _redrive(dead_letters: str) -> str:
    return f'{{"deadLetterTargetArn": "{dead_letters}"}}'


_NO_WEBHOOK: Final = _end(404, {"message": "Webhook not found"})
_NO_PARK: Final = _end(404, {"message": "Park not found"})
