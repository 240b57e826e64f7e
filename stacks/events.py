"""The events of the application: who says them, and what is in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tenant_isolation import EventType

if TYPE_CHECKING:
    from collections.abc import Mapping

_TEXT: Final = {"type": "string"}
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
        self.admin_added = EventType(source=f"{application}.tenant", detail_type="adminUserAdded")

    def schemas(self) -> Mapping[EventType, Mapping[str, Any]]:
        """Return the JSON Schema (draft 4) of each event's detail."""
        user = {"type": "string", "pattern": USER_ID_PATTERN}
        tenant = {"type": "string", "pattern": TENANT_ID_PATTERN}
        return {
            self.signed_up: _object(
                metadata=_object(domain=_TEXT, application=_TEXT, event_type=_TEXT, version=_TEXT),
                data=_object(email=_TEXT, userName=user, name=_TEXT, verified={"type": "boolean"}, status=_TEXT),
            ),
            self.user_created: _object(email=_TEXT, userName=user, name=_TEXT),
            self.tenant_created: _object(tenantId=tenant, email=_TEXT, userName=user, name=_TEXT),
            self.admin_added: _object(tenantId=tenant, email=_TEXT, userName=user, name=_TEXT, role=_TEXT),
        }
