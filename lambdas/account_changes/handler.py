"""Changes an account in the directory, and returns the state machine's next steps in user pool and event bus."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal
from uuid import NAMESPACE_URL, uuid5

import boto3
from msgspec import Meta

from tenantry.model.errors import ConflictError, NotFoundError, TenancyError
from tenantry.model.event_types import BLOCKED, DELETED, SESSIONS_ENDED, UNBLOCKED
from tenantry.model.identifiers import UserId, user_id
from tenantry.runtime.accounts import Accounts, Outcome
from tenantry.runtime.inputs import Input, read
from tenantry.runtime.observability import logger, observed
from tenantry.runtime.settings import AccountSettings
from tenantry.runtime.statuses import status_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


ChangeName = Literal["block", "unblock", "signOut", "signedOut", "endSession", "delete", "forget", "changeAddress"]


class Change(Input, frozen=True):
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

    change: ChangeName
    userId: str  # noqa: N815 - the contract's spelling
    by: Annotated[str, Meta(min_length=1, max_length=2048)]
    reason: Annotated[str, Meta(max_length=1024)] = ""
    session: Annotated[str, Meta(max_length=256)] = ""
    at: Annotated[int, Meta(ge=0)] | None = None


settings = AccountSettings.load()
pool = boto3.client("cognito-idp")
accounts = Accounts(boto3.client("dynamodb"), settings.tables, settings.invitations_table)


@observed
def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Make the change, and return what the state machine does next.

    Isolation: whose account it is and who asks comes from the state machine's input, which only functions of ours can
    start; they take it from a signed request of an operator, or from the authorizer.

    Returns
    -------
    A dictionary with `status`. Of 200: what has happened, with `pool` (`disable`, `enable`, `signOut`, `delete` or
    empty) and `event`. Of any other: `message`, and nothing is left to do.
    """
    change = read(event, Change)
    logger.append_keys(change=change.change, userId=change.userId)
    step = _STEPS[change.change]
    try:
        user = user_id(change.userId)
        if change.change not in _UNKNOWN_TOO:
            _require_somebody(user)
        outcome = step.write(user, change)
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
        "pool": step.pool,
        **(_event(step.event, user, outcome) if step.event else {}),
    }


def _sign_out(user: UserId, change: Change) -> Outcome:
    if change.session:  # it may have begun in this very second, which the sign-in after this may do as well
        accounts.end_session(user, change.session, by=change.by)
    return accounts.end_sessions(user, by=change.by, at=change.at)


def _end_session(user: UserId, change: Change) -> Outcome:
    if not change.session:
        raise ConflictError("The token has no session id, so that no single session can be ended: end all sessions")
    return accounts.end_session(user, change.session, by=change.by)


def _change_address(user: UserId, change: Change) -> Outcome:
    """Take the address that the user pool has verified, and no other."""
    found = _in_pool(user)
    if found is None:
        raise NotFoundError("Account not found")
    if found.get("email_verified") != "true" or "email" not in found:
        raise ConflictError("The account has no verified e-mail address in the user pool: verify it first")
    return accounts.change_address(user, found["email"], by=change.by)


@dataclass(frozen=True)
class _Step:
    """What a change is: its writes in the directory, and what the state machine does after them."""

    write: Callable[[UserId, Change], Outcome]
    pool: str = ""
    event: str = ""


_STEPS: Final[Mapping[ChangeName, _Step]] = {
    "block": _Step(lambda user, change: accounts.block(user, by=change.by, reason=change.reason), "disable", BLOCKED),
    "unblock": _Step(lambda user, change: accounts.unblock(user, by=change.by), "enable", UNBLOCKED),
    "signOut": _Step(_sign_out, "signOut", SESSIONS_ENDED),
    "signedOut": _Step(_sign_out, event=SESSIONS_ENDED),
    "endSession": _Step(_end_session),
    "delete": _Step(lambda user, change: accounts.delete(user, by=change.by), "delete", DELETED),
    "forget": _Step(lambda user, _: accounts.forget(user), "delete"),
    "changeAddress": _Step(_change_address, "signOut", SESSIONS_ENDED),
}
_UNKNOWN_TOO: Final = frozenset({"forget", "changeAddress"})  # they look for the account themselves


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


def _event(name: str, user: UserId, outcome: Outcome) -> dict[str, Any]:
    """Return the event of a change: the same, with the same `changeId`, when the change is made once more."""
    detail: dict[str, Any] = {
        "changeId": str(uuid5(NAMESPACE_URL, f"{name} {user} {outcome.at}")),
        "at": datetime.fromtimestamp(outcome.at, UTC).isoformat(),
        "userName": user,
        "by": outcome.by,
    }
    if name != SESSIONS_ENDED:
        detail["tenants"] = list(outcome.tenants)
    return {"event": name, "detail": detail}
