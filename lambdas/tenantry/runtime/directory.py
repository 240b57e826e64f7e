"""The tenant directory: tenants, and which users belong to them in which roles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from boto3.dynamodb.types import TypeDeserializer

from tenantry.model.directory_tables import TENANT_ID, USER_ID, USER_INDEX, membership_key, tenant_key
from tenantry.model.errors import ForbiddenError, NotFoundError
from tenantry.model.identifiers import TenantId, UserId, tenant_id
from tenantry.model.roles import Role

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# The role of the function that shows a tenant is bound to these.
_SHOWN: Final = (TENANT_ID, "name", "foundedby")
_deserialize = TypeDeserializer().deserialize


class Tenants:
    """The table of tenants.

    Parameters
    ----------
    client
        DynamoDB.
    table
        Name of the table; HASH ``tenantid``.
    memberships
        Name of the table of memberships, which a change of a tenant is conditional on.
    """

    def __init__(self, client: DynamoDBClient, table: str, memberships: str | None = None) -> None:
        self._client = client
        self._table = table
        self._memberships = memberships

    def get(self, tenant: TenantId) -> dict[str, Any]:
        """Return what a tenant's item shows: who its admins are is for them to know.

        Isolation: the request names what it reads, and the function's role can read nothing else of the item.

        Raises
        ------
        NotFoundError
            There is no such tenant.
        """
        placeholders = {f"#shown{number}": name for number, name in enumerate(_SHOWN)}
        found = self._client.get_item(
            TableName=self._table,
            Key=tenant_key(tenant),
            ProjectionExpression=", ".join(placeholders),
            ExpressionAttributeNames=placeholders,
            ConsistentRead=True,
        )
        if "Item" not in found:
            raise NotFoundError("Tenant not found")
        return {name: _deserialize(value) for name, value in found["Item"].items()}

    def rename(self, tenant: TenantId, name: str, *, by: UserId) -> None:
        """Give a tenant another name.

        The check that `by` is an admin and the change are one transaction: a role that is withdrawn counts at once,
        and a tenant that does not exist is not made.

        Raises
        ------
        ForbiddenError
            `by` is not an admin of the tenant.
        NotFoundError
            There is no such tenant.
        """
        if self._memberships is None:
            raise ValueError("Renaming needs the memberships table.")
        try:
            self._client.transact_write_items(
                TransactItems=[
                    {
                        "ConditionCheck": {
                            "TableName": self._memberships,
                            "Key": membership_key(tenant, by),
                            "ConditionExpression": "contains(#roles, :admin)",
                            "ExpressionAttributeNames": {"#roles": "roles"},
                            "ExpressionAttributeValues": {":admin": {"S": Role.ADMIN}},
                        }
                    },
                    {
                        "Update": {
                            "TableName": self._table,
                            "Key": tenant_key(tenant),
                            "UpdateExpression": "SET #name = :name",
                            "ConditionExpression": f"attribute_exists({TENANT_ID})",
                            "ExpressionAttributeNames": {"#name": "name"},
                            "ExpressionAttributeValues": {":name": {"S": name}},
                        }
                    },
                ]
            )
        except self._client.exceptions.TransactionCanceledException as error:
            codes = [reason.get("Code") for reason in error.response.get("CancellationReasons", [])]
            if codes[:1] == ["ConditionalCheckFailed"]:
                raise ForbiddenError("Only an admin may rename the tenant") from None
            if codes[1:2] == ["ConditionalCheckFailed"]:
                raise NotFoundError("Tenant not found") from None
            raise


class TenantLists:
    """Which tenants a user belongs to, as the index of memberships has it.

    Parameters
    ----------
    client
        DynamoDB.
    table
        Name of the table; HASH ``tenantid``, RANGE ``userid``, index ``user-index``.
    """

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._table = table

    def tenants_of(self, user: UserId) -> list[TenantId]:
        """Return the ids of all tenants that a user belongs to, however many pages that takes."""
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            IndexName=USER_INDEX,
            KeyConditionExpression=f"{USER_ID} = :user",
            ExpressionAttributeValues={":user": {"S": user}},
            ProjectionExpression=TENANT_ID,
        )
        return [tenant_id(item[TENANT_ID]["S"]) for page in pages for item in page["Items"]]
