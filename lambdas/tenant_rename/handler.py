"""Lets an admin give their tenant another name."""

from __future__ import annotations

from typing import Annotated, Any

import boto3
from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints

from tenantry.model.names import usable_name
from tenantry.runtime.directory import Tenants
from tenantry.runtime.rest import Request, RestSettings, rest_handler


class _Settings(RestSettings):
    tenants_table: str
    tenant_users_table: str


def _readable(name: str) -> str:
    if not name.strip():
        raise ValueError("must not be only white space")
    return usable_name(name)


class NewName(BaseModel):
    """The body: a name is stored exactly as it is sent."""

    # Strict, so that a number is refused rather than turned into text; unknown fields may be a misunderstanding.
    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)

    name: Annotated[str, StringConstraints(min_length=1, max_length=256), AfterValidator(_readable)]


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
