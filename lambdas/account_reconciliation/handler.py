"""Finds and repairs differences between user pool and directory: on a schedule, on request, and after an API call."""

from __future__ import annotations

import json
import time
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import boto3

from account_reconciliation.differences import Rules
from account_reconciliation.reconciliation import Place, Reconciliation
from tenantry.model.errors import BadRequestError, NotFoundError, TenancyError
from tenantry.model.event_types import RECONCILIATION, source
from tenantry.model.identifiers import InvalidIdentifierError, UserId, user_id
from tenantry.runtime.account_workflow import AccountWorkflow
from tenantry.runtime.accounts import POOL, Accounts
from tenantry.runtime.events import Publisher
from tenantry.runtime.inputs import InputError, read
from tenantry.runtime.metrics import count
from tenantry.runtime.observability import logger, observed
from tenantry.runtime.pool import UserPool
from tenantry.runtime.settings import AccountSettings

if TYPE_CHECKING:
    from collections.abc import Callable


_CONTINUED: Final = "continued"
_SPARE_SECONDS: Final = 60.0  # for the page that is under way when the time is up
_ANSWER_SECONDS: Final = 15.0  # API Gateway waits for 29
_CLOUD_TRAIL: Final = "AWS API Call via CloudTrail"
_SIGN_OUTS: Final = frozenset({"AdminUserGlobalSignOut", "GlobalSignOut"})
_NEW_PASSWORDS: Final = frozenset({"AdminSetUserPassword", "ChangePassword"})


class _Settings(AccountSettings):
    application: str
    account_changes_arn: str
    event_bus_name: str
    unconfirmed_days: int
    operator_accounts_found_tenants: bool


settings = _Settings.load()
database = boto3.client("dynamodb")
functions = boto3.client("lambda")
pool = UserPool(boto3.client("cognito-idp"), settings.user_pool_id)
accounts = Accounts(database, settings.tables, settings.invitations_table)
workflow = AccountWorkflow(boto3.client("stepfunctions"), settings.account_changes_arn)
reconciliation = Reconciliation(
    database=database,
    tables=settings.tables,
    pool=pool,
    accounts=accounts,
    workflow=workflow,
    publisher=Publisher(bus=boto3.client("events"), bus_name=settings.event_bus_name, application=settings.application),
    rules=Rules(
        unconfirmed=timedelta(days=settings.unconfirmed_days),
        operator_accounts_found_tenants=settings.operator_accounts_found_tenants,
    ),
    logger=logger,
)


@observed
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:  # noqa: ANN401 - Lambda's context, which has no type
    """Compare everything, one part, or one account, by what has invoked the function.

    The schedule's event runs until all is compared; what a run has no time for, it hands to an invocation of its own.
    The control API asks for one part at a time and gets its report. CloudTrail tells of one person.
    """
    if "request" in event:
        return _part(event["request"])
    if event.get("detail-type") == _CLOUD_TRAIL:
        _compare_account(event["detail"])
        return {}
    _run(event, context)
    return {}


def _part(request: dict[str, Any]) -> dict[str, Any]:
    try:
        place = read(request.get("next") or {}, Place)
        part = reconciliation.run(place, dry=bool(request["dryRun"]), in_time=_until(_ANSWER_SECONDS))
    except InputError:
        return {"refusal": "Invalid `next`: give `next` of the previous part"}
    except BadRequestError as error:
        return {"refusal": str(error)}
    return part.report()


def _run(event: dict[str, Any], context: Any) -> None:  # noqa: ANN401 - as above
    continued = event.get("detail-type") == _CONTINUED
    place = read(event["detail"]["next"], Place) if continued else Place()
    seconds = context.get_remaining_time_in_millis() / 1000 - _SPARE_SECONDS
    part = reconciliation.run(place, dry=False, in_time=_until(seconds))
    left = sum(not entry["repaired"] for entry in part.differences)
    count({"Differences": len(part.differences), "DifferencesLeft": left})
    logger.info("compared", users=part.users, tenants=part.tenants, differences=len(part.differences), left=left)
    if part.following:
        detail = {"next": part.following.report()}
        functions.invoke(
            FunctionName=context.function_name,
            InvocationType="Event",
            Payload=json.dumps(
                {"source": source(settings.application, RECONCILIATION), "detail-type": _CONTINUED, "detail": detail}
            ).encode(),
        )


def _compare_account(detail: dict[str, Any]) -> None:
    """Compare the account that an API call to the user pool was about.

    CloudTrail names them by `sub` only, and a call with a person's own token names no pool: somebody else's person is
    in neither place.

    Source: https://docs.aws.amazon.com/cognito/latest/developerguide/logging-using-cloudtrail.html
    """
    named = (detail.get("requestParameters") or {}).get("userPoolId") or settings.user_pool_id
    subject = (detail.get("additionalEventData") or {}).get("sub")
    if detail.get("errorCode") or named != settings.user_pool_id or subject is None:
        return
    try:
        found = pool.named(subject)
        user = found.user_id if found else user_id(subject)
    except InvalidIdentifierError:
        return
    name = detail.get("eventName")
    if name in _SIGN_OUTS or name in _NEW_PASSWORDS:
        at = int(datetime.fromisoformat(detail["eventTime"]).timestamp())
        _end_sessions(user, at, also_in_pool=name in _NEW_PASSWORDS)
    reconciliation.look_at(user)


def _end_sessions(user: UserId, at: int, *, also_in_pool: bool) -> None:
    account = accounts.find(user)
    if account is None or account.deleted_at is not None or account.valid_after >= at:
        return  # our own changes end sessions first, and CloudTrail tells of those as well
    try:
        workflow.run("signOut" if also_in_pool else "signedOut", user, by=POOL, at=at)
    except NotFoundError:
        return
    except TenancyError:
        logger.exception("sessions not ended")
        raise


def _until(seconds: float) -> Callable[[], bool]:
    deadline = time.monotonic() + seconds
    return lambda: time.monotonic() < deadline
