"""Publishes an event of a park, for the workflow that sets its status and for operators who replay it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from park_webhooks.parts import Publications, PublicationSettings
from tenantry.model.caller import TenantCaller
from tenantry.model.identifiers import tenant_id, user_id
from tenantry.runtime.observability import logger, observed
from tenantry.runtime.vending import TokenVendor

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


class _Asked(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    tenant: Annotated[str, Field(alias="tenantId")]
    user: Annotated[str, Field(alias="userId")]
    park: Annotated[str, StringConstraints(pattern=r"\A[a-z][a-z0-9-]{0,127}\z"), Field(alias="id")]
    status: Literal["park-closed", "park-opened", "natural-disaster"]
    at: Annotated[str, StringConstraints(pattern=r"\A[0-9]{1,15}\z")]


vendor = TokenVendor.from_environment()
publications = Publications(PublicationSettings.load())


@observed
def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, bool]:
    """Publish an event of a park.

    Isolation: the tenant is what the workflow's template has put into its input, from the authorizer; the credentials
    are vended for it, and deny every other tenant's rows and topics.
    """
    asked = _Asked.model_validate(event)
    caller = TenantCaller(tenant_id=tenant_id(asked.tenant), user_id=user_id(asked.user))
    logger.append_keys(tenant=caller.tenant_id)
    told = publications.of(caller, vendor).publish(asked.park, asked.status, asked.at)
    logger.info("published" if told else "no webhook to notify")
    return {"told": told}
