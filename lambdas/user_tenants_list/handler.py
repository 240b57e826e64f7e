"""Shows the caller which tenants they belong to."""

from __future__ import annotations

from typing import Any

import boto3

from tenantry.runtime.directory import tenants_of
from tenantry.runtime.rest import Request, RestSettings, rest_handler


class _Settings(RestSettings):
    tenant_users_table: str


settings = _Settings.load()
database = boto3.client("dynamodb")


def tenants_of_caller(request: Request) -> dict[str, Any]:
    """Return the ids of the caller's own tenants."""
    user = request.caller.require_user(request.path.get("userId"))
    return {"tenants": tenants_of(database, settings.tenant_users_table, user)}


handler = rest_handler({"GET /tenants/{userId}": tenants_of_caller}, cors_headers=settings.cors_headers)
