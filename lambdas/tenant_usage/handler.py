"""Shows the caller what their tenant uses."""

from __future__ import annotations

from typing import Any

import boto3
from botocore.config import Config

from tenant_usage.counters import MOST_AT_ONCE, Counters
from tenantry.runtime.observability import logger
from tenantry.runtime.rest import Request, RestSettings, rest_handler

# A counter has 12 seconds (`stacks.platform.functions`) after its cold start. One that hangs is not invoked again.
_PATIENT = Config(
    connect_timeout=1,
    read_timeout=20,
    retries={"mode": "standard", "total_max_attempts": 1},
    max_pool_connections=MOST_AT_ONCE,
)
_QUICK = Config(connect_timeout=1, read_timeout=1, retries={"mode": "standard", "total_max_attempts": 2})


class _Settings(RestSettings):
    usage_path: str


settings = _Settings.load()
counters = Counters(
    ssm=boto3.client("ssm", config=_QUICK),
    functions=boto3.client("lambda", config=_PATIENT),
    path=settings.usage_path,
)


def show(request: Request) -> dict[str, Any]:
    """Return what each registered counter says of the caller's tenant.

    Isolation: the counters are told the tenant of the authorizer's context. They count with credentials of that
    tenant; this function has none, and no grant on data.
    """
    request.caller.require_tenant(request.path.get("tenantId"))
    return counters.count(request.caller.in_tenant(), logger.correlation_id)


handler = rest_handler({"GET /tenant/{tenantId}/usage": show}, cors_headers=settings.cors_headers)
