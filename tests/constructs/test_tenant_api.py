"""The tenant APIs: authorization, validation, CORS on every error, and no personal data in logs."""

from __future__ import annotations

import json
from typing import Any

import pytest
from aws_cdk import Stack, assertions
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_cognito as cognito
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns

from tenantry.bundles.sources import package_folder
from tenantry.functions import FunctionDefaults, PythonFunction
from tenantry.isolation.api import AdminApi, Answer, ApiDefaults, Directory, Parameter, Route, Schema, TenantApi
from tenantry.isolation.api.route import EXPECTED_TENANT
from tenantry.isolation.documentation import ApiDocumentation
from tests.synthesized import new_app

_ORIGIN = "https://shop.example"
_NEW_NAME = Schema(name="NewName", definition={"type": "object", "required": ["name"]})
_NAMED = Schema(name="Named", definition={"type": "object", "required": ["tenant"]})


@pytest.fixture(scope="module")
def template() -> assertions.Template:
    stack = Stack(new_app(), "stack")
    functions = FunctionDefaults(namespace="test")
    defaults = ApiDefaults(allowed_origin=_ORIGIN, throttle_rate=7, throttle_burst=9, alarms=sns.Topic(stack, "Alarms"))
    handler = PythonFunction(stack, "Handler", entry=package_folder("tenant_get"), defaults=functions)
    pool = cognito.UserPool(stack, "Pool")
    TenantApi(
        stack,
        "Api",
        api_name="shop-api",
        user_pool=pool,
        client=pool.add_client("Client"),
        directory=Directory.from_table_names(
            stack, "Directory", users="users", tenants="tenants", memberships="memberships"
        ),
        routes=[
            Route(method="GET", path="/tenant/{tenantId}", handler=handler, roles=["admin", "clerk"]),
            Route(
                method="PUT",
                path="/tenant/{tenantId}",
                handler=handler,
                roles=["admin"],
                takes=_NEW_NAME,
                summary="Name a tenant",
                parameters=[Parameter(name="tenantId", where="path"), Parameter(name="quietly", required=True)],
                answers={201: Answer(description="Named", schema=_NAMED), 409: Answer.refusal("The name is taken")},
            ),
        ],
        defaults=defaults,
        function_defaults=functions,
    )
    admin = AdminApi(
        stack,
        "Admin",
        api_name="shop-admin",
        routes=[Route(method="GET", path="/tenants/{userId}", handler=handler)],
        defaults=defaults,
    )
    role = iam.Role(stack, "Caller", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
    admin.grant_invoke(stack, "CallerAsks", role=role, method="GET", path="/tenants/*")
    return assertions.Template.from_stack(stack)


def _methods(template: assertions.Template) -> list[dict[str, Any]]:
    return [method["Properties"] for method in template.find_resources("AWS::ApiGateway::Method").values()]


def test_every_method_but_the_preflight_is_authorized(template: assertions.Template) -> None:
    kinds = sorted((method["HttpMethod"], method["AuthorizationType"]) for method in _methods(template))

    assert {kind for kind in kinds if kind[0] != "OPTIONS"} == {
        ("GET", "AWS_IAM"),
        ("GET", "CUSTOM"),
        ("PUT", "CUSTOM"),
    }
    assert {authorization for method, authorization in kinds if method == "OPTIONS"} == {"NONE"}


def test_authorizer_has_the_routes_of_the_api(template: assertions.Template) -> None:
    template.has_resource_properties(
        "AWS::Lambda::Function",
        {
            "Handler": "authorizer.handler.handler",
            "Environment": {
                "Variables": assertions.Match.object_like(
                    {"ROUTES": "GET /tenant/{tenantId} admin,clerk\nPUT /tenant/{tenantId} admin"}
                )
            },
        },
    )


def test_policies_are_cached_by_token(template: assertions.Template) -> None:
    template.has_resource_properties(
        "AWS::ApiGateway::Authorizer",
        {
            "Type": "REQUEST",
            "IdentitySource": "method.request.header.Authorization",
            "AuthorizerResultTtlInSeconds": 3,
        },
    )


@pytest.mark.parametrize("kind", ["DEFAULT_4XX", "DEFAULT_5XX", "BAD_REQUEST_BODY"])
def test_gateway_responses_have_cors_headers(template: assertions.Template, kind: str) -> None:
    header = "gatewayresponse.header.Access-Control-Allow-"
    template.has_resource_properties(
        "AWS::ApiGateway::GatewayResponse",
        {
            "ResponseType": kind,
            "ResponseParameters": {
                f"{header}Origin": f"'{_ORIGIN}'",
                f"{header}Methods": "'GET,PUT,POST,DELETE,OPTIONS'",
                f"{header}Headers": "'Content-Type,Authorization,X-Amz-Date,X-Api-Key,X-Amz-Security-Token,Expected-Tenant'",
            },
        },
    )


def test_every_method_is_validated_and_bodies_must_be_objects(template: assertions.Template) -> None:
    for method in _methods(template):
        if method["HttpMethod"] != "OPTIONS":
            assert method["RequestValidatorId"]
            assert ("RequestModels" in method) == (method["HttpMethod"] == "PUT")
    template.has_resource_properties("AWS::ApiGateway::Model", {"Schema": {"type": "object"}})


def test_replies_include_those_of_api_gateway(template: assertions.Template) -> None:
    (method,) = (method for method in _methods(template) if method["HttpMethod"] == "PUT")
    models = {response["StatusCode"]: response["ResponseModels"] for response in method["MethodResponses"]}
    names = {
        name: model["Properties"]["Name"]
        for name, model in template.find_resources("AWS::ApiGateway::Model").items()
        if "Name" in model["Properties"]
    }

    answers = {status: names[model["application/json"]["Ref"]] for status, model in models.items()}
    assert answers == {"201": "Named"} | dict.fromkeys(["400", "401", "403", "409", "413", "429"], "Message")


def test_only_path_parameters_are_required(template: assertions.Template) -> None:
    (method,) = (method for method in _methods(template) if method["HttpMethod"] == "PUT")

    assert method["RequestParameters"] == {
        "method.request.path.tenantId": True,
        "method.request.querystring.quietly": False,
        "method.request.header.Expected-Tenant": False,
    }


def test_documentation_parts_are_complete(template: assertions.Template) -> None:
    (part,) = template.find_resources(
        "AWS::ApiGateway::DocumentationPart", {"Properties": {"Location": {"Method": "PUT"}}}
    ).values()

    assert part["Properties"]["Location"] == {"Type": "METHOD", "Method": "PUT", "Path": "/tenant/{tenantId}"}
    said = json.loads(part["Properties"]["Properties"])
    assert said["summary"] == "Name a tenant"
    assert said["requestBody"] == {"model": "NewName"}
    assert said["responses"]["409"] == {"description": "The name is taken"}
    text = {"type": "string"}
    assert said["parameters"] == [
        {"name": "tenantId", "in": "path", "required": True, "schema": text},
        {"name": "quietly", "in": "query", "required": True, "schema": text},
        {
            "name": "Expected-Tenant",
            "in": "header",
            "required": False,
            "schema": text,
            "description": EXPECTED_TENANT.description,
        },
    ]


@pytest.mark.parametrize("name", ["Empty", "Error", "two words", "", "Größe"])
def test_schema_name_must_be_a_model_name(name: str) -> None:
    with pytest.raises(ValueError, match="cannot be named"):
        Schema(name=name, definition={"type": "object"})


@pytest.mark.parametrize(
    "definition",
    [
        {"const": 1},
        {"type": "object", "properties": {"a": {"example": "b"}}},
        {"items": {"nullable": True}},
        {"oneOf": [{"$ref": "#/definitions/Other"}]},
        {"additionalProperties": {"if": {}}},
    ],
)
def test_schema_unsupported_by_api_gateway_is_refused(definition: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="does not know"):
        Schema(name="Broken", definition=definition)


def test_duplicate_schema_name_is_refused() -> None:
    stack = Stack(new_app(), "stack")
    documentation = ApiDocumentation(stack, "Documentation", api=apigateway.RestApi(stack, "Api"))
    documentation.responses({200: Answer(description="", schema=_NAMED)})

    with pytest.raises(ValueError, match="two schemas named 'Named'"):
        documentation.responses({200: Answer(description="", schema=Schema(name="Named", definition={}))})


def test_stage_is_throttled_traced_and_logs_no_bodies(template: assertions.Template) -> None:
    template.has_resource_properties(
        "AWS::ApiGateway::Stage",
        {
            "StageName": "prod",
            "TracingEnabled": True,
            "MethodSettings": [
                assertions.Match.object_like(
                    {"ThrottlingRateLimit": 7, "ThrottlingBurstLimit": 9, "DataTraceEnabled": False}
                )
            ],
        },
    )


def test_access_log_has_tenant_but_no_person_or_token(template: assertions.Template) -> None:
    for stage in template.find_resources("AWS::ApiGateway::Stage").values():
        form = json.loads(stage["Properties"]["AccessLogSetting"]["Format"])
        assert form["tenant"] == "$context.authorizer.tenantId"
        assert not {"$context.path", "$context.authorizer.email", "$input.params('Authorization')"} & set(form.values())


def test_admin_api_grant_allows_one_route(template: assertions.Template) -> None:
    template.has_resource_properties(
        "AWS::IAM::Policy",
        {
            "Roles": [{"Ref": assertions.Match.string_like_regexp("^Caller")}],
            "PolicyDocument": {
                "Statement": [
                    {
                        "Action": "execute-api:Invoke",
                        "Effect": "Allow",
                        "Resource": {
                            "Fn::Join": ["", assertions.Match.array_with(["/prod/GET/tenants/*"])],
                        },
                    }
                ]
            },
        },
    )


def test_api_creates_no_log_role(template: assertions.Template) -> None:
    template.resource_count_is("AWS::ApiGateway::Account", 0)
