"""CloudFormation creates an API's request validators, and methods use them.

AWS: a method with a validator refuses, with 400, a body that does not fit its model or a parameter that is missing.
https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-method-request-validation.html

MiniStack: validates, but CloudFormation creates no validators and drops the method's `RequestValidatorId`.

Here: CloudFormation makes them and sets it.
"""

from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from ministack.services import apigateway_v1

from tenantry.local.patching import cloudformation, replace, require

_validator: ContextVar[str | None] = ContextVar("validator", default=None)


def close() -> None:
    """Close the gap."""
    require(apigateway_v1, "_create_request_validator", "_delete_request_validator", "_request_validators")
    validators = cloudformation.handlers("AWS::ApiGateway::RequestValidator")
    validators["create"], validators["update"], validators["delete"] = _create, _update, _delete
    methods = cloudformation.handlers("AWS::ApiGateway::Method")
    methods["create"] = _with_validator(methods["create"], 1)
    methods["update"] = _with_validator(methods["update"], 2)
    replace(apigateway_v1, "_put_method", _put_method_with_validator)


def _create(logical_id: str, properties: cloudformation.Properties, _: str) -> cloudformation.Created:
    request = {
        "name": properties.get("Name", logical_id),
        "validateRequestBody": cloudformation.boolean(properties.get("ValidateRequestBody")),
        "validateRequestParameters": cloudformation.boolean(properties.get("ValidateRequestParameters")),
    }
    made = cloudformation.checked(apigateway_v1._create_request_validator(properties["RestApiId"], request))
    return made["id"], {"RequestValidatorId": made["id"]}


def _update(
    physical_id: str, old: cloudformation.Properties, new: cloudformation.Properties, stack: str
) -> cloudformation.Created:
    if old["RestApiId"] != new["RestApiId"]:
        return _create(physical_id, new, stack)
    stored = apigateway_v1._request_validators[new["RestApiId"]][physical_id]
    stored["validateRequestBody"] = cloudformation.boolean(new.get("ValidateRequestBody"))
    stored["validateRequestParameters"] = cloudformation.boolean(new.get("ValidateRequestParameters"))
    return physical_id, {"RequestValidatorId": physical_id}


def _delete(physical_id: str, properties: cloudformation.Properties) -> None:
    apigateway_v1._delete_request_validator(properties["RestApiId"], physical_id)


def _with_validator(function: Callable[..., Any], properties_at: int) -> Callable[..., Any]:
    def create_or_update(*arguments: Any) -> Any:
        token = _validator.set(arguments[properties_at].get("RequestValidatorId"))
        try:
            return function(*arguments)
        finally:
            _validator.reset(token)

    return create_or_update


def _put_method_with_validator(put: Callable[..., Any]) -> Callable[..., Any]:
    def put_method(api: str, resource: str, method: str, data: dict[str, Any]) -> Any:
        return put(api, resource, method, {"requestValidatorId": _validator.get(), **data})

    return put_method
