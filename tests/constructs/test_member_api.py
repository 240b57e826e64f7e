"""The API whose routes open to roles: declared beside the routes, read in one table, and kept for no longer than said."""

from __future__ import annotations

import json
from typing import Any

import pytest
from aws_cdk import Duration, Stack, assertions
from aws_cdk import aws_cognito as cognito
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_sns as sns

from python_lambda import FunctionDefaults, PythonFunction
from tenant_isolation import LAMBDAS, Access, ApiDefaults, MemberApi, Route, TenantApi
from tests.synthesized import new_app

_STRING = dynamodb.AttributeType.STRING


def _build(*routes: dict[str, Any], kind: Any = MemberApi, **more: Any) -> assertions.Template:  # noqa: ANN401 - props
    stack = Stack(new_app(), "stack")
    functions = FunctionDefaults(namespace="test")
    handler = PythonFunction(stack, "Handler", entry=LAMBDAS / "tenant_get", defaults=functions)
    pool = cognito.UserPool(stack, "Pool")
    tables = {
        name: dynamodb.Table(stack, name, partition_key=dynamodb.Attribute(name="id", type=_STRING))
        for name in ("users", "memberships")
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
        **(tables if kind is MemberApi else {}),
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


def test_table_of_roles_is_made_of_the_routes() -> None:
    _build(_PARKS, _SETTINGS, _LEAVE).has_resource_properties(
        "AWS::Lambda::Function",
        {
            "Handler": "member_authorizer.handler.handler",
            "Environment": {
                "Variables": assertions.Match.object_like(
                    {
                        "ROUTES": "GET /parks/{id} admin,visitor\n"
                        "GET /settings *\n"
                        "DELETE /tenants/{tenantId}/members/{memberId} admin\n"
                        "DELETE /tenants/{tenantId}/members/{userId} member"
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
    assert [statement["Action"] for statement in of_data] == ["dynamodb:GetItem"] * len(of_data)
    assert "*" not in json.dumps([statement["Resource"] for statement in of_data])


@pytest.mark.parametrize(("ttl", "seconds"), [(None, 0), (Duration.seconds(0), 0), (Duration.seconds(5), 5)])
def test_verdicts_are_kept_for_as_long_as_is_said(ttl: Duration | None, seconds: int) -> None:
    _build(_PARKS, authorizer_cache_ttl=ttl).has_resource_properties(
        "AWS::ApiGateway::Authorizer",
        {
            "Type": "REQUEST",
            "IdentitySource": "method.request.header.Authorization",
            "AuthorizerResultTtlInSeconds": seconds,
        },
    )


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
        ({**_PARKS, "access": Access.IAM}, "does not pass the member authorizer"),
        ({**_PARKS, "access": Access.OPEN}, "does not pass the member authorizer"),
        ({**_SETTINGS, "roles": ["admin"]}, "neither roles nor"),
        ({**_SETTINGS, "path": "/tenants/{tenantId}"}, "neither roles nor"),
        ({**_PARKS, "own_roles": ["member"]}, "its path needs {memberId}"),
    ],
)
def test_route_that_says_of_roles_what_cannot_be_is_refused(route: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        _build(route)


@pytest.mark.parametrize("route", [_PARKS, _SETTINGS])
def test_api_that_asks_the_token_takes_no_roles(route: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="make a MemberApi"):
        _build(route, kind=TenantApi)
