"""The ingest API: the tenant comes from the path, the stream from the stack, and IAM limits each caller to its path."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any, Final

import pytest
from aws_cdk import Stack, assertions
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kinesis as kinesis
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from hypothesis import given, settings
from hypothesis import strategies as st

from tenantry.isolation.api import ApiDefaults
from tenantry.isolation.devices import IngestApi, TenantLimit
from tenantry.model.identifiers import InvalidIdentifierError, tenant_id
from tests.constructs.templates import rendered, replied
from tests.synthesized import new_app

if TYPE_CHECKING:
    from collections.abc import Mapping

_texts: Final = st.text(alphabet="'\"\\#${}\n\x00é\U0001f600a") | st.text()
_data: Final = st.dictionaries(
    _texts | st.sampled_from(["tenantid", "Data", "PartitionKey", "StreamName"]),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | _texts,
        lambda children: st.lists(children, max_size=3) | st.dictionaries(_texts, children, max_size=3),
        max_leaves=8,
    ),
    max_size=4,
)


def _template(*, required: bool = False, web_acl_arn: str | None = None) -> assertions.Template:
    stack = Stack(new_app(), "Stack")
    key = kms.Key(stack, "Key")
    api = IngestApi(
        stack,
        "Api",
        api_name="ingest",
        stream=kinesis.Stream(stack, "Stream", encryption_key=key),
        key=key,
        limit=TenantLimit(rate=5, burst=10, required=required),
        defaults=ApiDefaults(
            allowed_origin="https://shop.example",
            throttle_rate=7,
            throttle_burst=9,
            alarms=sns.Topic(stack, "Alarms"),
            web_acl_arn=web_acl_arn,
        ),
    )
    api.grant_send(iam.User(stack, "User"), "T001")
    return assertions.Template.from_stack(stack)


@pytest.fixture(scope="module")
def template() -> assertions.Template:
    return _template()


def _methods(template: assertions.Template) -> Mapping[str, dict[str, Any]]:
    return {
        method["Properties"]["Integration"]["Uri"]["Fn::Join"][1][-1].rpartition("/")[2]: method["Properties"]
        for method in template.find_resources("AWS::ApiGateway::Method").values()
        if method["Properties"]["HttpMethod"] == "POST"
    }


def _sent(template: assertions.Template, action: str, tenant: str, body: object, **headers: str) -> Any:  # noqa: ANN401 - JSON
    parts = _methods(template)[action]["Integration"]["RequestTemplates"]["application/json"]["Fn::Join"][1]
    text = "".join(part if isinstance(part, str) else "the-stream" for part in parts)
    return rendered(text, body, path={"tenantId": tenant}, query={"tenantId": "T002"}, headers=headers)


def _record(text: str) -> Any:  # noqa: ANN401 - JSON
    return json.loads(base64.b64decode(text))


@settings(max_examples=300, deadline=None)
@given(data=_data, more=_data)
def test_record_gets_the_tenant_of_the_path(
    template: assertions.Template, data: dict[str, Any], more: dict[str, Any]
) -> None:
    made = _sent(template, "PutRecord", "T001", {**more, "tenantid": "T002", "StreamName": "other", "Data": data})

    assert _record(made.pop("Data")) == {"tenantid": "T001", "data": data}
    assert made == {"StreamName": "the-stream", "PartitionKey": "T001"}


@settings(max_examples=100, deadline=None)
@given(batch=st.lists(_data, min_size=1, max_size=5))
def test_batch_records_get_the_tenant_of_the_path(template: assertions.Template, batch: list[dict[str, Any]]) -> None:
    body = {"StreamName": "other", "Records": [{"Data": data, "PartitionKey": "T002"} for data in batch]}

    made = _sent(template, "PutRecords", "T001", body)

    assert made["StreamName"] == "the-stream"
    assert [record["PartitionKey"] for record in made["Records"]] == ["T001"] * len(batch)
    assert [_record(record["Data"]) for record in made["Records"]] == [
        {"tenantid": "T001", "data": data} for data in batch
    ]


_WEB_ACL: Final = "arn:aws:wafv2:us-east-1:123456789012:regional/webacl/shop/1"
_INVALID: Final = [
    "",
    "T",
    "T0",
    "-T01",
    "T001-",
    "T 01",
    "T*",
    "T00?",
    "T001/x",
    "..",
    "T001\n",
    "prefix",
    "TAG",
    "dbns",
]


@pytest.mark.parametrize("tenant", [*_INVALID, "x" * 39, "T001'", 'T001"', "T00\u0661", "$context", "${v1}"])
def test_malformed_tenant_in_path_writes_no_record(template: assertions.Template, tenant: str) -> None:
    assert _sent(template, "PutRecord", tenant, {"Data": {}}) == {"StreamName": "the-stream"}
    assert _sent(template, "PutRecords", tenant, {"Records": [{"Data": {}}]}) == {"StreamName": "the-stream"}


@pytest.mark.parametrize("expected", ["T002", "t001", "T0011", "T001 ", "", "T001'", '"', "$context", "\n", "#end"])
def test_mismatched_expected_tenant_writes_no_record(template: assertions.Template, expected: str) -> None:
    bodies = {"PutRecord": {"Data": {}}, "PutRecords": {"Records": [{"Data": {}}]}}
    for action, body in bodies.items():
        assert _sent(template, action, "T001", body, **{"expected-tenant": expected}) == {"StreamName": "the-stream"}
        assert len(_sent(template, action, "T001", body, **{"expected-tenant": "T001"})) > 1
        responses = _methods(template)[action]["Integration"]["IntegrationResponses"]
        (refusal,) = [response for response in responses if response["StatusCode"] == "400"]
        status, _, said = replied(
            refusal["ResponseTemplates"]["application/json"],
            {"__type": "ValidationException", "message": "x"},
            path={"tenantId": "T001"},
            headers={"Expected-Tenant": expected},
        )
        assert status == 409
        assert said == {"message": "Expected-Tenant names another tenant than the one this request would act in"}


@settings(max_examples=300, deadline=None)
@given(tenant=st.from_regex(r"[A-Za-z0-9-]{0,40}", fullmatch=True) | st.text(max_size=40))
def test_gateway_and_functions_accept_the_same_ids(template: assertions.Template, tenant: str) -> None:
    try:
        tenant_id(tenant)
        good = True
    except InvalidIdentifierError:
        good = False

    assert ("PartitionKey" in _sent(template, "PutRecord", tenant, {"Data": {}})) == good


@pytest.mark.parametrize("data", ["x", None, 1, [], [{}], True, "{}"])
def test_data_must_be_an_object(template: assertions.Template, data: object) -> None:
    assert _sent(template, "PutRecord", "T001", {"Data": data}) == {"StreamName": "the-stream"}
    batch = _sent(template, "PutRecords", "T001", {"Records": [{"Data": {}}, {"Data": data}]})
    assert batch["Records"][1] == {}  # for which Kinesis refuses all of them


def test_batch_failures_have_indexes(template: assertions.Template) -> None:
    responses = _methods(template)["PutRecords"]["Integration"]["IntegrationResponses"]
    done = next(response for response in responses if response["StatusCode"] == "200")
    stored = {"SequenceNumber": "1", "ShardId": "s"}
    failed = {"ErrorCode": "ProvisionedThroughputExceededException", "ErrorMessage": "stream x of account 1"}
    reply = {"EncryptionType": "KMS", "FailedRecordCount": 1, "Records": [stored, failed]}

    status, _, body = replied(done["ResponseTemplates"]["application/json"], reply)

    assert status == 207
    assert body == {
        "EncryptionType": "KMS",
        "FailedRecordCount": 1,
        "Records": [{"Index": 0, **stored}, {"Index": 1, "ErrorCode": failed["ErrorCode"]}],
    }
    assert replied(done["ResponseTemplates"]["application/json"], {**reply, "FailedRecordCount": 0})[0] is None


def test_every_method_uses_iam_and_validates_its_model(template: assertions.Template) -> None:
    methods = _methods(template)

    assert set(methods) == {"PutRecord", "PutRecords"}
    for method in methods.values():
        assert method["AuthorizationType"] == "AWS_IAM"
        assert method["RequestModels"]["application/json"] == method["RequestModels"]["$default"]


def test_sender_of_a_tenant_may_call_two_paths(template: assertions.Template) -> None:
    policies = template.find_resources("AWS::IAM::Policy").values()
    invoke = [
        statement
        for policy in policies
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
        if statement["Action"] == "execute-api:Invoke"
    ]

    assert [resource["Fn::Join"][1][-1] for resource in invoke[0]["Resource"]] == [
        "/prod/POST/T001",
        "/prod/POST/T001/batch",
    ]
    assert len(invoke) == 1


def test_tenant_rate_limit_is_a_usage_plan(template: assertions.Template) -> None:
    template.has_resource_properties("AWS::ApiGateway::UsagePlan", {"Throttle": {"RateLimit": 5, "BurstLimit": 10}})
    assert not any(method.get("ApiKeyRequired") for method in _methods(template).values())
    assert all(method["ApiKeyRequired"] for method in _methods(_template(required=True)).values())


@pytest.mark.parametrize("kind", ["THROTTLED", "QUOTA_EXCEEDED", "INTEGRATION_FAILURE", "INTEGRATION_TIMEOUT"])
def test_retryable_errors_have_retry_after(template: assertions.Template, kind: str) -> None:
    template.has_resource_properties(
        "AWS::ApiGateway::GatewayResponse",
        {
            "ResponseType": kind,
            "ResponseParameters": assertions.Match.object_like({"gatewayresponse.header.Retry-After": "'1'"}),
        },
    )


def test_web_acl_is_associated_if_given(template: assertions.Template) -> None:
    template.resource_count_is("AWS::WAFv2::WebACLAssociation", 0)
    _template(web_acl_arn=_WEB_ACL).has_resource_properties("AWS::WAFv2::WebACLAssociation", {"WebACLArn": _WEB_ACL})
