"""What goes in and out of the control API, for its document. The functions behind it see to it."""

from __future__ import annotations

from typing import Any, Final

from stacks.platform.schema_parts import EMAIL_TEXT, TEXT, TEXTS, TIME, body, name_schema
from tenantry.isolation.api import Parameter
from tenantry.isolation.documentation import array, object_schema
from tenantry.model.identifier_checks import USER_ID_SCHEMA

_COUNT: Final = {"type": "integer", "minimum": 0}
_FLAG: Final = {"type": "boolean"}
_STATE: Final = {
    "type": "string",
    "enum": ["active", "blocked", "deleted", "differs", "new", "unconfirmed"],
    "description": "`new`: no directory record yet; `differs`: the next reconciliation repairs it",
}
_SUMMARY: Final[dict[str, Any]] = {"userId": TEXT, "email": TEXT, "name": TEXT, "state": _STATE}
_PLACE: Final = object_schema(
    {"phase": {"type": "string", "enum": ["pool", "directory", "tenants"]}},
    optional={"after": {**TEXT, "minLength": 1}},
)

ACCOUNT_ID: Final = Parameter(
    name="userId", where="path", schema=USER_ID_SCHEMA, description="The user's id (`cognito:username`)"
)
POOL_LIMIT: Final = Parameter(name="limit", schema={"type": "integer", "minimum": 1, "maximum": 60})
POOL_AFTER: Final = Parameter(name="after", schema={**TEXT, "minLength": 1}, description="`next` of the previous page")
POOL_EMAIL: Final = Parameter(
    name="email",
    schema=EMAIL_TEXT,
    description="Return only the account with this e-mail address",
)
BLOCK: Final = body("Block", {"reason": name_schema(longest=1024)})
ACCOUNTS: Final = body("Accounts", {"users": array(object_schema(_SUMMARY))}, optional={"next": TEXT})
ACCOUNT: Final = body(
    "Account",
    {**_SUMMARY, "tenants": array(object_schema({"tenantId": TEXT, "roles": TEXTS, "withoutAdmin": _FLAG}))},
    optional={
        "pool": object_schema(
            {"status": TEXT, "enabled": _FLAG, "email": TEXT, "emailVerified": _FLAG, "created": TIME, "modified": TIME}
        ),
        "directory": object_schema(
            optional={
                **dict.fromkeys(
                    ("email", "name", "activeTenantId", "origin", "newPassword", "blockedBy", "blockedReason"),
                    TEXT,
                ),
                **dict.fromkeys(("validAfter", "blockedAt", "deletedAt"), TIME),
                "deletedBy": TEXT,
            }
        ),
    },
)
ACCOUNT_CHANGE: Final = body(
    "AccountChange",
    {
        "userId": TEXT,
        "change": TEXT,
        "changed": {**_FLAG, "description": "False if the account already had this state"},
        "by": TEXT,
        "at": TIME,
        "tenants": {**TEXTS, "description": "Current and former tenants of the user"},
        "tenantsWithoutAdmin": {**TEXTS, "description": "Those of `tenants` that have no active admin now"},
    },
)
RECONCILIATION: Final = body(
    "Reconciliation", optional={"dryRun": _FLAG, "next": {**_PLACE, "description": "`next` of the previous part"}}
)
RECONCILED: Final = body(
    "Reconciled",
    {
        "dryRun": _FLAG,
        "users": _COUNT,
        "tenants": _COUNT,
        "differences": array(
            object_schema(
                {"kind": TEXT, "repaired": _FLAG}, optional={"userId": TEXT, "tenantId": TEXT, "remedy": TEXT}
            )
        ),
    },
    optional={"next": _PLACE},
)
