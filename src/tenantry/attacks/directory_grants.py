"""What each role needs to write to the directory: all else is tried by the attacks, and asserted on the templates."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import partial
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


@dataclass(frozen=True)
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
_ANY_ROLES: Final = roles_attribute("*")
_outside = partial(Grant, in_transaction=False)
GRANTS: Final = (
    _outside("UserSaga", "users", "UpdateItem", ("email", "name", "deletedat")),
    _outside("TenantSaga", "tenants", "UpdateItem"),
    Grant("AdminSaga", "users", "UpdateItem", (ACTIVE_TENANT_ID, _ANY_ROLES, "blockedat", "deletedat")),
    Grant("AdminSaga", "tenants", "UpdateItem", ("foundedby", "admins")),
    Grant("AdminSaga", MEMBERSHIPS, "PutItem", _MEMBER),
    Grant("TenantRename", "tenants", "UpdateItem", ("name",)),
    Grant("TenantRename", MEMBERSHIPS, "ConditionCheckItem", ("roles",)),
    Grant(
        "Membership", "users", "UpdateItem", ("name", "email", ACTIVE_TENANT_ID, _ANY_ROLES, "blockedat", "deletedat")
    ),
    Grant("Membership", "tenants", "UpdateItem", ("admins",)),
    Grant("Membership", "tenants", "ConditionCheckItem", ("admins",)),
    Grant("Membership", MEMBERSHIPS, "PutItem", _MEMBER),
    Grant("Membership", MEMBERSHIPS, "UpdateItem", ("roles",)),
    Grant("Membership", MEMBERSHIPS, "DeleteItem", ("roles",)),
    Grant("Membership", MEMBERSHIPS, "ConditionCheckItem", ("roles",)),
    Grant("Membership", "invitations", "PutItem", ("email", *_INVITATION)),
    Grant("Membership", "invitations", "DeleteItem", _INVITATION),
    _outside(
        "AccountHook", "users", "UpdateItem", ("origin", "newpassword", "confirmationhash", "resetasked", "deletedat")
    ),
    _outside("SignUpHook", "users", "UpdateItem", ("newpassword", "confirmationhash", *_SESSIONS)),
    _outside("TokenClaimsHook", "users", "UpdateItem", ("email", *_SESSIONS)),
    Grant(
        "AccountChangesDirectory", "users", "UpdateItem", ("email", "validafter", "endedsessions", *_BLOCKED, *_DELETED)
    ),
    Grant("AccountChangesDirectory", "users", "PutItem", _DELETED),
    Grant("AccountChangesDirectory", "users", "DeleteItem", ("email", "deletedat")),
    Grant("AccountChangesDirectory", "users", "ConditionCheckItem", ("blockedat", "deletedat", _ANY_ROLES)),
    Grant("AccountChangesDirectory", "tenants", "UpdateItem", ("admins",)),
    Grant("AccountChangesDirectory", MEMBERSHIPS, "UpdateItem", ("email",)),
    Grant("AccountChangesDirectory", MEMBERSHIPS, "DeleteItem"),
    Grant("AccountChangesDirectory", "invitations", "DeleteItem"),
    Grant("Reconciliation", "tenants", "UpdateItem", ("admins",)),
)
"""Every write to the directory that a role of the application needs. docs/membership.md says the same in words."""


def grants_of(role: str) -> list[Grant]:
    """Return what a role needs, by its logical id."""
    return [grant for grant in GRANTS if role.startswith(f"{grant.role}Role")]
