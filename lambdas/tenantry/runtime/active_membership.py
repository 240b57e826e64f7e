"""A user as the directory has them: the active tenant, and the roles in each tenant."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tenantry.model.directory_tables import ACTIVE_TENANT_ID, ROLES, membership_key, tenant_of_roles, user_key
from tenantry.model.identifiers import TenantId, UserId, tenant_id_or_none

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_dynamodb import DynamoDBClient


@dataclass(frozen=True, kw_only=True)
class UserRecord:
    """A user as the directory has them.

    Attributes
    ----------
    exists
        Whether there is a record at all.
    active
        The tenant that they have made active, whether they belong to it or not.
    roles
        Their roles, by tenant.
    """

    exists: bool
    active: TenantId | None
    roles: Mapping[TenantId, frozenset[str]]

    @classmethod
    def of(cls, item: Mapping[str, Any] | None) -> UserRecord:
        """Read a user's item. What is no tenant id opens nothing, and is left out."""
        found = item or {}
        return cls(exists=item is not None, active=active_tenant(found), roles=roles_by_tenant(found))


def active_tenant(item: Mapping[str, Any] | None) -> TenantId | None:
    """Return the tenant that a user's item names as the active one."""
    return tenant_id_or_none((item or {}).get(ACTIVE_TENANT_ID, {}).get("S"))


def roles_by_tenant(item: Mapping[str, Any]) -> Mapping[TenantId, frozenset[str]]:
    """Return the roles in a user's item."""
    return {
        tenant: frozenset(map(str, value.get("SS", [])))
        for name, value in item.items()
        if (tenant := tenant_id_or_none(tenant_of_roles(name)))
    }


class MembershipRecords:
    """Reads users and their roles, with strongly consistent reads.

    Parameters
    ----------
    client
        DynamoDB.
    users
        Name of the table of users; HASH ``userid``.
    memberships
        Name of the table of memberships; HASH ``tenantid``, RANGE ``userid``.
    """

    def __init__(self, client: DynamoDBClient, users: str, memberships: str) -> None:
        self._client = client
        self._users = users
        self._memberships = memberships

    def record(self, user: UserId) -> UserRecord:
        """Return what the directory has of a user."""
        found = self._client.get_item(TableName=self._users, Key=user_key(user), ConsistentRead=True)
        return UserRecord.of(found.get("Item"))

    def roles(self, tenant: TenantId, user: UserId) -> frozenset[str] | None:
        """Return a user's roles in a tenant, as their membership has them; None if they have none."""
        found = self._client.get_item(
            TableName=self._memberships,
            Key=membership_key(tenant, user),
            ConsistentRead=True,
        ).get("Item")
        return None if found is None else frozenset(found.get(ROLES, {}).get("SS", []))
