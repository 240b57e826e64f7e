"""Integrations of API Gateway with other services, and the records that they put."""

import base64
import json
from typing import Any

import requests
from botocore.config import Config
from botocore.exceptions import ClientError

from tenantry.local.settings import ACCOUNT, REGION
from tests.local.ground import Ground, allow
from tests.local.probes import probe

_MOCK: dict[str, Any] = {"type": "MOCK", "requestTemplates": {"application/json": '{"statusCode": 200}'}}
_ANSWERS = {
    "200": {"statusCode": "200", "responseTemplates": {"application/json": "$input.json('$.Item.text.S')"}},
    "404": {
        "statusCode": "404",
        "selectionPattern": "4\\d{2}",
        "responseTemplates": {
            "application/json": "#if($input.path('$.__type').contains('AccessDenied'))\n"
            "#set($context.responseOverride.status = 418)\n#end\n{}"
        },
    },
}


def _item(ground: Ground, *, granted: bool, template: str) -> requests.Response:
    """Ask an API for an item of a table that no other test has, whose text has quotes of both kinds."""
    table = ground.table()
    ground.client("dynamodb").put_item(TableName=table, Item={"id": {"S": "a'b"}, "text": {"S": 'it\'s "x"'}})
    arn = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{table}"
    role = ground.role("apigateway.amazonaws.com", *([allow("dynamodb:GetItem", arn)] if granted else []))
    integration = {
        "type": "AWS",
        "integrationHttpMethod": "POST",
        "uri": f"arn:aws:apigateway:{REGION}:dynamodb:action/GetItem",
        "credentials": role,
        "requestTemplates": {"application/json": template.replace("TABLE", table)},
    }
    return ground.get(f"{ground.api(integration, responses=_ANSWERS)}?id=a'b")


_TEMPLATE = """#set($id = $util.escapeJavaScript($input.params('id')).replaceAll("\\\\'","'"))
{"TableName": "TABLE", "Key": {"id": {"S": "$id"}}}"""


@probe("apigateway_service_integrations", aws=[200, 'it\'s "x"'], ministack=[504, None])
def an_item_through_a_template(ground: Ground) -> list[Any]:
    reply = _item(ground, granted=True, template=_TEMPLATE)
    return [reply.status_code, reply.json() if reply.ok else None]


@probe("apigateway_service_integrations", aws=418, ministack=504)
def an_integration_whose_role_may_not(ground: Ground) -> int:
    return _item(ground, granted=False, template=_TEMPLATE).status_code


@probe("apigateway_service_integrations", aws=500, ministack=504)
def a_template_that_cannot_be_evaluated(ground: Ground) -> int:
    return _item(ground, granted=True, template="#if($x").status_code


def _sent(ground: Ground, body: bytes, content_type: str, models: dict[str, str]) -> int:
    url = ground.api(_MOCK, httpMethod="POST", models=models)
    bundle = str(ground.cloud.ca_bundle)
    return requests.post(url, data=body, headers={"Content-Type": content_type}, verify=bundle, timeout=30).status_code


_NUMBER = {"type": "object", "properties": {"n": {"type": "number"}}}


@probe("apigateway_bodies", aws=[400, 400, 400], ministack=[200, 200, 200])
def bodies_that_are_nearly_json(ground: Ground) -> list[int]:
    models = {"application/json": json.dumps(_NUMBER)}
    bodies = (b'{"n": NaN}', '{"n": 1}'.encode("utf-16"), b'\xef\xbb\xbf{"n": 1}')
    return [_sent(ground, body, "application/json", models) for body in bodies]


@probe("apigateway_bodies", aws=[200, 400], ministack=[400, 200])
def bodies_of_another_content_type(ground: Ground) -> list[int]:
    model = json.dumps(_NUMBER)
    return [
        _sent(ground, b'{"n": "x"}', "text/plain", {"application/json": model}),
        _sent(ground, b'{"n": "x"}', "text/plain", {"$default": model}),
    ]


@probe("apigateway_bodies", aws=413, ministack=200)
def a_body_of_eleven_megabytes(ground: Ground) -> int:
    return _sent(ground, b" " * 11_000_000, "application/json", {})


@probe("apigateway_patched_methods", aws=200, ministack=403)
def a_method_that_asks_for_a_key_no_more(ground: Ground) -> int:
    gateway, url = ground.client("apigateway"), ground.api(_MOCK, apiKeyRequired=True)
    api = url.partition("/_aws/execute-api/")[2].partition("/")[0]
    thing = next(item["id"] for item in gateway.get_resources(restApiId=api)["items"] if item["path"] == "/thing")
    change = {"op": "replace", "path": "/apiKeyRequired", "value": "false"}
    gateway.update_method(restApiId=api, resourceId=thing, httpMethod="GET", patchOperations=[change])
    gateway.create_deployment(restApiId=api, stageName="test")
    return ground.get(url).status_code


@probe("apigateway_patched_methods", aws=[200, 403], ministack=[200, 200])
def a_key_before_and_after_it_was_disabled(ground: Ground) -> list[int]:
    gateway, url = ground.client("apigateway"), ground.api(_MOCK, apiKeyRequired=True)
    api = url.partition("/_aws/execute-api/")[2].partition("/")[0]
    key = gateway.create_api_key(name=ground.name("key"), enabled=True)
    plan = gateway.create_usage_plan(name=ground.name("plan"), apiStages=[{"apiId": api, "stage": "test"}])["id"]
    gateway.create_usage_plan_key(usagePlanId=plan, keyId=key["id"], keyType="API_KEY")
    before = ground.get(url, **{"x-api-key": key["value"]}).status_code
    change = {"op": "replace", "path": "/enabled", "value": "false"}
    gateway.update_api_key(apiKey=key["id"], patchOperations=[change])
    return [before, ground.get(url, **{"x-api-key": key["value"]}).status_code]


def _put(ground: Ground, **record: Any) -> str:  # noqa: ANN401
    """Put records with a client that checks nothing itself, and return the error."""
    stream = ground.name("stream")
    kinesis = ground.cloud.session().client("kinesis", config=Config(parameter_validation=False))
    kinesis.create_stream(StreamName=stream, ShardCount=1)
    kinesis.get_waiter("stream_exists").wait(StreamName=stream, WaiterConfig={"Delay": 1})
    try:
        kinesis.put_records(StreamName=stream, Records=[record])
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return "done"


@probe("kinesis_records", aws="ValidationException", ministack="done")
def a_record_without_a_partition_key(ground: Ground) -> str:
    return _put(ground, Data=b"x", PartitionKey="")


@probe("kinesis_records", aws="KMS", ministack="NONE")
def the_encryption_of_a_stream(ground: Ground) -> str:
    encryption = {"EncryptionType": "KMS", "KeyId": "alias/aws/kinesis"}
    properties = {"ShardCount": 1, "StreamEncryption": encryption}
    stream = ground.stack(Stream={"Type": "AWS::Kinesis::Stream", "Properties": properties})["Stream"]
    record = {"StreamName": stream, "Data": base64.b64encode(b"x"), "PartitionKey": "k"}
    return str(ground.client("kinesis").put_record(**record)["EncryptionType"])
