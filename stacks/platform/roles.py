"""The roles of the application, as `tenantry.model.roles` has them."""

from __future__ import annotations

from typing import Final

ADMIN: Final = "admin"
MEMBER: Final = "member"
VISITOR: Final = "visitor"
ALL_ROLES: Final = (ADMIN, MEMBER, VISITOR)
WRITERS: Final = (ADMIN, MEMBER)
