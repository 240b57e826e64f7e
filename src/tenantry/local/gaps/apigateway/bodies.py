"""A request body is parsed as JSON, validated against the model of its content type, and limited to 10 MB.

AWS: API Gateway validates a body against the model of its content type, else against that of `$default`, else not at
all; a body that is not JSON matches no model. A payload of more than 10 MB is answered by the gateway response
`REQUEST_TOO_LARGE`.
https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-method-request-validation.html
https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html

MiniStack: takes `NaN`, `Infinity`, UTF-16, UTF-32 and a byte order mark for JSON, holds every content type to the
model of `application/json`, and has no limit.

Here: as on AWS.
"""

from typing import Any

from ministack.services import apigateway_v1

from tenantry.local.patching import Fields, Original, require, vtl, wrap

#: Both replace: _execute_in_scope.
AFTER = ("apigateway.empty_segments",)

_LIMIT = 10 * 1024 * 1024


def close() -> None:
    """Close the gap."""
    require(apigateway_v1, "_header_ci", "_gw_error", "_request_validators", "_stages_v1")
    wrap(apigateway_v1, "_check_request_validation", _by_content_type)
    wrap(apigateway_v1, "_execute_in_scope", _within_limit)


def _by_content_type(check: Original, method: Fields, api: str, request: Any, *rest: Any) -> Any:
    headers, body, _ = rest
    models = method.get("requestModels") or {}
    content_type = (apigateway_v1._header_ci(headers, "content-type") or "application/json").split(";", 1)[0].strip()
    model = models.get(content_type.lower()) or models.get("$default")
    validator = apigateway_v1._request_validators.get(api, {}).get(method.get("requestValidatorId"))
    held = {**method, "requestModels": {"application/json": model, content_type: model} if model else {}}
    refused = check(held, api, request, *rest)
    if refused is None and model and validator and validator.get("validateRequestBody"):
        try:
            vtl.parse(body or b"")
        except vtl.BodyError:
            return apigateway_v1._gw_error("BAD_REQUEST_BODY", "Invalid request body")
    return refused


async def _within_limit(execute: Original, request: Any, api: str, stage: str, *rest: Any) -> Any:
    known = apigateway_v1._stages_v1.get(api, {}).get(stage)
    if known and len(rest[3] or b"") > _LIMIT:  # the body
        request["stage"] = known
        return apigateway_v1._gw_error("REQUEST_TOO_LARGE", "Request Too Long")
    return await execute(request, api, stage, *rest)
