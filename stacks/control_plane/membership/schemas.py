"""What goes in and out of the membership API, for its document. The function behind it sees to it."""

from __future__ import annotations

from typing import Final

from stacks.platform.schema_parts import EMAIL_TEXT, TEXT, TEXTS, TIME, body
from tenantry.isolation.api import Parameter, Schema
from tenantry.isolation.documentation import array, object_schema
from tenantry.model.identifier_checks import TENANT_ID_SCHEMA, USER_ID_SCHEMA
from tenantry.model.roles import ALL_ROLES

_ROLES: Final = {"type": "array", "minItems": 1, "items": {"type": "string", "enum": [*map(str, ALL_ROLES)]}}
_INVITATION_ID: Final = {"type": "string", "pattern": "^[0-9a-f]{32}$"}
ACTIVE_TENANT: Final = Parameter(
    name="tenantId", where="path", description="The tenant id; must be the caller's active tenant"
)
MEMBER_ID: Final = Parameter(name="memberId", where="path", schema=USER_ID_SCHEMA, description="The member's user id")
INVITATION_ID: Final = Parameter(name="invitationId", where="path", schema=_INVITATION_ID)
INVITING_TENANT: Final = Parameter(
    name="invitingTenantId",
    where="path",
    schema=TENANT_ID_SCHEMA,
    description="The tenant that invited the caller's verified address",
)
LIMIT: Final = Parameter(name="limit", schema={"type": "integer", "minimum": 1, "maximum": 100})
AFTER: Final = Parameter(name="after", schema=USER_ID_SCHEMA, description="`next` of the previous page")
SETTINGS: Final = body("Settings", {"roles": TEXTS}, optional={"tenantId": TEXT})
CHOICE: Final = body("Choice", {"tenantId": TENANT_ID_SCHEMA})
OWN_TENANTS: Final = body(
    "OwnTenants",
    {
        "tenants": array(
            object_schema({"tenantId": TEXT, "roles": TEXTS, "active": {"type": "boolean"}}, optional={"name": TEXT})
        )
    },
)
MEMBERS: Final = body(
    "Members",
    {"members": array(object_schema({"userId": TEXT, "email": TEXT, "name": TEXT, "roles": TEXTS}))},
    optional={"next": TEXT},
)
NEW_INVITATION: Final = body("NewInvitation", {"email": EMAIL_TEXT, "roles": _ROLES})
NEW_ROLES: Final = body("NewRoles", {"roles": _ROLES})
_INVITATION: Final = object_schema(
    {"invitationId": TEXT, "email": TEXT, "roles": TEXTS, "invitedBy": TEXT, "expires": TIME}
)
INVITATION: Final = Schema(name="Invitation", definition=_INVITATION)
INVITATIONS: Final = body("Invitations", {"invitations": array(_INVITATION)})
OWN_INVITATIONS: Final = body(
    "OwnInvitations",
    {
        "invitations": array(
            object_schema({"tenantId": TEXT, "roles": TEXTS, "expires": TIME}, optional={"tenantName": TEXT})
        )
    },
)
MEMBERSHIP: Final = body("Membership", {"tenantId": TEXT, "roles": TEXTS})
NEW_ADDRESS: Final = body(
    "NewAddress",
    {
        "accessToken": {"type": "string", "minLength": 1, "maxLength": 8192},
        "code": {
            "type": "string",
            "minLength": 1,
            "maxLength": 64,
            "description": "The confirmation code from the e-mail",
        },
    },
)
