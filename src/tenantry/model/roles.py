"""The roles that a user has in a tenant."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Role(StrEnum):
    """What a user is in a tenant. Roles add up: who has two may do what either may."""

    ADMIN = "admin"
    """Decides who belongs to the tenant and in which roles, and may do all that the others may not."""
    MEMBER = "member"
    """Works with the tenant's things."""
    VISITOR = "visitor"
    """Looks at the tenant's things."""


ALL_ROLES: Final = tuple(Role)
"""Every role, for what anybody in a tenant may do: a new role may do it too."""

NON_ADMINS: Final = tuple(role for role in Role if role is not Role.ADMIN)
"""Every role but the one that decides who belongs to the tenant."""

READERS: Final = (Role.ADMIN, Role.MEMBER, Role.VISITOR)
"""The roles that may look at all of the tenant's things."""

WEBHOOK_OWNERS: Final = (Role.VISITOR, Role.ADMIN)
"""The roles that may own webhooks: those of who has neither any more are paused."""

WRITERS: Final = (Role.ADMIN, Role.MEMBER)
"""The roles that may change the tenant's things."""
