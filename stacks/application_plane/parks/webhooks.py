"""The routes of webhooks: each starts a workflow that subscribes endpoints to topics, and keeps them in the table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stacks.application_plane.parks import schemas
from stacks.application_plane.parks.request import (
    A_STATUS,
    BAD_PARK_ID,
    BAD_WEBHOOK_ID,
    IS_PARK,
    IS_TENANT,
    IS_WEBHOOK,
    NO_PARK,
    PARK_ID,
    ROLES,
    STATUSES,
    USER,
    WEBHOOK_ID,
)
from stacks.application_plane.parks.webhook_workflows import WebhookWorkflows
from stacks.platform.routes import route
from tenantry.functions import acknowledge_wildcard
from tenantry.isolation.api import Answer
from tenantry.isolation.direct import BodyText, Matches
from tenantry.model.roles import WEBHOOK_OWNERS, Role

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stacks.application_plane.parks.parks import Parks
    from tenantry.isolation.api import Route
    from tenantry.isolation.direct import ServiceIntegration, SyncWorkflow


def webhook_routes(parks: Parks) -> Sequence[Route]:
    """Return the routes, each with the roles that open it."""
    path, roles = "/parks/{id}/webhooks", WEBHOOK_OWNERS
    return [
        route(
            f"POST {path}",
            "Subscribe an endpoint to events of a park",
            {
                201: Answer(
                    "Subscribed; the endpoint receives a message to confirm the subscription", schemas.WEBHOOK_KEY
                ),
                404: NO_PARK,
                409: Answer.refusal(
                    "The park has the maximum number of webhooks, or another user owns this one, or "
                    "`Expected-Tenant` names another tenant"
                ),
            },
            handler=_subscribe(parks),
            roles=roles,
            takes=schemas.NEW_WEBHOOK,
            parameters=[schemas.PARK_ID],
        ),
        route(
            f"GET {path}",
            "List a park's webhooks: admins see all, others their own",
            {200: Answer("The webhooks", schemas.WEBHOOKS), 404: NO_PARK},
            handler=_list_webhooks(parks),
            roles=roles,
            parameters=[schemas.PARK_ID],
        ),
        route(
            f"DELETE {path}/{{webhookId}}",
            "Remove a webhook: admins remove any, others their own",
            {204: Answer("Removed"), 404: Answer.refusal("Webhook not found, or owned by another user")},
            handler=_unsubscribe(parks),
            roles=roles,
            parameters=[schemas.PARK_ID, schemas.WEBHOOK_ID],
        ),
        route(
            f"POST {path}/{{webhookId}}/owner",
            "Take over a webhook, active or paused: the caller becomes its owner",
            {
                204: Answer("Subscribed again; the endpoint receives a message to confirm the subscription"),
                404: Answer.refusal("Park or webhook not found in the active tenant"),
            },
            handler=_take_over(parks),
            roles=[Role.ADMIN],
            parameters=[schemas.PARK_ID, schemas.WEBHOOK_ID],
        ),
    ]


def _subscribe(parks: Parks) -> ServiceIntegration:
    workflow = parks.workflow("Subscribe", _workflows(parks).subscribe())
    parks.table.grant_every_tenant(workflow.grantee, "GetItem", "Query", "PutItem")
    _allow_subscribing(workflow, parks.topics)
    _allow_on_subscriptions(workflow, "sns:Unsubscribe")
    workflow.allow("lambda:InvokeFunction", on=[parks.check.function_arn])
    kind, endpoint = BodyText("$.eventType"), BodyText("$.endpoint")
    return workflow.on_request(
        "Start",
        takes={"id": PARK_ID, "eventType": kind, "endpoint": endpoint, "userId": USER},
        held_to=schemas.NEW_WEBHOOK_FIELDS,
        guards=[IS_TENANT, IS_PARK, Matches(kind, A_STATUS), Matches(endpoint, schemas.ENDPOINT_PATTERN)],
        status=201,
        refusal=(
            f"eventType must be one of {STATUSES}, endpoint must be an https URL of at most 1000 characters, "
            "and id in the path must be a valid park id"
        ),
    )


def _list_webhooks(parks: Parks) -> ServiceIntegration:
    workflow = parks.workflow("ListWebhooks", _workflows(parks).list_webhooks())
    parks.table.grant_every_tenant(workflow.grantee, "GetItem", "Query")
    _allow_on_subscriptions(workflow, "sns:GetSubscriptionAttributes")
    takes = {"id": PARK_ID, "userId": USER, "roles": ROLES}
    return workflow.on_request("Start", takes=takes, guards=[IS_TENANT, IS_PARK], refusal=BAD_PARK_ID)


def _unsubscribe(parks: Parks) -> ServiceIntegration:
    workflow = parks.workflow("Unsubscribe", _workflows(parks).unsubscribe())
    parks.table.grant_every_tenant(workflow.grantee, "GetItem", "DeleteItem")
    _allow_on_subscriptions(workflow, "sns:Unsubscribe")
    return workflow.on_request(
        "Start",
        takes={"id": PARK_ID, "webhookId": WEBHOOK_ID, "userId": USER, "roles": ROLES},
        guards=[IS_TENANT, IS_PARK, IS_WEBHOOK],
        status=204,
        refusal=BAD_WEBHOOK_ID,
    )


def _take_over(parks: Parks) -> ServiceIntegration:
    workflow = parks.workflow("TakeOver", _workflows(parks).take_over())
    parks.table.grant_every_tenant(workflow.grantee, "GetItem", "UpdateItem")
    _allow_subscribing(workflow, parks.topics)
    _allow_on_subscriptions(workflow, "sns:Unsubscribe")
    workflow.allow("lambda:InvokeFunction", on=[parks.check.function_arn])
    return workflow.on_request(
        "Start",
        takes={"id": PARK_ID, "webhookId": WEBHOOK_ID, "userId": USER},
        guards=[IS_TENANT, IS_PARK, IS_WEBHOOK],
        status=204,
        refusal=BAD_WEBHOOK_ID,
    )


def _workflows(parks: Parks) -> WebhookWorkflows:
    return WebhookWorkflows(
        table=parks.table.table_name,
        topics=parks.topics,
        check=parks.check.function_name,
        dead_letters=parks.webhook_dead_letters.queue_arn,
    )


def _allow_subscribing(workflow: SyncWorkflow, topics: str) -> None:
    """Let a workflow make topics, and subscribe to them what is reached over HTTPS, which carries no credentials.

    Source: https://docs.aws.amazon.com/sns/latest/dg/sns-using-identity-based-policies.html#sns-policy-keys
    """
    pattern = f"{topics}*"
    workflow.allow("sns:CreateTopic", on=[pattern])
    https = {"StringEquals": {"sns:Protocol": "https"}, "StringLike": {"sns:Endpoint": "https://*"}}
    workflow.allow("sns:Subscribe", on=[pattern], conditions=https)
    acknowledge_wildcard(
        workflow, pattern, "Topics are made on demand, one a tenant, park and kind of event, all under this prefix."
    )


def _allow_on_subscriptions(workflow: SyncWorkflow, action: str) -> None:
    """Let a workflow act on the subscriptions that its rows name: SNS knows no resource for that.

    Source: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsns.html
    """
    workflow.allow(action, on=["*"])
    acknowledge_wildcard(workflow, "*", "SNS knows no resource for it; the ARN is from the tenant's row.")
