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
from tenantry.functions import acknowledge
from tenantry.isolation.api import Answer, Route
from tenantry.isolation.direct import BodyText, Matches
from tenantry.model.roles import WEBHOOK_OWNERS, Role

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stacks.application_plane.parks.parks import Parks
    from tenantry.isolation.direct import ServiceIntegration, SyncWorkflow


def webhook_routes(parks: Parks) -> Sequence[Route]:
    """Return the routes, each with the roles that open it."""
    path, roles = "/parks/{id}/webhooks", WEBHOOK_OWNERS
    return [
        Route(
            method="POST",
            path=path,
            handler=_subscribe(parks),
            roles=roles,
            takes=schemas.NEW_WEBHOOK,
            summary="Subscribe an endpoint to events of a park",
            parameters=[schemas.PARK_ID],
            answers={
                201: Answer(
                    description="Subscribed; the endpoint receives a message to confirm the subscription",
                    schema=schemas.WEBHOOK_KEY,
                ),
                404: NO_PARK,
                409: Answer.refusal(
                    "The park has the maximum number of webhooks, or another user owns this one, or "
                    "`Expected-Tenant` names another tenant"
                ),
            },
        ),
        Route(
            method="GET",
            path=path,
            handler=_list_webhooks(parks),
            roles=roles,
            summary="List a park's webhooks: admins see all, others their own",
            parameters=[schemas.PARK_ID],
            answers={200: Answer(description="The webhooks", schema=schemas.WEBHOOKS), 404: NO_PARK},
        ),
        Route(
            method="DELETE",
            path=f"{path}/{{webhookId}}",
            handler=_unsubscribe(parks),
            roles=roles,
            summary="Remove a webhook: admins remove any, others their own",
            parameters=[schemas.PARK_ID, schemas.WEBHOOK_ID],
            answers={
                204: Answer(description="Removed"),
                404: Answer.refusal("Webhook not found, or owned by another user"),
            },
        ),
        Route(
            method="POST",
            path=f"{path}/{{webhookId}}/owner",
            handler=_take_over(parks),
            roles=[Role.ADMIN],
            summary="Take over a webhook, active or paused: the caller becomes its owner",
            parameters=[schemas.PARK_ID, schemas.WEBHOOK_ID],
            answers={
                204: Answer(
                    description="Subscribed again; the endpoint receives a message to confirm the subscription"
                ),
                404: Answer.refusal("Park or webhook not found in the active tenant"),
            },
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
    acknowledge(
        workflow,
        "AwsSolutions-IAM5",
        "Topics are made on demand, one a tenant, park and kind of event, all under this prefix.",
        resource=pattern,
    )


def _allow_on_subscriptions(workflow: SyncWorkflow, action: str) -> None:
    """Let a workflow act on the subscriptions that its rows name: SNS knows no resource for that.

    Source: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsns.html
    """
    workflow.allow(action, on=["*"])
    acknowledge(
        workflow, "AwsSolutions-IAM5", "SNS knows no resource for it; the ARN is from the tenant's row.", resource="*"
    )
