"""What goes in and out of the storage API, in the words of its hands-on, for its document."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from stacks.platform.schema_parts import TEXT, TEXTS, body, key_schema
from tenantry.isolation.api import Parameter, Schema
from tenantry.isolation.documentation import object_schema
from tenantry.model.identifier_checks import TENANT_ID_SCHEMA, USER_ID_SCHEMA

if TYPE_CHECKING:
    from collections.abc import Mapping

PARTITION: Final = Parameter(
    name="partition",
    required=True,
    schema={"type": "string", "enum": ["bucket", "prefix", "tag", "access_point", "db_nosql"]},
    description="The partition mode",
)
KEY: Final = Parameter(
    name="key",
    schema=key_schema(),
    description="The object to read. Without it, the request lists the caller's objects",
)
KEYS_AFTER: Final = Parameter(name="after", description="The last key of the previous page")
KEYS_LIMIT: Final = Parameter(
    name="limit",
    schema={"type": "integer", "minimum": 1, "maximum": 10_000},
    description="Maximum number of keys; without it, all. A shorter list is the last page",
)
FOR_TENANT: Final = Parameter(name="x-tenant-id", where="header", required=True, schema=TENANT_ID_SCHEMA)
FOR_USER: Final = Parameter(name="x-user-id", where="header", required=True, schema=USER_ID_SCHEMA)
NEW_OBJECT: Final = body("NewObject", {"key": key_schema(), "value": {"type": "string", "description": "Any text"}})


def _replied(status: str, result: Mapping[str, Any]) -> dict[str, Any]:
    return object_schema({"status": {"type": "string", "enum": [status]}, "result": result})


STORED: Final = Schema(name="Stored", definition=_replied("Created", object_schema({"key": TEXT})))
FOUND: Final = Schema(
    name="Found",
    definition=_replied(
        "OK",
        {
            "oneOf": [
                {**TEXTS, "description": "The keys"},
                {**TEXT, "description": "The content of the requested object"},
            ]
        },
    ),
)
TOKEN: Final = Schema(name="Token", definition=_replied("OK", object_schema({"token": TEXT})))
NO_CALLER: Final = Schema(
    name="NoCaller", definition=_replied("Unauthorized", object_schema({"missing_fields": TEXTS}))
)
REFUSED: Final = body("Refused", {"status": TEXT, "result": object_schema({"invalid": TEXT})})
