"""Who may have webhooks in a tenant, as the directory has it now."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from tenantry.model.roles import Role
from tenantry.runtime.active_membership import roles_attribute
from tenantry.runtime.authorization_state import BLOCKED_AT, DELETED_AT
from tenantry.runtime.batches import read_all

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from mypy_boto3_dynamodb import DynamoDBClient

    from tenantry.model.identifiers import TenantId

OPENS_WEBHOOKS: Final = frozenset({Role.ADMIN, Role.VISITOR})
"""The roles that may make webhooks; `stacks.application_plane.parks.routes` opens the routes to the same."""


class Reason(StrEnum):
    """Why somebody may have no webhooks in a tenant."""

    BLOCKED = "blocked"
    DELETED = "deleted"
    REMOVED = "removed"
    ROLE_LOST = "roleLost"


class Makers:
    """Asks the directory about those who made webhooks.

    Isolation: reads are strongly consistent, so that what was written a moment ago counts. Sessions do not matter: a
    webhook is the tenant's, and goes on when its maker signs out or chooses a new password.

    Parameters
    ----------
    client
        DynamoDB.
    users
        Name of the table of users; HASH ``userid``.
    memberships
        Name of the table of memberships; HASH ``tenantid``, RANGE ``userid``.
    """

    def __init__(self, client: DynamoDBClient, *, users: str, memberships: str) -> None:
        self._client = client
        self._users = users
        self._memberships = memberships

    def lapsed(self, tenant: TenantId, makers: Collection[str]) -> Mapping[str, Reason]:
        """Return those who may have no webhooks in the tenant any more, each with the reason."""
        found = self._read(tenant, makers)
        reasons = {maker: self._reason(tenant, maker, found.get(maker)) for maker in makers}
        return {maker: reason for maker, reason in reasons.items() if reason}

    def _reason(self, tenant: TenantId, maker: str, account: Mapping[str, Any] | None) -> Reason | None:
        if account and DELETED_AT in account:
            return Reason.DELETED
        if account and BLOCKED_AT in account:
            return Reason.BLOCKED
        roles = (account or {}).get(roles_attribute(tenant), {}).get("SS") or self._mapped_roles(tenant, maker)
        if roles is None:
            return Reason.REMOVED
        return None if OPENS_WEBHOOKS.intersection(roles) else Reason.ROLE_LOST

    def _mapped_roles(self, tenant: TenantId, maker: str) -> Collection[str] | None:
        """Return the roles of who joined before users had theirs; None if they do not belong to the tenant."""
        item = self._client.get_item(
            TableName=self._memberships,
            Key={"tenantid": {"S": tenant}, "userid": {"S": maker}},
            ProjectionExpression="userid, #roles",
            ExpressionAttributeNames={"#roles": "roles"},
            ConsistentRead=True,
        ).get("Item")
        return None if item is None else item.get("roles", {}).get("SS", [])

    def _read(self, tenant: TenantId, makers: Collection[str]) -> Mapping[str, Mapping[str, Any]]:
        names = ["userid", BLOCKED_AT, DELETED_AT, roles_attribute(tenant)]
        keys = [{"userid": {"S": maker}} for maker in sorted(makers)]
        return {item["userid"]["S"]: item for item in read_all(self._client, self._users, keys, names)}
