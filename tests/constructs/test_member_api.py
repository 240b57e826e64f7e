"""The API with roles: declared with the routes, collected in one table, cached for a limited time."""

from __future__ import annotations

import json
from typing import Any

import pytest
from aws_cdk import Duration, Stack, assertions
from aws_cdk import aws_cognito as cognito
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_sns as sns

from tenantry.bundles.sources import package_folder
from tenantry.functions import FunctionDefaults, PythonFunction
from tenantry.isolation.api import Access, ApiDefaults, Directory, MemberApi, Route, SharedTokens, TenantApi
from tests.synthesized import new_app

_STRING = dynamodb.AttributeType.STRING


def _build(*routes: dict[str, Any], kind: Any = MemberApi, **more: Any) -> assertions.Template:  # noqa: ANN401 - props
    stack = Stack(new_app(), "stack")
    functions = FunctionDefaults(namespace="test")
    handler = PythonFunction(stack, "Handler", entry=package_folder("tenant_get"), defaults=functions)
    pool = cognito.UserPool(stack, "Pool")
    tables = {
        name: dynamodb.Table(stack, name, partition_key=dynamodb.Attribute(name="id", type=_STRING))
        for name in ("users", "tenants", "memberships")
    }
    kind(
        stack,
        "Api",
        api_name="parks",
        user_pool=pool,
        client=pool.add_client("Client"),
        routes=[Route(handler=handler, **route) for route in routes],
        defaults=ApiDefaults(
            allowed_origin="https://x.example", throttle_rate=1, throttle_burst=1, alarms=sns.Topic(stack, "Alarms")
        ),
        function_defaults=functions,
        directory=Directory(**tables),
        **more,
    )
    return assertions.Template.from_stack(stack)


_PARKS = {"method": "GET", "path": "/parks/{id}", "roles": ["admin", "visitor"]}
_SETTINGS = {"method": "GET", "path": "/settings", "access": Access.USER}
_LEAVE = {
    "method": "DELETE",
    "path": "/tenants/{tenantId}/members/{memberId}",
    "roles": ["admin"],
    "own_roles": ["member"],
}


@pytest.mark.parametrize(("kind", "acts_in"), [(MemberApi, "active"), (TenantApi, "claim")])
def test_role_table_is_built_from_the_routes(kind: Any, acts_in: str) -> None:  # noqa: ANN401 - a class
    _build(_PARKS, _SETTINGS, _LEAVE, kind=kind).has_resource_properties(
        "AWS::Lambda::Function",
        {
            "Handler": "authorizer.handler.handler",
            "Environment": {
                "Variables": assertions.Match.object_like(
                    {
                        "ACTS_IN": acts_in,
                        "ROUTES": "GET /parks/{id} admin,visitor\n"
                        "GET /settings *\n"
                        "DELETE /tenants/{tenantId}/members/{memberId} admin\n"
                        "DELETE /tenants/{tenantId}/members/{userId} member",
                    }
                )
            },
        },
    )


def test_authorizer_reads_single_items_and_nothing_else() -> None:
    policies = _build(_PARKS).find_resources("AWS::IAM::Policy")
    (statements,) = [
        policy["Properties"]["PolicyDocument"]["Statement"] for name, policy in policies.items() if "Authorizer" in name
    ]

    of_data = [statement for statement in statements if "dynamodb" in json.dumps(statement)]
    assert {statement["Action"] for statement in of_data} == {"dynamodb:BatchGetItem", "dynamodb:GetItem"}
    assert "*" not in json.dumps([statement["Resource"] for statement in of_data])


@pytest.mark.parametrize(
    ("kind", "more", "seconds"),
    [
        (MemberApi, {}, 0),
        (TenantApi, {}, 3),
        (TenantApi, {"authorizer_cache_ttl": Duration.seconds(0)}, 0),
        (TenantApi, {"authorizer_cache_ttl": Duration.seconds(2)}, 2),
    ],
)
def test_policy_cache_is_at_most_three_seconds(kind: Any, more: dict[str, Any], seconds: int) -> None:  # noqa: ANN401 - a class
    _build(_PARKS, kind=kind, **more).has_resource_properties(
        "AWS::ApiGateway::Authorizer",
        {
            "Type": "REQUEST",
            "IdentitySource": "method.request.header.Authorization",
            "AuthorizerResultTtlInSeconds": seconds,
        },
    )


@pytest.mark.parametrize(("kind", "seconds"), [(TenantApi, 4), (MemberApi, 1)])
def test_longer_policy_cache_is_refused(kind: Any, seconds: int) -> None:  # noqa: ANN401 - a class
    with pytest.raises(ValueError, match=f"must not keep policies for {seconds} seconds"):
        _build(_PARKS, kind=kind, authorizer_cache_ttl=Duration.seconds(seconds))


def test_shared_tokens_are_refused_for_active_tenant_apis() -> None:
    tokens = SharedTokens(Stack(new_app(), "tokens"), "Tokens", issuer="test")

    with pytest.raises(ValueError, match="cannot take shared tokens"):
        _build(_PARKS, kind=MemberApi, shared_tokens=tokens)


def test_every_route_passes_the_authorizer() -> None:
    methods = _build(_PARKS, _SETTINGS).find_resources("AWS::ApiGateway::Method").values()

    kinds = {method["Properties"]["HttpMethod"]: method["Properties"]["AuthorizationType"] for method in methods}
    assert kinds == {"GET": "CUSTOM", "OPTIONS": "NONE"}


@pytest.mark.parametrize(
    ("route", "problem"),
    [
        ({**_PARKS, "roles": []}, "must say which roles"),
        ({**_PARKS, "roles": ["*"]}, "a role is made of"),
        ({**_PARKS, "roles": ["admin,member"]}, "a role is made of"),
        ({**_PARKS, "roles": ["admin\n"]}, "a role is made of"),
        ({**_SETTINGS, "roles": ["admin"]}, "neither roles nor"),
        ({**_SETTINGS, "path": "/tenants/{tenantId}"}, "neither roles nor"),
        ({**_PARKS, "own_roles": ["member"]}, "its path needs {memberId}"),
    ],
)
@pytest.mark.parametrize("kind", [MemberApi, TenantApi])
def test_route_with_impossible_roles_is_refused(kind: Any, route: dict[str, Any], problem: str) -> None:  # noqa: ANN401 - a class
    with pytest.raises(ValueError, match=problem):
        _build(route, kind=kind)


@pytest.mark.parametrize("route", [_PARKS, _SETTINGS])
def test_user_routes_declare_the_expected_tenant_header(route: dict[str, Any]) -> None:
    _build(route).has_resource_properties(
        "AWS::ApiGateway::Method",
        {"RequestParameters": assertions.Match.object_like({"method.request.header.Expected-Tenant": False})},
    )
