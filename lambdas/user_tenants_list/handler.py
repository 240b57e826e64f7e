"""Shows the caller which tenants they belong to."""

from __future__ import annotations

import boto3

from tenantry.runtime.directory import TenantLists
from tenantry.runtime.rest import Reply, Request, RestSettings, rest_handler


class _Settings(RestSettings):
    tenant_users_table: str


settings = _Settings.load()
memberships = TenantLists(boto3.client("dynamodb"), settings.tenant_users_table)


def tenants_of_caller(request: Request) -> Reply:
    """Reply with the ids of the caller's own tenants."""
    return Reply(body={"tenants": memberships.tenants_of(request.caller.require_user(request.path.get("userId")))})


handler = rest_handler(tenants_of_caller, cors_headers=settings.cors_headers)
