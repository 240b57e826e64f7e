"""Cognito invokes its Lambda triggers with AWS's events, timeouts and permissions.

AWS: `PostConfirmation` is called when a sign-up is confirmed and when a forgotten password is reset; its
`triggerSource` says which. `CustomMessage` is called before each mail with a code, and its `triggerSource` says what
the code is for. `PreSignUp` is called before a user is made, by an administrator too. All three get the caller's
`ClientMetadata` and app client; for an administrator's call, the app client is `CLIENT_ID_NOT_APPLICABLE`. A trigger
has five seconds and three attempts, and its policy must allow Cognito. A pre-token trigger of version 2 is called
once a sign-in, for both tokens. When a trigger fails, so does the call, but the user stays as they are by then.
Confirming with a code that was sent to an address verifies that address.
https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-working-with-lambda-triggers.html

MiniStack: never calls `PostConfirmation`; calls `CustomMessage` and `PreSignUp` for one kind of call each, without
metadata; gives the pre-token trigger no user status, waits for it without limit and calls it twice; does
not evaluate the function's policy, and verifies no address.

Here: all that is as on AWS, but that the start of a function's process does not count towards the five seconds: how
long it takes depends on what else the machine does.
"""

import contextlib
import copy
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as TookTooLongError
from contextvars import ContextVar, copy_context
from functools import partial
from typing import Any

from ministack.core import lambda_runtime
from ministack.core.responses import error_response_json
from ministack.services import cognito, lambda_svc

from tenantry.local.patching import Fields, Original, holding, replace, require, service_calls, wrap

_SECONDS = 5
_ATTEMPTS = 3
_START_SECONDS = 60
_threads = ThreadPoolExecutor(max_workers=32, thread_name_prefix="cognito-trigger")

#: What the trigger that is called during this sign-in has answered, by its event's `triggerSource`.
_answers: ContextVar[Fields | None] = ContextVar("answers", default=None)
#: What a code that is sent during this call is for, as in `CustomMessage_<purpose>`, and the call.
_sending: ContextVar[tuple[str, Fields]] = ContextVar("sending", default=("Authentication", {}))
#: Ids that MiniStack gives next: `PreSignUp` names a user that is not there yet.
_given_ids: ContextVar[list[str] | None] = ContextVar("given_ids", default=None)
_NO_CLIENT = "CLIENT_ID_NOT_APPLICABLE"
_PURPOSES = {
    "_sign_up": "SignUp",
    "_resend_confirmation_code": "ResendCode",
    "_forgot_password": "ForgotPassword",
    "_admin_reset_user_password": "ForgotPassword",
    "_admin_create_user": "AdminCreateUser",
}


class _Start:
    """How long a function's process has taken to start during an invocation, within bounds."""

    def __init__(self) -> None:
        self._before = 0.0
        self._since: float | None = None

    def begin(self) -> None:
        self._since = time.monotonic()

    def end(self) -> None:
        self._before, self._since = self.seconds(), None

    def seconds(self) -> float:
        now = 0.0 if self._since is None else time.monotonic() - self._since
        return min(self._before + now, _START_SECONDS)


#: The start of the process for the trigger that is called now.
_start: ContextVar[_Start | None] = ContextVar("start", default=None)


class TriggerError(Exception):
    """A trigger has failed; the caller of Cognito gets the message."""


def close() -> None:
    """Close the gap."""
    require(cognito, "_resolve_user", "_pool_for_client", "_pool_region", "_pool_arn", "_resolve_pool", "_user_pools")
    require(cognito, "_new_user_error", "_username_alias_attribute", "_token_claims", "_extract_trigger_response")
    require(cognito, "_PreSignUpRejected", "_resolve_verification_template")
    require(lambda_svc, "_get_func_record_for_ref", "_execution_record_for_config")
    wrap(lambda_svc, "_execute_function_with_config_scope", _as_trigger)
    wrap(lambda_runtime.Worker, "_spawn", _timed)
    wrap(cognito, "_build_auth_result", _calling_once)
    wrap(cognito, "_run_idp_handler", _with_errors)
    for name in ("_confirm_sign_up", "_admin_confirm_sign_up"):
        wrap(cognito, name, partial(_then_call, "PostConfirmation_ConfirmSignUp"))
    wrap(cognito, "_confirm_forgot_password", partial(_then_call, "PostConfirmation_ConfirmForgotPassword"))
    wrap(cognito, "new_uuid", _given_first)
    wrap(cognito, "_build_pretoken_event", _with_status)
    replace(cognito, "_apply_presignup_trigger", _pre_sign_up)
    replace(cognito, "_apply_custom_message_trigger", _custom_message)
    wrap(cognito, "_send_verification_email", _with_custom_message)
    wrap(cognito, "_admin_create_user", _asking_pre_sign_up)
    for name, purpose in _PURPOSES.items():
        wrap(cognito, name, partial(_sending_codes, purpose))


