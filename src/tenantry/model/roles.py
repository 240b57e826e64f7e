"""The roles that a user has in a tenant."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """What a user is in a tenant. Roles add up: who has two may do what either may."""

    ADMIN = "admin"
    """Decides who belongs to the tenant and in which roles, and may do all that the others may not."""
    MEMBER = "member"
    """Works with the tenant's things."""
    VISITOR = "visitor"
    """Looks at the tenant's things."""
