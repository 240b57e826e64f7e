"""The public packages of constructs."""

from __future__ import annotations

from typing import Final

import tenantry.functions
import tenantry.isolation.api
import tenantry.isolation.data
import tenantry.isolation.devices
import tenantry.isolation.direct
import tenantry.isolation.events
import tenantry.isolation.vending
import tenantry.streaming
import tenantry.web

PACKAGES: Final = (
    tenantry.functions,
    tenantry.isolation.api,
    tenantry.isolation.data,
    tenantry.isolation.devices,
    tenantry.isolation.direct,
    tenantry.isolation.events,
    tenantry.isolation.vending,
    tenantry.streaming,
    tenantry.web,
)
