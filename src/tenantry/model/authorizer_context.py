"""What the authorizers tell of a caller to what is behind the API (``$context.authorizer``): the keys."""

from __future__ import annotations

from typing import Final

TENANT_ID: Final = "tenantId"
USER_ID: Final = "userId"
ROLES: Final = "roles"
"""The caller's roles in the tenant, as a JSON list."""
EMAIL: Final = "email"
FIRST_NAME: Final = "firstName"
LAST_NAME: Final = "lastName"
AUTH_TIME: Final = "authTime"
"""When the caller signed in, in seconds since 1970."""
SESSION: Final = "session"
"""The session of the sign-in (``origin_jti``)."""


def context_path(key: str) -> str:
    """Return where a mapping template finds it, below ``$context``."""
    return f"authorizer.{key}"
