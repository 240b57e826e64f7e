"""Direct integrations call one action on one resource; templates are run in a real engine with hostile input."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import pytest
from aws_cdk import Stack, assertions
from aws_cdk import aws_cognito as cognito
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from hypothesis import given, settings
from hypothesis import strategies as st

from tenantry.functions import FunctionDefaults
from tenantry.isolation.api import Access, AdminApi, Answer, ApiDefaults, Directory, Route, Schema, TenantApi
from tenantry.isolation.direct import (
    BodyJson,
    BodyText,
    ContextText,
    Joined,
    JsonText,
    PathText,
    ServiceAction,
    ServiceError,
    ServiceIntegration,
    ServiceReply,
    UnsafeTemplateError,
)
from tests.constructs.templates import raw, rendered, replied
from tests.synthesized import new_app

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tenantry.isolation.direct.template_statements import Value

_TENANT: Final = ContextText("authorizer.tenantId")
_MACHINE: Final = "arn:aws:states:us-east-1:123456789012:stateMachine:subscribe"
_PARK: Final = Schema(name="Park", definition={"type": "object", "required": ["id"]})
_HOSTILE: Final = st.text(alphabet="'\"\\#${}\n\x00é\U0001f600a") | st.text()


@pytest.fixture(scope="module")
def template() -> assertions.Template:
    """Return a stack with an API that puts items of a tenant and starts its workflows."""
    stack = Stack(new_app(), "Stack")
    key = kms.Key(stack, "Key")
    table = dynamodb.Table(
        stack, "Table", partition_key=dynamodb.Attribute(name="pk", type=dynamodb.AttributeType.STRING)
    )
    put = ServiceIntegration(
        stack,
        "Put",
        action=ServiceAction(
            service="dynamodb",
            action="PutItem",
            resource_arn=table.table_arn,
            target={"TableName": table.table_name},
            key=key,
            own_fields=("pk",),
        ),
        request={
            "Item": {
                "pk": {"S": Joined(_TENANT, "#", BodyText("$.id"))},
                "name": {"S": BodyJson("$.name")},
            },
            "ConditionExpression": "attribute_not_exists(#pk)",
            "ExpressionAttributeNames": {"#pk": "pk"},
        },
        reply=ServiceReply(body={"id": "made"}, status=201),
        refusal="Invalid park",
        errors={
            "ConditionalCheckFailedException": ServiceError(status=409, message="A park with this id already exists")
        },
    )
    start = ServiceIntegration(
        stack,
        "Start",
        action=ServiceAction(
            service="states",
            action="StartExecution",
            resource_arn=_MACHINE,
            target={"stateMachineArn": _MACHINE},
        ),
        request={"input": JsonText({"tenantId": _TENANT, "park": PathText("id"), "webhook": BodyJson("$")})},
        reply=ServiceReply(body={"execution": BodyJson("$.executionArn")}, status=202),
        refusal="Invalid webhook",
    )
    pool = cognito.UserPool(stack, "Pool")
    TenantApi(
        stack,
        "Api",
        api_name="parks",
        user_pool=pool,
        client=pool.add_client("Client"),
        directory=Directory.from_table_names(
            stack, "Directory", users="users", tenants="tenants", memberships="memberships"
        ),
        routes=[
            Route(
                method="POST",
                path="/parks",
                handler=put,
                roles=["ranger"],
                takes=_PARK,
                answers={201: Answer(description="Made", schema=_PARK)},
            ),
            Route(method="POST", path="/parks/{id}/webhooks", handler=start, roles=["ranger"], takes=_PARK),
        ],
        defaults=_defaults(stack),
        function_defaults=FunctionDefaults(namespace="test"),
    )
    return assertions.Template.from_stack(stack)


def _defaults(stack: Stack) -> ApiDefaults:
    return ApiDefaults(
        allowed_origin="https://shop.example", throttle_rate=7, throttle_burst=9, alarms=sns.Topic(stack, "Alarms")
    )


def _method(template: assertions.Template, action: str) -> dict[str, Any]:
    for method in template.find_resources("AWS::ApiGateway::Method").values():
        properties: dict[str, Any] = method["Properties"]
        if action in json.dumps(properties["Integration"].get("Uri", "")):
            return properties
    raise AssertionError(action)


def _request(template: assertions.Template, action: str) -> str:
    return _text(_method(template, action)["Integration"]["RequestTemplates"]["application/json"])


def _text(value: Any) -> str:  # noqa: ANN401 - a string or an intrinsic function
    if isinstance(value, str):
        return value
    return "".join(part if isinstance(part, str) else f"<{part['Ref']}>" for part in value["Fn::Join"][1])


def _response(template: assertions.Template, action: str, status: str) -> dict[str, Any]:
    responses = _method(template, action)["Integration"]["IntegrationResponses"]
    return next(response for response in responses if response["StatusCode"] == status)


@settings(max_examples=200, deadline=None)
@given(park=_HOSTILE, name=_HOSTILE)
def test_request_text_cannot_change_key_or_table(template: assertions.Template, park: str, name: str) -> None:
    made = rendered(
        _request(template, "PutItem"),
        {"id": park, "name": name, "pk": "colorado#x", "TableName": "other"},
        authorizer={"tenantId": "texas"},
    )

    assert made == {
        "TableName": made["TableName"],
        "Item": {"pk": {"S": f"texas#{park}"}, "name": {"S": name}},
        "ConditionExpression": "attribute_not_exists(#pk)",
        "ExpressionAttributeNames": {"#pk": "pk"},
    }
    assert made["TableName"].startswith("<Table")


@settings(max_examples=200, deadline=None)
@given(park=_HOSTILE, url=_HOSTILE)
def test_request_text_cannot_change_a_workflows_tenant(template: assertions.Template, park: str, url: str) -> None:
    body = {"tenantId": "colorado", "endpoint": url}
    made = rendered(_request(template, "StartExecution"), body, path={"id": park}, authorizer={"tenantId": "texas"})

    assert made["stateMachineArn"] == _MACHINE
    assert json.loads(made["input"]) == {"tenantId": "texas", "park": park, "webhook": body}


_DIFFERS: Final = {"message": "Expected-Tenant names another tenant than the one this request would act in"}
_INVALID: Final = {"__type": "ValidationException", "message": "x"}


@pytest.mark.parametrize("name", ["Expected-Tenant", "expected-tenant", "EXPECTED-TENANT", "eXpected-tenanT"])
def test_expected_tenant_header_name_is_case_insensitive(template: assertions.Template, name: str) -> None:
    request, body = _request(template, "PutItem"), {"id": "x", "name": "y"}
    error = _response(template, "PutItem", "400")["ResponseTemplates"]["application/json"]
    who: dict[str, Any] = {"authorizer": {"tenantId": "texas"}}

    assert rendered(request, body, headers={name: "texas"}, **who) == rendered(request, body, **who)
    assert raw(request, body, headers={name: "ohio"}, **who) == "refused"
    # A query of that name is not the header, and takes nothing from it.
    assert raw(request, body, headers={name: "ohio"}, query={"Expected-Tenant": "texas"}, **who) == "refused"
    assert rendered(request, body, query={"Expected-Tenant": "ohio"}, **who)["Item"]
    assert replied(error, _INVALID, headers={name: "ohio"}, **who) == (409, {}, _DIFFERS)
    assert replied(error, _INVALID, headers={name: "texas"}, **who) == (None, {}, {"message": "Invalid park"})
    assert replied(error, _INVALID, **who)[0] is None


def test_all_expected_tenant_headers_must_match(template: assertions.Template) -> None:
    headers = {"Expected-Tenant": "texas", "expected-tenant": "ohio", "x": "y"}

    made = raw(_request(template, "PutItem"), {"id": "x"}, headers=headers, authorizer={"tenantId": "texas"})
    assert made == "refused"


def test_caller_without_tenant_has_no_expected_tenant(template: assertions.Template) -> None:
    headers = {"Expected-Tenant": "texas"}

    assert raw(_request(template, "PutItem"), {"id": "x"}, headers=headers) == "refused"
    error = _response(template, "PutItem", "400")["ResponseTemplates"]["application/json"]
    assert replied(error, _INVALID, headers=headers)[0] == 409


@settings(max_examples=200, deadline=None)
@given(value=_HOSTILE | st.sampled_from(["", " texas", "texas ", "Texas", "texas\n", "texas,texas", "$v1", "${v1}"]))
def test_expected_tenant_is_only_compared(template: assertions.Template, value: str) -> None:
    for action in ("PutItem", "StartExecution"):
        made = raw(
            _request(template, action),
            {"id": "x", "name": "y"},
            path={"id": "x"},
            headers={"Expected-Tenant": value},
            authorizer={"tenantId": "texas"},
        )
        assert made == "refused"
    error = _response(template, "PutItem", "400")["ResponseTemplates"]["application/json"]
    answer = replied(error, _INVALID, headers={"Expected-Tenant": value}, authorizer={"tenantId": "texas"})
    assert answer == (409, {}, _DIFFERS)


def test_only_json_reaches_a_service(template: assertions.Template) -> None:
    for action in ("PutItem", "StartExecution"):
        method = _method(template, action)
        assert method["Integration"]["PassthroughBehavior"] == "NEVER"
        assert list(method["Integration"]["RequestTemplates"]) == ["application/json"]
        # Every content type is held to the model: one without a model would not be held to any.
        assert set(method["RequestModels"]) == {"application/json", "$default"}
        assert method["RequestValidatorId"]


def test_each_integration_role_allows_one_action(template: assertions.Template) -> None:
    statements = {
        policy["Properties"]["PolicyName"][:3]: [
            (statement["Action"], statement["Effect"])
            for statement in policy["Properties"]["PolicyDocument"]["Statement"]
        ]
        for policy in template.find_resources("AWS::IAM::Policy").values()
        if policy["Properties"]["PolicyName"].startswith(("Put", "Start"))
    }

    assert statements == {
        "Put": [("dynamodb:PutItem", "Allow"), ("kms:GenerateDataKey", "Allow")],
        "Sta": [("states:StartExecution", "Allow")],
    }
    assert "*" not in json.dumps(
        [
            statement["Resource"]
            for policy in template.find_resources("AWS::IAM::Policy").values()
            for statement in policy["Properties"]["PolicyDocument"]["Statement"]
            if policy["Properties"]["PolicyName"].startswith(("Put", "Start"))
        ]
    )


@pytest.mark.parametrize(
    ("error", "status", "headers"),
    [
        ("com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException", 409, {}),
        ("ProvisionedThroughputExceededException", 429, {"Retry-After": "1"}),
        ("com.amazon.coral.availability#ThrottlingException", 429, {"Retry-After": "1"}),
        ("KMSThrottlingException", 429, {"Retry-After": "1"}),
        ("LimitExceededException", 429, {"Retry-After": "1"}),
        ("com.amazon.coral.validate#ValidationException", None, {}),
        ("SerializationException", None, {}),
        ("AccessDeniedException", 500, {}),
        ("ResourceNotFoundException", 500, {}),
        ("", 500, {}),
    ],
)
def test_service_errors_map_to_statuses(
    template: assertions.Template, error: str, status: int | None, headers: dict[str, str]
) -> None:
    response = _response(template, "PutItem", "400")
    secret = "User arn:aws:iam::1 is not authorized on table other"

    assert response["SelectionPattern"] == "4\\d{2}"
    got_status, got_headers, body = replied(
        response["ResponseTemplates"]["application/json"], {"__type": error, "message": secret}
    )
    assert (got_status, got_headers) == (status, headers)
    assert list(body) == ["message"]
    assert secret not in body["message"]


@pytest.mark.parametrize(
    ("error", "message"),
    [
        ("ValidationException", "Value at 'data' failed: Member must have length less than or equal to 1048576"),
        ("InvalidArgumentException", "Records size exceeds 5 MB limit"),
        ("ValidationException", "Item size has exceeded the maximum allowed size"),
    ],
)
def test_too_large_request_is_413(template: assertions.Template, error: str, message: str) -> None:
    response = _response(template, "PutItem", "400")["ResponseTemplates"]["application/json"]

    assert replied(response, {"__type": error, "message": message})[0] == 413


def test_service_failure_is_retryable(template: assertions.Template) -> None:
    response = _response(template, "PutItem", "503")

    assert response["SelectionPattern"] == "5\\d{2}"
    assert response["ResponseParameters"]["method.response.header.Retry-After"] == "'1'"


def test_every_reply_is_declared_with_its_headers(template: assertions.Template) -> None:
    method = _method(template, "PutItem")
    declared = {response["StatusCode"]: response for response in method["MethodResponses"]}

    assert set(declared) == {"201", "400", "401", "403", "409", "413", "415", "429", "500", "503"}
    for response in method["Integration"]["IntegrationResponses"]:
        assert set(response["ResponseParameters"]) <= set(declared[response["StatusCode"]]["ResponseParameters"])
        assert response["ResponseParameters"]["method.response.header.Access-Control-Allow-Origin"]


def _integration(stack: Stack, request: Mapping[str, Value]) -> ServiceIntegration:
    return ServiceIntegration(
        stack,
        "Integration",
        action=ServiceAction(
            service="dynamodb",
            action="PutItem",
            resource_arn="arn",
            target={"TableName": "t"},
            own_fields=(":pk", "pk"),
        ),
        request=request,
        reply=ServiceReply(body={}),
        refusal="No",
    )


@pytest.mark.parametrize(
    "request_",
    [
        {"TableName": BodyText("$.table")},
        {"StreamName": "x"},
        {"streamARN": PathText("id")},
        {"stateMachineArn": BodyText("$.x")},
        {"TopicArn": BodyText("$.x")},
        {"QueueUrl": BodyText("$.x")},
        {"PartitionKey": BodyText("$.x")},
        {"ExplicitHashKey": BodyJson("$.x")},
        {"Key": {"pk": {"S": BodyText("$.id")}}},
        {"Key": {"pk": {"S": Joined(BodyText("$.id"), "#", _TENANT)}}},
        {"Key": {"pk": {"S": Joined(_TENANT, BodyText("$.id"))}}},  # texa + s1 would be texas + 1
        {"Key": {"pk": {"S": Joined(_TENANT, "", BodyText("$.id"))}}},
        {"Key": {"pk": {"S": Joined(_TENANT, "-x", BodyText("$.id"))}}},
        {"Key": {"pk": {"S": PathText("id")}}},
        {"Key": {"pk": {"S": ContextText("path")}}},
        {"Key": BodyJson("$.key")},
        {"Key": "fixed"},
        {"Key": {}},
        {"Item": {"pk": {"S": BodyText("$.id")}}},
        {"Records": [{"PartitionKey": BodyText("$.x")}]},
        {"ExpressionAttributeValues": {":pk": {"S": BodyJson("$.id")}}},
    ],
    ids=str,
)
def test_request_cannot_choose_resource_or_key(request_: Mapping[str, Value]) -> None:
    with pytest.raises(UnsafeTemplateError):
        _integration(Stack(new_app(), "Stack"), request_)


def test_route_must_provide_what_its_integration_reads() -> None:
    stack = Stack(new_app(), "Stack")
    reads_path = _integration(stack, {"Key": {"pk": {"S": Joined(PathText("tenantId"), "#", BodyText("$.x"))}}})
    with pytest.raises(ValueError, match="has no \\['tenantId'\\] in its path"):
        AdminApi(
            stack,
            "Api",
            api_name="a",
            routes=[Route(method="POST", path="/parks", handler=reads_path)],
            defaults=_defaults(stack),
        )


def test_authorizer_context_requires_an_authorizer() -> None:
    stack = Stack(new_app(), "Stack")
    reads_context = _integration(stack, {"Key": {"pk": {"S": _TENANT}}})
    with pytest.raises(ValueError, match="has no authorizer"):
        AdminApi(
            stack,
            "Api",
            api_name="a",
            routes=[Route(method="POST", path="/parks", handler=reads_context, access=Access.TENANT)],
            defaults=_defaults(stack),
        )
