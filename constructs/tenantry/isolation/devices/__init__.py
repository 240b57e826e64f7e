"""Servers whose certificates are good for their own tenant's part of an API."""

from tenantry.isolation.devices.ingest_api import IngestApi, TenantLimit
from tenantry.isolation.devices.tenant_devices import TenantDevices

__all__ = ["IngestApi", "TenantDevices", "TenantLimit"]
