"""A path with an empty segment matches no resource of an API.

AWS: `//tenants/x` is another path than `/tenants/x`, and a path without a resource is answered with 403, `Missing
Authentication Token`.
https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html

MiniStack: leaves empty segments out, and so serves one resource under many paths, which an authorizer's policy and a
function's permission then do not match.

Here: such a path is answered as on AWS.
"""

from typing import Any

from ministack.services import apigateway_v1

from tenantry.local.patching import Original, require, wrap

#: Both replace: _execute_in_scope.
AFTER = ("apigateway.permission",)


def close() -> None:
    """Close the gap."""
    require(apigateway_v1, "_stages_v1", "_gw_error")
    wrap(apigateway_v1, "_execute_in_scope", _without_empty_segments)


async def _without_empty_segments(
    execute: Original, request: Any, api: str, stage: str, method: str, path: str, *rest: Any
) -> Any:
    known = apigateway_v1._stages_v1.get(api, {}).get(stage)
    if known and "//" in path:
        request["stage"] = known
        return apigateway_v1._gw_error("MISSING_AUTHENTICATION_TOKEN", "Missing Authentication Token")
    return await execute(request, api, stage, method, path, *rest)
