"""What the parks' templates read of a request, the tenant of its authorizer first, and what they check of it."""

from __future__ import annotations

from typing import Final

from stacks.application_plane.parks import schemas
from tenantry.isolation.api import Answer
from tenantry.isolation.direct import ContextText, Matches, PathText
from tenantry.model.identifiers import TENANT_PATTERN

TENANT: Final = ContextText("authorizer.tenantId")
USER: Final = ContextText("authorizer.userId")
ROLES: Final = ContextText("authorizer.roles")
PARK_ID: Final = PathText("id")
WEBHOOK_ID: Final = PathText("webhookId")
IS_TENANT: Final = Matches(TENANT, TENANT_PATTERN)
IS_PARK: Final = Matches(PARK_ID, schemas.PARK_ID_PATTERN)
IS_WEBHOOK: Final = Matches(WEBHOOK_ID, schemas.WEBHOOK_ID_PATTERN)
A_STATUS: Final = "|".join(schemas.STATUSES)
STATUSES: Final = ", ".join(schemas.STATUSES)
NO_PARK: Final = Answer.refusal("Park not found in the active tenant")
BAD_PARK_ID: Final = "Malformed park id in the path: use lower-case letters, digits and hyphens, a letter first"
BAD_WEBHOOK_ID: Final = "Malformed path: id must be a park id, and webhookId 32 hexadecimal digits"
