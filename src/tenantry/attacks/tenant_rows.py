"""What a run's tenants have in the pooled tables, as it is stored, and how it is removed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tenantry.attacks.world import World


def employees_of(world: World, tenant: str) -> dict[str, Mapping[str, Any]]:
    """Return a tenant's employees as they are stored."""
    return _rows(world, world.target.employees_table, ("Tenant", "Id"), tenant)


def sweep_employees(world: World, tenant: str) -> None:
    """Remove all employees of one of the run's tenants."""
    for employee in employees_of(world, tenant):
        key = {"Tenant": {"S": tenant}, "Id": {"S": employee}}
        world.target.aws.dynamodb.delete_item(TableName=world.target.employees_table, Key=key)


def parks_of(world: World, tenant: str, kind: str = "park") -> dict[str, Mapping[str, Any]]:
    """Return a tenant's parks or webhooks as they are stored."""
    return _rows(world, world.target.parks_table, ("pk", "sk"), f"{tenant}#{kind}")


def sweep_parks(world: World, tenant: str) -> None:
    """Remove all parks and webhooks of one of the run's tenants."""
    for kind in ("park", "webhook"):
        for item in parks_of(world, tenant, kind).values():
            world.target.aws.dynamodb.delete_item(
                TableName=world.target.parks_table, Key={"pk": item["pk"], "sk": item["sk"]}
            )


def _rows(world: World, table: str, key: tuple[str, str], partition: str) -> dict[str, Mapping[str, Any]]:
    pages = world.target.aws.dynamodb.get_paginator("query").paginate(
        TableName=table,
        KeyConditionExpression=f"{key[0]} = :partition",
        ExpressionAttributeValues={":partition": {"S": partition}},
        ConsistentRead=True,
    )
    return {item[key[1]]["S"]: item for page in pages for item in page["Items"]}
