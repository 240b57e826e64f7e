"""Lets an admin give their tenant another name."""

from __future__ import annotations

from typing import Annotated, Any

import boto3
from msgspec import Meta

from tenantry.model.names import name_refusal
from tenantry.runtime.directory import Tenants
from tenantry.runtime.inputs import Input, refuse
from tenantry.runtime.rest import Request, RestSettings, rest_handler


class _Settings(RestSettings):
    tenants_table: str
    tenant_users_table: str


class NewName(Input, frozen=True):
    """The body: a name is stored exactly as it is sent."""

    name: Annotated[str, Meta(min_length=1, max_length=256)]

    def __post_init__(self) -> None:
        """Refuse what nobody can read, or is no name."""
        refuse("name", name_refusal(self.name) if self.name.strip() else "must not be only white space")


settings = _Settings.load()
tenants = Tenants(boto3.client("dynamodb"), settings.tenants_table, settings.tenant_users_table)


def rename(request: Request) -> dict[str, Any]:
    """Rename the caller's tenant, if they are an admin of it."""
    caller = request.caller
    tenant = caller.require_tenant(request.path.get("tenantId"))
    name = request.body(NewName).name
    tenants.rename(tenant, name, by=caller.user_id)
    return {"message": "Tenant name updated successfully", "updatedAttributes": {"name": name}}


handler = rest_handler({"PUT /tenant/{tenantId}": rename}, cors_headers=settings.cors_headers)
