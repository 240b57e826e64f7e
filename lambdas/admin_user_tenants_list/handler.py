"""Returns the tenants of a user to services that IAM has authorized."""

from __future__ import annotations

from typing import Any

import boto3

from tenantry.model.identifiers import user_id
from tenantry.runtime.directory import tenants_of
from tenantry.runtime.rest import Request, RestSettings, rest_handler


class _Settings(RestSettings):
    tenant_users_table: str


settings = _Settings.load()
database = boto3.client("dynamodb")


def tenants_of_user(request: Request) -> dict[str, Any]:
    """Return the ids of the tenants of the user that the path names."""
    user = user_id(request.path.get("userId"))
    return {"tenants": tenants_of(database, settings.tenant_users_table, user)}


handler = rest_handler({"GET /tenants/{userId}": tenants_of_user}, cors_headers=settings.cors_headers)