def _calling_once(build: Original, *arguments: Any, **named: Any) -> Any:
    try:
        with holding(_answers, {}):
            return build(*arguments, **named)
    except RuntimeError as error:  # raised by MiniStack when the trigger fails
        raise TriggerError(f"PreTokenGeneration failed with error {_message(error)}.") from error


def _as_trigger(execute: Original, function: Fields, event: Fields) -> Any:
    """Give the functions that Cognito calls during a sign-in their time limit, and call each of them once."""
    answers = _answers.get()
    if answers is None:
        return execute(function, event)
    source = event["triggerSource"]
    if source not in answers:
        answers[source] = _call(execute, function, event)
    return copy.deepcopy(answers[source])


def _timed(spawn: Original, *arguments: Any, **named: Any) -> Any:
    start = _start.get()
    if start is None:
        return spawn(*arguments, **named)
    start.begin()
    try:
        return spawn(*arguments, **named)
    finally:
        start.end()


def _call(execute: Original, function: Fields, event: Fields) -> Any:
    name = event["triggerSource"].partition("_")[0].replace("TokenGeneration", "PreTokenGeneration")
    arn = (function.get("config") or function)["FunctionArn"]
    try:
        service_calls.check_resource_policy(
            arn, service="cognito-idp.amazonaws.com", source_arn=cognito._pool_arn(event["userPoolId"])
        )
    except service_calls.RefusedError as refused:
        raise TriggerError(f"{name} invocation failed due to error AccessDeniedException.") from refused
    for _ in range(_ATTEMPTS):
        start = _Start()
        with holding(_start, start):
            running = _threads.submit(copy_context().run, execute, function, copy.deepcopy(event))
        began = time.monotonic()
        while (left := began + _SECONDS + start.seconds() - time.monotonic()) > 0:
            with contextlib.suppress(TookTooLongError):
                return running.result(left)
    raise TriggerError(f"{name} invocation failed due to error Socket timeout while invoking Lambda function.")


def _then_call(source: str, confirm: Original, data: Fields) -> Any:
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
    request = {"userAttributes": _attributes(user), **_metadata(data)}
    _invoke(pool, source, username=user["Username"], request=request, response={}, data=data)
    return reply


def _verify(pool: Fields, user: Fields) -> None:
    """Mark the address that the code was sent to as the user's own."""
    if "email" in (pool.get("AutoVerifiedAttributes") or []):
        attributes = cognito._attr_list_to_dict(user["Attributes"])
        user["Attributes"] = cognito._dict_to_attr_list({**attributes, "email_verified": "true"})


def _pre_sign_up(
    pool_id: str,
    client_id: str,
    username: str,
    user_attrs: Mapping[str, Any],
    trigger_source: str = "PreSignUp_ExternalProvider",
) -> dict[str, bool]:
    """Call `PreSignUp` in the place of MiniStack's function of the same arguments."""
    answers = dict.fromkeys(("autoConfirmUser", "autoVerifyEmail", "autoVerifyPhone"), False)
    _, data = _sending.get()
    request = {
        "userAttributes": {name: value for name, value in user_attrs.items() if name != "sub"},
        "validationData": {item["Name"]: item.get("Value") for item in data.get("ValidationData") or []},
        **_metadata(data),
    }
    try:
        given = _invoke(
            cognito._user_pools.get(pool_id) or {},
            trigger_source,
            username=username,
            request=request,
            response=answers,
            data={**data, "ClientId": data.get("ClientId") or client_id},
        )
    except TriggerError as error:
        if trigger_source == "PreSignUp_ExternalProvider":  # what MiniStack's callers expect there
            raise cognito._PreSignUpRejected(str(error)) from error
        raise
    return {name: bool(given.get(name)) for name in answers}


def _asking_pre_sign_up(create: Original, data: Fields) -> Any:
    """Call `PreSignUp` before an administrator makes a user."""
    pool, _ = cognito._resolve_pool(data.get("UserPoolId"))
    username = data.get("Username")
    attributes = cognito._attr_list_to_dict(data.get("UserAttributes") or [])
    if (
        not pool
        or not username
        or str(data.get("MessageAction")).upper() == "RESEND"
        or cognito._new_user_error(pool, username, attributes)
        or cognito._resolve_user(pool, username)[0]
    ):
        return create(data)
    made = cognito.new_uuid()
    alias = cognito._username_alias_attribute(pool, username)
    if alias:
        attributes = {alias: username, **attributes}
    _pre_sign_up(
        pool["Id"], _NO_CLIENT, made if alias else username, attributes, trigger_source="PreSignUp_AdminCreateUser"
    )
    with holding(_given_ids, [made]):
        return create(data)


def _given_first(new_uuid: Original) -> Any:
    ids = _given_ids.get()
    return ids.pop() if ids else new_uuid()


