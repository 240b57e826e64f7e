"""Changes an account in the directory, and returns the state machine's next steps in user pool and event bus."""

from __future__ import annotations

from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, Literal
from uuid import NAMESPACE_URL, uuid5

import boto3
from pydantic import BaseModel, ConfigDict, Field

from tenantry.model.errors import ConflictError, NotFoundError, TenancyError
from tenantry.model.event_types import BLOCKED, DELETED, SESSIONS_ENDED, UNBLOCKED
from tenantry.model.identifiers import UserId, user_id
from tenantry.runtime.accounts import Accounts, Outcome
from tenantry.runtime.membership import Tables
from tenantry.runtime.observability import logger, observed
from tenantry.runtime.settings import Settings
from tenantry.runtime.statuses import status_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from aws_lambda_powertools.utilities.typing import LambdaContext


class _Settings(Settings):
    users_table: str
    tenants_table: str
    tenant_users_table: str
    invitations_table: str
    user_pool_id: str


ChangeName = Literal["block", "unblock", "signOut", "signedOut", "endSession", "delete", "forget", "changeAddress"]


class Change(BaseModel):
    """The input of the state machine.

    Attributes
    ----------
    change
        What is asked for. `signedOut` is a sign-out that the user pool has made already; `forget` is for an account
        that was never confirmed.
    userId
        Of whom.
    by
        Who asks: a user id, an operator's principal, or `pool`.
    reason
        Of a block.
    session
        `origin_jti` of the session to end; of a sign-out, of the one that asks for it.
    at
        Of `signedOut`, when that was, in seconds since 1970.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    change: ChangeName
    userId: str  # noqa: N815 - the contract's spelling
    by: str = Field(min_length=1, max_length=2048)
    reason: str = Field(default="", max_length=1024)
    session: str = Field(default="", max_length=256)
    at: int | None = Field(default=None, ge=0)


settings = _Settings.load()
pool = boto3.client("cognito-idp")
accounts = Accounts(
    boto3.client("dynamodb"),
    Tables(users=settings.users_table, tenants=settings.tenants_table, memberships=settings.tenant_users_table),
    settings.invitations_table,
)

# What is done in the user pool after the directory, and which event says so.
_POOL: Final[Mapping[str, str]] = {
    "block": "disable",
    "unblock": "enable",
    "signOut": "signOut",
    "changeAddress": "signOut",
    "delete": "delete",
    "forget": "delete",
}
_EVENTS: Final[Mapping[str, str]] = {
    "block": BLOCKED,
    "unblock": UNBLOCKED,
    "delete": DELETED,
    "signOut": SESSIONS_ENDED,
    "signedOut": SESSIONS_ENDED,
    "changeAddress": SESSIONS_ENDED,
}
_WITH_TENANTS: Final = frozenset({BLOCKED, UNBLOCKED, DELETED})


@observed
def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """Make the change, and return what the state machine does next.

    Isolation: whose account it is and who asks comes from the state machine's input, which only functions of ours can
    start; they take it from a signed request of an operator, or from the authorizer.

    Returns
    -------
    A dictionary with `status`. Of 200: what has happened, with `pool` (`disable`, `enable`, `signOut`, `delete` or
    empty) and `event`. Of any other: `message`, and nothing is left to do.
    """
    change = Change.model_validate(event)
    logger.append_keys(change=change.change, userId=change.userId)
    try:
        user = user_id(change.userId)
        outcome = _CHANGES[change.change](user, change)
    except TenancyError as error:
        status = int(status_of(error))
        logger.info("refused", status=status)
        return {"status": status, "message": str(error)}
    logger.info("written", changed=outcome.changed)
    return {
        "status": int(HTTPStatus.OK),
        "userId": user,
        "change": change.change,
        "changed": outcome.changed,
        "by": outcome.by,
        "at": outcome.at,
        "tenants": list(outcome.tenants),
        "tenantsWithoutAdmin": list(outcome.without_admin),
        "pool": _POOL.get(change.change, ""),
        **_event(user, change, outcome),
    }


def _block(user: UserId, change: Change) -> Outcome:
    _require_somebody(user)
    return accounts.block(user, by=change.by, reason=change.reason)


def _unblock(user: UserId, change: Change) -> Outcome:
    _require_somebody(user)
    return accounts.unblock(user, by=change.by)


def _sign_out(user: UserId, change: Change) -> Outcome:
    _require_somebody(user)
    if change.session:  # it may have begun in this very second, which the sign-in after this may do as well
        accounts.end_session(user, change.session, by=change.by)
    return accounts.end_sessions(user, by=change.by, at=change.at)


def _end_session(user: UserId, change: Change) -> Outcome:
    _require_somebody(user)
    if not change.session:
        raise ConflictError("The token has no session id, so that no single session can be ended: end all sessions")
    return accounts.end_session(user, change.session, by=change.by)


def _delete(user: UserId, change: Change) -> Outcome:
    _require_somebody(user)
    return accounts.delete(user, by=change.by)


def _forget(user: UserId, _change: Change) -> Outcome:
    return accounts.forget(user)


def _change_address(user: UserId, change: Change) -> Outcome:
    """Take the address that the user pool has verified, and no other."""
    found = _in_pool(user)
    if found is None:
        raise NotFoundError("Account not found")
    if found.get("email_verified") != "true" or "email" not in found:
        raise ConflictError("The account has no verified e-mail address in the user pool: verify it first")
    return accounts.change_address(user, found["email"], by=change.by)


_CHANGES: Final[Mapping[ChangeName, Callable[[UserId, Change], Outcome]]] = {
    "block": _block,
    "unblock": _unblock,
    "signOut": _sign_out,
    "signedOut": _sign_out,
    "endSession": _end_session,
    "delete": _delete,
    "forget": _forget,
    "changeAddress": _change_address,
}


def _require_somebody(user: UserId) -> None:
    """Refuse an id that neither the directory nor the user pool has: no tombstone is written for an unknown id."""
    if accounts.find(user) is None and _in_pool(user) is None:
        raise NotFoundError("Account not found")


def _in_pool(user: UserId) -> dict[str, str] | None:
    try:
        found = pool.admin_get_user(UserPoolId=settings.user_pool_id, Username=user)
    except pool.exceptions.UserNotFoundException:
        return None
    return {attribute["Name"]: attribute.get("Value", "") for attribute in found["UserAttributes"]}


def _event(user: UserId, change: Change, outcome: Outcome) -> dict[str, Any]:
    """Return the event of a change: the same, with the same `changeId`, when the change is made once more."""
    name = _EVENTS.get(change.change)
    if name is None:
        return {}
    detail: dict[str, Any] = {
        "changeId": str(uuid5(NAMESPACE_URL, f"{name} {user} {outcome.at}")),
        "at": datetime.fromtimestamp(outcome.at, UTC).isoformat(),
        "userName": user,
        "by": outcome.by,
    }
    if name in _WITH_TENANTS:
        detail["tenants"] = list(outcome.tenants)
    return {"event": name, "detail": detail}
