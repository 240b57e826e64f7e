"""The events of the application: who publishes them, and what is in them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

from tenantry.isolation.events import EventType
from tenantry.model import event_types as types
from tenantry.model.identifier_checks import TENANT_ID_SCHEMA, USER_ID_SCHEMA

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_TEXT: Final = {"type": "string"}
_TIME: Final = {"type": "string", "format": "date-time"}


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
        identity, user, tenant = (
            partial(EventType, source=types.source(application, domain))
            for domain in (types.IDENTITY, types.USER, types.TENANT)
        )
        self.signed_up = identity(detail_type=types.SIGN_UP)
        self.user_created = user(detail_type=types.CREATED)
        self.tenant_created = tenant(detail_type=types.CREATED)
        self.admin_added = tenant(detail_type=types.ADMIN_ADDED)
        self.member_invited = tenant(detail_type=types.MEMBER_INVITED)
        self.member_added = tenant(detail_type=types.MEMBER_ADDED)
        self.member_roles_changed = tenant(detail_type=types.MEMBER_ROLES_CHANGED)
        self.member_removed = tenant(detail_type=types.MEMBER_REMOVED)
        self.webhook_paused = tenant(detail_type=types.WEBHOOK_PAUSED)
        self.active_tenant_switched = tenant(detail_type=types.ACTIVE_TENANT_SWITCHED)
        self.blocked = user(detail_type=types.BLOCKED)
        self.unblocked = user(detail_type=types.UNBLOCKED)
        self.sessions_ended = user(detail_type=types.SESSIONS_ENDED)
        self.deleted = user(detail_type=types.DELETED)

    @property
    def memberships(self) -> Sequence[EventType]:
        """The events of memberships, one for each change."""
        return (
            self.member_invited,
            self.member_added,
            self.member_roles_changed,
            self.member_removed,
            self.active_tenant_switched,
        )

    @property
    def accounts(self) -> Sequence[EventType]:
        """The events of accounts, one for each change."""
        return (self.blocked, self.unblocked, self.sessions_ended, self.deleted)

    def schemas(self) -> Mapping[EventType, Mapping[str, Any]]:
        """Return the JSON Schema (draft 4) of each event's detail."""
        user, tenant = USER_ID_SCHEMA, TENANT_ID_SCHEMA
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
