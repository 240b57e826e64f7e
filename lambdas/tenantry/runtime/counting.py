"""The handler of a counter: a function that counts what one tenant uses, for the function that shows usage."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tenantry.model.caller import Caller
from tenantry.runtime.observability import logger, observed, tracer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tenantry.model.caller import TenantCaller


def counter_handler(count: Callable[[TenantCaller], Mapping[str, object]]) -> Any:  # noqa: ANN401 - as `observed` returns it
    """Make a Lambda handler that counts for the tenant that the event names.

    Isolation: only the role that `tenantry.isolation.metering.UsageRegistry` names can invoke the function, and takes
    the event's ``tenantId`` and ``userId`` from the authorizer's context. An event without them is an error.

    Parameters
    ----------
    count
        Returns what the tenant uses, as JSON takes it. Whatever it raises makes the invocation fail.
    """

    def handler(event: Mapping[str, Any], _context: object) -> dict[str, object]:
        caller = Caller.from_authorizer(event).in_tenant()
        logger.append_keys(tenant=caller.tenant_id)
        tracer.put_annotation("tenant", caller.tenant_id)
        return dict(count(caller))

    return observed(handler, correlation_id_path="correlationId")
