"""What goes in and out of the membership API, for its document. The function behind it sees to it."""

from __future__ import annotations

from typing import Final

from stacks.platform.schema_parts import EMAIL_TEXT, TEXT, TIME, object_schema
from tenantry.isolation.api import Parameter, Schema
from tenantry.model.identifier_checks import TENANT_ID_SCHEMA, USER_ID_SCHEMA
from tenantry.model.roles import ALL_ROLES

_ROLES: Final = {"type": "array", "minItems": 1, "items": {"type": "string", "enum": [*map(str, ALL_ROLES)]}}
_SOME_ROLES: Final = {"type": "array", "items": TEXT}
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
SETTINGS: Final = Schema(name="Settings", definition=object_schema(roles=_SOME_ROLES, optional={"tenantId": TEXT}))
CHOICE: Final = Schema(name="Choice", definition=object_schema(tenantId=TENANT_ID_SCHEMA))
OWN_TENANTS: Final = Schema(
    name="OwnTenants",
    definition=object_schema(
        tenants={
            "type": "array",
            "items": object_schema(
                tenantId=TEXT, roles=_SOME_ROLES, active={"type": "boolean"}, optional={"name": TEXT}
            ),
        }
    ),
)
MEMBERS: Final = Schema(
    name="Members",
    definition=object_schema(
        members={"type": "array", "items": object_schema(userId=TEXT, email=TEXT, name=TEXT, roles=_SOME_ROLES)},
        optional={"next": TEXT},
    ),
)
NEW_INVITATION: Final = Schema(name="NewInvitation", definition=object_schema(email=EMAIL_TEXT, roles=_ROLES))
NEW_ROLES: Final = Schema(name="NewRoles", definition=object_schema(roles=_ROLES))
_INVITATION: Final = object_schema(invitationId=TEXT, email=TEXT, roles=_SOME_ROLES, invitedBy=TEXT, expires=TIME)
INVITATION: Final = Schema(name="Invitation", definition=_INVITATION)
INVITATIONS: Final = Schema(
    name="Invitations", definition=object_schema(invitations={"type": "array", "items": _INVITATION})
)
OWN_INVITATIONS: Final = Schema(
    name="OwnInvitations",
    definition=object_schema(
        invitations={
            "type": "array",
            "items": object_schema(tenantId=TEXT, roles=_SOME_ROLES, expires=TIME, optional={"tenantName": TEXT}),
        }
    ),
)
MEMBERSHIP: Final = Schema(name="Membership", definition=object_schema(tenantId=TEXT, roles=_SOME_ROLES))
NEW_ADDRESS: Final = Schema(
    name="NewAddress",
    definition=object_schema(
        accessToken={"type": "string", "minLength": 1, "maxLength": 8192},
        code={
            "type": "string",
            "minLength": 1,
            "maxLength": 64,
            "description": "The confirmation code from the e-mail",
        },
    ),
)
