"""The tables of tenants' things: keys of employees, of parks and of webhooks."""

from __future__ import annotations

from typing import Any, Final

EMPLOYEE_TENANT: Final = "Tenant"
"""The partition key of employees: the tenant's id."""
EMPLOYEE_ID: Final = "Id"

PARTITION_KEY: Final = "pk"
"""The partition key of parks and webhooks: the tenant's id and the kind."""
SORT_KEY: Final = "sk"

PARK: Final = "park"
WEBHOOK: Final = "webhook"


def of_kind(kind: str) -> str:
    """Return what follows the tenant's id in a partition key: of `PARK` or `WEBHOOK`. No tenant id holds a ``#``."""
    return f"#{kind}"


def employee_key(tenant: str, employee: str) -> dict[str, Any]:
    """Return the key of an employee's item, as DynamoDB takes it."""
    return {EMPLOYEE_TENANT: {"S": tenant}, EMPLOYEE_ID: {"S": employee}}


def park_key(tenant: str, kind: str, sort_key: str) -> dict[str, Any]:
    """Return the key of a park's or a webhook's item."""
    return {PARTITION_KEY: {"S": tenant + of_kind(kind)}, SORT_KEY: {"S": sort_key}}
