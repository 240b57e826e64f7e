"""Lambda authorizers at an API: behaviour of MiniStack itself that the system depends on."""

import pytest

from tests.local.emulator import Emulator, invocation_uri, proxy

_AUTHORIZER = """
calls = 0
def handler(event, context):
    global calls
    calls += 1
    token = next(value for name, value in event["headers"].items() if name.lower() == "authorization")
    if token == "unknown": raise Exception("Unauthorized")
    if token == "broken": raise KeyError("table users")
    effect = "Deny" if token == "denied" else "Allow"
    resource = event["methodArn"] if token != "elsewhere" else event["methodArn"].replace("/thing", "/other")
    statement = {"Effect": effect, "Action": "execute-api:Invoke", "Resource": resource}
    return {
        "principalId": "somebody",
        "policyDocument": {"Version": "2012-10-17", "Statement": [statement]},
        "context": {"calls": calls, "admin": True},
    }
"""
_ECHO = """
import json
def handler(event, context): return {"statusCode": 200, "body": json.dumps(event["requestContext"]["authorizer"])}
"""


@pytest.fixture(scope="module")
def url(emulator: Emulator) -> str:
    authorizer, echo = emulator.function(_AUTHORIZER), emulator.function(_ECHO)
    for function in (authorizer, echo):
        emulator.permit(function, "apigateway.amazonaws.com")
    return emulator.api(
        proxy(echo),
        authorizationType="CUSTOM",
        authorizer={
            "type": "REQUEST",
            "authorizerUri": invocation_uri(authorizer),
            "identitySource": "method.request.header.Authorization",
            "authorizerResultTtlInSeconds": 300,
        },
        gateway_response={"gatewayresponse.header.Access-Control-Allow-Origin": "'*'"},
    )


def test_the_context_reaches_the_function_as_text(emulator: Emulator, url: str) -> None:
    context = emulator.get(url, Authorization="first").json()
    assert context["principalId"] == "somebody"
    assert context["admin"] == "true"
    assert context["calls"].isdigit()


def test_an_authorizer_policy_is_cached_whatever_the_case_of_the_header_name(emulator: Emulator, url: str) -> None:
    calls = [
        emulator.get(url, **{name: "kept"}).json()["calls"]
        for name in ("Authorization", "AUTHORIZATION", "authorization")
    ]
    assert len(set(calls)) == 1
    assert emulator.get(url, Authorization="another").json()["calls"] != calls[0]


@pytest.mark.parametrize(
    ("token", "status", "body"),
    [
        (None, 401, {"message": "Unauthorized"}),
        ("unknown", 401, {"message": "Unauthorized"}),
        (
            "denied",
            403,
            {
                "message": "User is not authorized to access this resource with an explicit deny in an identity-based policy"
            },
        ),
        ("elsewhere", 403, {"message": "User is not authorized to access this resource"}),
        ("broken", 500, {"message": None}),
    ],
)
def test_requests_that_the_authorizer_refuses(
    emulator: Emulator, url: str, token: str | None, status: int, body: dict[str, str | None]
) -> None:
    reply = emulator.get(url, **({"Authorization": token} if token else {}))
    assert (reply.status_code, reply.json()) == (status, body)
    assert reply.headers.get("Access-Control-Allow-Origin") == ("*" if status < 500 else None)
