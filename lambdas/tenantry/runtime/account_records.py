"""What the hooks of the user pool write into the directory of a user's account, and read of it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, Self

from tenantry.model.directory_tables import ACTIVE_TENANT_ID, USER_ID, user_key
from tenantry.runtime.authorization_state import BLOCKED_AT, DELETED_AT, NEW_PASSWORD, VALID_AFTER

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mypy_boto3_dynamodb import DynamoDBClient

    from tenantry.model.identifiers import UserId

ORIGIN: Final = "origin"
RESET_ASKED: Final = "resetasked"
CONFIRMATION_HASH: Final = "confirmationhash"
EMAIL: Final = "email"
_READ: Final = (ACTIVE_TENANT_ID, EMAIL, ORIGIN, NEW_PASSWORD, RESET_ASKED, BLOCKED_AT, DELETED_AT)


class Origin(StrEnum):
    """How an account was made."""

    SELF = "self"
    OPERATOR = "operator"
    FEDERATED = "federated"


class NewPassword(StrEnum):
    """Why an account needs a new password before it counts."""

    CODE_ASKED_AGAIN = "code-asked-again"
    CONFIRMED_ELSEWHERE = "confirmed-elsewhere"


@dataclass(frozen=True, kw_only=True)
class AccountRecord:
    """What the directory says of an account.

    Attributes
    ----------
    email
        The address; empty while the saga has not made the record.
    active
        The value of the active tenant, unchecked; None if there is none.
    origin
        How the account was made; empty if the directory does not say.
    new_password, blocked, deleted
        Whether it is so.
    reset_asked
        When a code for a new password was last asked for, in seconds since 1970; 0 if none was, or if it was used.
    """

    email: str
    active: str | None
    origin: str
    new_password: bool
    blocked: bool
    deleted: bool
    reset_asked: int

    @classmethod
    def of(cls, item: Mapping[str, Any]) -> Self:
        """Read a user's item."""
        return cls(
            email=item.get(EMAIL, {}).get("S", ""),
            active=item.get(ACTIVE_TENANT_ID, {}).get("S"),
            origin=item.get(ORIGIN, {}).get("S", ""),
            new_password=NEW_PASSWORD in item,
            blocked=BLOCKED_AT in item,
            deleted=DELETED_AT in item,
            reset_asked=int(float(item.get(RESET_ASKED, {}).get("N", 0))),
        )


class AccountRecords:
    """Reads and writes accounts.

    Isolation: a deleted account is never written to, so that its tombstone stays what it is. The time from which
    sessions count never goes back.

    Parameters
    ----------
    client
        DynamoDB.
    table
        Name of the table of users; HASH ``userid``.
    """

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._table = table

    def get(self, user: UserId) -> AccountRecord:
        """Return what the directory says of an account, as it is now."""
        places = {f"#{number}": name for number, name in enumerate(_READ)}
        found = self._client.get_item(
            TableName=self._table,
            Key=user_key(user),
            ProjectionExpression=",".join(places),
            ExpressionAttributeNames=places,
            ConsistentRead=True,
        )
        return AccountRecord.of(found.get("Item", {}))

    def create(
        self, user: UserId, origin: Origin, *, confirmation_hash: str = "", proof_required: bool = False
    ) -> bool:
        """Write how an account was made.

        Parameters
        ----------
        user, origin
            The account.
        confirmation_hash
            SHA-256, in hex, of what confirms the sign-up from where it was made. The account then needs a new password
            unless `confirm` is called with it.
        proof_required
            Whether an account without such a hash needs a new password, too.
        """
        values: dict[str, Any] = {ORIGIN: {"S": origin}}
        if confirmation_hash:
            values[CONFIRMATION_HASH] = {"S": confirmation_hash}
        if confirmation_hash or proof_required:
            values[NEW_PASSWORD] = {"S": NewPassword.CONFIRMED_ELSEWHERE}
        return self._write(user, values)

    def require_new_password(self, user: UserId) -> bool:
        """Write that another code to confirm the account was asked for, so that its first password never counts."""
        return self._write(user, {NEW_PASSWORD: {"S": NewPassword.CODE_ASKED_AGAIN}})

    def confirm(self, user: UserId, secret: str) -> bool:
        """Let the first password count if the account was confirmed from where it was made; return whether it was."""
        values: Any = {
            ":hash": {"S": hashlib.sha256(secret.encode()).hexdigest()},
            ":elsewhere": {"S": NewPassword.CONFIRMED_ELSEWHERE},
        }
        return self._write(
            user,
            remove=[NEW_PASSWORD, CONFIRMATION_HASH],
            condition=f"{CONFIRMATION_HASH} = :hash AND {NEW_PASSWORD} = :elsewhere",
            values=values,
        )

    def confirm_by_operator(self, user: UserId) -> bool:
        """Let the first password count: an operator answers for whose it is."""
        return self._write(user, remove=[NEW_PASSWORD, CONFIRMATION_HASH], condition=f"attribute_exists({USER_ID})")

    def ask_reset(self, user: UserId, at: int) -> bool:
        """Write that a code for a new password was asked for."""
        return self._write(user, {RESET_ASKED: {"N": str(at)}})

    def reset(self, user: UserId, at: int) -> bool:
        """Write that a new password was chosen: it counts, and sessions of before have ended."""
        return self.end_sessions(user, at, remove=[NEW_PASSWORD, RESET_ASKED, CONFIRMATION_HASH])

    def change_address(self, user: UserId, email: str, at: int) -> bool:
        """Write a new address; sessions of before have ended."""
        return self.end_sessions(user, at, {EMAIL: {"S": email}})

    def end_sessions(
        self, user: UserId, at: int, values: Mapping[str, Any] | None = None, *, remove: Iterable[str] = ()
    ) -> bool:
        """Write that sessions which began before a second have ended, and whatever else there is to say."""
        valid_after, removed = {"N": str(at)}, list(remove)
        later = f"(attribute_not_exists({VALID_AFTER}) OR {VALID_AFTER} < :valid)"
        written = self._write(
            user,
            {**(values or {}), VALID_AFTER: valid_after},
            remove=removed,
            condition=later,
            values={":valid": valid_after},
        )
        # They have ended from a later second on, or the account is deleted.
        return written or ((bool(values) or bool(removed)) and self._write(user, values, remove=removed))

    def _write(
        self,
        user: UserId,
        sets: Mapping[str, Any] | None = None,
        *,
        remove: Iterable[str] = (),
        condition: str = "",
        values: Mapping[str, Any] | None = None,
    ) -> bool:
        """Write attributes of an account that is not deleted; return whether the conditions held."""
        sets = sets or {}
        assignments = ", ".join(f"{name} = :set{number}" for number, name in enumerate(sets))
        removals = ", ".join(remove)
        parts = [f"SET {assignments}" if assignments else "", f"REMOVE {removals}" if removals else ""]
        given = {**{f":set{number}": value for number, value in enumerate(sets.values())}, **(values or {})}
        more: dict[str, Any] = {"ExpressionAttributeValues": given} if given else {}
        try:
            self._client.update_item(
                TableName=self._table,
                Key=user_key(user),
                UpdateExpression=" ".join(part for part in parts if part),
                ConditionExpression=" AND ".join(
                    part for part in (f"attribute_not_exists({DELETED_AT})", condition) if part
                ),
                **more,
            )
        except self._client.exceptions.ConditionalCheckFailedException:
            return False
        return True
