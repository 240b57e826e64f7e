"""What a run's tenants have in the pooled tables, as it is stored, and how it is removed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tenantry.model.tenant_tables import (
    EMPLOYEE_ID,
    EMPLOYEE_TENANT,
    PARK,
    PARTITION_KEY,
    SORT_KEY,
    WEBHOOK,
    employee_key,
    of_kind,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tenantry.attacks.world import World


def employees_of(world: World, tenant: str) -> dict[str, Mapping[str, Any]]:
    """Return a tenant's employees as they are stored."""
    return _rows(world, world.target.employees_table, (EMPLOYEE_TENANT, EMPLOYEE_ID), tenant)


def sweep_employees(world: World, tenant: str) -> None:
    """Remove all employees of one of the run's tenants."""
    for employee in employees_of(world, tenant):
        key = employee_key(tenant, employee)
        world.target.aws.dynamodb.delete_item(TableName=world.target.employees_table, Key=key)


def parks_of(world: World, tenant: str, kind: str = PARK) -> dict[str, Mapping[str, Any]]:
    """Return a tenant's parks or webhooks as they are stored."""
    return _rows(world, world.target.parks_table, (PARTITION_KEY, SORT_KEY), tenant + of_kind(kind))


def sweep_parks(world: World, tenant: str) -> None:
    """Remove all parks and webhooks of one of the run's tenants."""
    for kind in (PARK, WEBHOOK):
        for item in parks_of(world, tenant, kind).values():
            world.target.aws.dynamodb.delete_item(
                TableName=world.target.parks_table, Key={name: item[name] for name in (PARTITION_KEY, SORT_KEY)}
            )


def _rows(world: World, table: str, key: tuple[str, str], partition: str) -> dict[str, Mapping[str, Any]]:
    pages = world.target.aws.dynamodb.get_paginator("query").paginate(
        TableName=table,
        KeyConditionExpression=f"{key[0]} = :partition",
        ExpressionAttributeValues={":partition": {"S": partition}},
        ConsistentRead=True,
    )
    return {item[key[1]]["S"]: item for page in pages for item in page["Items"]}
