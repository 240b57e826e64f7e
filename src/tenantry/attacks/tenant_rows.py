"""What a run's tenants have in the pooled tables, as it is stored, and how it is removed."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from tenantry.attacks.items import query
from tenantry.model.tenant_tables import (
    EMPLOYEE_ID,
    EMPLOYEE_TENANT,
    PARK,
    PARTITION_KEY,
    SORT_KEY,
    WEBHOOK,
    employee_key,
    of_kind,
    park_key,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tenantry.attacks.world import World


def employees_of(world: World, tenant: str) -> dict[str, Mapping[str, Any]]:
    """Return a tenant's employees as they are stored."""
    rows = query(world.target.aws, world.target.employees_table, EMPLOYEE_TENANT, tenant, ConsistentRead=True)
    return {row[EMPLOYEE_ID]["S"]: row for row in rows}


def sweep_employees(world: World, tenant: str) -> None:
    """Have all employees of one of the run's tenants removed in the end."""
    world.cleanup.later(f"the employees of {tenant}", partial(_remove_employees, world, tenant))


def _remove_employees(world: World, tenant: str) -> None:
    for employee in employees_of(world, tenant):
        key = employee_key(tenant, employee)
        world.target.aws.dynamodb.delete_item(TableName=world.target.employees_table, Key=key)


def parks_of(world: World, tenant: str, kind: str = PARK) -> dict[str, Mapping[str, Any]]:
    """Return a tenant's parks or webhooks as they are stored."""
    key = tenant + of_kind(kind)
    rows = query(world.target.aws, world.target.parks_table, PARTITION_KEY, key, ConsistentRead=True)
    return {row[SORT_KEY]["S"]: row for row in rows}


def sweep_parks(world: World, tenant: str) -> None:
    """Have all parks and webhooks of one of the run's tenants removed in the end."""
    world.cleanup.later(f"the parks of {tenant}", partial(_remove_parks, world, tenant))


def _remove_parks(world: World, tenant: str) -> None:
    for kind in (PARK, WEBHOOK):
        for name in parks_of(world, tenant, kind):
            key = park_key(tenant, kind, name)
            world.target.aws.dynamodb.delete_item(TableName=world.target.parks_table, Key=key)
