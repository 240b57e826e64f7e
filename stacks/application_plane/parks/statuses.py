"""The routes that change parks' statuses: one at once by a workflow, many later by a queue."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stacks.application_plane.parks import schemas
from stacks.application_plane.parks.request import A_STATUS, IS_PARK, IS_TENANT, NO_PARK, PARK_ID, STATUSES, USER
from stacks.application_plane.parks.workflows import set_status
from tenantry.isolation.api import Answer, Route
from tenantry.isolation.direct import BodyJson, BodyText, ContextText, Matches
from tenantry.model.roles import Role

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stacks.application_plane.parks.parks import Parks
    from tenantry.isolation.direct import ServiceIntegration


def status_routes(parks: Parks) -> Sequence[Route]:
    """Return the routes, each with the roles that open it."""
    return [
        Route(
            method="POST",
            path="/parks/{id}/statuses",
            handler=_set_status(parks),
            roles=[Role.ADMIN],
            takes=schemas.NEW_STATUS,
            summary="Update a park's status and notify its webhooks",
            parameters=[schemas.PARK_ID],
            answers={204: Answer(description="Done"), 404: NO_PARK},
        ),
        Route(
            method="POST",
            path="/parks/statuses",
            handler=_set_statuses(parks),
            roles=[Role.ADMIN],
            takes=schemas.NEW_STATUSES,
            summary="Update many parks asynchronously; unknown ids are ignored",
            answers={202: Answer(description="The update is queued", schema=schemas.WORK)},
        ),
    ]


def _set_status(parks: Parks) -> ServiceIntegration:
    definition = set_status(table=parks.table.table_name, publish=parks.publish.function_name)
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
