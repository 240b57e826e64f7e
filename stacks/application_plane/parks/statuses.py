"""The routes that change parks' statuses: one at once by a workflow, many later by a queue."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stacks.application_plane.parks import schemas
from stacks.application_plane.parks.request import A_STATUS, IS_PARK, IS_TENANT, NO_PARK, PARK_ID, STATUSES, USER
from stacks.application_plane.parks.workflow_states import (
    INPUT,
    PARK_NOT_FOUND,
    end,
    given,
    invoke,
    machine,
    partition,
    row,
    task,
    text,
)
from stacks.platform.routes import route
from tenantry.isolation.api import Answer
from tenantry.isolation.direct import BodyJson, BodyText, ContextText, Matches
from tenantry.isolation.direct.express_machine import choice
from tenantry.model.roles import Role
from tenantry.model.tenant_tables import PARK, WEBHOOK

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from stacks.application_plane.parks.parks import Parks
    from tenantry.isolation.api import Route
    from tenantry.isolation.direct import ServiceIntegration


def status_routes(parks: Parks) -> Sequence[Route]:
    """Return the routes, each with the roles that open it."""
    return [
        route(
            "POST /parks/{id}/statuses",
            "Update a park's status and notify its webhooks",
            {204: Answer("Done"), 404: NO_PARK},
            handler=_set_status(parks),
            roles=[Role.ADMIN],
            takes=schemas.NEW_STATUS,
            parameters=[schemas.PARK_ID],
        ),
        route(
            "POST /parks/statuses",
            "Update many parks asynchronously; unknown ids are ignored",
            {202: Answer("The update is queued", schemas.WORK)},
            handler=_set_statuses(parks),
            roles=[Role.ADMIN],
            takes=schemas.NEW_STATUSES,
        ),
    ]


def _set_status(parks: Parks) -> ServiceIntegration:
    definition = _set_status_workflow(table=parks.table.table_name, publish=parks.publish.function_name)
    workflow = parks.workflow("SetStatus", definition)
    parks.table.grant_every_tenant(workflow.grantee, "UpdateItem", "Query")
    workflow.allow("lambda:InvokeFunction", on=[parks.publish.function_arn])
    status = BodyText("$.status")
    return workflow.on_request(
        "Start",
        takes={"id": PARK_ID, "status": status, "at": ContextText("requestTimeEpoch"), "userId": USER},
        held_to=schemas.NEW_STATUS_FIELDS,
        guards=[IS_TENANT, IS_PARK, Matches(status, A_STATUS)],
        status=204,
        refusal=f"status must be one of {STATUSES}, and id in the path must be a valid park id",
    )


def _set_statuses(parks: Parks) -> ServiceIntegration:
    status = BodyText("$.status")
    return parks.bulk.on_request(
        "Send",
        takes={"ids": BodyJson("$.ids"), "status": status},
        held_to=schemas.NEW_STATUSES_FIELDS,
        guards=[IS_TENANT, Matches(status, A_STATUS)],
        refusal=f"status must be one of {STATUSES}, and ids must hold 1 to {schemas.MOST_AT_ONCE} park ids",
    )


def _set_status_workflow(*, table: str, publish: str) -> Mapping[str, Any]:
    """Set a park's status, and publish it to its webhooks, if it has any for that status.

    Parameters
    ----------
    table
        Name of the parks table.
    publish
        Name of the function that publishes.
    """
    return machine(
        {
            "Set the status": task(
                "dynamodb:updateItem",
                {
                    "TableName": table,
                    "Key": row(PARK, f"{INPUT}.id"),
                    "ConditionExpression": "attribute_exists(pk)",
                    "UpdateExpression": "SET #status = :status, statuskey = :statuskey, statusat = :at",
                    "ExpressionAttributeNames": {"#status": "status"},
                    "ExpressionAttributeValues": {
                        ":status": {"S": given("status")},
                        ":statuskey": {"S": text(f"{INPUT}.status & '#' & {INPUT}.id")},
                        ":at": {"N": given("at")},
                    },
                },
                then="Count who listens",
                caught={"DynamoDb.ConditionalCheckFailedException": "No park"},
            ),
            "Count who listens": task(
                "dynamodb:query",
                {
                    "TableName": table,
                    "ConsistentRead": True,
                    "KeyConditionExpression": "pk = :pk AND begins_with(sk, :park)",
                    "FilterExpression": "eventtype = :event AND attribute_not_exists(pausedat)",
                    "ExpressionAttributeValues": {
                        ":pk": {"S": partition(WEBHOOK)},
                        ":park": {"S": text(f"{INPUT}.id & '#'")},
                        ":event": {"S": given("status")},
                    },
                },
                then="Does anybody listen?",
                assign={"listening": "{% $count($states.result.Items) %}"},
            ),
            "Does anybody listen?": choice("$listening > 0", then="Publish", otherwise="Done"),
            "Publish": invoke(
                publish,
                {name: given(name) for name in ("tenantId", "userId", "id", "status", "at")},
                then="Done",
            ),
            "Done": end(204),
            "No park": PARK_NOT_FOUND,
        }
    )
