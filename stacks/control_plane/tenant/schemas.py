"""What goes in and out of the tenant API and the tenant admin API, for their documents."""

from __future__ import annotations

from typing import Final

from stacks.platform.schema_parts import TEXT, TEXTS, TIME, body, name_schema
from tenantry.isolation.api import Parameter, Schema
from tenantry.isolation.documentation import array, object_schema
from tenantry.model import directory_tables
from tenantry.model.identifier_checks import USER_ID_SCHEMA

TENANT_ID: Final = Parameter(
    name="tenantId", where="path", description="The tenant id; must equal the `tenant` claim of the token"
)
USER_ID: Final = Parameter(name="userId", where="path", description="The caller's `cognito:username`")
ANY_USER_ID: Final = Parameter(
    name="userId", where="path", schema=USER_ID_SCHEMA, description="A user's `cognito:username`"
)
_NAME: Final = {**name_schema(), "description": f"Must contain more than white space. {name_schema()['description']}"}
NEW_NAME: Final = body("NewName", {"name": _NAME})
RENAMED: Final = body("Renamed", {"message": TEXT, "updatedAttributes": object_schema({"name": TEXT})})
TENANT: Final = Schema(
    name="Tenant",
    definition={
        "type": "array",
        "minItems": 1,
        "maxItems": 1,
        "items": object_schema(
            {directory_tables.TENANT_ID: TEXT}, optional={"name": TEXT, "foundedby": TEXT}, more=True
        ),
    },
)
_NUMBER: Final = {"type": "integer", "minimum": 0}
_STORED: Final = object_schema({"objects": _NUMBER, "bytes": _NUMBER, "complete": {"type": "boolean"}})
_OBJECTS: Final = {
    **object_schema(
        {"bucket": _STORED, "prefix": _STORED, "tag": _STORED, "access_point": _STORED, "db_nosql": _STORED}
    ),
    "description": "Stored data of all users of the tenant; `complete` is false if counting stopped at a limit",
}
_MINUTES: Final = array(object_schema({"start": TIME, "records": _NUMBER, "bytes": _NUMBER}))
_RECORDS: Final = {
    **object_schema({"from": TIME, "to": TIME, "minutes": _MINUTES, "complete": {"type": "boolean"}}),
    "description": "Records per minute in the last 60 full minutes; minutes without records are omitted",
}
_FAILED: Final = {**TEXTS, "description": "Names of the parts that could not be counted; absent if there are none"}
# A part for each counter that a stack has registered: an application of its own may have others.
USAGE: Final = body("Usage", optional={"storage": _OBJECTS, "ingestion": _RECORDS, "failed": _FAILED}, more=True)
TENANT_IDS: Final = body("TenantIds", {"tenants": TEXTS})
