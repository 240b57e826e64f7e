"""Cognito calls its triggers as AWS does.

AWS: `PostConfirmation` is called when a sign-up is confirmed and when a forgotten password is set anew; its
`triggerSource` says which. A trigger has five seconds and three attempts, and must let Cognito in by its policy. A
pre-token trigger of version 2 is called once a sign-in, for both tokens. When a trigger fails, so does the call, but
the user stays confirmed. Confirming with a code that was sent to an address verifies that address.
https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-working-with-lambda-triggers.html

MiniStack: never calls `PostConfirmation`, waits for the pre-token trigger as long as it takes and calls it twice,
asks no policy, verifies no address.

Here: all that is as on AWS.
"""

import copy
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as TookTooLongError
from contextvars import ContextVar, copy_context
from typing import Any

from ministack.core.responses import error_response_json
from ministack.services import cognito, lambda_svc

from localcloud.gaps import service_calls
from localcloud.gaps.patching import replace, require

_SECONDS = 5
_ATTEMPTS = 3
_threads = ThreadPoolExecutor(max_workers=32, thread_name_prefix="cognito-trigger")

#: What the trigger that is called during this sign-in has answered, by its event's `triggerSource`.
_answers: ContextVar[dict[str, Any] | None] = ContextVar("answers", default=None)


class TriggerError(Exception):
    """A trigger has failed; the message is what the caller of Cognito sees."""


def close() -> None:
    """Close the gap."""
    service_calls.check()
    require(cognito, "_resolve_user", "_pool_for_client", "_pool_region", "_pool_arn", "_resolve_pool")
    require(lambda_svc, "_get_func_record_for_ref", "_execution_record_for_config")
    replace(lambda_svc, "_execute_function_with_config_scope", _as_trigger)
    replace(cognito, "_build_auth_result", _calling_once)
    replace(cognito, "_run_idp_handler", _with_errors)
    replace(cognito, "_confirm_sign_up", lambda confirm: _then_call(confirm, "PostConfirmation_ConfirmSignUp"))
    replace(cognito, "_admin_confirm_sign_up", lambda confirm: _then_call(confirm, "PostConfirmation_ConfirmSignUp"))
    replace(
        cognito,
        "_confirm_forgot_password",
        lambda confirm: _then_call(confirm, "PostConfirmation_ConfirmForgotPassword"),
    )


def _calling_once(build: Callable[..., Any]) -> Callable[..., Any]:
    def build_auth_result(*arguments: Any, **named: Any) -> Any:
        token = _answers.set({})
        try:
            return build(*arguments, **named)
        except RuntimeError as error:  # raised by MiniStack when the trigger fails
            raise TriggerError(f"PreTokenGeneration failed with error {_message(error)}.") from error
        finally:
            _answers.reset(token)

    return build_auth_result


def _as_trigger(execute: Callable[..., Any]) -> Callable[..., Any]:
    """Give the functions that Cognito calls during a sign-in their time limit, and call each of them once."""

    def execute_function(function: dict[str, Any], event: dict[str, Any]) -> Any:
        answers = _answers.get()
        if answers is None:
            return execute(function, event)
        source = event["triggerSource"]
        if source not in answers:
            answers[source] = _call(execute, function, event)
        return copy.deepcopy(answers[source])

    return execute_function


def _call(execute: Callable[..., Any], function: dict[str, Any], event: dict[str, Any]) -> Any:
    name = event["triggerSource"].partition("_")[0].replace("TokenGeneration", "PreTokenGeneration")
    arn = (function.get("config") or function)["FunctionArn"]
    try:
        service_calls.check_resource_policy(
            arn,
            action="lambda:InvokeFunction",
            service="cognito-idp.amazonaws.com",
            source_arn=cognito._pool_arn(event["userPoolId"]),
        )
    except service_calls.RefusedError as refused:
        raise TriggerError(f"{name} invocation failed due to error AccessDeniedException.") from refused
    for _ in range(_ATTEMPTS):
        running = _threads.submit(copy_context().run, execute, function, copy.deepcopy(event))
        try:
            return running.result(_SECONDS)
        except TookTooLongError:
            continue
    raise TriggerError(f"{name} invocation failed due to error Socket timeout while invoking Lambda function.")


def _then_call(confirm: Callable[..., Any], source: str) -> Callable[..., Any]:
    def confirm_then_call(data: dict[str, Any]) -> Any:
        reply = confirm(data)
        if reply[0] != 200:  # noqa: PLR2004 - HTTP's OK
            return reply
        if "UserPoolId" in data:
            pool, _ = cognito._resolve_pool(data["UserPoolId"])
        else:
            pool, _ = cognito._pool_for_client(data["ClientId"])
        user, _ = cognito._resolve_user(pool, data["Username"])
        if "ConfirmationCode" in data:
            _verify(pool, user)
        _post_confirmation(pool, user, source, data)
        return reply

    return confirm_then_call


def _verify(pool: dict[str, Any], user: dict[str, Any]) -> None:
    """Mark the address that the code was sent to as the user's own."""
    if "email" in (pool.get("AutoVerifiedAttributes") or []):
        attributes = cognito._attr_list_to_dict(user["Attributes"])
        user["Attributes"] = cognito._dict_to_attr_list({**attributes, "email_verified": "true"})


def _post_confirmation(pool: dict[str, Any], user: dict[str, Any], source: str, data: dict[str, Any]) -> None:
    arn = (pool.get("LambdaConfig") or {}).get("PostConfirmation")
    if not arn:
        return
    record, config, _ = lambda_svc._get_func_record_for_ref(arn)
    if not record:
        raise TriggerError("PostConfirmation invocation failed due to error ResourceNotFoundException.")
    attributes = cognito._attr_list_to_dict(user["Attributes"])
    request = {"userAttributes": {**attributes, "cognito:user_status": user["UserStatus"]}}
    if data.get("ClientMetadata"):
        request["clientMetadata"] = data["ClientMetadata"]
    event = {
        "version": "1",
        "region": cognito._pool_region(pool["Id"]),
        "userPoolId": pool["Id"],
        "userName": user["Username"],
        "callerContext": {
            "awsSdkVersion": "aws-sdk-unknown-unknown",
            "clientId": data.get("ClientId", "CLIENT_ID_NOT_APPLICABLE"),
        },
        "triggerSource": source,
        "request": request,
        "response": {},
    }
    token = _answers.set({})
    try:
        answer = lambda_svc._execute_function_with_config_scope(
            lambda_svc._execution_record_for_config(record, config), event
        )
    finally:
        _answers.reset(token)
    if answer.get("error"):
        body = answer.get("body")
        message = body.get("errorMessage", "") if isinstance(body, dict) else str(body)
        raise TriggerError(f"PostConfirmation failed with error {message}.")


def _with_errors(run: Callable[..., Any]) -> Callable[..., Any]:
    def run_idp_handler(*arguments: Any) -> Any:
        try:
            return run(*arguments)
        except TriggerError as error:
            return error_response_json("UserLambdaValidationException", str(error), 400)

    return run_idp_handler


def _message(error: Exception) -> str:
    """Return the function's own message out of MiniStack's."""
    text = str(error)
    _, found, rest = text.partition("'errorMessage': '")
    return rest.partition("',")[0] if found else text
