"""Cognito's hooks: they announce sign-ups once and only those, and never keep anyone from signing in."""

from __future__ import annotations

import importlib
import json
import time
from typing import TYPE_CHECKING, Any

import boto3
import pytest
import responses
from botocore.exceptions import ClientError, EndpointConnectionError
from moto import mock_aws

from tests.lambdas.events import Context

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

_ADMIN_API = "https://abc.execute-api.us-east-1.amazonaws.com/prod"


def _sign_up_event(trigger: str = "PostConfirmation_ConfirmSignUp") -> dict[str, Any]:
    return {
        "triggerSource": trigger,
        "userName": "user-1",
        "request": {
            "userAttributes": {
                "sub": "user-1",
                "email": "ada@example.com",
                "email_verified": "true",
                "name": 'Ada "L" Løve',
                "cognito:user_status": "CONFIRMED",
            }
        },
        "response": {},
    }


class TestSignUpHook:
    @pytest.fixture
    def hook(self) -> Iterator[ModuleType]:
        with mock_aws():
            yield importlib.reload(importlib.import_module("sign_up_hook.handler"))

    def test_announces_a_sign_up(self, hook: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
        sent: list[dict[str, Any]] = []

        def put_events(**arguments: Any) -> dict[str, Any]:  # noqa: ANN401 - boto3's
            sent.extend(arguments["Entries"])
            return {"FailedEntryCount": 0}

        monkeypatch.setattr(hook.bus, "put_events", put_events)
        event = _sign_up_event()

        assert hook.handler(event, Context()) is event

        (entry,) = sent
        assert (entry["Source"], entry["DetailType"]) == ("app.idp", "signup")
        assert entry["EventBusName"] == "app-application-eventbus"
        assert json.loads(entry["Detail"]) == {
            "metadata": {"domain": "idp", "application": "app", "event_type": "signup", "version": "1.0"},
            "data": {
                "email": "ada@example.com",
                "userName": "user-1",
                "name": 'Ada "L" Løve',
                "verified": True,
                "status": "CONFIRMED",
            },
        }

    @pytest.mark.parametrize("trigger", ["PostConfirmation_ConfirmForgotPassword", "PostAuthentication_Authentication"])
    def test_announces_nothing_else(self, hook: ModuleType, monkeypatch: pytest.MonkeyPatch, trigger: str) -> None:
        monkeypatch.setattr(hook.bus, "put_events", lambda **_: pytest.fail("published"))
        event = _sign_up_event(trigger)

        assert hook.handler(event, Context()) is event

    @pytest.mark.parametrize(
        "error",
        [
            ClientError({"Error": {"Code": "ThrottlingException", "Message": ""}}, "PutEvents"),
            EndpointConnectionError(endpoint_url="https://events"),
            "partial",
        ],
        ids=["refused", "unreachable", "entry failed"],
    )
    def test_keeps_what_the_bus_does_not_take(
        self,
        hook: ModuleType,
        monkeypatch: pytest.MonkeyPatch,
        error: Exception | str,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        queue = boto3.client("sqs").create_queue(QueueName="dead-letters")["QueueUrl"]

        def put_events(**_: object) -> dict[str, Any]:
            if isinstance(error, Exception):
                raise error
            return {"FailedEntryCount": 1, "Entries": [{"ErrorCode": "InternalFailure"}]}

        monkeypatch.setattr(hook.bus, "put_events", put_events)
        event = _sign_up_event()

        assert hook.handler(event, Context()) is event

        (message,) = boto3.client("sqs").receive_message(QueueUrl=queue)["Messages"]
        letter = json.loads(message["Body"])
        assert letter["entry"]["Source"] == "app.idp"
        assert json.loads(letter["entry"]["Detail"])["data"]["userName"] == "user-1"
        assert "ada@" not in capsys.readouterr().out


class TestTokenClaimsHook:
    @pytest.fixture
    def hook(self) -> Iterator[ModuleType]:
        with mock_aws():
            database = boto3.client("dynamodb")
            database.create_table(
                TableName="app-users",
                KeySchema=[{"AttributeName": "userid", "KeyType": "HASH"}],
                AttributeDefinitions=[{"AttributeName": "userid", "AttributeType": "S"}],
                BillingMode="PAY_PER_REQUEST",
            )
            database.put_item(
                TableName="app-users", Item={"userid": {"S": "user-1"}, "activetenantid": {"S": "tenant-2"}}
            )
            boto3.client("ssm").put_parameter(Name="/app/tenant-admin-api-url", Value=_ADMIN_API, Type="String")
            yield importlib.reload(importlib.import_module("token_claims_hook.handler"))

    def _tenants(self, *tenants: str, user: str = "user-1", status: int = 200) -> None:
        responses.get(f"{_ADMIN_API}/tenants/{user}", json={"tenants": tenants}, status=status)

    def _claim(self, hook: ModuleType, user: str = "user-1") -> str | None:
        event = {
            "userName": user,
            "request": {"userAttributes": {"custom:tenant": "evil"}, "clientMetadata": {"tenant": "evil"}},
        }
        details = hook.handler(event, Context())["response"].get("claimsAndScopeOverrideDetails")
        if details is None:
            return None
        assert details["idTokenGeneration"] == details["accessTokenGeneration"]
        (claim,) = details["idTokenGeneration"]["claimsToAddOrOverride"].items()
        assert claim[0] == "tenant"
        return str(claim[1])

    @responses.activate
    def test_claims_the_active_tenant(self, hook: ModuleType) -> None:
        self._tenants("tenant-1", "tenant-2")

        assert self._claim(hook) == "tenant-2"
        assert "AWS4-HMAC-SHA256" in responses.calls[0].request.headers["Authorization"]

    @responses.activate
    def test_active_tenant_counts_only_while_the_user_belongs_to_it(self, hook: ModuleType) -> None:
        self._tenants("tenant-1", "tenant-3")

        assert self._claim(hook) is None

    @responses.activate
    def test_no_tenant_takes_the_place_of_one_that_was_taken_away(self, hook: ModuleType) -> None:
        boto3.client("dynamodb").put_item(TableName="app-users", Item={"userid": {"S": "user-1"}})
        self._tenants("tenant-1", "tenant-2")

        assert self._claim(hook) is None

    @responses.activate
    def test_user_without_a_tenant_gets_no_claim(self, hook: ModuleType) -> None:
        self._tenants(user="new")

        assert self._claim(hook, "new") is None

    @responses.activate
    @pytest.mark.parametrize("status", [403, 500])
    def test_failing_tenant_service_keeps_nobody_out(self, hook: ModuleType, status: int) -> None:
        self._tenants("tenant-2", status=status)

        assert self._claim(hook) is None

    @responses.activate
    def test_tenant_service_that_is_not_there_keeps_nobody_out(self, hook: ModuleType) -> None:
        boto3.client("ssm").delete_parameter(Name="/app/tenant-admin-api-url")

        assert self._claim(hook) is None

    @responses.activate
    def test_answer_that_is_no_tenant_id_is_no_claim(self, hook: ModuleType) -> None:
        self._tenants("tenant-*")

        assert self._claim(hook) is None

    def test_slow_tenant_service_keeps_nobody_waiting(self, hook: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(hook, "_PATIENCE_SECONDS", 0.1)
        monkeypatch.setattr(hook, "active_tenant", lambda _user: time.sleep(1))
        started = time.monotonic()

        assert self._claim(hook) is None
        assert time.monotonic() - started < 0.9
