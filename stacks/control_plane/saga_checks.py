"""A person in the sagas' events: JSONata conditions that check one, and what the next event says of them."""

from __future__ import annotations

from tenantry.model.identifier_checks import user_id_condition


def person(path: str) -> list[str]:
    """Return the conditions that `path` has a user's id, address and name."""
    return [
        user_id_condition(f"{path}.userName"),
        f"$type({path}.email) = 'string'",
        f"$type({path}.name) = 'string'",
    ]


def person_of(path: str) -> dict[str, str]:
    """Return the person at `path`, for the detail of the next event."""
    return {field: f"{{% {path}.{field} %}}" for field in ("email", "userName", "name")}
