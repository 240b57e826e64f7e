"""What a sign-in takes of a user's account. The user pool's hooks import this at each cold start, and little else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Self

from tenantry.model.directory_tables import ACTIVE_TENANT_ID, USER_ID
from tenantry.model.identifiers import UserId
from tenantry.runtime.authorization_state import BLOCKED_AT, DELETED_AT, NEW_PASSWORD

if TYPE_CHECKING:
    from collections.abc import Mapping

EMAIL: Final = "email"
ORIGIN: Final = "origin"
RESET_ASKED: Final = "resetasked"
ATTRIBUTES: Final = (ACTIVE_TENANT_ID, EMAIL, ORIGIN, NEW_PASSWORD, RESET_ASKED, BLOCKED_AT, DELETED_AT)
"""What `SignInAccount` is read from, beside the key."""


@dataclass(frozen=True, kw_only=True)
class SignInAccount:
    """What the directory has of a person, as far as a sign-in takes it: no field stands for what was not read.

    Attributes
    ----------
    user_id
        Who it is.
    email
        Theirs; None of an account without a directory record yet, and of a deleted one.
    active
        The tenant that is active for them.
    origin
        How the account was made: ``self``, ``operator`` or ``federated``; empty if nobody knows.
    new_password
        Why they must choose a new password before anything else; None if they need not.
    reset_asked
        When a code for a new password was last asked for, in seconds since 1970; 0 if none was, or if it was used.
    blocked_at, deleted_at
        When they were blocked or deleted; None if they are not.
    """

    user_id: UserId
    email: str | None = None
    active: str | None = None
    origin: str = ""
    new_password: str | None = None
    reset_asked: int = 0
    blocked_at: int | None = None
    deleted_at: int | None = None

    @classmethod
    def of(cls, item: Mapping[str, Any]) -> Self:
        """Read an item of the table of users."""
        return cls(**cls._fields(item))

    @classmethod
    def _fields(cls, item: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "user_id": UserId(item[USER_ID]["S"]),
            "email": text(item, EMAIL),
            "active": text(item, ACTIVE_TENANT_ID),
            "origin": text(item, ORIGIN) or "",
            "new_password": (text(item, NEW_PASSWORD) or "") if NEW_PASSWORD in item else None,
            "reset_asked": seconds(item, RESET_ASKED) or 0,
            "blocked_at": seconds(item, BLOCKED_AT),
            "deleted_at": seconds(item, DELETED_AT),
        }


def text(item: Mapping[str, Any], name: str) -> str | None:
    """Return an attribute that is a string; None if there is none."""
    return str(item[name]["S"]) if "S" in item.get(name, {}) else None


def seconds(item: Mapping[str, Any], name: str) -> int | None:
    """Return an attribute that is a time, in whole seconds; None if there is none."""
    return int(float(item[name]["N"])) if name in item else None
