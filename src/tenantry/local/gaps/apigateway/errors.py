"""A function's error is not shown to the caller of an API.

AWS: when a proxy integration's function fails, or returns no valid response, a REST API answers 502 with
`{"message": "Internal server error"}`, with the headers of its gateway responses.
https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html

MiniStack: sends the function's error to the caller, or makes a response of whatever the function returned.

Here: as on AWS.
"""

from typing import Any

from ministack.services import apigateway_v1

from tenantry.local.patching import Fields, Original, require, wrap

#: Both replace: _invoke_lambda_proxy_v1.
AFTER = ("aws_lambda.payloads",)

_MEMBERS = {"statusCode", "headers", "multiValueHeaders", "body", "isBase64Encoded"}
_BAD_GATEWAY, _SERVER_ERROR = 502, 500


class _FailedError(Exception):
    """The function has failed or answered something that is no response."""


def close() -> None:
    """Close the gap."""
    require(apigateway_v1, "_gw_error")
    wrap(apigateway_v1, "_lambda_proxy_response", _only_responses)
    wrap(apigateway_v1, "_invoke_lambda_proxy_v1", _as_gateway_error)
    wrap(apigateway_v1, "_gateway_error_response", _with_status)


def _only_responses(shape: Original, result: Fields) -> Any:
    if not result.get("throttle") and (result.get("error") or not _is_response(result.get("body"))):
        raise _FailedError
    return shape(result)


def _is_response(body: Any) -> bool:
    if not isinstance(body, dict) or set(body) - _MEMBERS:
        return False
    return str(body.get("statusCode", "")).isdigit() and isinstance(body.get("body") or "", str)


async def _as_gateway_error(invoke: Original, *arguments: Any, **named: Any) -> Any:
    try:
        return await invoke(*arguments, **named)
    except _FailedError:
        error = apigateway_v1._gw_error("DEFAULT_5XX", "Internal server error")
        error.status = _BAD_GATEWAY
        return error


def _with_status(render: Original, error: Any, request: Fields) -> Any:
    status, headers, body = render(error, request)
    # 500 is what the type has when the API names no status of its own.
    return (getattr(error, "status", status) if status == _SERVER_ERROR else status), headers, body
