"""Pauses the webhooks of those who were removed, lost the role, or whose account was blocked or deleted."""

from __future__ import annotations

from typing import Any

from msgspec import Struct, field

from park_webhooks.parts import WebhookSettings, make_owners, make_pauser
from park_webhooks.webhooks import Webhooks
from tenantry.model.caller import TenantCaller
from tenantry.model.identifiers import tenant_id, user_id
from tenantry.runtime.inputs import read
from tenantry.runtime.metrics import count
from tenantry.runtime.observability import logger, observed
from tenantry.runtime.vending import TokenVendor


class _Detail(Struct, kw_only=True, frozen=True):
    """What is needed of the details of the events of memberships and of accounts."""

    user: str = field(name="userName")
    tenant: str | None = field(name="tenantId", default=None)
    tenants: list[str] = []


settings = WebhookSettings.load()
vendor = TokenVendor.from_environment()
owners, pauser = make_owners(settings), make_pauser(settings)


@observed
def handler(event: dict[str, Any], _context: object) -> None:
    """Pause the webhooks of the user whom an event is about, in the tenants that it names.

    Isolation: the event says about whom to ask, and the directory says at this moment whether they may have webhooks:
    an event that comes late or twice pauses nothing of somebody who belongs to the tenant again. Rows are touched with
    credentials vended for one tenant.
    """
    detail = read(event["detail"], _Detail)
    user = user_id(detail.user)
    for named in dict.fromkeys([detail.tenant] if detail.tenant else detail.tenants):
        tenant = tenant_id(named)
        logger.append_keys(tenant=tenant, correlation_id=event.get("id"))
        reason = owners.lapsed(tenant, [user]).get(user)
        if reason is None:
            logger.info("the user still has the required role")
            continue
        session = vendor.session(TenantCaller(tenant_id=tenant, user_id=user), "webhooks")
        paused = pauser.pause(Webhooks(session, tenant, table=settings.parks_table), tenant, user, reason)
        logger.info("paused", count=paused, reason=reason)
        count({"WebhooksPaused": paused}, tenant=tenant)
