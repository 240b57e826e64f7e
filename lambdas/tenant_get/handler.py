"""Shows the caller their tenant."""

from __future__ import annotations

from typing import Any

import boto3

from tenantry.runtime.directory import Tenants
from tenantry.runtime.rest import Request, RestSettings, rest_handler


class _Settings(RestSettings):
    tenants_table: str


settings = _Settings.load()
tenants = Tenants(boto3.client("dynamodb"), settings.tenants_table)


def show_tenant(request: Request) -> list[dict[str, Any]]:
    """Return an array of the tenant's item, the document's shape."""
    return [tenants.get(request.caller.require_tenant(request.path.get("tenantId")))]


handler = rest_handler({"GET /tenant/{tenantId}": show_tenant}, cors_headers=settings.cors_headers)
