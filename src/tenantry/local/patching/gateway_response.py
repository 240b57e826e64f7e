"""Answer for an API with one of its gateway responses."""

from typing import Any

from ministack.core.responses import new_uuid, request_scope
from ministack.services import apigateway_v1

from tenantry.local.patching import require

require(apigateway_v1, "find_api_scope", "stages_for_api", "_gateway_error_response", "_gw_error")


def answer(api: str, stage: str, headers: Any, query: Any, *, kind: str, message: str) -> Any:
    """Return an API's gateway response of a kind; None if there is no such API or stage."""
    scope, stages = apigateway_v1.find_api_scope(api), apigateway_v1.stages_for_api(api)
    if scope is None or stage not in stages:
        return None
    request = {
        "api_id": api,
        "stage_name": stage,
        "stage": stages[stage],
        "headers": headers or {},
        "query_params": query or {},
        "path_params": {},
        "resource_path": "",
        "request_id": new_uuid(),
    }
    with request_scope(*scope):
        return apigateway_v1._gateway_error_response(apigateway_v1._gw_error(kind, message), request)
