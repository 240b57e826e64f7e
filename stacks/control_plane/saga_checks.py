"""JSONata conditions that the sagas check their events with."""

from __future__ import annotations

from typing import Final

from tenantry.isolation.events.saga_checks import is_tenant, is_user
from tenantry.isolation.events.saga_checks import is_text as text

__all__ = ["has_tenant", "has_user", "text"]

# The names of shared buckets, as in `tenantry.model.identifiers`.
_RESERVED: Final = ("prefix", "tag", "ap", "dbns")


def has_user(path: str) -> str:
    """Return the condition that `userName` under `path` is a user id."""
    return is_user(f"{path}.userName")


def has_tenant(path: str) -> str:
    """Return the condition that `tenantId` under `path` is a tenant id."""
    reserved = ", ".join(f"'{word}'" for word in _RESERVED)
    return f"{is_tenant(f'{path}.tenantId')} and $not($lowercase({path}.tenantId) in [{reserved}])"
