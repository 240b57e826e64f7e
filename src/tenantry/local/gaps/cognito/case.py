"""User names are case-insensitive in a pool that is configured so.

AWS: in a pool with `CaseSensitive` false, `Ann@example.com` is `ann@example.com`, at sign-up, at sign-in and as an
alias.
https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-case-sensitivity.html

MiniStack: stores the setting and makes two users of them.

Here: both are the same user.
"""

from typing import Any

from ministack.services import cognito

from tenantry.local.patching import Fields, Original, require, wrap


def close() -> None:
    """Close the gap."""
    require(cognito, "_attr_list_to_dict")
    wrap(cognito, "_resolve_user", _in_any_case)


def _in_any_case(resolve: Original, pool: Fields, username: str | None) -> Any:
    user, error = resolve(pool, username)
    if user or not username or (pool.get("UsernameConfiguration") or {}).get("CaseSensitive", True):
        return user, error
    for name in _names(pool):
        if name.lower() == username.lower():
            return resolve(pool, name)
    return None, error


def _names(pool: Fields) -> list[str]:
    """Return every name that a user of the pool goes by, as it was given."""
    aliases = {*(pool.get("UsernameAttributes") or []), *(pool.get("AliasAttributes") or [])}
    attributes = [cognito._attr_list_to_dict(user["Attributes"]) for user in pool["_users"].values()]
    return [*pool["_users"], *(own[alias] for own in attributes for alias in aliases if alias in own)]
