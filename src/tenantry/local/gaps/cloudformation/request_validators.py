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

from tenantry.local.patching import Fields, Original, cloudformation, holding, require, wrap

_validator: ContextVar[str | None] = ContextVar("validator", default=None)


def close() -> None:
    """Close the gap."""
    require(apigateway_v1, "_create_request_validator", "_delete_request_validator", "_request_validators")
    validators = cloudformation.handlers("AWS::ApiGateway::RequestValidator")
    validators["create"], validators["update"], validators["delete"] = _create, _update, _delete
    cloudformation.around("AWS::ApiGateway::Method", _with_validator)
    wrap(apigateway_v1, "_put_method", _put_method_with_validator)


def _create(logical_id: str, properties: Fields, _: str) -> cloudformation.Created:
    request = {
        "name": properties.get("Name", logical_id),
        "validateRequestBody": cloudformation.boolean(properties.get("ValidateRequestBody")),
        "validateRequestParameters": cloudformation.boolean(properties.get("ValidateRequestParameters")),
    }
    made = cloudformation.checked(apigateway_v1._create_request_validator(properties["RestApiId"], request))
    return made["id"], {"RequestValidatorId": made["id"]}


def _update(physical_id: str, old: Fields, new: Fields, stack: str) -> cloudformation.Created:
    if old["RestApiId"] != new["RestApiId"]:
        return _create(physical_id, new, stack)
    stored = apigateway_v1._request_validators[new["RestApiId"]][physical_id]
    stored["validateRequestBody"] = cloudformation.boolean(new.get("ValidateRequestBody"))
    stored["validateRequestParameters"] = cloudformation.boolean(new.get("ValidateRequestParameters"))
    return physical_id, {"RequestValidatorId": physical_id}


def _delete(physical_id: str, properties: Fields) -> None:
    apigateway_v1._delete_request_validator(properties["RestApiId"], physical_id)


def _with_validator(work: Callable[[], cloudformation.Created], properties: Fields) -> cloudformation.Created:
    with holding(_validator, properties.get("RequestValidatorId")):
        return work()


def _put_method_with_validator(put: Original, api: str, resource: str, method: str, data: Fields) -> Any:
    return put(api, resource, method, {"requestValidatorId": _validator.get(), **data})
