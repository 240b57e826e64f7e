"""Pauses the webhooks of those who were removed, lost the role, or whose account was blocked or deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from aws_lambda_powertools.metrics import MetricUnit, single_metric
from pydantic import BaseModel, ConfigDict, Field

from park_webhooks.parts import WebhookSettings, make_owners, make_pauser
from park_webhooks.webhooks import Webhooks
from tenantry.model.caller import TenantCaller
from tenantry.model.identifiers import tenant_id, user_id
from tenantry.runtime.observability import logger, observed
from tenantry.runtime.vending import TokenVendor

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


class _Detail(BaseModel):
    """What is needed of the details of the events of memberships and of accounts."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    user: Annotated[str, Field(alias="userName")]
    tenant: Annotated[str | None, Field(alias="tenantId")] = None
    tenants: list[str] = []


settings = WebhookSettings.load()
vendor = TokenVendor.from_environment()
owners, pauser = make_owners(settings), make_pauser(settings)


@observed
def handler(event: dict[str, Any], _context: LambdaContext) -> None:
    """Pause the webhooks of the user whom an event is about, in the tenants that it names.

    Isolation: the event says about whom to ask, and the directory says at this moment whether they may have webhooks:
    an event that comes late or twice pauses nothing of somebody who belongs to the tenant again. Rows are touched with
    credentials vended for one tenant.
    """
    detail = _Detail.model_validate(event["detail"])
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
        with single_metric(name="WebhooksPaused", unit=MetricUnit.Count, value=paused) as metric:
            metric.add_dimension("tenant", tenant)
