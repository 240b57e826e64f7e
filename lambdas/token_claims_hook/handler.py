"""Decides whether Cognito may issue tokens to an account, and adds the claim ``tenant``, its active tenant, to them."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from threading import Event
from typing import TYPE_CHECKING, Any, Final

import boto3
import requests
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError
from requests_aws4auth import AWS4Auth

from tenantry.model.event_types import IDENTITY, SIGN_UP
from tenantry.model.identifiers import TenantId, UserId, tenant_id, user_id
from tenantry.runtime.account_records import AccountRecords, Origin
from tenantry.runtime.events import Publisher, PublishError, SignUp, SignUpData
from tenantry.runtime.kept import Kept
from tenantry.runtime.metrics import count
from tenantry.runtime.observability import logger, observed
from tenantry.runtime.settings import Settings
from tenantry.runtime.sign_in_account import RESET_ASKED
from token_claims_hook.hedge import first_of_two

if TYPE_CHECKING:
    from concurrent.futures import Future

    from tenantry.runtime.sign_in_account import SignInAccount

# Cognito gives a hook five seconds, cold start included; a sign-in without the claim beats one that fails. What it
# calls may have a cold start of its own.
# https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-working-with-lambda-triggers.html
_PATIENCE_SECONDS: Final = 3.0
_SECOND_CALL_SECONDS: Final = 1.2
_HTTP_TIMEOUT_SECONDS: Final = (1.0, _PATIENCE_SECONDS)
_PARAMETER_AGE_SECONDS: Final = 300
# How long before this call the session whose tokens are made may have begun: it must not end with the earlier ones.
_SIGN_IN_SECONDS: Final = 5
# A code for a new password counts for an hour.
# https://docs.aws.amazon.com/cognito/latest/developerguide/limits.html
_CODE_SECONDS: Final = 3600
_REFRESH: Final = "TokenGeneration_RefreshTokens"


class RefusedError(Exception):
    """No token is issued. Cognito shows the message to whoever has just proved to know the password."""


class _Settings(Settings):
    application: str
    aws_region: str
    users_table: str
    event_bus_name: str
    admin_api_parameter: str
    operator_accounts_found_tenants: bool


settings = _Settings.load()
_quick = Config(connect_timeout=1, read_timeout=1, retries={"mode": "standard", "total_max_attempts": 2})
session = boto3.Session()
accounts = AccountRecords(session.client("dynamodb", config=_quick), settings.users_table)
ssm = session.client("ssm", config=_quick)
admin_api = Kept(
    lambda: ssm.get_parameter(Name=settings.admin_api_parameter)["Parameter"]["Value"], _PARAMETER_AGE_SECONDS
)
http = requests.Session()
pool = ThreadPoolExecutor(max_workers=8)  # calls that nobody waits for any more keep theirs until they time out


@cache
def publisher() -> Publisher:
    """Return what publishes sign-ups, which few sign-ins need."""
    bus = session.client("events", config=_quick)
    return Publisher(bus=bus, bus_name=settings.event_bus_name, application=settings.application)


@observed
def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Answer Cognito's version 2 event.

    Isolation: the claim comes from the directory alone; nothing that the user can set (attributes, client metadata)
    is read for it. Whoever has no tenant, or whose tenants cannot be learnt in time, gets no claim, and no access with
    it. An account that is blocked or deleted, that needs a new password, or of which the directory does not say so in
    time, gets no token; every API asks the directory the same again.

    A token without the claim stands for an hour. The tenants are therefore asked for twice before it is issued because
    of a failure, and each one is counted (`TokensWithoutClaim`), as is each refusal because of a failure
    (`TokensRefusedByFailure`). A new account whose tenant is not made yet is no failure.

    Source: https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-pre-token-generation.html

    Raises
    ------
    RefusedError
        The account gets no token.
    """
    event["response"] = {}
    deadline, user = time.monotonic() + _PATIENCE_SECONDS, user_id(event["userName"])
    given_up = Event()
    ask = partial(_tenants_of, user)
    tenants = pool.submit(first_of_two, pool, ask, deadline, patience=_SECOND_CALL_SECONDS, given_up=given_up)
    try:
        tenant = _tenant(event, _account(event, user, deadline), user, tenants, deadline)
    except RefusedError:
        raise
    except Exception:  # whatever it was, the user signs in without the claim
        logger.exception("no claim: the user's tenants could not be read")
        _count("TokensWithoutClaim")
        return event
    finally:
        given_up.set()
        tenants.cancel()
    logger.info("claim added" if tenant else "no claim: the user has no tenant yet", tenant=tenant)
    if tenant:
        claims = {"claimsToAddOrOverride": {"tenant": tenant}}
        event["response"] = {
            "claimsAndScopeOverrideDetails": {"idTokenGeneration": claims, "accessTokenGeneration": claims},
        }
    return event


