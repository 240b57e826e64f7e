"""The workflows of webhooks: subscribe, list, remove and take over.

Each is started by an API's template, which puts the authorizer's tenant into the input. Every partition key and every
topic's name begins with that tenant.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from stacks.application_plane.parks.workflow_states import (
    INPUT,
    PARK_NOT_FOUND,
    RETRY,
    end,
    end_with,
    given,
    invoke,
    machine,
    partition,
    row,
    task,
    text,
)
from tenantry.isolation.direct.express_machine import choice
from tenantry.model.roles import Role
from tenantry.model.tenant_tables import PARK, WEBHOOK

if TYPE_CHECKING:
    from collections.abc import Mapping

MOST_WEBHOOKS: Final = 20
_UNKNOWN: Final = "Sns.NotFoundException"
# The roles are JSON of the authorizer's; the quotes keep a name from being a part of another one.
_IS_ADMIN: Final = f"""$contains({INPUT}.roles, '"{Role.ADMIN}"')"""
_SOMEBODY_ELSES: Final = "Another user owns this webhook; an admin can take it over"
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
_WEBHOOK: Final = row(WEBHOOK, f"{INPUT}.id & '#' & {INPUT}.webhookId")


@dataclass(frozen=True, kw_only=True)
class WebhookWorkflows:
    """The definitions.

    Attributes
    ----------
    table
        Name of the parks table.
    topics
        What the ARN of each topic begins with.
    check
        Name of the function that checks endpoints.
    dead_letters
        ARN of the queue for what cannot be delivered.
    """

    table: str
    topics: str
    check: str
    dead_letters: str

    def subscribe(self) -> Mapping[str, Any]:
        """Subscribe an endpoint to what happens to a park, on a topic that is made now if there is none."""
        # The same endpoint for the same event is the same webhook: a client that tries again makes no second one.
        webhook = f"$substring($hash({INPUT}.eventType & ' ' & {INPUT}.endpoint, 'SHA-256'), 0, 32)"
        key = f"{INPUT}.id & '#' & $webhook"
        return machine(
            {
                **self._find_park(then="Count the webhooks"),
                "Count the webhooks": self._task(
                    "dynamodb:query",
                    self._webhooks_of_park(),
                    then="Is it somebody else's?",
                    assign={"webhook": text(webhook), "kept": "{% [$states.result.Items] %}"},
                ),
                "Is it somebody else's?": choice(
                    f"$exists($kept[sk.S = {key} and createdby.S != {INPUT}.userId])",
                    then="Somebody else's",
                    otherwise="Is there room?",
                ),
                "Somebody else's": end(409, {"message": _SOMEBODY_ELSES}),
                "Is there room?": choice(
                    f"$count($kept[sk.S != {key}]) >= {MOST_WEBHOOKS}", then="No room", otherwise="Check the endpoint"
                ),
                "No room": end(409, {"message": f"A park can have at most {MOST_WEBHOOKS} webhooks; remove one first"}),
                **self._checked(given("endpoint"), then="Make the topic"),
                **self._subscribed(f"{INPUT}.eventType", given("endpoint"), then="Keep the webhook"),
                "Keep the webhook": self._task(
                    "dynamodb:putItem",
                    {
                        "Item": {
                            **row(WEBHOOK, key),
                            "eventtype": {"S": given("eventType")},
                            "endpoint": {"S": given("endpoint")},
                            "subscription": {"S": "{% $subscription %}"},
                            "createdby": {"S": given("userId")},
                        },
                        # Two people at the same moment: the subscription is the first one's.
                        "ConditionExpression": "attribute_not_exists(pk) OR createdby = :user",
                        "ExpressionAttributeValues": {":user": {"S": given("userId")}},
                    },
                    then="Done",
                    caught={
                        "DynamoDb.ConditionalCheckFailedException": "Somebody else's",
                        "States.ALL": "Take it back",
                    },
                ),
                "Done": end_with(201, "$string({'id': $webhook, 'topic': $topic})"),
                "Take it back": self._task(
                    "sns:unsubscribe", {"SubscriptionArn": "{% $subscription %}"}, then="Failed"
                ),
                "Failed": {"Type": "Fail", "Error": "NotKept", "Cause": "The webhook could not be stored."},
            }
        )

    def list_webhooks(self) -> Mapping[str, Any]:
        """List a park's webhooks, each with its state: to admins all, with who made them; to others their own."""
        item = "$states.input"
        shown = (
            f"'id': $substringAfter({item}.sk.S, '#'), 'eventType': {item}.eventtype.S, 'endpoint': {item}.endpoint.S, "
            f"'createdBy': {_IS_ADMIN} ? {item}.createdby.S"
        )
        look = self._task("sns:getSubscriptionAttributes", {"SubscriptionArn": f"{{% {item}.subscription.S %}}"})
        pending = "$states.result.Attributes.PendingConfirmation = 'true'"
        look["Output"] = text(f"{{{shown}, 'state': {pending} ? 'pending' : 'confirmed'}}")
        look["Retry"] = [{"ErrorEquals": [_UNKNOWN], "MaxAttempts": 0}, RETRY]
        look["Catch"] = [{"ErrorEquals": [_UNKNOWN], "Output": f"{{% {item} %}}", "Next": "Expired"}]
        expired = {"Type": "Pass", "Output": text(f"{{{shown}, 'state': 'expired'}}"), "End": True}
        paused = {
            "Type": "Pass",
            "Output": text(f"{{{shown}, 'state': 'paused', 'pausedReason': {item}.pausedreason.S}}"),
            "End": True,
        }
        return machine(
            {
                **self._find_park(then="Find the webhooks"),
                "Find the webhooks": self._task(
                    "dynamodb:query",
                    self._webhooks_of_park(),
                    then="See what is confirmed",
                    assign={"webhooks": f"{{% [$states.result.Items[{_IS_ADMIN} or createdby.S = {INPUT}.userId]] %}}"},
                ),
                "See what is confirmed": {
                    "Type": "Map",
                    "Items": "{% $webhooks %}",
                    "ItemProcessor": {
                        "ProcessorConfig": {"Mode": "INLINE"},
                        "StartAt": "Is it paused?",
                        "States": {
                            "Is it paused?": choice(f"$exists({item}.pausedat)", then="Paused", otherwise="Look"),
                            "Look": look,
                            "Expired": expired,
                            "Paused": paused,
                        },
                    },
                    "Next": "Done",
                },
                "Done": end_with(200, "$string({'items': $states.input})"),
            }
        )

    def unsubscribe(self) -> Mapping[str, Any]:
        """Remove a webhook and its subscription: an admin any, others their own, and there is no other to them.

        The topic stays: SNS deletes none on a condition.
        """
        return machine(
            {
                **self._find_webhook(
                    {
                        "subscription": f"{{% $exists($states.result.Item) and ({_IS_ADMIN} "
                        f"or $states.result.Item.createdby.S = {INPUT}.userId) "
                        "? $states.result.Item.subscription.S : '' %}"
                    },
                    choice("$subscription = ''", then="No webhook", otherwise="Unsubscribe"),
                ),
                "Unsubscribe": self._task(
                    "sns:unsubscribe",
                    {"SubscriptionArn": "{% $subscription %}"},
                    then="Remove the webhook",
                    # SNS has forgotten it, or will: what is not confirmed in two days goes away by itself.
                    caught=_gone("Remove the webhook"),
                ),
                "Remove the webhook": self._task("dynamodb:deleteItem", {"Key": _WEBHOOK}, then="Done"),
                "Done": end(204),
            }
        )

    def take_over(self) -> Mapping[str, Any]:
        """Make a webhook the caller's own, paused or not: the endpoint is asked to confirm again."""
        return machine(
            {
                **self._find_webhook(
                    {
                        "found": "{% $exists($states.result.Item) %}",
                        "old": _or_empty("subscription"),
                        "endpoint": _or_empty("endpoint"),
                        "eventType": _or_empty("eventtype"),
                    },
                    choice("$found", then="Check the endpoint", otherwise="No webhook"),
                ),
                **self._checked("{% $endpoint %}", then="End the old subscription"),
                # Else SNS would not ask the endpoint again.
                "End the old subscription": self._task(
                    "sns:unsubscribe",
                    {"SubscriptionArn": "{% $old %}"},
                    then="Make the topic",
                    caught=_gone("Make the topic"),
                ),
                **self._subscribed("$eventType", "{% $endpoint %}", then="Keep the owner"),
                "Keep the owner": self._task(
                    "dynamodb:updateItem",
                    {
                        "Key": _WEBHOOK,
                        "ConditionExpression": "attribute_exists(pk)",
                        "UpdateExpression": "SET createdby = :user, subscription = :subscription "
                        "REMOVE pausedat, pausedreason, pausetold",
                        "ExpressionAttributeValues": {
                            ":user": {"S": given("userId")},
                            ":subscription": {"S": "{% $subscription %}"},
                        },
                    },
                    then="Done",
                    caught={"DynamoDb.ConditionalCheckFailedException": "Take it back", "States.ALL": "Take it back"},
                ),
                "Done": end(204),
                "Take it back": self._task(
                    "sns:unsubscribe", {"SubscriptionArn": "{% $subscription %}"}, then="No webhook"
                ),
            }
        )

    def _checked(self, endpoint: str, *, then: str) -> Mapping[str, Any]:
        """Have an endpoint checked, and end with 400 where it is refused."""
        asked = invoke(self.check, {"endpoint": endpoint}, then="Is it public?")
        return {
            "Check the endpoint": {**asked, "Assign": {"refusal": "{% $states.result.Payload.refusal %}"}},
            "Is it public?": choice("$refusal != ''", then="Refused", otherwise=then),
            "Refused": end_with(400, "$string({'message': 'Invalid endpoint: ' & $refusal})"),
        }

    def _subscribed(self, event_type: str, endpoint: str, *, then: str) -> Mapping[str, Any]:
        """Subscribe an endpoint to the topic of a park and an event, which is made if there is none."""
        attributes = {"DeliveryPolicy": json.dumps(_DELIVERY), "RedrivePolicy": _redrive(self.dead_letters)}
        return {
            "Make the topic": self._task(
                "sns:createTopic",
                {
                    "Name": self._topic_name(f"{INPUT}.id", event_type),
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
            {"Key": row(PARK, f"{INPUT}.id"), "ConsistentRead": True},
            then="Is there a park?",
            assign={"found": "{% $exists($states.result.Item) %}"},
        )
        return {
            "Find the park": find,
            "Is there a park?": choice("$found", then=then, otherwise="No park"),
            "No park": PARK_NOT_FOUND,
        }

    def _find_webhook(self, assign: Mapping[str, str], then: Mapping[str, Any]) -> Mapping[str, Any]:
        """Read the webhook of the path, and go on by a choice that can end with 404."""
        return {
            "Find the webhook": self._task(
                "dynamodb:getItem", {"Key": _WEBHOOK, "ConsistentRead": True}, then="Is there one?", assign=assign
            ),
            "Is there one?": then,
            "No webhook": end(404, {"message": "Webhook not found"}),
        }

    def _webhooks_of_park(self) -> Mapping[str, Any]:
        return {
            "ConsistentRead": True,
            "KeyConditionExpression": "pk = :pk AND begins_with(sk, :park)",
            "ExpressionAttributeValues": {
                ":pk": {"S": partition(WEBHOOK)},
                ":park": {"S": text(f"{INPUT}.id & '#'")},
            },
        }

    def _task(self, action: str, arguments: Mapping[str, Any], **more: Any) -> dict[str, Any]:  # noqa: ANN401 - of `task`
        named = {"TableName": self.table, **arguments} if action.startswith("dynamodb:") else arguments
        return task(action, named, **more)

    def _topic_name(self, park: str, event_type: str) -> str:
        return text(f"'{self.topics.rsplit(':', 1)[-1]}' & {_topic_suffix(park, event_type)}")


def _topic_suffix(park: str, event_type: str) -> str:
    """Return the end of a topic's name: none of the three holds an underscore, so that no two names are the same."""
    return f"{INPUT}.tenantId & '_' & {park} & '_' & {event_type}"


def _gone(then: str) -> Mapping[str, str]:
    return dict.fromkeys((_UNKNOWN, "Sns.InvalidParameterException"), then)


def _or_empty(attribute: str) -> str:
    return text(f"$exists($states.result.Item) ? $states.result.Item.{attribute}.S : ''")


def _redrive(dead_letters: str) -> str:
    return f'{{"deadLetterTargetArn": "{dead_letters}"}}'
