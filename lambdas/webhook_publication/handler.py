"""Publishes an event of a park, for the workflow that sets its status and for operators who replay it."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import Meta, field

from park_webhooks.parts import ParkId, Publications, PublicationSettings, TenantInput
from tenantry.runtime.inputs import read
from tenantry.runtime.observability import logger, observed
from tenantry.runtime.vending import TokenVendor


class _Asked(TenantInput, frozen=True):
    park: ParkId = field(name="id")
    at: Annotated[str, Meta(pattern=r"\A[0-9]{1,15}\Z")]


vendor = TokenVendor.from_environment()
publications = Publications(PublicationSettings.load())


@observed
def handler(event: dict[str, Any], _context: object) -> dict[str, bool]:
    """Publish an event of a park.

    Isolation: the tenant is what the workflow's template has put into its input, from the authorizer; the credentials
    are vended for it, and deny every other tenant's rows and topics.
    """
    asked = read(event, _Asked)
    caller = asked.caller
    logger.append_keys(tenant=caller.tenant_id)
    published = publications.of(caller, vendor).publish(asked.park, asked.status, asked.at)
    logger.info("published" if published else "no webhook to notify")
    return {"published": published}