def _sending_codes(purpose: str, action: Original, data: Fields) -> Any:
    """Set the purpose of the messages that are sent during a call."""
    with sending(purpose, data):
        return action(data)


def sending(purpose: str, data: Fields) -> contextlib.AbstractContextManager[None]:
    """Call `CustomMessage_<purpose>` for each code that is sent in the block."""
    return holding(_sending, (purpose, data))


def _with_custom_message(
    send: Original, pool: Fields, username: str, attributes: dict[str, str], code: str, attribute_name: str = "email"
) -> Any:
    """Call `CustomMessage` before a code is sent, and send its message."""
    purpose, data = _sending.get()
    said = _custom_message(
        pool, f"CustomMessage_{purpose}", username, attributes, client_metadata=data.get("ClientMetadata")
    )
    if said.get("emailMessage") or said.get("emailSubject"):
        subject, body = cognito._resolve_verification_template(pool)
        subject, body = said.get("emailSubject") or subject, said.get("emailMessage") or body
        pool = {**pool, "VerificationMessageTemplate": {"EmailSubject": subject, "EmailMessage": body}}
    return send(pool, username, attributes, code, attribute_name=attribute_name)


def _custom_message(
    pool: Fields,
    trigger_source: str,
    username: str,
    user_attrs: Mapping[str, Any],
    client_metadata: Mapping[str, str] | None = None,
    username_parameter: str = "{username}",
) -> Fields:
    """Call `CustomMessage` in the place of MiniStack's function of the same arguments."""
    _, data = _sending.get()
    user = pool["_users"].get(username) or cognito._resolve_user(pool, username)[0]
    status = {"cognito:user_status": user["UserStatus"]} if user else {}
    return _invoke(
        pool,
        trigger_source,
        username=user["Username"] if user else username,
        request={
            "userAttributes": {**user_attrs, **status},
            "codeParameter": "{####}",
            "usernameParameter": username_parameter if trigger_source.endswith("AdminCreateUser") else None,
            **_metadata({"ClientMetadata": client_metadata}),
        },
        response={"smsMessage": None, "emailMessage": None, "emailSubject": None},
        data=data,
    )


def _metadata(data: Mapping[str, Any]) -> Fields:
    """Return what an event has of the caller's metadata, if the call has any."""
    return {"clientMetadata": data["ClientMetadata"]} if data.get("ClientMetadata") else {}


def _attributes(user: Fields) -> dict[str, str]:
    return {**cognito._attr_list_to_dict(user["Attributes"]), "cognito:user_status": user["UserStatus"]}


def _with_status(build: Original, *arguments: Any, **named: Any) -> Any:
    event = build(*arguments, **named)
    user = (cognito._user_pools.get(event["userPoolId"]) or {}).get("_users", {}).get(event["userName"])
    if user:
        event["request"]["userAttributes"]["cognito:user_status"] = user["UserStatus"]
    return event


def _invoke(
    pool: Fields,
    source: str,
    *,
    username: str,
    request: Fields,
    response: Mapping[str, Any],
    data: Mapping[str, Any],
) -> Fields:
    """Call a trigger, and return the response that it gives; an empty one if the pool has none."""
    name = source.partition("_")[0]
    arn = (pool.get("LambdaConfig") or {}).get(name)
    if not arn:
        return {}
    record, config, _ = lambda_svc._get_func_record_for_ref(arn)
    if not record:
        raise TriggerError(f"{name} invocation failed due to error ResourceNotFoundException.")
    event = {
        "version": "1",
        "region": cognito._pool_region(pool["Id"]),
        "userPoolId": pool["Id"],
        "userName": username,
        "callerContext": {"awsSdkVersion": "aws-sdk-unknown-unknown", "clientId": _client_of(data)},
        "triggerSource": source,
        "request": request,
        "response": dict(response),
    }
    with holding(_answers, {}):
        answer = lambda_svc._execute_function_with_config_scope(
            lambda_svc._execution_record_for_config(record, config), event
        )
    body = answer.get("body")
    if answer.get("error"):
        message = body.get("errorMessage", "") if isinstance(body, dict) else str(body)
        raise TriggerError(f"{name} failed with error {message}.")
    return cognito._extract_trigger_response(body) or {}


def _client_of(data: Mapping[str, Any]) -> str:
    """Return the app client of a call; an administrator's has none."""
    named = data.get("ClientId") or cognito._token_claims(data.get("AccessToken", "")).get("client_id")
    return str(named or _NO_CLIENT)


def _with_errors(run: Original, *arguments: Any) -> Any:
    try:
        return run(*arguments)
    except TriggerError as error:
        return error_response_json("UserLambdaValidationException", str(error), 400)


def _message(error: Exception) -> str:
    """Return the function's own message out of MiniStack's."""
    text = str(error)
    _, found, rest = text.partition("'errorMessage': '")
    return rest.partition("',")[0] if found else text
