"""What goes in and out of the APIs, for their documents. The functions behind them see to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from stacks.platform.name_schemas import key_schema, name_schema
from tenantry.isolation.api import Parameter, Schema

if TYPE_CHECKING:
    from collections.abc import Mapping

_TEXT: Final = {"type": "string"}
_TEXTS: Final = {"type": "array", "items": _TEXT}
# As `tenantry.model.identifiers` checks them.
_TENANT_ID: Final = {
    "type": "string",
    "pattern": "^[A-Za-z0-9][A-Za-z0-9-]{1,36}[A-Za-z0-9]$",
    "not": {"enum": ["prefix", "tag", "dbns"]},
}
_USER_ID: Final = {
    "type": "string",
    "pattern": "^[A-Za-z0-9][A-Za-z0-9@._+-]{0,127}$",
    "not": {"pattern": "\\.\\."},
}


def _object(*, optional: Mapping[str, Any] | None = None, more: bool = False, **required: Any) -> dict[str, Any]:  # noqa: ANN401 - a part of a schema
    """Return the schema of an object, which has no other fields unless there may be more."""
    return {
        "type": "object",
        "required": sorted(required),
        "properties": {**required, **(optional or {})},
        **({} if more else {"additionalProperties": False}),
    }


# The tenant API and the tenant admin API

TENANT_ID: Final = Parameter(
    name="tenantId", where="path", description="The tenant id; must equal the `tenant` claim of the token"
)
USER_ID: Final = Parameter(name="userId", where="path", description="The caller's `cognito:username`")
ANY_USER_ID: Final = Parameter(name="userId", where="path", schema=_USER_ID, description="A user's `cognito:username`")
_NAME: Final = {**name_schema(), "description": f"Must contain more than white space. {name_schema()['description']}"}
NEW_NAME: Final = Schema(name="NewName", definition=_object(name=_NAME))
RENAMED: Final = Schema(name="Renamed", definition=_object(message=_TEXT, updatedAttributes=_object(name=_TEXT)))
TENANT: Final = Schema(
    name="Tenant",
    definition={
        "type": "array",
        "minItems": 1,
        "maxItems": 1,
        "items": _object(tenantid=_TEXT, optional={"name": _TEXT, "foundedby": _TEXT}, more=True),
    },
)
_NUMBER: Final = {"type": "integer", "minimum": 0}
_STORED: Final = _object(objects=_NUMBER, bytes=_NUMBER, complete={"type": "boolean"})
_MOMENT: Final = {"type": "string", "format": "date-time"}
USAGE: Final = Schema(
    name="Usage",
    definition=_object(
        storage={
            **_object(bucket=_STORED, prefix=_STORED, tag=_STORED, access_point=_STORED, db_nosql=_STORED),
            "description": "Stored data of all users of the tenant; `complete` is false if counting stopped at a limit",
        },
        ingestion={
            "type": "object",
            "required": ["complete", "from", "minutes", "to"],
            "properties": {
                "from": _MOMENT,
                "to": _MOMENT,
                "minutes": {"type": "array", "items": _object(start=_MOMENT, records=_NUMBER, bytes=_NUMBER)},
                "complete": {"type": "boolean"},
            },
            "additionalProperties": False,
            "description": "Records per minute in the last 60 full minutes; minutes without records are omitted",
        },
    ),
)
TENANT_IDS: Final = Schema(name="TenantIds", definition=_object(tenants=_TEXTS))

# The employees API

_EMPLOYEE_ID: Final = {"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9-]{0,63}$"}
_EMPLOYEE_NAME: Final = name_schema()
_EMPLOYEE_TITLE: Final = name_schema(shortest=0)
EMPLOYEE_ID: Final = Parameter(name="id", where="path", schema=_EMPLOYEE_ID)
EMPLOYEE: Final = Schema(
    name="Employee", definition=_object(Id=_EMPLOYEE_ID, Name=_EMPLOYEE_NAME, optional={"Title": _EMPLOYEE_TITLE})
)
EMPLOYEES: Final = Schema(
    name="Employees",
    definition=_object(
        employees={
            "type": "array",
            "items": _object(Tenant=_TEXT, Id=_EMPLOYEE_ID, Name=_EMPLOYEE_NAME, Title=_EMPLOYEE_TITLE),
        }
    ),
)
EMPLOYEE_KEY: Final = Schema(name="EmployeeKey", definition=_object(Id=_EMPLOYEE_ID))

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
FOR_TENANT: Final = Parameter(name="x-tenant-id", where="header", required=True, schema=_TENANT_ID)
FOR_USER: Final = Parameter(name="x-user-id", where="header", required=True, schema=_USER_ID)
NEW_OBJECT: Final = Schema(
    name="NewObject",
    definition=_object(key=key_schema(), value={"type": "string", "description": "Any text"}),
)


def _replied(status: str, result: Mapping[str, Any]) -> dict[str, Any]:
    return _object(status={"type": "string", "enum": [status]}, result=result)


STORED: Final = Schema(name="Stored", definition=_replied("Created", _object(key=_TEXT)))
FOUND: Final = Schema(
    name="Found",
    definition=_replied(
        "OK",
        {
            "oneOf": [
                {**_TEXTS, "description": "The keys"},
                {**_TEXT, "description": "The content of the requested object"},
            ]
        },
    ),
)
TOKEN: Final = Schema(name="Token", definition=_replied("OK", _object(token=_TEXT)))
NO_CALLER: Final = Schema(name="NoCaller", definition=_replied("Unauthorized", _object(missing_fields=_TEXTS)))
REFUSED: Final = Schema(name="Refused", definition=_object(status=_TEXT, result=_object(invalid=_TEXT)))

# The parks API: membership

_ROLES: Final = {"type": "array", "minItems": 1, "items": {"type": "string", "enum": ["admin", "member", "visitor"]}}
_SOME_ROLES: Final = {"type": "array", "items": _TEXT}
_TIME: Final = {"type": "string", "format": "date-time"}
_INVITATION_ID: Final = {"type": "string", "pattern": "^[0-9a-f]{32}$"}
_EMAIL: Final = {
    "type": "string",
    "maxLength": 254,
    # As `tenantry.runtime.mailbox` checks it.
    "pattern": "^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\\.)+"
    "[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$",
}
ACTIVE_TENANT: Final = Parameter(
    name="tenantId", where="path", description="The tenant id; must be the caller's active tenant"
)
MEMBER_ID: Final = Parameter(name="memberId", where="path", schema=_USER_ID, description="The member's user id")
INVITATION_ID: Final = Parameter(name="invitationId", where="path", schema=_INVITATION_ID)
INVITING_TENANT: Final = Parameter(
    name="invitingTenantId",
    where="path",
    schema=_TENANT_ID,
    description="The tenant that invited the caller's verified address",
)
LIMIT: Final = Parameter(name="limit", schema={"type": "integer", "minimum": 1, "maximum": 100})
AFTER: Final = Parameter(name="after", schema=_USER_ID, description="`next` of the previous page")
SETTINGS: Final = Schema(name="Settings", definition=_object(roles=_SOME_ROLES, optional={"tenantId": _TEXT}))
CHOICE: Final = Schema(name="Choice", definition=_object(tenantId=_TENANT_ID))
OWN_TENANTS: Final = Schema(
    name="OwnTenants",
    definition=_object(
        tenants={
            "type": "array",
            "items": _object(tenantId=_TEXT, roles=_SOME_ROLES, active={"type": "boolean"}, optional={"name": _TEXT}),
        }
    ),
)
MEMBERS: Final = Schema(
    name="Members",
    definition=_object(
        members={"type": "array", "items": _object(userId=_TEXT, email=_TEXT, name=_TEXT, roles=_SOME_ROLES)},
        optional={"next": _TEXT},
    ),
)
NEW_INVITATION: Final = Schema(name="NewInvitation", definition=_object(email=_EMAIL, roles=_ROLES))
NEW_ROLES: Final = Schema(name="NewRoles", definition=_object(roles=_ROLES))
_INVITATION: Final = _object(invitationId=_TEXT, email=_TEXT, roles=_SOME_ROLES, invitedBy=_TEXT, expires=_TIME)
INVITATION: Final = Schema(name="Invitation", definition=_INVITATION)
INVITATIONS: Final = Schema(name="Invitations", definition=_object(invitations={"type": "array", "items": _INVITATION}))
OWN_INVITATIONS: Final = Schema(
    name="OwnInvitations",
    definition=_object(
        invitations={
            "type": "array",
            "items": _object(tenantId=_TEXT, roles=_SOME_ROLES, expires=_TIME, optional={"tenantName": _TEXT}),
        }
    ),
)
MEMBERSHIP: Final = Schema(name="Membership", definition=_object(tenantId=_TEXT, roles=_SOME_ROLES))
NEW_ADDRESS: Final = Schema(
    name="NewAddress",
    definition=_object(
        accessToken={"type": "string", "minLength": 1, "maxLength": 8192},
        code={
            "type": "string",
            "minLength": 1,
            "maxLength": 64,
            "description": "The confirmation code from the e-mail",
        },
    ),
)
