"""What each role needs to write to the directory: all else is tried by the attacks, and asserted on the templates."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Final

from tenantry.model.directory_tables import ACTIVE_TENANT_ID, MEMBERSHIPS, TENANT_ID, USER_ID, roles_attribute

if TYPE_CHECKING:
    from collections.abc import Collection

KEYS: Final = {
    "users": (USER_ID,),
    "tenants": (TENANT_ID,),
    MEMBERSHIPS: (TENANT_ID, USER_ID),
    "invitations": (TENANT_ID, "invitationid"),
}
"""The tables of the directory, each with its key."""

ATTRIBUTES: Final = {
    "users": (
        "email",
        "name",
        ACTIVE_TENANT_ID,
        roles_attribute("tenanta"),
        "validafter",
        "endedsessions",
        "blockedat",
        "blockedby",
        "blockedreason",
        "deletedat",
        "deletedby",
        "newpassword",
        "resetasked",
        "origin",
        "confirmationhash",
    ),
    "tenants": ("name", "state", "admins", "foundedby"),
    MEMBERSHIPS: ("name", "email", "roles"),
    "invitations": ("email", "roles", "invitedby", "expires"),
}
"""What the items of each table hold beside their key."""


@dataclass(frozen=True, kw_only=True)
class Grant:
    """Something that a role has to write.

    Attributes
    ----------
    role
        Whose role it is: its logical id begins so, with `Role` after it.
    table
        The table, as in `KEYS`.
    action
        The action of IAM, without the service.
    attributes
        What its requests name beside the key; `*` stands for any text.
    in_transaction
        Whether as a part of a transaction only.
    """

    role: str
    table: str
    action: str
    attributes: tuple[str, ...] = ()
    in_transaction: bool = True

    def covers(self, table: str, action: str, attributes: Collection[str], *, in_transaction: bool) -> bool:
        """Return whether a write is one that the role needs."""
        return (
            (self.table, self.action) == (table, action)
            and (in_transaction or not self.in_transaction)
            and all(any(fnmatchcase(name, known) for known in self.attributes) for name in attributes)
        )


_MEMBER: Final = ("name", "email", "roles")
_BLOCKED: Final = ("blockedat", "blockedby", "blockedreason")
_DELETED: Final = ("deletedat", "deletedby")
_INVITATION: Final = ("roles", "invitedby", "expires")
_SESSIONS: Final = ("resetasked", "validafter", "deletedat")
GRANTS: Final = (
    Grant(
        role="UserSaga",
        table="users",
        action="UpdateItem",
        attributes=("email", "name", "deletedat"),
        in_transaction=False,
    ),
    Grant(role="TenantSaga", table="tenants", action="UpdateItem", in_transaction=False),
    Grant(
        role="AdminSaga",
        table="users",
        action="UpdateItem",
        attributes=(ACTIVE_TENANT_ID, roles_attribute("*"), "blockedat", "deletedat"),
    ),
    Grant(role="AdminSaga", table="tenants", action="UpdateItem", attributes=("foundedby", "admins")),
    Grant(role="AdminSaga", table=MEMBERSHIPS, action="PutItem", attributes=_MEMBER),
    Grant(role="TenantRename", table="tenants", action="UpdateItem", attributes=("name",)),
    Grant(role="TenantRename", table=MEMBERSHIPS, action="ConditionCheckItem", attributes=("roles",)),
    Grant(
        role="Membership",
        table="users",
        action="UpdateItem",
        attributes=("name", "email", ACTIVE_TENANT_ID, roles_attribute("*"), "blockedat", "deletedat"),
    ),
    Grant(role="Membership", table="tenants", action="UpdateItem", attributes=("admins",)),
    Grant(role="Membership", table="tenants", action="ConditionCheckItem", attributes=("admins",)),
    Grant(role="Membership", table=MEMBERSHIPS, action="PutItem", attributes=_MEMBER),
    Grant(role="Membership", table=MEMBERSHIPS, action="UpdateItem", attributes=("roles",)),
    Grant(role="Membership", table=MEMBERSHIPS, action="DeleteItem", attributes=("roles",)),
    Grant(role="Membership", table=MEMBERSHIPS, action="ConditionCheckItem", attributes=("roles",)),
    Grant(role="Membership", table="invitations", action="PutItem", attributes=("email", *_INVITATION)),
    Grant(role="Membership", table="invitations", action="DeleteItem", attributes=_INVITATION),
    Grant(
        role="AccountHook",
        table="users",
        action="UpdateItem",
        attributes=("origin", "newpassword", "confirmationhash", "resetasked", "deletedat"),
        in_transaction=False,
    ),
    Grant(
        role="SignUpHook",
        table="users",
        action="UpdateItem",
        attributes=("newpassword", "confirmationhash", *_SESSIONS),
        in_transaction=False,
    ),
    Grant(
        role="TokenClaimsHook",
        table="users",
        action="UpdateItem",
        attributes=("email", *_SESSIONS),
        in_transaction=False,
    ),
    Grant(
        role="AccountChangesDirectory",
        table="users",
        action="UpdateItem",
        attributes=("email", "validafter", "endedsessions", *_BLOCKED, *_DELETED),
    ),
    Grant(role="AccountChangesDirectory", table="users", action="PutItem", attributes=_DELETED),
    Grant(role="AccountChangesDirectory", table="users", action="DeleteItem", attributes=("email", "deletedat")),
    Grant(
        role="AccountChangesDirectory",
        table="users",
        action="ConditionCheckItem",
        attributes=("blockedat", "deletedat", roles_attribute("*")),
    ),
    Grant(role="AccountChangesDirectory", table="tenants", action="UpdateItem", attributes=("admins",)),
    Grant(role="AccountChangesDirectory", table=MEMBERSHIPS, action="UpdateItem", attributes=("email",)),
    Grant(role="AccountChangesDirectory", table=MEMBERSHIPS, action="DeleteItem"),
    Grant(role="AccountChangesDirectory", table="invitations", action="DeleteItem"),
    Grant(role="Reconciliation", table="tenants", action="UpdateItem", attributes=("admins",)),
)
"""Every write to the directory that a role of the application needs. docs/membership.md says the same in words."""


def grants_of(role: str) -> list[Grant]:
    """Return what a role needs, by its logical id."""
    return [grant for grant in GRANTS if role.startswith(f"{grant.role}Role")]
