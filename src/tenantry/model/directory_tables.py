"""The tables of the directory (users, tenants, memberships, invitations): names, indexes, keys, attributes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from tenantry.model.identifiers import TenantId, tenant_id_or_none

if TYPE_CHECKING:
    from collections.abc import Mapping

USERS: Final = "users"
TENANTS: Final = "tenants"
MEMBERSHIPS: Final = "tenant-users"

TENANT_ID: Final = "tenantid"
USER_ID: Final = "userid"
INVITATION_ID: Final = "invitationid"
EMAIL: Final = "email"
ROLES: Final = "roles"
"""The attribute of a membership or an invitation that holds the roles."""
ACTIVE_TENANT_ID: Final = "activetenantid"
"""The attribute of a user that names their active tenant."""

USER_INDEX: Final = "user-index"
"""The index of memberships by user."""
INVITEE_INDEX: Final = "invitee-index"
"""The index of invitations by address."""

ROLES_PREFIX: Final = "roles:"
"""What stands before the tenant in the name of the attribute of a user that holds their roles in it."""


@dataclass(frozen=True, kw_only=True)
class Tables:
    """Names of the tables of the directory.

    Attributes
    ----------
    users
        HASH ``userid``.
    tenants
        HASH ``tenantid``.
    memberships
        HASH ``tenantid``, RANGE ``userid``; index ``user-index`` with the two the other way round.
    """

    users: str
    tenants: str
    memberships: str


def table_name(application: str, table: str) -> str:
    """Return the name of an application's table: of `USERS`, `TENANTS` or `MEMBERSHIPS`."""
    return f"{application}-{table}"


def roles_attribute(tenant: str) -> str:
    """Return the attribute of a user that holds their roles in a tenant.

    One attribute a tenant, and not a map of all: a path into a map that is not there is an error, so that every write
    would need another one before it. No tenant id holds a colon.
    """
    return f"{ROLES_PREFIX}{tenant}"


def user_key(user: str) -> dict[str, Any]:
    """Return the key of a user's item, as DynamoDB takes it."""
    return {USER_ID: {"S": user}}


def tenant_key(tenant: str) -> dict[str, Any]:
    """Return the key of a tenant's item."""
    return {TENANT_ID: {"S": tenant}}


def membership_key(tenant: str, user: str) -> dict[str, Any]:
    """Return the key of the item that a user's membership in a tenant is."""
    return {**tenant_key(tenant), **user_key(user)}


def active_tenant(item: Mapping[str, Any] | None) -> TenantId | None:
    """Return the tenant that a user's item names as the active one."""
    return tenant_id_or_none((item or {}).get(ACTIVE_TENANT_ID, {}).get("S"))


def roles_by_tenant(item: Mapping[str, Any]) -> Mapping[TenantId, frozenset[str]]:
    """Return the roles in a user's item. What is no tenant id opens nothing, and is left out."""
    return {
        tenant: frozenset(map(str, value.get("SS", [])))
        for name, value in item.items()
        if name.startswith(ROLES_PREFIX) and (tenant := tenant_id_or_none(name.removeprefix(ROLES_PREFIX)))
    }
