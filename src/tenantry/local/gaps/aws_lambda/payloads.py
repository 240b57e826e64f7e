"""A function's payloads are limited: 6 MB in and out, 1 MB for an asynchronous invocation.

AWS: a larger event is refused with 413. A larger answer becomes the function error `Function.ResponseSizeTooLarge`. API
Gateway answers 413, `Request Too Long`, for an event that is too large, though it takes bodies of up to 10 MB, and 502
for an answer that is. Either counts as JSON: in an event of API Gateway the body is a string, each of whose quotes and
backslashes counts twice.
https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html

MiniStack: has no limit.

Here: as on AWS.
"""

import json
from typing import Any

from ministack.core.responses import error_response_json
from ministack.services import apigateway_v1, lambda_svc

from tenantry.local.patching import Original, require, wrap

_REQUEST_BYTES = 6 * 1024 * 1024
_RESPONSE_BYTES = _REQUEST_BYTES + 100
_ASYNCHRONOUS_BYTES = 1024 * 1024


def close() -> None:
    """Close the gap."""
    require(apigateway_v1, "_gw_error", "_call_lambda_raw")
    wrap(lambda_svc, "_invoke", _refusing_large_events)
    wrap(lambda_svc, "_execute_function_dispatch", _refusing_large_answers)
    wrap(apigateway_v1, "_call_lambda_raw", _refusing_large_requests)
    for name in ("_invoke_lambda_proxy_v1", "_invoke_lambda_custom_v1"):
        wrap(apigateway_v1, name, _answering_too_large)


def _size(value: Any) -> int:
    if isinstance(value, bytes):
        return len(value)
    return len(json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str).encode(errors="replace"))


class _TooLargeError(Exception):
    """An API's request does not fit into an event."""


async def _refusing_large_events(
    invoke: Original, name: str, event: Any, headers: dict[str, str], *rest: Any, **named: Any
) -> Any:
    kinds = {key.lower(): value for key, value in headers.items()}
    asynchronous = kinds.get("x-amz-invocation-type") == "Event"
    limit = _ASYNCHRONOUS_BYTES if asynchronous else _REQUEST_BYTES
    if (size := _size(event)) <= limit:
        return await invoke(name, event, headers, *rest, **named)
    if asynchronous:
        message = f"{size} byte payload is too large for the Event invocation type (limit {limit} bytes)"
    else:
        message = f"Request must be smaller than {limit} bytes for the InvokeFunction operation"
    return error_response_json("RequestEntityTooLargeException", message, 413)


def _refusing_large_answers(
    dispatch: Original, function: Any, config: Any, event: Any, request_id: str, started: float
) -> Any:
    result = dispatch(function, config, event, request_id, started)
    if _size(result.get("body")) <= _RESPONSE_BYTES:
        return result
    error = {
        "errorMessage": f"Response payload size exceeded maximum allowed payload size ({_RESPONSE_BYTES} bytes).",
        "errorType": "Function.ResponseSizeTooLarge",
    }
    return {**result, "body": error, "error": True, "function_error": "Unhandled"}


async def _refusing_large_requests(call: Original, function: str, event: Any, **named: Any) -> Any:
    if _size(event) > _REQUEST_BYTES:
        raise _TooLargeError
    return await call(function, event, **named)


async def _answering_too_large(invoke: Original, *arguments: Any, **named: Any) -> Any:
    try:
        return await invoke(*arguments, **named)
    except _TooLargeError:
        return apigateway_v1._gw_error("REQUEST_TOO_LARGE", "Request Too Long")