def _tenant(
    event: dict[str, Any], account: SignInAccount, user: UserId, tenants: Future[list[TenantId]], deadline: float
) -> TenantId | None:
    founds = account.origin != Origin.OPERATOR or settings.operator_accounts_found_tenants
    if not account.email and founds:
        pool.submit(_publish_again, event, user).result(timeout=_left(deadline))
    # It counts only while they belong to it, and no other takes its place.
    active = tenant_id(account.active) if account.active else None
    return active if active and active in tenants.result(timeout=_left(deadline)) else None


def _account(event: dict[str, Any], user: UserId, deadline: float) -> SignInAccount:
    """Return the account if it may get tokens. An access token opens Cognito itself, which asks no directory."""
    try:
        return pool.submit(_decide, event, user).result(timeout=_left(deadline))
    except RefusedError as refused:
        logger.info("refused", reason=str(refused))
        raise
    except Exception:
        logger.exception("refused: the account could not be read from the directory")
        _count("TokensRefusedByFailure")
        raise RefusedError("Temporary error: try again in a moment") from None


def _count(name: str) -> None:
    count({name: 1})


def _decide(event: dict[str, Any], user: UserId) -> SignInAccount:
    account = accounts.get(user)
    _check(account)
    _update(event, user, account)
    return account


def _left(deadline: float) -> float:
    return max(0.0, deadline - time.monotonic())


def _check(account: SignInAccount) -> None:
    if account.deleted_at is not None:
        raise RefusedError("This account was deleted")
    if account.blocked_at is not None:
        raise RefusedError("This account is blocked")
    if account.new_password is not None:
        raise RefusedError("Choose a new password: reset it with a code by e-mail, then sign in with the new one")


def _update(event: dict[str, Any], user: UserId, account: SignInAccount) -> None:
    """Record what no other trigger reports reliably: a new address, and a new password whose trigger was lost."""
    attributes = event["request"]["userAttributes"]
    now, refreshes = int(time.time()), event["triggerSource"] == _REFRESH
    email = attributes.get("email", "")
    if account.email and attributes.get("email_verified") == "true" and email.lower() != account.email.lower():
        accounts.change_address(user, email, now if refreshes else now - _SIGN_IN_SECONDS)
        logger.info("the address has changed")
        if refreshes:
            raise RefusedError("Sign in again: the address of this account has changed")
    if account.reset_asked and not refreshes:
        # Whoever knew the old password may sign in as long as the code counts: the mark stays until it does not.
        used_up = account.reset_asked + _CODE_SECONDS < now
        accounts.end_sessions(user, now - _SIGN_IN_SECONDS, remove=[RESET_ASKED] if used_up else [])
        logger.info("earlier sessions ended: a code for a new password was asked for")


def _publish_again(event: dict[str, Any], user: UserId) -> None:
    """Publish ``signup`` for an account without a record: the event was lost, or never sent. The saga is idempotent."""
    attributes = event["request"]["userAttributes"]
    if not attributes.get("email") or attributes.get("cognito:user_status") == "UNCONFIRMED":
        return
    data = SignUpData.of(user, attributes)
    try:
        publisher().publish(IDENTITY, SIGN_UP, SignUp.of(settings.application, data))
    except (PublishError, ClientError, BotoCoreError):
        logger.exception("signup not published: the next sign-in tries again")
    else:
        logger.info("signup published: the account had no record")


def _tenants_of(user: UserId) -> list[TenantId]:
    try:
        url = admin_api.get()
    except ssm.exceptions.ParameterNotFound:
        logger.warning("the tenant service is not deployed")
        return []
    if (credentials := session.get_credentials()) is None:
        raise NoCredentialsError
    # The credentials change while the function lives, and are asked for at each signature.
    auth = AWS4Auth(service="execute-api", region=settings.aws_region, refreshable_credentials=credentials)
    answer = http.get(f"{url}/tenants/{user}", auth=auth, timeout=_HTTP_TIMEOUT_SECONDS)
    answer.raise_for_status()
    return [tenant_id(tenant) for tenant in answer.json()["tenants"]]
