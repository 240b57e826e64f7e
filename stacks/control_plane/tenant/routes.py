"""The routes of the tenant API and of the tenant admin API."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stacks.control_plane.tenant import schemas
from stacks.platform.routes import route
from tenantry.isolation.api import Access, Answer
from tenantry.model.roles import ALL_ROLES, READERS, Role

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stacks.control_plane.tenant.functions import TenantFunctions
    from tenantry.functions import PythonFunction
    from tenantry.isolation.api import Route


def tenant_routes(functions: TenantFunctions, usage: PythonFunction) -> Sequence[Route]:
    """Return the routes of tenants' own people."""
    return [
        route(
            "GET /tenant/{tenantId}",
            "Show the caller's tenant",
            {200: Answer("The tenant, in an array of one", schemas.TENANT), 404: Answer.refusal("Tenant not found")},
            handler=functions.show,
            roles=ALL_ROLES,
            parameters=[schemas.TENANT_ID],
        ),
        route(
            "PUT /tenant/{tenantId}",
            "Rename the caller's tenant; admins only",
            {200: Answer("Renamed", schemas.RENAMED), 404: Answer.refusal("Tenant not found")},
            handler=functions.rename,
            roles=[Role.ADMIN],
            takes=schemas.NEW_NAME,
            parameters=[schemas.TENANT_ID],
        ),
        route(
            "GET /tenant/{tenantId}/usage",
            "Show the tenant's stored data and its records of the last hour",
            {200: Answer("Current usage, counted up to a limit", schemas.USAGE)},
            handler=usage,
            roles=READERS,
            parameters=[schemas.TENANT_ID],
        ),
        route(
            "GET /tenants/{userId}",
            "List the caller's tenants",
            {200: Answer("Their ids", schemas.TENANT_IDS)},
            handler=functions.tenants_of_caller,
            access=Access.USER,
            parameters=[schemas.USER_ID],
        ),
    ]


def admin_routes(functions: TenantFunctions) -> Sequence[Route]:
    """Return the routes of other services and of operators."""
    return [
        route(
            "GET /tenants/{userId}",
            "List a user's tenants",
            {200: Answer("Their ids", schemas.TENANT_IDS), 400: Answer.refusal("Malformed user id in the path")},
            handler=functions.tenants_of_user,
            parameters=[schemas.ANY_USER_ID],
        )
    ]
