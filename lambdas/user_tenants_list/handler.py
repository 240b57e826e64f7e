"""Shows the caller which tenants they belong to."""

from __future__ import annotations

from typing import Any

import boto3

from tenantry.runtime.directory import TenantLists
from tenantry.runtime.rest import Request, RestSettings, rest_handler


class _Settings(RestSettings):
    tenant_users_table: str


settings = _Settings.load()
memberships = TenantLists(boto3.client("dynamodb"), settings.tenant_users_table)


def tenants_of_caller(request: Request) -> dict[str, Any]:
    """Return the ids of the caller's own tenants."""
    return {"tenants": memberships.tenants_of(request.caller.require_user(request.path.get("userId")))}


handler = rest_handler({"GET /tenants/{userId}": tenants_of_caller}, cors_headers=settings.cors_headers)
