"""The employees of a run's tenants, as they are stored, and how they are removed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tenantry.attacks.world import World


def employees_of(world: World, tenant: str) -> dict[str, Mapping[str, Any]]:
    """Return a tenant's employees as they are stored."""
    pages = world.target.aws.dynamodb.get_paginator("query").paginate(
        TableName=world.target.employees_table,
        KeyConditionExpression="Tenant = :tenant",
        ExpressionAttributeValues={":tenant": {"S": tenant}},
        ConsistentRead=True,
    )
    return {item["Id"]["S"]: item for page in pages for item in page["Items"]}


def sweep_employees(world: World, tenant: str) -> None:
    """Remove all employees of one of the run's tenants."""
    for employee in employees_of(world, tenant):
        key = {"Tenant": {"S": tenant}, "Id": {"S": employee}}
        world.target.aws.dynamodb.delete_item(TableName=world.target.employees_table, Key=key)
