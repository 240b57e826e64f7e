"""Cognito's hooks: account ownership, published sign-ups, and who gets tokens."""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import json
import os
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Any, ClassVar
from unittest.mock import Mock

import boto3
import pytest
import responses
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError
from moto import mock_aws

from tests.given_names import NAMES
from tests.lambdas.events import Context
from tests.lambdas.tables import create_directory

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

_ADMIN_API = "https://abc.execute-api.us-east-1.amazonaws.com/prod"


def _event(trigger: str, *, client: str = "client-1", **metadata: str) -> dict[str, Any]:
    event = _sign_up_event(trigger)
    event["callerContext"] = {"clientId": client}
    event["request"]["clientMetadata"] = metadata
    return event


def _user(name: str = "user-1") -> dict[str, Any]:
    """Return a user's item, without its key."""
    found = boto3.client("dynamodb").get_item(TableName="app-users", Key={"userid": {"S": name}})
    return {attribute: value for attribute, value in found.get("Item", {}).items() if attribute != "userid"}


def _put(**attributes: Any) -> None:  # noqa: ANN401 - DynamoDB's values
    boto3.client("dynamodb").put_item(TableName="app-users", Item={"userid": {"S": "user-1"}, **attributes})


def _sign_up_event(trigger: str = "PostConfirmation_ConfirmSignUp") -> dict[str, Any]:
    return {
        "triggerSource": trigger,
        "userName": "user-1",
        "userPoolId": "us-east-1_pool",
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


@pytest.fixture
def hook(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    with mock_aws():
        create_directory(boto3.client("dynamodb"))
        module = importlib.reload(importlib.import_module("account_hooks.handler"))
        monkeypatch.setattr(module.publisher().bus, "put_events", lambda **_: {"FailedEntryCount": 0})
        yield module


class TestSignUps:
    def test_confirmed_sign_up_is_published(self, hook: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
        sent: list[dict[str, Any]] = []

        def put_events(**arguments: Any) -> dict[str, Any]:  # noqa: ANN401 - boto3's
            sent.extend(arguments["Entries"])
            return {"FailedEntryCount": 0}

        monkeypatch.setattr(hook.publisher().bus, "put_events", put_events)
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

    def test_sign_up_without_a_name_takes_the_address(self, hook: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
        put_events = Mock(return_value={"FailedEntryCount": 0})
        monkeypatch.setattr(hook.publisher().bus, "put_events", put_events)
        event = _sign_up_event()
        del event["request"]["userAttributes"]["name"]

        hook.handler(event, Context())

        (entry,) = put_events.call_args.kwargs["Entries"]
        assert json.loads(entry["Detail"])["data"]["name"] == "ada@example.com"

    @pytest.mark.parametrize("trigger", ["PostConfirmation_ConfirmForgotPassword", "PostAuthentication_Authentication"])
    def test_other_triggers_publish_nothing(
        self, hook: ModuleType, monkeypatch: pytest.MonkeyPatch, trigger: str
    ) -> None:
        monkeypatch.setattr(hook.publisher().bus, "put_events", lambda **_: pytest.fail("published"))
        monkeypatch.setattr(hook, "pool_client", _Pool)
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
    def test_unpublished_sign_up_is_dead_lettered(
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

        monkeypatch.setattr(hook.publisher().bus, "put_events", put_events)
        event = _sign_up_event()

        assert hook.handler(event, Context()) is event

        (message,) = boto3.client("sqs").receive_message(QueueUrl=queue)["Messages"]
        body = json.loads(message["Body"])
        assert body["entry"]["Source"] == "app.idp"
        assert json.loads(body["entry"]["Detail"])["data"]["userName"] == "user-1"
        assert "ada@" not in capsys.readouterr().out


class _Pool:
    """The user pool, which notes who was signed out of it."""

    signed_out: ClassVar[list[str]] = []

    def admin_user_global_sign_out(self, **asked: str) -> None:
        assert asked["UserPoolId"] == "us-east-1_pool"
        self.signed_out.append(asked["Username"])


class TestAccountOwnership:
    @pytest.mark.parametrize(
        ("trigger", "origin"),
        [
            ("PreSignUp_SignUp", "self"),
            ("PreSignUp_AdminCreateUser", "operator"),
            ("PreSignUp_ExternalProvider", "federated"),
        ],
    )
    def test_sign_up_is_recorded(self, hook: ModuleType, trigger: str, origin: str) -> None:
        hook.handler(_event(trigger), Context())

        assert _user() == {"origin": {"S": origin}}

    def test_sign_up_with_proof_hash_needs_new_password_until_proved(self, hook: ModuleType) -> None:
        proof = hashlib.sha256(b"secret").hexdigest()
        hook.handler(_event("PreSignUp_SignUp", confirmationHash=proof), Context())
        assert _user()["newpassword"] == {"S": "confirmed-elsewhere"}

        hook.handler(_event("PostConfirmation_ConfirmSignUp", confirmationSecret="secret"), Context())

        assert _user() == {"origin": {"S": "self"}}

    @pytest.mark.parametrize("given", [{}, {"confirmationSecret": "other"}, {"confirmationSecret": ""}])
    def test_confirmation_from_elsewhere_keeps_password_mark(self, hook: ModuleType, given: dict[str, str]) -> None:
        proof = hashlib.sha256(b"secret").hexdigest()
        hook.handler(_event("PreSignUp_SignUp", confirmationHash=proof), Context())

        hook.handler(_event("PostConfirmation_ConfirmSignUp", **given), Context())

        assert _user()["newpassword"] == {"S": "confirmed-elsewhere"}

    def test_malformed_proof_hash_is_refused(self, hook: ModuleType) -> None:
        with pytest.raises(ValueError, match="SHA-256"):
            hook.handler(_event("PreSignUp_SignUp", confirmationHash="0" * 63), Context())
        assert _user() == {}

    @pytest.mark.parametrize("trigger", ["PreSignUp_SignUp", "PreSignUp_AdminCreateUser"])
    def test_name_with_control_characters_is_refused(self, hook: ModuleType, trigger: str) -> None:
        event = _event(trigger)
        event["request"]["userAttributes"]["name"] = "Ada\u202eLøve"

        with pytest.raises(ValueError, match=r"^name must not contain .* \(U\+202E\)$"):
            hook.handler(event, Context())
        assert _user() == {}

    @pytest.mark.parametrize("name", NAMES)
    def test_name_of_any_script_is_accepted(self, hook: ModuleType, name: str) -> None:
        event = _event("PreSignUp_SignUp")
        event["request"]["userAttributes"]["name"] = name

        hook.handler(event, Context())

        assert _user()["origin"] == {"S": "self"}

    def test_sign_up_metadata_does_not_bind_operators(self, hook: ModuleType) -> None:
        hook.handler(_event("PreSignUp_AdminCreateUser", confirmationHash="0" * 64), Context())

        assert _user() == {"origin": {"S": "operator"}}

    def test_proof_can_be_required(self, hook: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(hook.settings, "confirmation_proof_required", True)

        hook.handler(_event("PreSignUp_SignUp"), Context())

        assert _user()["newpassword"] == {"S": "confirmed-elsewhere"}

    def test_resent_code_requires_a_new_password(self, hook: ModuleType) -> None:
        proof = hashlib.sha256(b"secret").hexdigest()
        hook.handler(_event("PreSignUp_SignUp", confirmationHash=proof), Context())
        asked = _event("CustomMessage_ResendCode")
        asked["request"]["userAttributes"]["cognito:user_status"] = "UNCONFIRMED"

        hook.handler(asked, Context())
        hook.handler(_event("PostConfirmation_ConfirmSignUp", confirmationSecret="secret"), Context())

        assert _user()["newpassword"] == {"S": "code-asked-again"}

    def test_confirmed_account_needs_no_new_password(self, hook: ModuleType) -> None:
        hook.handler(_event("CustomMessage_ResendCode"), Context())

        assert _user() == {}

    def test_no_code_is_sent_if_the_mark_fails(self, hook: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
        def failing(**_: object) -> None:
            raise EndpointConnectionError(endpoint_url="https://dynamodb")

        asked = _event("CustomMessage_ResendCode")
        asked["request"]["userAttributes"]["cognito:user_status"] = "UNCONFIRMED"
        monkeypatch.setattr(hook.accounts.client, "update_item", failing)

        with pytest.raises(EndpointConnectionError):
            hook.handler(asked, Context())

    def test_operator_confirmation_keeps_the_password(self, hook: ModuleType) -> None:
        _put(origin={"S": "self"}, newpassword={"S": "code-asked-again"}, confirmationhash={"S": "0" * 64})

        hook.handler(_event("PostConfirmation_ConfirmSignUp", client="CLIENT_ID_NOT_APPLICABLE"), Context())

        assert _user() == {"origin": {"S": "self"}}

    @pytest.mark.parametrize(
        "trigger", ["CustomMessage_SignUp", "CustomMessage_AdminCreateUser", "CustomMessage_UpdateUserAttribute"]
    )
    def test_other_messages_are_unchanged(self, hook: ModuleType, trigger: str) -> None:
        hook.handler(_event(trigger), Context())

        assert _user() == {}

    def test_password_reset_ends_every_session(self, hook: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(hook, "pool_client", _Pool)
        monkeypatch.setattr(_Pool, "signed_out", [])
        _put(email={"S": "ada@example.com"}, newpassword={"S": "code-asked-again"}, validafter={"N": "5"})
        hook.handler(_event("CustomMessage_ForgotPassword"), Context())
        assert int(_user()["resetasked"]["N"]) >= int(time.time()) - 5

        hook.handler(_event("PostConfirmation_ConfirmForgotPassword"), Context())

        after = _user()
        assert set(after) == {"email", "validafter"}
        assert int(time.time()) - 5 <= int(after["validafter"]["N"]) <= int(time.time())
        assert _Pool.signed_out == ["user-1"]

    def test_unreachable_pool_does_not_fail_a_reset(self, hook: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
        def failing(_self: object, **_: object) -> None:
            raise EndpointConnectionError(endpoint_url="https://cognito-idp")

        monkeypatch.setattr(hook, "pool_client", _Pool)
        monkeypatch.setattr(_Pool, "admin_user_global_sign_out", failing)

        hook.handler(_event("PostConfirmation_ConfirmForgotPassword"), Context())

        assert "validafter" in _user()

    @pytest.mark.parametrize(
        "trigger",
        ["PreSignUp_SignUp", "CustomMessage_ForgotPassword", "PostConfirmation_ConfirmForgotPassword"],
    )
    def test_tombstone_is_unchanged(self, hook: ModuleType, monkeypatch: pytest.MonkeyPatch, trigger: str) -> None:
        monkeypatch.setattr(hook, "pool_client", _Pool)
        _put(deletedat={"N": "1"}, deletedby={"S": "user-1"})

        hook.handler(_event(trigger), Context())

        assert _user() == {"deletedat": {"N": "1"}, "deletedby": {"S": "user-1"}}


_ATTRIBUTES = {
    "sub": "user-1",
    "email": "ada@example.com",
    "email_verified": "true",
    "name": "Ada",
    "cognito:user_status": "CONFIRMED",
}
_RECORD = {"email": {"S": "ada@example.com"}, "activetenantid": {"S": "tenant-2"}}


def _counted(capsys: pytest.CaptureFixture[str]) -> dict[str, float]:
    """Return the metrics that the hook has written, each for the dimension that its alarm names."""
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"_aws"' in line]
    found = {}
    for line in lines:
        (directive,) = line["_aws"]["CloudWatchMetrics"]
        assert (directive["Namespace"], directive["Dimensions"]) == ("app", [["service"]])
        assert line["service"] == "token_claims_hook"
        for metric in directive["Metrics"]:
            found[metric["Name"]] = line[metric["Name"]]
    return found


class TestTokenClaimsHook:
    @pytest.fixture
    def published(self, hook: ModuleType, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
        """Return the events that the hook publishes."""
        sent: list[dict[str, Any]] = []

        def put_events(**arguments: Any) -> dict[str, Any]:  # noqa: ANN401 - boto3's
            sent.extend(arguments["Entries"])
            return {"FailedEntryCount": 0}

        monkeypatch.setattr(hook.publisher().bus, "put_events", put_events)
        return sent

    @pytest.fixture
    def hook(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
        with mock_aws():
            create_directory(boto3.client("dynamodb"))
            _put(**_RECORD)
            boto3.client("ssm").put_parameter(Name="/app/tenant-admin-api-url", Value=_ADMIN_API, Type="String")
            monkeypatch.setenv("SERVICE_NAME", "token_claims_hook")
            yield importlib.reload(importlib.import_module("token_claims_hook.handler"))

    def _tenants(self, *tenants: str, user: str = "user-1", status: int = 200) -> None:
        responses.get(f"{_ADMIN_API}/tenants/{user}", json={"tenants": tenants}, status=status)

    def _claim(
        self, hook: ModuleType, user: str = "user-1", *, trigger: str = "TokenGeneration_Authentication", **more: str
    ) -> str | None:
        event = {
            "userName": user,
            "triggerSource": trigger,
            "request": {
                "userAttributes": {**_ATTRIBUTES, "custom:tenant": "evil", **more},
                "clientMetadata": {"tenant": "evil"},
            },
        }
        details = hook.handler(event, Context())["response"].get("claimsAndScopeOverrideDetails")
        if details is None:
            return None
        assert details["idTokenGeneration"] == details["accessTokenGeneration"]
        (claim,) = details["idTokenGeneration"]["claimsToAddOrOverride"].items()
        assert claim[0] == "tenant"
        return str(claim[1])

    @responses.activate
    def test_token_claims_the_active_tenant(self, hook: ModuleType) -> None:
        self._tenants("tenant-1", "tenant-2")

        assert self._claim(hook) == "tenant-2"
        assert "AWS4-HMAC-SHA256" in responses.calls[0].request.headers["Authorization"]

    @responses.activate
    def test_active_tenant_requires_membership(self, hook: ModuleType) -> None:
        self._tenants("tenant-1", "tenant-3")

        assert self._claim(hook) is None

    @responses.activate
    def test_removed_active_tenant_is_not_replaced(self, hook: ModuleType) -> None:
        _put(email={"S": "ada@example.com"})
        self._tenants("tenant-1", "tenant-2")

        assert self._claim(hook) is None

    @responses.activate
    @pytest.mark.usefixtures("published")
    def test_no_tenant_gives_no_claim(self, hook: ModuleType) -> None:
        self._tenants(user="new")

        assert self._claim(hook, "new") is None

    @responses.activate
    @pytest.mark.parametrize("status", [403, 500])
    def test_failing_tenant_service_does_not_block_sign_in(self, hook: ModuleType, status: int) -> None:
        self._tenants("tenant-2", status=status)

        assert self._claim(hook) is None

    @responses.activate
    def test_missing_tenant_service_does_not_block_sign_in(self, hook: ModuleType) -> None:
        boto3.client("ssm").delete_parameter(Name="/app/tenant-admin-api-url")

        assert self._claim(hook) is None

    def test_missing_credentials_are_a_clear_error(self, hook: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(hook.session, "get_credentials", lambda: None)

        with pytest.raises(NoCredentialsError, match="Unable to locate credentials"):
            hook._tenants_of("user-1")  # noqa: SLF001 - a sign-in goes on without the claim

    def test_account_has_nothing_that_was_not_read(self, hook: ModuleType) -> None:
        number, text = {"N": "7"}, {"S": "x"}
        numbers = dict.fromkeys(("validafter", "blockedat", "deletedat", "resetasked"), number)
        texts = dict.fromkeys(("name", "blockedby", "blockedreason", "deletedby", "newpassword", "origin"), text)
        _put(**_RECORD, **numbers, **texts, endedsessions={"SS": ["1:s"]}, **{"roles:tenant-2": {"SS": ["admin"]}})

        found = hook.accounts.get("user-1")

        assert found == type(found).of({"userid": {"S": "user-1"}, **_user()})

    @responses.activate
    def test_malformed_tenant_gives_no_claim(self, hook: ModuleType) -> None:
        self._tenants("tenant-*")

        assert self._claim(hook) is None

    def test_slow_tenant_service_does_not_delay_sign_in(
        self, hook: ModuleType, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(hook, "_PATIENCE_SECONDS", 0.5)
        released, answered = threading.Event(), threading.Event()

        def answer(_user: str) -> None:
            released.wait(60)
            answered.set()

        monkeypatch.setattr(hook, "_tenants_of", answer)
        try:
            assert self._claim(hook) is None
            assert not answered.is_set()
        finally:
            released.set()

    @responses.activate
    def test_tenant_request_is_retried_after_a_failure(
        self, hook: ModuleType, capsys: pytest.CaptureFixture[str]
    ) -> None:
        self._tenants(status=503)
        self._tenants("tenant-2")

        assert self._claim(hook) == "tenant-2"
        assert len(responses.calls) == 2
        assert _counted(capsys) == {}

    @pytest.mark.parametrize("record", [{"email": _RECORD["email"]}, {**_RECORD, "blockedat": {"N": "1"}}])
    def test_tenant_request_is_not_retried_after_giving_up(
        self, hook: ModuleType, monkeypatch: pytest.MonkeyPatch, record: dict[str, Any]
    ) -> None:
        asked: list[str] = []
        begun, replied, ended = threading.Event(), threading.Event(), threading.Event()
        first_of_two, decide = hook.first_of_two, hook._decide  # noqa: SLF001

        def tenants_of(user: str) -> list[str]:
            asked.append(user)
            begun.set()
            replied.wait(timeout=10)
            raise OSError

        def decide_later(*given: Any) -> Any:  # noqa: ANN401 - as it is called
            begun.wait(timeout=10)
            return decide(*given)

        def until_it_ends(*given: Any, **named: Any) -> Any:  # noqa: ANN401 - as it is called
            try:
                return first_of_two(*given, **named)
            finally:
                ended.set()

        monkeypatch.setattr(hook, "_SECOND_CALL_SECONDS", 10)
        monkeypatch.setattr(hook, "_PATIENCE_SECONDS", 10)
        monkeypatch.setattr(hook, "_tenants_of", tenants_of)
        monkeypatch.setattr(hook, "first_of_two", until_it_ends)
        monkeypatch.setattr(hook, "_decide", decide_later)
        _put(**record)

        with contextlib.suppress(hook.RefusedError):
            assert self._claim(hook) is None
        replied.set()

        assert ended.wait(timeout=10)
        assert asked == ["user-1"]

    def test_slow_first_answer_counts_after_a_retry(self, hook: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
        """A cold start behind the admin API: the second call meets another one, and the first is there sooner."""
        asked: list[str] = []
        second = threading.Event()

        def tenants_of(user: str) -> list[str]:
            asked.append(user)
            if len(asked) == 1:
                second.wait(timeout=10)
                return ["tenant-2"]
            second.set()
            raise TimeoutError

        monkeypatch.setattr(hook, "_SECOND_CALL_SECONDS", 0.01)
        monkeypatch.setattr(hook, "_tenants_of", tenants_of)

        assert self._claim(hook) == "tenant-2"
        assert asked == ["user-1", "user-1"]

    @responses.activate
    @pytest.mark.parametrize(
        "fault", ["API fails", "parameter cannot be read", "answer is of another form", "API is slow"]
    )
    def test_token_without_claim_after_failure_is_counted(
        self, hook: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], fault: str
    ) -> None:
        done = threading.Event()
        match fault:
            case "API fails":
                self._tenants(status=500)
            case "parameter cannot be read":
                self._tenants("tenant-2")
                refused = ClientError({"Error": {"Code": "ThrottlingException", "Message": ""}}, "GetParameter")
                monkeypatch.setattr(hook.ssm, "get_parameter", Mock(side_effect=refused))
            case "answer is of another form":
                responses.get(f"{_ADMIN_API}/tenants/user-1", json={"message": "hello"})
            case _:
                monkeypatch.setattr(hook, "_PATIENCE_SECONDS", 0.3)
                monkeypatch.setattr(hook, "_tenants_of", lambda _: done.wait())

        assert self._claim(hook) is None

        done.set()
        assert _counted(capsys) == {"TokensWithoutClaim": 1}

    @responses.activate
    @pytest.mark.usefixtures("published")
    @pytest.mark.parametrize("why", ["no tenant yet", "removed", "tenant service is not deployed"])
    def test_token_without_tenant_is_not_counted(
        self, hook: ModuleType, capsys: pytest.CaptureFixture[str], why: str
    ) -> None:
        self._tenants()
        match why:
            case "no tenant yet":
                _put(origin={"S": "self"})
            case "tenant service is not deployed":
                boto3.client("ssm").delete_parameter(Name="/app/tenant-admin-api-url")

        assert self._claim(hook) is None
        assert _counted(capsys) == {}

    @responses.activate
    @pytest.mark.usefixtures("published")
    def test_new_account_makes_no_tenant_request(self, hook: ModuleType) -> None:
        """Its tenant is not made yet: that nobody could be asked for it is no failure."""
        self._tenants(status=500)
        _put(origin={"S": "self"})

        assert self._claim(hook) is None

    @responses.activate
    def test_refusal_after_failure_is_counted(
        self, hook: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        self._tenants("tenant-2")
        monkeypatch.setattr(hook.accounts, "get", Mock(side_effect=OSError))

        with pytest.raises(hook.RefusedError):
            self._claim(hook)

        assert _counted(capsys) == {"TokensRefusedByFailure": 1}

    @responses.activate
    @pytest.mark.parametrize("fault", ["slow", "failing"])
    def test_unavailable_directory_refuses_tokens(
        self, hook: ModuleType, monkeypatch: pytest.MonkeyPatch, fault: str
    ) -> None:
        """An access token would open Cognito itself: its bearer could add a second factor, or another address."""
        released = threading.Event()

        def get(_user: str) -> None:
            if fault == "slow":
                released.wait(60)
            raise OSError

        self._tenants("tenant-2")
        monkeypatch.setattr(hook, "_PATIENCE_SECONDS", 0.2)
        monkeypatch.setattr(hook.accounts, "get", get)

        try:
            with pytest.raises(hook.RefusedError, match="try again"):
                self._claim(hook)
        finally:
            released.set()

    @responses.activate
    @pytest.mark.parametrize("trigger", ["TokenGeneration_Authentication", "TokenGeneration_RefreshTokens"])
    @pytest.mark.parametrize(
        ("mark", "message"),
        [
            ({"newpassword": {"S": "code-asked-again"}}, "Choose a new password"),
            ({"newpassword": {"S": "confirmed-elsewhere"}}, "Choose a new password"),
            ({"blockedat": {"N": "1"}, "blockedreason": {"S": "fraud"}}, "This account is blocked$"),
            ({"deletedat": {"N": "1"}}, "This account was deleted$"),
        ],
    )
    def test_invalid_account_gets_no_token(
        self, hook: ModuleType, mark: dict[str, Any], message: str, trigger: str
    ) -> None:
        self._tenants("tenant-2")
        _put(**_RECORD, **mark)

        with pytest.raises(hook.RefusedError, match=message):
            self._claim(hook, trigger=trigger)

    @responses.activate
    def test_sign_in_after_reset_code_ends_earlier_sessions(self, hook: ModuleType) -> None:
        self._tenants("tenant-2")
        asked = int(time.time()) - 10
        _put(**_RECORD, resetasked={"N": str(asked)}, validafter={"N": "7"})

        assert self._claim(hook) == "tenant-2"

        assert asked < int(_user()["validafter"]["N"]) <= int(time.time()) - 5
        assert _user()["resetasked"] == {"N": str(asked)}  # whoever knew the old password may have been this one

    @responses.activate
    def test_reset_mark_expires_with_its_code(self, hook: ModuleType) -> None:
        self._tenants("tenant-2")
        _put(**_RECORD, resetasked={"N": str(int(time.time()) - 3601)})

        assert self._claim(hook) == "tenant-2"

        assert "resetasked" not in _user()
        assert "validafter" in _user()

    @responses.activate
    def test_refresh_ends_no_sessions_and_keeps_the_mark(self, hook: ModuleType) -> None:
        self._tenants("tenant-2")
        _put(**_RECORD, resetasked={"N": "1"})

        assert self._claim(hook, trigger="TokenGeneration_RefreshTokens") == "tenant-2"
        assert _user() == {**_RECORD, "resetasked": {"N": "1"}}

    @responses.activate
    def test_later_session_end_is_kept(self, hook: ModuleType) -> None:
        self._tenants("tenant-2")
        later = str(int(time.time()) + 60)
        _put(**_RECORD, resetasked={"N": "1"}, validafter={"N": later})

        self._claim(hook)

        assert _user() == {**_RECORD, "validafter": {"N": later}}

    @responses.activate
    def test_changed_email_is_stored_and_ends_sessions(self, hook: ModuleType) -> None:
        self._tenants("tenant-2")

        assert self._claim(hook, email="new@example.com") == "tenant-2"

        assert _user()["email"] == {"S": "new@example.com"}
        assert int(_user()["validafter"]["N"]) <= int(time.time()) - 5  # this sign-in is none of them

    @responses.activate
    def test_session_that_changed_the_email_ends_too(self, hook: ModuleType) -> None:
        self._tenants("tenant-2")

        with pytest.raises(hook.RefusedError, match="Sign in again"):
            self._claim(hook, trigger="TokenGeneration_RefreshTokens", email="new@example.com")

        assert _user()["email"] == {"S": "new@example.com"}
        assert int(_user()["validafter"]["N"]) >= int(time.time()) - 3

    @responses.activate
    @pytest.mark.parametrize(
        "attributes", [{"email": "new@example.com", "email_verified": "false"}, {"email": "ADA@example.com"}]
    )
    def test_unverified_or_same_email_changes_nothing(self, hook: ModuleType, attributes: dict[str, str]) -> None:
        self._tenants("tenant-2")

        self._claim(hook, **attributes)

        assert _user() == _RECORD

    @responses.activate
    @pytest.mark.parametrize("origin", ["self", "federated", ""])
    def test_sign_up_without_record_is_republished(
        self, hook: ModuleType, published: list[dict[str, Any]], origin: str
    ) -> None:
        self._tenants()
        _put(**({"origin": {"S": origin}} if origin else {}))

        assert self._claim(hook) is None

        (entry,) = published
        assert (entry["Source"], entry["DetailType"]) == ("app.idp", "signup")
        assert json.loads(entry["Detail"])["data"] == {
            "email": "ada@example.com",
            "userName": "user-1",
            "name": "Ada",
            "verified": True,
            "status": "CONFIRMED",
        }

    @responses.activate
    def test_malformed_name_is_not_republished(self, hook: ModuleType, published: list[dict[str, Any]]) -> None:
        self._tenants()
        _put()

        self._claim(hook, name="a\x1b[2J")

        assert json.loads(published[0]["Detail"])["data"]["name"] == "ada@example.com"

    @responses.activate
    @pytest.mark.parametrize(("founds", "events"), [(False, 0), (True, 1)])
    def test_setting_decides_if_operator_accounts_found_tenants(
        self,
        hook: ModuleType,
        published: list[dict[str, Any]],
        monkeypatch: pytest.MonkeyPatch,
        founds: bool,  # noqa: FBT001 - a parameter of the test
        events: int,
    ) -> None:
        self._tenants()
        _put(origin={"S": "operator"})
        monkeypatch.setattr(hook.settings, "operator_accounts_found_tenants", founds)

        self._claim(hook)

        assert len(published) == events

    @responses.activate
    def test_sign_up_with_record_is_not_republished(self, hook: ModuleType, published: list[dict[str, Any]]) -> None:
        self._tenants("tenant-2")

        self._claim(hook)

        assert published == []

    @responses.activate
    def test_failing_bus_does_not_block_sign_in(self, hook: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
        self._tenants("tenant-1")
        _put(activetenantid={"S": "tenant-1"})
        refused = {"FailedEntryCount": 1, "Entries": [{"ErrorCode": "InternalFailure"}]}
        monkeypatch.setattr(hook.publisher().bus, "put_events", lambda **_: refused)

        assert self._claim(hook) == "tenant-1"


def test_cold_start_imports_the_accounts_a_sign_in_takes_alone() -> None:
    """Changes to accounts, with transactions and the serializer of boto3's resources, cost every sign-in its time."""
    source = "import sys, tenantry.runtime.account_records\nprint(*sys.modules)"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", source]
    imported = subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout.split()
    assert "tenantry.runtime.sign_in_account" in imported
    assert not {f"tenantry.runtime.{name}" for name in ("accounts", "membership", "transactions")} & set(imported)
    assert "boto3.dynamodb.types" not in imported
