"""What goes in and out of the parks' own routes. Templates and workflows see to it."""

from __future__ import annotations

from typing import Any, Final

from stacks.platform.name_schemas import name_schema
from tenantry.isolation.api import Parameter, Schema

STATUSES: Final = ("park-closed", "park-opened", "natural-disaster")
PARK_ID_PATTERN: Final = "(?!statuses$)[a-z][a-z0-9-]{0,127}"
"""What the whole of a park's id is as; ``/parks/statuses`` is a route."""
ENDPOINT_PATTERN: Final = "https://[!-~]{1,992}"  # 1,000 characters in all
WEBHOOK_ID_PATTERN: Final = "[0-9a-f]{32}"
MOST_AT_ONCE: Final = 100

_TEXT: Final = {"type": "string"}
_PARK_ID: Final = {
    "type": "string",
    "pattern": "^[a-z][a-z0-9-]{0,127}$",
    # In Java, "$" lets a closing line break through.
    "not": {"anyOf": [{"enum": ["statuses"]}, {"pattern": "[^a-z0-9-]"}]},
}
_WEBHOOK_ID: Final = {"type": "string", "pattern": f"^{WEBHOOK_ID_PATTERN}$"}
_NAME: Final = name_schema()
# The route's guard sees to the characters, and says which.
_NAME_FIELD: Final = {field: _NAME[field] for field in ("type", "minLength", "maxLength")}
_STATUS: Final = {"type": "string", "enum": list(STATUSES)}


def _object(required: dict[str, Any], **optional: Any) -> dict[str, Any]:  # noqa: ANN401 - a part of a schema
    return {
        "type": "object",
        "required": sorted(required),
        "properties": {**required, **optional},
        "additionalProperties": False,
    }


def _fields(name: str, required: dict[str, Any], **optional: Any) -> Schema:  # noqa: ANN401 - a part of a schema
    """Return what API Gateway holds a body to; the guards of its route see to the rest, and say what is wrong."""
    return Schema(name=f"{name}Fields", definition=_object(required, **optional))


PARK_ID: Final = Parameter(name="id", where="path", schema=_PARK_ID, description="A park of the active tenant")
WEBHOOK_ID: Final = Parameter(name="webhookId", where="path", schema=_WEBHOOK_ID)
LIMIT: Final = Parameter(
    name="limit",
    schema={"type": "integer", "minimum": 1, "maximum": 100},
    description="Maximum number of parks in a page; 50 by default",
)
CURSOR: Final = Parameter(name="cursor", description="`cursor` of the previous page, from the same tenant")
STATUS: Final = Parameter(name="status", schema=_STATUS, description="List only parks with this status")
NEW_PARK: Final = Schema(name="NewPark", definition=_object({"id": _PARK_ID, "name": _NAME}, status=_STATUS))
NEW_PARK_FIELDS: Final = _fields("NewPark", {"id": _TEXT, "name": _NAME_FIELD}, status=_TEXT)
PARK: Final = Schema(name="Park", definition=_object({"id": _PARK_ID, "name": _TEXT, "status": _STATUS}))
PARKS: Final = Schema(
    name="Parks", definition=_object({"items": {"type": "array", "items": PARK.definition}}, cursor=_TEXT)
)
PARK_KEY: Final = Schema(name="ParkKey", definition=_object({"id": _PARK_ID}))
NEW_STATUS: Final = Schema(name="NewStatus", definition=_object({"status": _STATUS}))
NEW_STATUS_FIELDS: Final = _fields("NewStatus", {"status": _TEXT})
NEW_STATUSES: Final = Schema(
    name="NewStatuses",
    definition=_object(
        {"ids": {"type": "array", "minItems": 1, "maxItems": MOST_AT_ONCE, "items": _PARK_ID}, "status": _STATUS}
    ),
)
NEW_STATUSES_FIELDS: Final = _fields(
    "NewStatuses", {"ids": NEW_STATUSES.definition["properties"]["ids"], "status": _TEXT}
)
WORK: Final = Schema(name="Work", definition=_object({"id": _TEXT}))
_ENDPOINT: Final = {
    "type": "string",
    "pattern": f"^{ENDPOINT_PATTERN}$",
    "description": "An HTTPS URL with a public domain name as host and port 443, or 1024 or higher",
}
NEW_WEBHOOK: Final = Schema(name="NewWebhook", definition=_object({"eventType": _STATUS, "endpoint": _ENDPOINT}))
NEW_WEBHOOK_FIELDS: Final = _fields("NewWebhook", {"eventType": _TEXT, "endpoint": _TEXT})
WEBHOOK_KEY: Final = Schema(
    name="WebhookKey",
    definition=_object(
        {
            "id": _WEBHOOK_ID,
            "topic": {
                "type": "string",
                "description": "ARN of the topic that sends to the endpoint; accept no messages of other topics",
            },
        }
    ),
)
WEBHOOKS: Final = Schema(
    name="Webhooks",
    definition=_object(
        {
            "items": {
                "type": "array",
                "items": _object(
                    {
                        "id": _WEBHOOK_ID,
                        "eventType": _STATUS,
                        "endpoint": _TEXT,
                        "state": {
                            "type": "string",
                            "enum": ["pending", "confirmed", "expired", "paused"],
                            "description": "`pending` until the endpoint confirms the subscription; `expired` if it "
                            "does not; `paused` while its owner lacks the role for webhooks",
                        },
                    },
                    createdBy={"type": "string", "description": "User id of the webhook's owner; shown to admins only"},
                    pausedReason={"type": "string", "enum": ["blocked", "deleted", "removed", "roleLost"]},
                ),
            }
        }
    ),
)
