"""Employees on DynamoDB, through a session of one tenant."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tenantry.model.errors import ConflictError, NotFoundError
from tenantry.model.tenant_tables import EMPLOYEE_ID, EMPLOYEE_TENANT, employee_key

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from tenantry.model.identifiers import TenantId

    Row = dict[str, str]


class Employees:
    """One tenant's rows of the pooled table: HASH ``Tenant``, RANGE ``Id``.

    Parameters
    ----------
    client
        DynamoDB, with credentials vended for the tenant: with another tenant's, every call is denied.
    table
        Name of the table.
    tenant
        The tenant.
    """

    def __init__(self, client: DynamoDBClient, table: str, tenant: TenantId) -> None:
        self._client = client
        self._table = table
        self._tenant = tenant

    def all(self) -> list[Row]:
        """Return every employee, however many pages that takes."""
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression="Tenant = :tenant",
            ExpressionAttributeValues={":tenant": {"S": self._tenant}},
        )
        return [{name: value["S"] for name, value in item.items()} for page in pages for item in page["Items"]]

    def add(self, row: Row) -> None:
        """Add an employee.

        Raises
        ------
        ConflictError
            An employee with this id already exists.
        """
        try:
            self._put(row, f"attribute_not_exists({EMPLOYEE_ID})")
        except self._client.exceptions.ConditionalCheckFailedException:
            raise ConflictError("An employee with this Id already exists") from None

    def replace(self, row: Row) -> None:
        """Replace the employee with the same id.

        Raises
        ------
        NotFoundError
            There is none.
        """
        try:
            self._put(row, f"attribute_exists({EMPLOYEE_ID})")
        except self._client.exceptions.ConditionalCheckFailedException:
            raise NotFoundError("Employee not found") from None

    def remove(self, employee: str) -> None:
        """Remove an employee.

        Raises
        ------
        NotFoundError
            There is none.
        """
        try:
            self._client.delete_item(
                TableName=self._table,
                Key=employee_key(self._tenant, employee),
                ConditionExpression=f"attribute_exists({EMPLOYEE_ID})",
            )
        except self._client.exceptions.ConditionalCheckFailedException:
            raise NotFoundError("Employee not found") from None

    def _put(self, row: Row, condition: str) -> None:
        item = {name: {"S": value} for name, value in {**row, EMPLOYEE_TENANT: self._tenant}.items()}
        self._client.put_item(TableName=self._table, Item=item, ConditionExpression=condition)
