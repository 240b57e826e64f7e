"""A request that IAM denies is answered by the API's gateway response, with its headers.

AWS: a signed request for a method with IAM authorization that no policy allows is answered by the gateway response
`ACCESS_DENIED`, headers and template of the API included.
https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html

MiniStack: answers as any other service would, so that CORS headers are missing.

Here: the API's gateway response is returned.
"""

import json
from typing import Any

from ministack import app
from ministack.core.arn import execute_api_arn
from ministack.services import apigateway_v1

from tenantry.local.patching import Original, gateway_response, wrap

_FORBIDDEN = 403
_HIDDEN_DIGITS = 8  # of an account id, in the message


def close() -> None:
    """Close the gap."""
    wrap(app, "_enforce_execute_api", _by_gateway_response)


def _by_gateway_response(
    enforce: Original, api: str, stage: str, method: str, path: str, *rest: Any, **named: Any
) -> Any:
    denied = enforce(api, stage, method, path, *rest, **named)
    scope = apigateway_v1.find_api_scope(api)
    if not denied or denied[0] != _FORBIDDEN or scope is None:
        return denied
    user, found, _ = str(json.loads(denied[2] or "{}").get("message", "")).partition(" because ")
    if not found:
        return denied  # not a policy's refusal, and so a gateway response already
    account, region = scope
    arn = execute_api_arn(region, "*" * _HIDDEN_DIGITS + account[_HIDDEN_DIGITS:], api, stage, method, path)
    message = f"{user} on resource: {arn}"
    return gateway_response.answer(api, stage, *rest[:2], kind="ACCESS_DENIED", message=message) or denied
