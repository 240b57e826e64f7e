"""Environment variables that constructs set and functions read."""

from __future__ import annotations

from typing import Final

TOKEN_VENDOR: Final = "TOKEN_VENDOR"  # noqa: S105 - a variable's name
"""The tenant role and the session policy templates, by purpose, as JSON."""

USERS_TABLE: Final = "USERS_TABLE"
TENANTS_TABLE: Final = "TENANTS_TABLE"
TENANT_USERS_TABLE: Final = "TENANT_USERS_TABLE"

ISSUER: Final = "ISSUER"
AUDIENCE: Final = "AUDIENCE"
ROUTES: Final = "ROUTES"
"""The routes with their roles, one a line."""
ACTS_IN: Final = "ACTS_IN"
TOKEN_HEADER: Final = "TOKEN_HEADER"  # noqa: S105 - a variable's name
SHARED_SECRET_ARN: Final = "SHARED_SECRET_ARN"  # noqa: S105 - a variable's name
SHARED_ISSUER: Final = "SHARED_ISSUER"
BARE_TOKENS: Final = "BARE_TOKENS"
