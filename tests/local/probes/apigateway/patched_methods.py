"""Probes of `apigateway.patched_methods`."""

from tests.local.emulator import MOCK, Emulator
from tests.local.probes import probe


@probe(aws=200, ministack=403)
def a_method_that_stops_requiring_a_key(emulator: Emulator) -> int:
    gateway, url = emulator.client("apigateway"), emulator.api(MOCK, apiKeyRequired=True)
    api = url.partition("/_aws/execute-api/")[2].partition("/")[0]
    thing = next(item["id"] for item in gateway.get_resources(restApiId=api)["items"] if item["path"] == "/thing")
    change = {"op": "replace", "path": "/apiKeyRequired", "value": "false"}
    gateway.update_method(restApiId=api, resourceId=thing, httpMethod="GET", patchOperations=[change])
    gateway.create_deployment(restApiId=api, stageName="test")
    return emulator.get(url).status_code


@probe(aws=[200, 403], ministack=[200, 200])
def a_key_before_and_after_it_was_disabled(emulator: Emulator) -> list[int]:
    gateway, url = emulator.client("apigateway"), emulator.api(MOCK, apiKeyRequired=True)
    api = url.partition("/_aws/execute-api/")[2].partition("/")[0]
    key = gateway.create_api_key(name=emulator.name("key"), enabled=True)
    plan = gateway.create_usage_plan(name=emulator.name("plan"), apiStages=[{"apiId": api, "stage": "test"}])["id"]
    gateway.create_usage_plan_key(usagePlanId=plan, keyId=key["id"], keyType="API_KEY")
    before = emulator.get(url, **{"x-api-key": key["value"]}).status_code
    change = {"op": "replace", "path": "/enabled", "value": "false"}
    gateway.update_api_key(apiKey=key["id"], patchOperations=[change])
    return [before, emulator.get(url, **{"x-api-key": key["value"]}).status_code]
