"""EventBridge delivers with permission, retries, and sends what fails to a dead-letter queue.

AWS: a state machine is started with the target's role, the policy of a function or a queue must allow EventBridge. An
event that fails because of a missing permission or target goes to the target's dead-letter queue at once, anything else
after the retries of its retry policy; the message's attributes have the error. A function is invoked asynchronously,
with Lambda's own retries.
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-retry-policy.html

MiniStack: calls the target once, as root, and logs a failure.

Here: as on AWS, except for the pause between two attempts, which grows from 0.1 to 5 seconds.
"""

import itertools
import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import Context, ContextVar
from dataclasses import dataclass
from functools import partial
from typing import Any

from botocore.exceptions import ClientError
from ministack.core.responses import get_account_id, get_region, new_uuid, request_scope
from ministack.services import eventbridge, lambda_svc, sns

from tenantry.local.patching import Fields, Original, holding, require, service_calls, wrap

_PRINCIPAL = "events.amazonaws.com"
_DEFAULT_RETRIES = 185
_DEFAULT_AGE_SECONDS = 86_400
_FIRST_PAUSE_SECONDS = 0.1
_LONGEST_PAUSE_SECONDS = 5
_REFUSALS = {"AccessDenied", "AccessDeniedException", "AuthorizationError"}

_threads = ThreadPoolExecutor(max_workers=64, thread_name_prefix="eventbridge-delivery")


@dataclass(frozen=True, kw_only=True)
class _Target:
    """A target of a rule, for one event."""

    settings: Fields
    rule_arn: str

    @property
    def arn(self) -> str:
        return str(self.settings["Arn"])


_current: ContextVar[_Target] = ContextVar("current")


@dataclass(frozen=True, kw_only=True)
class _Failure:
    """Why an attempt has failed, and whether a retry could succeed."""

    code: str
    message: str
    is_final: bool


class _MissingError(Exception):
    """The target does not exist."""


def close() -> None:
    """Close the gap."""
    require(lambda_svc, "_get_func_record_for_ref", "_execution_record_for_config", "invoke_async_with_retry")
    require(sns, "topic_policy_allows", "publish_internal")
    wrap(eventbridge, "_invoke_target", _remembering_target)
    wrap(eventbridge, "_dispatch_to_stepfunctions", partial(_later, _start_execution))
    wrap(eventbridge, "_dispatch_to_lambda", partial(_later, _invoke_function))
    wrap(eventbridge, "_dispatch_to_sns", partial(_later, _publish))
    wrap(eventbridge, "_dispatch_to_sqs", _to_queue)


def _remembering_target(invoke: Original, target: Fields, event: Fields, rule: Fields, *rest: Any) -> None:
    with holding(_current, _Target(settings=target, rule_arn=rule.get("Arn", ""))):
        invoke(target, event, rule, *rest)


def _later(send: Callable[[_Target, str], None], _: Original, __: str, payload: str) -> None:
    target = _current.get()
    _submit(target, payload, partial(send, target, payload))


def _to_queue(put: Original, spec: Any, payload: str, parameters: Fields | None = None) -> None:
    target = _current.get()

    def send() -> None:
        service_calls.check_resource_policy(target.arn, service=_PRINCIPAL, source_arn=target.rule_arn)
        put(spec, payload, parameters)  # keeps MiniStack's handling of FIFO queues

    _submit(target, payload, send)


def _submit(target: _Target, payload: str, send: Callable[[], None]) -> None:
    account, region = get_account_id(), get_region()

    def run() -> None:
        with request_scope(account, region):
            _deliver(target, payload, send)

    # A separate context, without the request that put the event and without its caller.
    _threads.submit(Context().run, run)


def _deliver(target: _Target, payload: str, send: Callable[[], None]) -> None:
    policy = target.settings.get("RetryPolicy") or {}
    retries = int(policy.get("MaximumRetryAttempts", _DEFAULT_RETRIES))
    until = time.monotonic() + float(policy.get("MaximumEventAgeInSeconds", _DEFAULT_AGE_SECONDS))
    pause = _FIRST_PAUSE_SECONDS
    for tried_again in itertools.count():
        failure = _failure(send)
        if failure is None:
            return
        exhausted = {}
        if tried_again >= retries:
            exhausted = {"EXHAUSTED_RETRY_CONDITION": "MaximumRetryAttempts"}
        elif time.monotonic() + pause > until:
            exhausted = {"EXHAUSTED_RETRY_CONDITION": "MaximumEventAgeInSeconds"}
        if failure.is_final or exhausted:
            reason = {"ERROR_CODE": failure.code, "ERROR_MESSAGE": failure.message, "RETRY_ATTEMPTS": str(tried_again)}
            _give_up(target, payload, reason if failure.is_final else {**reason, **exhausted})
            return
        time.sleep(pause)
        pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)


def _failure(send: Callable[[], None]) -> _Failure | None:
    try:
        send()
    except service_calls.RefusedError as refused:
        return _Failure(code="NO_PERMISSIONS", message=str(refused), is_final=True)
    except _MissingError as missing:
        return _Failure(code="NO_RESOURCE", message=str(missing), is_final=True)
    except ClientError as error:
        return _Failure(code=error.response["Error"]["Code"], message=str(error), is_final=False)
    except Exception as error:  # noqa: BLE001 - whatever a target may fail with is tried again
        return _Failure(code=type(error).__name__, message=str(error), is_final=False)
    return None


def _give_up(target: _Target, payload: str, reason: dict[str, str]) -> None:
    eventbridge.logger.warning("EventBridge: %s did not reach %s: %s", target.rule_arn, target.arn, reason)
    queue = (target.settings.get("DeadLetterConfig") or {}).get("Arn")
    if not queue:
        return
    try:
        attributes = {"RULE_ARN": target.rule_arn, "TARGET_ARN": target.arn, **reason}
        service_calls.send_to_queue(queue, payload, attributes, service=_PRINCIPAL, source_arn=target.rule_arn)
    except (service_calls.RefusedError, LookupError) as error:
        # On AWS, too, the event is then lost; a metric says so.
        eventbridge.logger.error("EventBridge: dead-letter queue %s: %s", queue, error)


def _start_execution(target: _Target, payload: str) -> None:
    session = service_calls.role_session(
        target.settings.get("RoleArn", ""),
        service=_PRINCIPAL,
        session_name=target.rule_arn.rsplit("/", 1)[-1],
        source_arn=target.rule_arn,
    )
    client = service_calls.client("stepfunctions", session)
    try:
        client.start_execution(stateMachineArn=target.arn, input=payload, name=new_uuid())
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code in _REFUSALS:
            raise service_calls.RefusedError(str(error)) from None
        if code == "StateMachineDoesNotExist":
            raise _MissingError(str(error)) from None
        raise


def _invoke_function(target: _Target, payload: str) -> None:
    record, config, _ = lambda_svc._get_func_record_for_ref(target.arn)
    if not record:
        raise _MissingError(f"Function not found: {target.arn}")
    service_calls.check_resource_policy(target.arn, service=_PRINCIPAL, source_arn=target.rule_arn)
    lambda_svc.invoke_async_with_retry(lambda_svc._execution_record_for_config(record, config), json.loads(payload))


def _publish(target: _Target, payload: str) -> None:
    if not sns.topic_policy_allows(target.arn, _PRINCIPAL, target.rule_arn, get_account_id()):
        raise service_calls.RefusedError(f"{_PRINCIPAL} is not authorized to perform sns:Publish on {target.arn}")
    if sns.publish_internal(target.arn, payload, "EventBridge Notification") is None:
        raise _MissingError(f"Topic not found: {target.arn}")
