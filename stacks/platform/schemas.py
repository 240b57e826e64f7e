"""What goes in and out of the APIs, for their documents. The functions behind them see to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from stacks.platform.name_schemas import key_schema, name_schema
from stacks.platform.schema_parts import TENANT_ID_TEXT, TEXT, TEXTS, TIME, USER_ID_TEXT, object_schema
from tenantry.isolation.api import Parameter, Schema

if TYPE_CHECKING:
    from collections.abc import Mapping

# The tenant API and the tenant admin API

TENANT_ID: Final = Parameter(
    name="tenantId", where="path", description="The tenant id; must equal the `tenant` claim of the token"
)
USER_ID: Final = Parameter(name="userId", where="path", description="The caller's `cognito:username`")
ANY_USER_ID: Final = Parameter(
    name="userId", where="path", schema=USER_ID_TEXT, description="A user's `cognito:username`"
)
_NAME: Final = {**name_schema(), "description": f"Must contain more than white space. {name_schema()['description']}"}
NEW_NAME: Final = Schema(name="NewName", definition=object_schema(name=_NAME))
RENAMED: Final = Schema(
    name="Renamed", definition=object_schema(message=TEXT, updatedAttributes=object_schema(name=TEXT))
)
TENANT: Final = Schema(
    name="Tenant",
    definition={
        "type": "array",
        "minItems": 1,
        "maxItems": 1,
        "items": object_schema(tenantid=TEXT, optional={"name": TEXT, "foundedby": TEXT}, more=True),
    },
)
_NUMBER: Final = {"type": "integer", "minimum": 0}
_STORED: Final = object_schema(objects=_NUMBER, bytes=_NUMBER, complete={"type": "boolean"})
USAGE: Final = Schema(
    name="Usage",
    definition=object_schema(
        storage={
            **object_schema(bucket=_STORED, prefix=_STORED, tag=_STORED, access_point=_STORED, db_nosql=_STORED),
            "description": "Stored data of all users of the tenant; `complete` is false if counting stopped at a limit",
        },
        ingestion={
            "type": "object",
            "required": ["complete", "from", "minutes", "to"],
            "properties": {
                "from": TIME,
                "to": TIME,
                "minutes": {"type": "array", "items": object_schema(start=TIME, records=_NUMBER, bytes=_NUMBER)},
                "complete": {"type": "boolean"},
            },
            "additionalProperties": False,
            "description": "Records per minute in the last 60 full minutes; minutes without records are omitted",
        },
    ),
)
TENANT_IDS: Final = Schema(name="TenantIds", definition=object_schema(tenants=TEXTS))

# The employees API

_EMPLOYEE_ID: Final = {"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9-]{0,63}$"}
_EMPLOYEE_NAME: Final = name_schema()
_EMPLOYEE_TITLE: Final = name_schema(shortest=0)
EMPLOYEE_ID: Final = Parameter(name="id", where="path", schema=_EMPLOYEE_ID)
EMPLOYEE: Final = Schema(
    name="Employee", definition=object_schema(Id=_EMPLOYEE_ID, Name=_EMPLOYEE_NAME, optional={"Title": _EMPLOYEE_TITLE})
)
EMPLOYEES: Final = Schema(
    name="Employees",
    definition=object_schema(
        employees={
            "type": "array",
            "items": object_schema(Tenant=TEXT, Id=_EMPLOYEE_ID, Name=_EMPLOYEE_NAME, Title=_EMPLOYEE_TITLE),
        }
    ),
)
EMPLOYEE_KEY: Final = Schema(name="EmployeeKey", definition=object_schema(Id=_EMPLOYEE_ID))

# The storage API, in the words of its hands-on

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
FOR_TENANT: Final = Parameter(name="x-tenant-id", where="header", required=True, schema=TENANT_ID_TEXT)
FOR_USER: Final = Parameter(name="x-user-id", where="header", required=True, schema=USER_ID_TEXT)
NEW_OBJECT: Final = Schema(
    name="NewObject",
    definition=object_schema(key=key_schema(), value={"type": "string", "description": "Any text"}),
)


def _replied(status: str, result: Mapping[str, Any]) -> dict[str, Any]:
    return object_schema(status={"type": "string", "enum": [status]}, result=result)


STORED: Final = Schema(name="Stored", definition=_replied("Created", object_schema(key=TEXT)))
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
TOKEN: Final = Schema(name="Token", definition=_replied("OK", object_schema(token=TEXT)))
NO_CALLER: Final = Schema(name="NoCaller", definition=_replied("Unauthorized", object_schema(missing_fields=TEXTS)))
REFUSED: Final = Schema(name="Refused", definition=object_schema(status=TEXT, result=object_schema(invalid=TEXT)))
