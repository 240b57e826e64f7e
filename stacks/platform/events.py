"""The events of the application: who says them, and what is in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tenantry.isolation.events import EventType

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_TEXT: Final = {"type": "string"}
_TIME: Final = {"type": "string", "format": "date-time"}
USER_ID_PATTERN: Final = r"^[A-Za-z0-9][A-Za-z0-9@._+-]{0,127}$"
TENANT_ID_PATTERN: Final = r"^[A-Za-z0-9][A-Za-z0-9-]{1,36}[A-Za-z0-9]$"


def _object(**properties: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"type": "object", "required": list(properties), "properties": properties}


class Events:
    """The kinds of event of one application, and the JSON Schemas of their details.

    Parameters
    ----------
    application
        Prefix of the sources.
    """

    def __init__(self, application: str) -> None:
        self.signed_up = EventType(source=f"{application}.idp", detail_type="signup")
        self.user_created = EventType(source=f"{application}.user", detail_type="created")
        self.tenant_created = EventType(source=f"{application}.tenant", detail_type="created")
        tenant = f"{application}.tenant"
        self.admin_added = EventType(source=tenant, detail_type="adminUserAdded")
        self.member_invited = EventType(source=tenant, detail_type="memberInvited")
        self.member_added = EventType(source=tenant, detail_type="memberAdded")
        self.member_roles_changed = EventType(source=tenant, detail_type="memberRolesChanged")
        self.member_removed = EventType(source=tenant, detail_type="memberRemoved")
        self.webhook_paused = EventType(source=tenant, detail_type="webhookPaused")
        self.active_tenant_switched = EventType(source=tenant, detail_type="activeTenantSwitched")
        user = f"{application}.user"
        self.blocked = EventType(source=user, detail_type="blocked")
        self.unblocked = EventType(source=user, detail_type="unblocked")
        self.sessions_ended = EventType(source=user, detail_type="sessionsEnded")
        self.deleted = EventType(source=user, detail_type="deleted")

    @property
    def memberships(self) -> Sequence[EventType]:
        """What is said of memberships, once each change."""
        return (
            self.member_invited,
            self.member_added,
            self.member_roles_changed,
            self.member_removed,
            self.active_tenant_switched,
        )

    @property
    def accounts(self) -> Sequence[EventType]:
        """What is said of accounts, once each change."""
        return (self.blocked, self.unblocked, self.sessions_ended, self.deleted)

    def schemas(self) -> Mapping[EventType, Mapping[str, Any]]:
        """Return the JSON Schema (draft 4) of each event's detail."""
        user = {"type": "string", "pattern": USER_ID_PATTERN}
        tenant = {"type": "string", "pattern": TENANT_ID_PATTERN}
        roles = {"type": "array", "items": _TEXT}
        change = {"changeId": _TEXT, "at": _TIME, "tenantId": tenant, "by": user}
        # An operator is named by their principal, which is no user id.
        account = {"changeId": _TEXT, "at": _TIME, "userName": user, "by": _TEXT}
        tenants = {"type": "array", "items": tenant}
        return {
            self.signed_up: _object(
                metadata=_object(domain=_TEXT, application=_TEXT, event_type=_TEXT, version=_TEXT),
                data=_object(email=_TEXT, userName=user, name=_TEXT, verified={"type": "boolean"}, status=_TEXT),
            ),
            self.user_created: _object(email=_TEXT, userName=user, name=_TEXT),
            self.tenant_created: _object(tenantId=tenant, email=_TEXT, userName=user, name=_TEXT),
            self.admin_added: _object(tenantId=tenant, email=_TEXT, userName=user, name=_TEXT, role=_TEXT),
            self.member_invited: _object(**change, email=_TEXT, roles=roles, expires=_TIME),
            self.member_added: _object(**change, userName=user, email=_TEXT, name=_TEXT, roles=roles),
            self.member_roles_changed: _object(**change, userName=user, roles=roles, rolesBefore=roles),
            self.member_removed: _object(**change, userName=user, rolesBefore=roles),
            self.webhook_paused: _object(
                changeId=_TEXT,
                at=_TIME,
                tenantId=tenant,
                parkId=_TEXT,
                webhookId=_TEXT,
                userName=user,
                reason={"type": "string", "enum": ["blocked", "deleted", "removed", "roleLost"]},
            ),
            self.active_tenant_switched: _object(**change, tenantIdBefore={"type": ["string", "null"]}),
            self.blocked: _object(**account, tenants=tenants),
            self.unblocked: _object(**account, tenants=tenants),
            self.sessions_ended: _object(**account),
            self.deleted: _object(**account, tenants=tenants),
        }
