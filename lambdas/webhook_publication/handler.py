"""Publishes an event of a park, for the workflow that sets its status and for operators who replay it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field, StringConstraints

from park_webhooks.parts import ParkId, Publications, PublicationSettings, TenantInput
from tenantry.runtime.observability import logger, observed
from tenantry.runtime.vending import TokenVendor

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


class _Asked(TenantInput):
    park: Annotated[ParkId, Field(alias="id")]
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
    caller = asked.caller
    logger.append_keys(tenant=caller.tenant_id)
    published = publications.of(caller, vendor).publish(asked.park, asked.status, asked.at)
    logger.info("published" if published else "no webhook to notify")
    return {"published": published}
