"""Who may own webhooks in a tenant, as the directory has it now."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from tenantry.model.directory_tables import ROLES, USER_ID, membership_key, roles_attribute, user_key
from tenantry.model.roles import WEBHOOK_OWNERS
from tenantry.runtime.authorization_state import BLOCKED_AT, DELETED_AT
from tenantry.runtime.batches import get, read_all

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from mypy_boto3_dynamodb import DynamoDBClient

    from tenantry.model.identifiers import TenantId


class Reason(StrEnum):
    """Why a user may own no webhooks in a tenant."""

    BLOCKED = "blocked"
    DELETED = "deleted"
    REMOVED = "removed"
    ROLE_LOST = "roleLost"


@dataclass
class Owners:
    """Reads from the directory whether owners may still have webhooks.

    Isolation: reads are strongly consistent, so that what was written a moment ago counts. Sessions do not matter: a
    webhook is the tenant's, and goes on when its owner signs out or chooses a new password.

    Attributes
    ----------
    client
        DynamoDB.
    users
        Name of the table of users; HASH ``userid``.
    memberships
        Name of the table of memberships; HASH ``tenantid``, RANGE ``userid``.
    """

    client: DynamoDBClient
    _: KW_ONLY
    users: str
    memberships: str

    def lapsed(self, tenant: TenantId, owners: Collection[str]) -> Mapping[str, Reason]:
        """Return the owners who may have no webhooks in the tenant any more, each with the reason."""
        found = self._read(tenant, owners)
        reasons = {owner: self._reason(tenant, owner, found.get(owner)) for owner in owners}
        return {owner: reason for owner, reason in reasons.items() if reason}

    def _reason(self, tenant: TenantId, owner: str, account: Mapping[str, Any] | None) -> Reason | None:
        if account and DELETED_AT in account:
            return Reason.DELETED
        if account and BLOCKED_AT in account:
            return Reason.BLOCKED
        roles = (account or {}).get(roles_attribute(tenant), {}).get("SS") or self._membership_roles(tenant, owner)
        if roles is None:
            return Reason.REMOVED
        return None if set(WEBHOOK_OWNERS).intersection(roles) else Reason.ROLE_LOST

    def _membership_roles(self, tenant: TenantId, owner: str) -> Collection[str] | None:
        """Return the roles in the membership, for a user whose item has none; None if there is no membership."""
        item = get(self.client, self.memberships, membership_key(tenant, owner), [USER_ID, ROLES])
        return None if item is None else item.get("roles", {}).get("SS", [])

    def _read(self, tenant: TenantId, owners: Collection[str]) -> Mapping[str, Mapping[str, Any]]:
        names = [USER_ID, BLOCKED_AT, DELETED_AT, roles_attribute(tenant)]
        keys = [user_key(owner) for owner in sorted(owners)]
        return {item[USER_ID]["S"]: item for item in read_all(self.client, self.users, keys, names)}
