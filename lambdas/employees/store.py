"""Employees on DynamoDB, through a session of one tenant."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tenantry.model.errors import ConflictError, NotFoundError
from tenantry.model.tenant_tables import EMPLOYEE_ID, EMPLOYEE_TENANT, employee_key
from tenantry.runtime.batches import query

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from tenantry.model.errors import TenancyError
    from tenantry.model.identifiers import TenantId

    Row = dict[str, str]


@dataclass
class Employees:
    """One tenant's rows of the pooled table: HASH ``Tenant``, RANGE ``Id``.

    Attributes
    ----------
    client
        DynamoDB, with credentials vended for the tenant: with another tenant's, every call is denied.
    table
        Name of the table.
    tenant
        The tenant.
    """

    client: DynamoDBClient
    table: str
    tenant: TenantId

    def all(self) -> list[Row]:
        """Return every employee, however many pages that takes."""
        found = query(
            self.client,
            TableName=self.table,
            KeyConditionExpression="Tenant = :tenant",
            ExpressionAttributeValues={":tenant": {"S": self.tenant}},
        )
        return [{name: value["S"] for name, value in item.items()} for item in found]

    def add(self, row: Row) -> None:
        """Add an employee.

        Raises
        ------
        ConflictError
            An employee with this id already exists.
        """
        taken = ConflictError("An employee with this Id already exists")
        self._put(row, f"attribute_not_exists({EMPLOYEE_ID})", otherwise=taken)

    def replace(self, row: Row) -> None:
        """Replace the employee with the same id.

        Raises
        ------
        NotFoundError
            There is none.
        """
        self._put(row, f"attribute_exists({EMPLOYEE_ID})", otherwise=NotFoundError("Employee not found"))

    def remove(self, employee: str) -> None:
        """Remove an employee.

        Raises
        ------
        NotFoundError
            There is none.
        """
        try:
            self.client.delete_item(
                TableName=self.table,
                Key=employee_key(self.tenant, employee),
                ConditionExpression=f"attribute_exists({EMPLOYEE_ID})",
            )
        except self.client.exceptions.ConditionalCheckFailedException:
            raise NotFoundError("Employee not found") from None

    def _put(self, row: Row, condition: str, *, otherwise: TenancyError) -> None:
        item = {name: {"S": value} for name, value in {**row, EMPLOYEE_TENANT: self.tenant}.items()}
        try:
            self.client.put_item(TableName=self.table, Item=item, ConditionExpression=condition)
        except self.client.exceptions.ConditionalCheckFailedException:
            raise otherwise from None
