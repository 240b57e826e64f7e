"""What the hooks of the user pool write into the directory of a user's account, and read of it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from tenantry.model.directory_tables import USER_ID, user_key
from tenantry.runtime.authorization_state import DELETED_AT, NEW_PASSWORD, VALID_AFTER
from tenantry.runtime.batches import get
from tenantry.runtime.sign_in_account import ATTRIBUTES, EMAIL, ORIGIN, RESET_ASKED, SignInAccount

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mypy_boto3_dynamodb import DynamoDBClient

    from tenantry.model.identifiers import UserId

CONFIRMATION_HASH: Final = "confirmationhash"


class Origin(StrEnum):
    """How an account was made."""

    SELF = "self"
    OPERATOR = "operator"
    FEDERATED = "federated"


class NewPassword(StrEnum):
    """Why an account needs a new password before it counts."""

    CODE_ASKED_AGAIN = "code-asked-again"
    CONFIRMED_ELSEWHERE = "confirmed-elsewhere"


@dataclass
class AccountRecords:
    """Reads and writes accounts.

    Isolation: a deleted account is never written to, so that its tombstone stays what it is. The time from which
    sessions count never goes back.

    Attributes
    ----------
    client
        DynamoDB.
    table
        Name of the table of users; HASH ``userid``.
    """

    client: DynamoDBClient
    table: str

    def get(self, user: UserId) -> SignInAccount:
        """Return what the directory says of an account, as it is now, as far as a sign-in takes it."""
        return SignInAccount.of({**(get(self.client, self.table, user_key(user), ATTRIBUTES) or {}), **user_key(user)})

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
        hashed = hashlib.sha256(secret.encode()).hexdigest()
        condition = f"{CONFIRMATION_HASH} = :hash AND {NEW_PASSWORD} = :elsewhere"
        values = {":hash": {"S": hashed}, ":elsewhere": {"S": NewPassword.CONFIRMED_ELSEWHERE}}
        return self._write(user, remove=[NEW_PASSWORD, CONFIRMATION_HASH], condition=condition, values=values)

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
        sets = {**(values or {}), VALID_AFTER: valid_after}
        written = self._write(user, sets, remove=removed, condition=later, values={":valid": valid_after})
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
        numbered = {f":set{number}": entry for number, entry in enumerate((sets or {}).items())}
        assignments = ", ".join(f"{name} = {place}" for place, (name, _) in numbered.items())
        removals = ", ".join(remove)
        parts = (f"SET {assignments}" if assignments else "", f"REMOVE {removals}" if removals else "")
        given = {**{place: value for place, (_, value) in numbered.items()}, **(values or {})}
        more: dict[str, Any] = {"ExpressionAttributeValues": given} if given else {}
        try:
            self.client.update_item(
                TableName=self.table,
                Key=user_key(user),
                UpdateExpression=" ".join(filter(None, parts)),
                ConditionExpression=" AND ".join(filter(None, (f"attribute_not_exists({DELETED_AT})", condition))),
                **more,
            )
        except self.client.exceptions.ConditionalCheckFailedException:
            return False
        return True
