"""Shows the caller their tenant."""

from __future__ import annotations

import boto3

from tenantry.runtime.directory import Tenants
from tenantry.runtime.rest import Reply, Request, RestSettings, rest_handler


class _Settings(RestSettings):
    tenants_table: str


settings = _Settings.load()
tenants = Tenants(boto3.client("dynamodb"), settings.tenants_table)


def show(request: Request) -> Reply:
    """Reply with an array of the tenant's item, the document's shape."""
    return Reply(body=[tenants.get(request.caller.require_tenant(request.path.get("tenantId")))])


handler = rest_handler(show, cors_headers=settings.cors_headers)
