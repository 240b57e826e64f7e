"""What goes in and out of the control API, for its document. The functions behind it see to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from stacks.platform.name_schemas import name_schema
from stacks.platform.schemas import NEW_INVITATION
from tenantry.isolation.api import Parameter, Schema

if TYPE_CHECKING:
    from collections.abc import Mapping


def _object(*, optional: Mapping[str, Any] | None = None, **required: Any) -> dict[str, Any]:  # noqa: ANN401 - a part of a schema
    """Return the schema of an object, which has no other fields."""
    named = {"required": sorted(required)} if required else {}
    return {
        "type": "object",
        **named,
        "properties": {**required, **(optional or {})},
        "additionalProperties": False,
    }


_TEXT: Final = {"type": "string"}
_TEXTS: Final = {"type": "array", "items": _TEXT}
_TIME: Final = {"type": "string", "format": "date-time"}
_COUNT: Final = {"type": "integer", "minimum": 0}
_FLAG: Final = {"type": "boolean"}
_STATE: Final = {
    "type": "string",
    "enum": ["active", "blocked", "deleted", "differs", "new", "unconfirmed"],
    "description": "`new`: no directory record yet; `differs`: the next reconciliation repairs it",
}
_SUMMARY: Final[dict[str, Any]] = {"userId": _TEXT, "email": _TEXT, "name": _TEXT, "state": _STATE}
_PLACE: Final = _object(
    phase={"type": "string", "enum": ["pool", "directory", "tenants"]}, optional={"after": {**_TEXT, "minLength": 1}}
)

ACCOUNT_ID: Final = Parameter(
    name="userId",
    where="path",
    schema={
        "type": "string",
        "pattern": "^[A-Za-z0-9][A-Za-z0-9@._+-]{0,127}$",
        "not": {"pattern": "\\.\\."},
    },
    description="The user's id (`cognito:username`)",
)
POOL_LIMIT: Final = Parameter(name="limit", schema={"type": "integer", "minimum": 1, "maximum": 60})
POOL_AFTER: Final = Parameter(name="after", schema={**_TEXT, "minLength": 1}, description="`next` of the previous page")
POOL_EMAIL: Final = Parameter(
    name="email",
    schema=NEW_INVITATION.definition["properties"]["email"],
    description="Return only the account with this e-mail address",
)
BLOCK: Final = Schema(name="Block", definition=_object(reason=name_schema(longest=1024)))
ACCOUNTS: Final = Schema(
    name="Accounts",
    definition=_object(
        users={"type": "array", "items": _object(**_SUMMARY)},
        optional={"next": _TEXT},
    ),
)
ACCOUNT: Final = Schema(
    name="Account",
    definition=_object(
        **_SUMMARY,
        tenants={
            "type": "array",
            "items": _object(tenantId=_TEXT, roles=_TEXTS, withoutAdmin=_FLAG),
        },
        optional={
            "pool": _object(
                status=_TEXT, enabled=_FLAG, email=_TEXT, emailVerified=_FLAG, created=_TIME, modified=_TIME
            ),
            "directory": _object(
                optional={
                    **dict.fromkeys(
                        ("email", "name", "activeTenantId", "origin", "newPassword", "blockedBy", "blockedReason"),
                        _TEXT,
                    ),
                    **dict.fromkeys(("validAfter", "blockedAt", "deletedAt"), _TIME),
                    "deletedBy": _TEXT,
                }
            ),
        },
    ),
)
ACCOUNT_CHANGE: Final = Schema(
    name="AccountChange",
    definition=_object(
        userId=_TEXT,
        change=_TEXT,
        changed={**_FLAG, "description": "False if the account already had this state"},
        by=_TEXT,
        at=_TIME,
        tenants={**_TEXTS, "description": "Current and former tenants of the user"},
        tenantsWithoutAdmin={**_TEXTS, "description": "Those of `tenants` that have no active admin now"},
    ),
)
RECONCILIATION: Final = Schema(
    name="Reconciliation",
    definition=_object(optional={"dryRun": _FLAG, "next": {**_PLACE, "description": "`next` of the previous part"}}),
)
RECONCILED: Final = Schema(
    name="Reconciled",
    definition=_object(
        dryRun=_FLAG,
        users=_COUNT,
        tenants=_COUNT,
        differences={
            "type": "array",
            "items": _object(
                kind=_TEXT, repaired=_FLAG, optional={"userId": _TEXT, "tenantId": _TEXT, "remedy": _TEXT}
            ),
        },
        optional={"next": _PLACE},
    ),
)
