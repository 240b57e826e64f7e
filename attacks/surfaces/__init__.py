"""The surfaces of the system, one module each, or several where it is large; importing this fills the registry."""

from attacks.registry import REGISTRY
from attacks.surfaces import (
    admin_api,
    admin_api_roles,
    events,
    events_delivery,
    identity,
    identity_accounts,
    identity_claims,
    leaks,
    roles,
    tenant_api,
    tenant_api_bodies,
    tenant_api_cache,
    tenant_api_paths,
)

__all__ = [
    "REGISTRY",
    "admin_api",
    "admin_api_roles",
    "events",
    "events_delivery",
    "identity",
    "identity_accounts",
    "identity_claims",
    "leaks",
    "roles",
    "tenant_api",
    "tenant_api_bodies",
    "tenant_api_cache",
    "tenant_api_paths",
]
