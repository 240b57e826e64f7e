"""The tenant directory: tenants, and which users belong to them in which roles."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from boto3.dynamodb.types import TypeDeserializer

from tenantry.model.directory_tables import TENANT_ID, USER_ID, USER_INDEX, membership_key, tenant_key
from tenantry.model.errors import ForbiddenError, NotFoundError
from tenantry.model.identifiers import TenantId, UserId, tenant_id
from tenantry.model.roles import Role
from tenantry.runtime.batches import get, query
from tenantry.runtime.transactions import operation

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mypy_boto3_dynamodb import DynamoDBClient

# The role of the function that shows a tenant is bound to these.
_SHOWN: Final = (TENANT_ID, "name", "foundedby")
_deserialize = TypeDeserializer().deserialize


@dataclass
class Tenants:
    """The table of tenants.

    Attributes
    ----------
    client
        DynamoDB.
    table
        Name of the table; HASH ``tenantid``.
    memberships
        Name of the table of memberships, which a change of a tenant is conditional on.
    """

    client: DynamoDBClient
    table: str
    memberships: str | None = None

    def get(self, tenant: TenantId) -> dict[str, Any]:
        """Return what a tenant's item shows: who its admins are is for them to know.

        Isolation: the request names what it reads, and the function's role can read nothing else of the item.

        Raises
        ------
        NotFoundError
            There is no such tenant.
        """
        found = get(self.client, self.table, tenant_key(tenant), _SHOWN)
        if found is None:
            raise NotFoundError("Tenant not found")
        return {name: _deserialize(value) for name, value in found.items()}

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
        if self.memberships is None:
            raise ValueError("Renaming needs the memberships table.")
        is_admin = operation(
            "ConditionCheck",
            self.memberships,
            membership_key(tenant, by),
            condition="contains(#roles, :admin)",
            names={"#roles": "roles"},
            values={":admin": {"S": Role.ADMIN}},
        )
        change = operation(
            "Update",
            self.table,
            tenant_key(tenant),
            update="SET #name = :name",
            condition=f"attribute_exists({TENANT_ID})",
            names={"#name": "name"},
            values={":name": {"S": name}},
        )
        try:
            self.client.transact_write_items(TransactItems=[is_admin, change])
        except self.client.exceptions.TransactionCanceledException as error:
            codes = [reason.get("Code") for reason in error.response.get("CancellationReasons", [])]
            if codes[:1] == ["ConditionalCheckFailed"]:
                raise ForbiddenError("Only an admin may rename the tenant") from None
            if codes[1:2] == ["ConditionalCheckFailed"]:
                raise NotFoundError("Tenant not found") from None
            raise


def tenants_of(client: DynamoDBClient, memberships: str, user: UserId) -> list[TenantId]:
    """Return the ids of all tenants that a user belongs to, as the index of memberships has it."""
    found = memberships_of(client, memberships, user, ProjectionExpression=TENANT_ID)
    return [tenant_id(item[TENANT_ID]["S"]) for item in found]


def memberships_of(client: DynamoDBClient, table: str, user: UserId, **more: Any) -> Iterator[Mapping[str, Any]]:  # noqa: ANN401 - as boto3 takes it
    """Return what the index of memberships has of a user; it lags behind the memberships by moments."""
    return query(
        client,
        TableName=table,
        IndexName=USER_INDEX,
        KeyConditionExpression=f"{USER_ID} = :user",
        ExpressionAttributeValues={":user": {"S": user}},
        **more,
    )
