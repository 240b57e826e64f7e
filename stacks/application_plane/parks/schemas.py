"""What goes in and out of the parks' own routes. Templates and workflows see to it."""

from __future__ import annotations

from typing import Final

from stacks.platform.schema_parts import TEXT, body, name_schema
from tenantry.isolation.api import Parameter
from tenantry.isolation.documentation import array, object_schema

STATUSES: Final = ("park-closed", "park-opened", "natural-disaster")
PARK_ID_PATTERN: Final = "(?!statuses$)[a-z][a-z0-9-]{0,127}"
"""What the whole of a park's id is as; ``/parks/statuses`` is a route."""
ENDPOINT_PATTERN: Final = "https://[!-~]{1,992}"  # 1,000 characters in all
WEBHOOK_ID_PATTERN: Final = "[0-9a-f]{32}"
MOST_AT_ONCE: Final = 100

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


PARK_ID: Final = Parameter(name="id", where="path", schema=_PARK_ID, description="A park of the active tenant")
WEBHOOK_ID: Final = Parameter(name="webhookId", where="path", schema=_WEBHOOK_ID)
LIMIT: Final = Parameter(
    name="limit",
    schema={"type": "integer", "minimum": 1, "maximum": 100},
    description="Maximum number of parks in a page; 50 by default",
)
CURSOR: Final = Parameter(name="cursor", description="`cursor` of the previous page, from the same tenant")
STATUS: Final = Parameter(name="status", schema=_STATUS, description="List only parks with this status")
NEW_PARK: Final = body("NewPark", {"id": _PARK_ID, "name": _NAME}, optional={"status": _STATUS})
# API Gateway holds a body to these "fields" alone; the guards of its route see to the rest, and say what is wrong.
NEW_PARK_FIELDS: Final = body("NewParkFields", {"id": TEXT, "name": _NAME_FIELD}, optional={"status": TEXT})
PARK: Final = body("Park", {"id": _PARK_ID, "name": TEXT, "status": _STATUS})
PARKS: Final = body("Parks", {"items": array(PARK.definition)}, optional={"cursor": TEXT})
PARK_KEY: Final = body("ParkKey", {"id": _PARK_ID})
NEW_STATUS: Final = body("NewStatus", {"status": _STATUS})
NEW_STATUS_FIELDS: Final = body("NewStatusFields", {"status": TEXT})
_PARK_IDS: Final = {"type": "array", "minItems": 1, "maxItems": MOST_AT_ONCE, "items": _PARK_ID}
NEW_STATUSES: Final = body("NewStatuses", {"ids": _PARK_IDS, "status": _STATUS})
NEW_STATUSES_FIELDS: Final = body("NewStatusesFields", {"ids": _PARK_IDS, "status": TEXT})
WORK: Final = body("Work", {"id": TEXT})
_ENDPOINT: Final = {
    "type": "string",
    "pattern": f"^{ENDPOINT_PATTERN}$",
    "description": "An HTTPS URL with a public domain name as host and port 443, or 1024 or higher",
}
NEW_WEBHOOK: Final = body("NewWebhook", {"eventType": _STATUS, "endpoint": _ENDPOINT})
NEW_WEBHOOK_FIELDS: Final = body("NewWebhookFields", {"eventType": TEXT, "endpoint": TEXT})
WEBHOOK_KEY: Final = body(
    "WebhookKey",
    {
        "id": _WEBHOOK_ID,
        "topic": {
            "type": "string",
            "description": "ARN of the topic that sends to the endpoint; accept no messages of other topics",
        },
    },
)
_WEBHOOK: Final = object_schema(
    {
        "id": _WEBHOOK_ID,
        "eventType": _STATUS,
        "endpoint": TEXT,
        "state": {
            "type": "string",
            "enum": ["pending", "confirmed", "expired", "paused"],
            "description": "`pending` until the endpoint confirms the subscription; `expired` if it "
            "does not; `paused` while its owner lacks the role for webhooks",
        },
    },
    optional={
        "createdBy": {"type": "string", "description": "User id of the webhook's owner; shown to admins only"},
        "pausedReason": {"type": "string", "enum": ["blocked", "deleted", "removed", "roleLost"]},
    },
)
WEBHOOKS: Final = body("Webhooks", {"items": array(_WEBHOOK)})
