"""JSONata conditions by which a saga refuses an event whose ids are malformed."""

from __future__ import annotations

from typing import Final

# The form of ids in `tenantry.model.identifiers`; a test compares the two.
TENANT_ID: Final = "^[A-Za-z0-9][A-Za-z0-9-]{1,36}[A-Za-z0-9]$"
USER_ID: Final = "^[A-Za-z0-9][A-Za-z0-9@._+-]{0,127}$"


def is_text(path: str) -> str:
    """Return the condition that there is a string at a path, such as ``$event.detail.id``."""
    return f"$type({path}) = 'string'"


def matches(path: str, pattern: str) -> str:
    """Return the condition that the string at a path matches a pattern, whose ends it says."""
    # Some engines let "$" match before a closing line break, hence the last condition.
    return f"({is_text(path)} and $contains({path}, /{pattern}/) and $not($contains({path}, /\\s/)))"


def is_tenant(path: str) -> str:
    """Return the condition that there is a text at a path that has the form of a tenant id."""
    return matches(path, TENANT_ID)


def is_user(path: str) -> str:
    """Return the condition that there is a text at a path that has the form of a user id."""
    return f"{matches(path, USER_ID)} and $not($contains({path}, '..'))"
