"""Records how accounts are confirmed and when passwords are reset, and publishes confirmed sign-ups."""

from __future__ import annotations

import re
import time
from functools import cache
from typing import TYPE_CHECKING, Any, Final

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from tenantry.model.event_types import IDENTITY, SIGN_UP
from tenantry.model.identifiers import user_id
from tenantry.model.names import name_refusal
from tenantry.runtime.account_records import AccountRecords, Origin
from tenantry.runtime.events import KeepingPublisher, SignUp, SignUpData
from tenantry.runtime.observability import logger, observed
from tenantry.runtime.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp import CognitoIdentityProviderClient

    from tenantry.model.identifiers import UserId

_ORIGINS: Final = {
    "PreSignUp_SignUp": Origin.SELF,
    "PreSignUp_AdminCreateUser": Origin.OPERATOR,
    "PreSignUp_ExternalProvider": Origin.FEDERATED,
}
# What the caller of an operator's operation has in the place of an app client; no app client can send it.
_NO_CLIENT: Final = "CLIENT_ID_NOT_APPLICABLE"
_HASH: Final = re.compile(r"[0-9a-f]{64}")


class _Settings(Settings):
    application: str
    event_bus_name: str
    dead_letter_queue_url: str
    users_table: str
    confirmation_proof_required: bool


settings = _Settings.load()
# Cognito waits five seconds for a hook: two quick tries, then the dead-letter queue for what must not be lost.
_quick = Config(connect_timeout=1, read_timeout=1, retries={"mode": "standard", "total_max_attempts": 2})
accounts = AccountRecords(boto3.client("dynamodb", config=_quick), settings.users_table)


@cache
def publisher() -> KeepingPublisher:
    """Return what publishes sign-ups. A cold start, which a sign-up may wait for, does not make its clients."""
    return KeepingPublisher(
        bus=boto3.client("events", config=_quick),
        bus_name=settings.event_bus_name,
        application=settings.application,
        queue=boto3.client("sqs", config=_quick),
        queue_url=settings.dead_letter_queue_url,
    )


@cache
def pool_client() -> CognitoIdentityProviderClient:
    """Return the client of the user pool, which few calls need."""
    return boto3.client("cognito-idp", config=_quick)


@observed
def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Handle the trigger and return the event unchanged, as Cognito requires.

    Isolation: a hook that fails before a code goes out or before a user is made keeps Cognito from doing so. One that
    fails after a confirmation leaves the account where it was before: it needs a new password if it did.
    """
    source = event["triggerSource"]
    if source in _ORIGINS:
        _before_sign_up(event)
    elif source == "CustomMessage_ResendCode":
        _before_another_code(event)
    elif source == "CustomMessage_ForgotPassword":
        accounts.ask_reset(user_id(event["userName"]), int(time.time()))
    elif source == "PostConfirmation_ConfirmSignUp":
        _after_sign_up(event)
    elif source == "PostConfirmation_ConfirmForgotPassword":
        _after_reset(event)
    return event


def _before_sign_up(event: dict[str, Any]) -> None:
    if reason := name_refusal(event["request"]["userAttributes"].get("name", "")):
        raise ValueError(f"name {reason}")
    origin = _ORIGINS[event["triggerSource"]]
    own = origin is Origin.SELF
    given = _metadata(event).get("confirmationHash", "") if own else ""
    if given and not _HASH.fullmatch(given):
        raise ValueError("confirmationHash must be a SHA-256 digest in lower-case hexadecimal")
    accounts.create(
        user_id(event["userName"]),
        origin,
        confirmation_hash=given,
        proof_required=own and settings.confirmation_proof_required,
    )


def _before_another_code(event: dict[str, Any]) -> None:
    """Mark the account before the code goes out: whoever confirms it now may not be who chose its password."""
    if event["request"]["userAttributes"].get("cognito:user_status") == "CONFIRMED":
        return  # no code confirms it any more, and no stranger may force a new password upon its owner
    if not accounts.require_new_password(user_id(event["userName"])):
        raise ValueError("This account was deleted")


def _after_sign_up(event: dict[str, Any]) -> None:
    """Let the first password count if it may, and publish ``signup``.

    When the bus does not take the event it goes to the dead-letter queue, from where it can be replayed. When this
    function dies before, the next sign-in publishes it.
    """
    user = user_id(event["userName"])
    try:
        logger.info("confirmed", where=_confirmed(event, user))
    except (ClientError, BotoCoreError):
        logger.exception("could not record where the account was confirmed; a required new password stays required")
    data = SignUpData.of(user, event["request"]["userAttributes"])
    publisher().publish(IDENTITY, SIGN_UP, SignUp.of(settings.application, data))


def _confirmed(event: dict[str, Any], user: UserId) -> str:
    if event.get("callerContext", {}).get("clientId") == _NO_CLIENT:
        accounts.confirm_by_operator(user)
        return "by an operator"
    secret = _metadata(event).get("confirmationSecret", "")
    return "at sign-up" if secret and accounts.confirm(user, secret) else "anywhere"


def _after_reset(event: dict[str, Any]) -> None:
    """End every session: in the directory, which every API asks, then in the pool."""
    user = user_id(event["userName"])
    accounts.reset(user, int(time.time()))
    try:
        pool_client().admin_user_global_sign_out(UserPoolId=event["userPoolId"], Username=user)
    except (ClientError, BotoCoreError):
        # The password is new, and the directory accepts no earlier session: an error would say otherwise.
        logger.exception(
            "could not sign out in the user pool: earlier refresh tokens still give tokens, which every API refuses"
        )


def _metadata(event: dict[str, Any]) -> dict[str, str]:
    return event["request"].get("clientMetadata") or {}
