"""Publishes what has happened to a park, for the workflow that sets its status and for operators who replay it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import boto3
from aws_lambda_powertools import Logger, Tracer
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from park_webhooks.makers import Makers
from park_webhooks.pausing import Pauser
from park_webhooks.publication import Publication
from tenantry.model.caller import TenantCaller
from tenantry.model.identifiers import tenant_id, user_id
from tenantry.runtime.settings import Settings
from tenantry.runtime.vending import TokenVendor

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


class _Settings(Settings):
    application: str
    event_bus_name: str
    parks_table: str
    tenant_users_table: str
    topics: str
    users_table: str


class _Asked(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    tenant: Annotated[str, Field(alias="tenantId")]
    user: Annotated[str, Field(alias="userId")]
    park: Annotated[str, StringConstraints(pattern=r"\A[a-z][a-z0-9-]{0,127}\z"), Field(alias="id")]
    status: Literal["park-closed", "park-opened", "natural-disaster"]
    at: Annotated[str, StringConstraints(pattern=r"\A[0-9]{1,15}\z")]


settings = _Settings.load()
logger: Final = Logger(utc=True)
tracer: Final = Tracer()
vendor = TokenVendor.from_environment()
makers = Makers(boto3.client("dynamodb"), users=settings.users_table, memberships=settings.tenant_users_table)
pauser = Pauser(
    boto3.client("sns"),
    boto3.client("events"),
    application=settings.application,
    bus_name=settings.event_bus_name,
)


@logger.inject_lambda_context(clear_state=True)
@tracer.capture_lambda_handler(capture_response=False, capture_error=False)
def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, bool]:
    """Publish an event of a park.

    Isolation: the tenant is what the workflow's template has put into its input, from the authorizer; the credentials
    are vended for it, and deny every other tenant's rows and topics.
    """
    asked = _Asked.model_validate(event)
    caller = TenantCaller(tenant_id=tenant_id(asked.tenant), user_id=user_id(asked.user))
    logger.append_keys(tenant=caller.tenant_id)
    publication = Publication(
        vendor.session(caller, "webhooks"),
        caller.tenant_id,
        makers=makers,
        pauser=pauser,
        table=settings.parks_table,
        topics=settings.topics,
    )
    told = publication.publish(asked.park, asked.status, asked.at)
    logger.info("published" if told else "no webhook to notify")
    return {"told": told}
