"""Sources and detail-types of the application's events."""

from __future__ import annotations

from typing import Final

IDENTITY: Final = "idp"
USER: Final = "user"
TENANT: Final = "tenant"
RECONCILIATION: Final = "reconciliation"

SIGN_UP: Final = "signup"
CREATED: Final = "created"
ADMIN_ADDED: Final = "adminUserAdded"
MEMBER_INVITED: Final = "memberInvited"
MEMBER_ADDED: Final = "memberAdded"
MEMBER_ROLES_CHANGED: Final = "memberRolesChanged"
MEMBER_REMOVED: Final = "memberRemoved"
ACTIVE_TENANT_SWITCHED: Final = "activeTenantSwitched"
WEBHOOK_PAUSED: Final = "webhookPaused"
BLOCKED: Final = "blocked"
UNBLOCKED: Final = "unblocked"
SESSIONS_ENDED: Final = "sessionsEnded"
DELETED: Final = "deleted"

MEMBERSHIP: Final = (MEMBER_INVITED, MEMBER_ADDED, MEMBER_ROLES_CHANGED, MEMBER_REMOVED, ACTIVE_TENANT_SWITCHED)
"""What the tenant source says of memberships, once each change."""


def source(application: str, domain: str) -> str:
    """Return the source of an application's events: of `IDENTITY`, `USER`, `TENANT` or `RECONCILIATION`."""
    return f"{application}.{domain}"
