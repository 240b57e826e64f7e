"""The routes of the tenant API and of the tenant admin API."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stacks.control_plane.tenant import schemas
from tenantry.isolation.api import Access, Answer, Route
from tenantry.model.roles import ALL_ROLES, READERS, Role

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stacks.control_plane.tenant.functions import TenantFunctions
    from tenantry.functions import PythonFunction


def tenant_routes(functions: TenantFunctions, usage: PythonFunction) -> Sequence[Route]:
    """Return the routes of tenants' own people."""
    return [
        Route(
            method="GET",
            path="/tenant/{tenantId}",
            handler=functions.show,
            roles=ALL_ROLES,
            summary="Show the caller's tenant",
            parameters=[schemas.TENANT_ID],
            answers={
                200: Answer(description="The tenant, in an array of one", schema=schemas.TENANT),
                404: Answer.refusal("Tenant not found"),
            },
        ),
        Route(
            method="PUT",
            path="/tenant/{tenantId}",
            handler=functions.rename,
            roles=[Role.ADMIN],
            takes=schemas.NEW_NAME,
            summary="Rename the caller's tenant; admins only",
            parameters=[schemas.TENANT_ID],
            answers={
                200: Answer(description="Renamed", schema=schemas.RENAMED),
                404: Answer.refusal("Tenant not found"),
            },
        ),
        Route(
            method="GET",
            path="/tenant/{tenantId}/usage",
            handler=usage,
            roles=READERS,
            summary="Show the tenant's stored data and its records of the last hour",
            parameters=[schemas.TENANT_ID],
            answers={200: Answer(description="Current usage, counted up to a limit", schema=schemas.USAGE)},
        ),
        Route(
            method="GET",
            path="/tenants/{userId}",
            handler=functions.tenants_of_caller,
            access=Access.USER,
            summary="List the caller's tenants",
            parameters=[schemas.USER_ID],
            answers={200: Answer(description="Their ids", schema=schemas.TENANT_IDS)},
        ),
    ]


def admin_routes(functions: TenantFunctions) -> Sequence[Route]:
    """Return the routes of other services and of operators."""
    return [
        Route(
            method="GET",
            path="/tenants/{userId}",
            handler=functions.tenants_of_user,
            summary="List a user's tenants",
            parameters=[schemas.ANY_USER_ID],
            answers={
                200: Answer(description="Their ids", schema=schemas.TENANT_IDS),
                400: Answer.refusal("Malformed user id in the path"),
            },
        )
    ]
