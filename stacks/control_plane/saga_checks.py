"""JSONata conditions that the sagas check their events with."""

from __future__ import annotations

from typing import Final

from stacks.platform.events import TENANT_ID_PATTERN, USER_ID_PATTERN

# The names of shared buckets, as in `tenantry.model.identifiers`.
_RESERVED: Final = ("prefix", "tag", "ap", "dbns")


def text(path: str) -> str:
    """Return the condition that there is a string at `path`."""
    return f"$type({path}) = 'string'"


def _matches(path: str, pattern: str) -> str:
    # Some engines let "$" match before a closing line break, hence the second condition.
    return f"({text(path)} and $contains({path}, /{pattern}/) and $not($contains({path}, /\\s/)))"


def has_user(path: str) -> str:
    """Return the condition that `userName` under `path` is a user id."""
    return f"{_matches(f'{path}.userName', USER_ID_PATTERN)} and $not($contains({path}.userName, '..'))"


def has_tenant(path: str) -> str:
    """Return the condition that `tenantId` under `path` is a tenant id."""
    reserved = ", ".join(f"'{word}'" for word in _RESERVED)
    return f"{_matches(f'{path}.tenantId', TENANT_ID_PATTERN)} and $not($lowercase({path}.tenantId) in [{reserved}])"
