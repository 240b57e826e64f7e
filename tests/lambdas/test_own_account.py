"""The routes by which users change their own accounts."""

from __future__ import annotations

import importlib
import json
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from tenantry.model.errors import ConflictError, UnfinishedError
from tests.lambdas.doubles import RecordingWorkflow
from tests.lambdas.events import Context, proxy_event
from tests.lambdas.tables import create_directory

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

_ADA = {"userId": "ada", "roles": "[]", "email": "ada@example.com", "authTime": "1", "session": "this-one"}


class _Cognito:
    """What a person does in the pool with their access token."""

    class exceptions:  # noqa: N801 - boto3's name
        """As boto3 has them."""

        CodeMismatchException = type("CodeMismatchException", (ClientError,), {})
        ExpiredCodeException = type("ExpiredCodeException", (ClientError,), {})
        NotAuthorizedException = type("NotAuthorizedException", (ClientError,), {})
        InvalidParameterException = type("InvalidParameterException", (ClientError,), {})
        UserNotFoundException = type("UserNotFoundException", (ClientError,), {})
        AliasExistsException = type("AliasExistsException", (ClientError,), {})

    def __init__(self) -> None:
        self.verified: list[dict[str, str]] = []
        self.error = ""

    def get_user(self, *, AccessToken: str) -> dict[str, str]:  # noqa: N803 - boto3's name
        return {"Username": AccessToken.removeprefix("token of ")}

    def verify_user_attribute(self, **request: str) -> None:
        if self.error:
            raise getattr(self.exceptions, self.error)({"Error": {"Code": self.error, "Message": ""}}, "Verify")
        self.verified.append(request)


@pytest.fixture
def workflow() -> RecordingWorkflow:
    return RecordingWorkflow()


@pytest.fixture
def cognito() -> _Cognito:
    return _Cognito()


@pytest.fixture
def function(workflow: RecordingWorkflow, cognito: _Cognito, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    with mock_aws():
        create_directory(boto3.client("dynamodb"))
        module = importlib.reload(importlib.import_module("membership.handler"))
        monkeypatch.setattr(module, "workflow", workflow)
        monkeypatch.setattr(module, "pool", cognito)
        yield module


def _call(
    function: ModuleType, route: str, body: object = None, caller: dict[str, str] | None = None
) -> tuple[int, Any]:
    text = None if body is None else json.dumps(body)
    answer = function.handler(proxy_event(route=route, path={}, authorizer=caller or _ADA, body=text), Context())
    return answer["statusCode"], json.loads(answer["body"]) if answer["body"] else None


@pytest.mark.parametrize(
    ("route", "change", "more"),
    [
        ("DELETE /me", "delete", {}),
        ("DELETE /me/sessions", "signOut", {"session": "this-one"}),
        ("DELETE /me/sessions/current", "endSession", {"session": "this-one"}),
    ],
)
def test_change_is_of_the_callers_account(
    function: ModuleType, workflow: RecordingWorkflow, route: str, change: str, more: dict[str, str]
) -> None:
    assert _call(function, route) == (204, None)
    assert workflow.ran == [(change, "ada", "ada", more)]


def test_last_admin_gets_a_reason(function: ModuleType, workflow: RecordingWorkflow) -> None:
    workflow.error = ConflictError("You are the last admin of texas: make another member an admin there first")

    status, said = _call(function, "DELETE /me")

    assert (status, said["message"]) == (409, str(workflow.error))


def test_unfinished_change_is_reported(function: ModuleType, workflow: RecordingWorkflow) -> None:
    workflow.error = UnfinishedError("kept")

    assert _call(function, "DELETE /me")[0] == 502


def test_new_email_is_verified_then_stored(
    function: ModuleType, workflow: RecordingWorkflow, cognito: _Cognito
) -> None:
    assert _call(function, "PUT /me/address", {"accessToken": "token of ada", "code": "1"})[0] == 204
    assert cognito.verified == [{"AccessToken": "token of ada", "AttributeName": "email", "Code": "1"}]
    assert workflow.ran == [("changeAddress", "ada", "ada", {})]


@pytest.mark.parametrize(
    ("error", "status"),
    [
        ("CodeMismatchException", 400),
        ("ExpiredCodeException", 400),
        ("NotAuthorizedException", 403),
        ("AliasExistsException", 409),
    ],
)
def test_unverified_email_is_not_stored(
    function: ModuleType, workflow: RecordingWorkflow, cognito: _Cognito, error: str, status: int
) -> None:
    cognito.error = error

    assert _call(function, "PUT /me/address", {"accessToken": "token of ada", "code": "1"})[0] == status
    assert workflow.ran == []


def test_access_token_of_another_user_changes_nothing(
    function: ModuleType, workflow: RecordingWorkflow, cognito: _Cognito
) -> None:
    assert _call(function, "PUT /me/address", {"accessToken": "token of eve", "code": "1"})[0] == 403
    assert (cognito.verified, workflow.ran) == ([], [])


@pytest.mark.parametrize("body", [{}, {"accessToken": "x"}, {"accessToken": "x", "code": 1}, {"code": "1"}])
def test_new_email_requires_token_and_code(function: ModuleType, workflow: RecordingWorkflow, body: object) -> None:
    assert _call(function, "PUT /me/address", body)[0] == 400
    assert workflow.ran == []


@pytest.mark.parametrize("address", ["ada@example.com", "ADA@Example.com"])
def test_admin_cannot_invite_themselves(function: ModuleType, address: str) -> None:
    caller = {**_ADA, "tenantId": "texas", "roles": '["admin"]', "email": "Ada@example.com"}
    event = proxy_event(
        route="POST /tenants/{tenantId}/members",
        path={"tenantId": "texas"},
        authorizer=caller,
        body=json.dumps({"email": address, "roles": ["visitor"]}),
    )

    answer = function.handler(event, Context())

    assert answer["statusCode"] == 409
    assert "another address" in answer["body"]
