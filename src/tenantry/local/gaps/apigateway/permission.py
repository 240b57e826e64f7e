"""An API invokes a function only if the function's resource policy allows it.

AWS: API Gateway invokes integrations and authorizers as `apigateway.amazonaws.com`, for a method or an authorizer
that the function's policy may name. Without permission the caller gets 500, and a log says why.
https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-control-access-to-api.html

MiniStack: does not evaluate the function's policy.

Here: the policy is evaluated.
"""

from contextvars import ContextVar
from typing import Any

from ministack.services import apigateway_v1, lambda_svc

from tenantry.local.patching import Fields, Original, require, service_calls, wrap

#: Each replaces the same as this one: _invoke_authorizer_lambda, _call_lambda_raw.
AFTER = ("apigateway.authorizer", "aws_lambda.payloads")

_method_arn: ContextVar[str] = ContextVar("method_arn", default="")


def close() -> None:
    """Close the gap."""
    require(lambda_svc, "_get_func_record_for_ref_in_scope")
    require(apigateway_v1, "_extract_lambda_ref_from_integration_uri")
    wrap(apigateway_v1, "_execute_in_scope", _remembering_method)
    wrap(apigateway_v1, "_call_lambda_raw", _with_permission)
    wrap(apigateway_v1, "_invoke_authorizer_lambda", _authorizer_with_permission)


async def _remembering_method(
    execute: Original, request: Any, api: str, stage: str, method: str, path: str, *rest: Any
) -> Any:
    account, region = rest[-2:]
    _method_arn.set(f"arn:aws:execute-api:{region}:{account}:{api}/{stage}/{method}{path}")
    return await execute(request, api, stage, method, path, *rest)


def _permitted(function: str, account: str | None, region: str | None, source_arn: str) -> bool:
    _, config, _ = lambda_svc._get_func_record_for_ref_in_scope(function, account_id=account, region=region)
    if not config:
        return True  # a missing function is answered elsewhere
    try:
        service_calls.check_resource_policy(
            config["FunctionArn"], service="apigateway.amazonaws.com", source_arn=source_arn
        )
    except service_calls.RefusedError as refused:
        apigateway_v1.logger.warning("API Gateway: %s", refused)
        return False
    return True


async def _with_permission(
    call: Original, function: str, event: Any, *, account_id: str | None = None, region: str | None = None
) -> Any:
    if not _permitted(function, account_id, region, _method_arn.get()):
        return None, "Execution failed due to configuration error: Invalid permissions on Lambda function"
    return await call(function, event, account_id=account_id, region=region)


async def _authorizer_with_permission(
    invoke: Original, authorizer: Fields, event: Fields, account: str, region: str
) -> Any:
    function = apigateway_v1._extract_lambda_ref_from_integration_uri(authorizer.get("authorizerUri", ""))
    api = event["methodArn"].split(":")[5].split("/")[0]
    source_arn = f"arn:aws:execute-api:{region}:{account}:{api}/authorizers/{authorizer['id']}"
    if not authorizer.get("authorizerCredentials") and not _permitted(function, account, region, source_arn):
        return None
    return await invoke(authorizer, event, account, region)
