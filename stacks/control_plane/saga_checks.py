"""JSONata conditions that the sagas check their events with."""

from __future__ import annotations

from tenantry.model.identifier_checks import tenant_id_condition, user_id_condition


def text(path: str) -> str:
    """Return the condition that there is a string at `path`."""
    return f"$type({path}) = 'string'"


def has_user(path: str) -> str:
    """Return the condition that `userName` under `path` is a user id."""
    return user_id_condition(f"{path}.userName")


def has_tenant(path: str) -> str:
    """Return the condition that `tenantId` under `path` is a tenant id."""
    return tenant_id_condition(f"{path}.tenantId")
