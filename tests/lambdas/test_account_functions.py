"""The functions that change accounts: their calls of each other, and their replies to operators and users."""

from __future__ import annotations

import importlib
import io
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from tenantry.model.errors import BadRequestError, ConflictError, NotFoundError, UnfinishedError
from tenantry.model.identifiers import UserId
from tenantry.runtime.account_workflow import AccountWorkflow
from tenantry.runtime.inputs import InputError
from tenantry.runtime.pool import PoolUser
from tests.lambdas.doubles import RecordingWorkflow
from tests.lambdas.events import Context, proxy_event
from tests.lambdas.tables import create_directory, join

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

_OPERATOR = "arn:aws:sts::123456789012:assumed-role/Operators/ada"
_NOW = datetime(2026, 1, 31, tzinfo=UTC)


class _NotFoundError(ClientError):
    pass


class _Cognito:
    """The user pool's API, which moto does not play here."""

    class exceptions:  # noqa: N801 - boto3's name
        """As boto3 has them."""

        UserNotFoundException = _NotFoundError

    def __init__(self) -> None:
        self.users: dict[str, dict[str, str]] = {}

    def admin_get_user(self, *, UserPoolId: str, Username: str) -> dict[str, Any]:  # noqa: N803 - boto3's names
        assert UserPoolId == "us-east-1_pool"
        if Username not in self.users:
            raise _NotFoundError({"Error": {"Code": "UserNotFoundException", "Message": ""}}, "AdminGetUser")
        return {"UserAttributes": [{"Name": name, "Value": value} for name, value in self.users[Username].items()]}


@pytest.fixture
def directory(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Make the tables with Ada in them, and return the name of that of users."""
    for name, value in {
        "USER_POOL_ID": "us-east-1_pool",
        "RECONCILIATION_FUNCTION": "reconciliation",
    }.items():
        monkeypatch.setenv(name, value)
    with mock_aws():
        client = boto3.client("dynamodb")
        create_directory(client)
        client.put_item(TableName="app-tenants", Item={"tenantid": {"S": "texas"}})
        join(client, "texas", "ada", "admin", active=True)
        client.update_item(
            TableName="app-users",
            Key={"userid": {"S": "ada"}},
            UpdateExpression="SET email = :email, #name = :name",
            ExpressionAttributeNames={"#name": "name"},
            ExpressionAttributeValues={":email": {"S": "ada@example.com"}, ":name": {"S": "Ada"}},
        )
        yield "app-users"


class TestChanges:
    @pytest.fixture
    def cognito(self) -> _Cognito:
        return _Cognito()

    @pytest.fixture
    def changes(self, directory: str, cognito: _Cognito, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
        module = importlib.reload(importlib.import_module("account_changes.handler"))
        assert module.settings.users_table == directory
        monkeypatch.setattr(module, "pool", cognito)
        return module

    @pytest.mark.parametrize(
        ("change", "pool", "event"),
        [
            ("block", "disable", "blocked"),
            ("unblock", "enable", "unblocked"),
            ("signOut", "signOut", "sessionsEnded"),
            ("signedOut", "", "sessionsEnded"),
            ("delete", "delete", "deleted"),
        ],
    )
    def test_change_returns_remaining_steps(self, changes: ModuleType, change: str, pool: str, event: str) -> None:
        done = changes.handler({"change": change, "userId": "ada", "by": _OPERATOR}, Context())

        assert (done["status"], done["pool"], done["event"]) == (200, pool, event)
        assert (done["detail"]["userName"], done["detail"]["by"]) == ("ada", _OPERATOR)
        assert ("tenants" in done["detail"]) == (event != "sessionsEnded")
        json.dumps(done)

    def test_repeated_change_has_the_same_event_id(self, changes: ModuleType) -> None:
        first, second = (
            changes.handler({"change": "block", "userId": "ada", "by": _OPERATOR, "reason": "x"}, Context())
            for _ in range(2)
        )

        assert (first["changed"], second["changed"]) == (True, False)
        assert first["detail"] == second["detail"]

    def test_ending_one_session_publishes_no_sessions_ended(self, changes: ModuleType) -> None:
        asked = {"change": "endSession", "userId": "ada", "by": "ada", "session": "s"}

        done = changes.handler(asked, Context())

        assert (done["status"], done["pool"], "event" in done) == (200, "", False)
        refused = changes.handler({**asked, "session": ""}, Context())
        assert refused["status"] == 409

    def test_ending_all_sessions_ends_the_current_one_too(self, changes: ModuleType) -> None:
        changes.handler({"change": "signOut", "userId": "ada", "by": "ada", "session": "s"}, Context())

        item = boto3.client("dynamodb").get_item(TableName="app-users", Key={"userid": {"S": "ada"}})["Item"]
        (ended,) = item["endedsessions"]["SS"]
        assert ended.endswith(":s")
        assert "validafter" in item

    @pytest.mark.parametrize("change", ["block", "unblock", "signOut", "endSession", "delete", "changeAddress"])
    def test_change_of_unknown_user_is_refused(self, changes: ModuleType, change: str) -> None:
        done = changes.handler({"change": change, "userId": "nobody", "by": _OPERATOR, "session": "s"}, Context())

        assert done == {"status": 404, "message": "Account not found"}
        item = boto3.client("dynamodb").get_item(TableName="app-users", Key={"userid": {"S": "nobody"}})
        assert "Item" not in item

    def test_change_of_account_without_record_succeeds(self, changes: ModuleType, cognito: _Cognito) -> None:
        cognito.users["eve"] = {"email": "eve@example.com"}

        assert changes.handler({"change": "block", "userId": "eve", "by": _OPERATOR}, Context())["status"] == 200

    def test_address_change_uses_the_verified_address(self, changes: ModuleType, cognito: _Cognito) -> None:
        asked = {"change": "changeAddress", "userId": "ada", "by": "ada"}
        cognito.users["ada"] = {"email": "new@example.com", "email_verified": "false"}
        assert changes.handler(asked, Context())["status"] == 409

        cognito.users["ada"]["email_verified"] = "true"
        done = changes.handler(asked, Context())

        assert (done["status"], done["pool"], done["event"]) == (200, "signOut", "sessionsEnded")
        item = boto3.client("dynamodb").get_item(TableName="app-users", Key={"userid": {"S": "ada"}})["Item"]
        assert item["email"] == {"S": "new@example.com"}

    @pytest.mark.parametrize(
        "asked",
        [
            {"change": "promote", "userId": "ada", "by": "x"},
            {"change": "block", "userId": "ada", "by": ""},
            {"change": "block", "userId": "ada"},
            {"change": "block", "userId": "ada", "by": "x", "email": "y"},
        ],
    )
    def test_unknown_change_fails(self, changes: ModuleType, asked: dict[str, Any]) -> None:
        with pytest.raises(InputError):
            changes.handler(asked, Context())

    def test_malformed_user_id_is_refused(self, changes: ModuleType) -> None:
        assert changes.handler({"change": "block", "userId": "*", "by": "x"}, Context())["status"] == 400


class _Machines:
    def __init__(self, **answer: Any) -> None:  # noqa: ANN401 - boto3's answer
        self.answer = answer
        self.started: list[dict[str, Any]] = []

    def start_sync_execution(self, **request: Any) -> dict[str, Any]:  # noqa: ANN401 - boto3's request
        self.started.append(json.loads(request["input"]))
        return self.answer


class TestWorkflow:
    def test_returns_the_outcome(self) -> None:
        machines = _Machines(status="SUCCEEDED", output=json.dumps({"status": 200, "changed": True}))
        workflow: Any = AccountWorkflow(machines, "arn")  # type: ignore[arg-type]

        assert workflow.run("block", UserId("ada"), by="x", reason="y")["changed"]
        assert machines.started == [{"change": "block", "userId": "ada", "by": "x", "reason": "y"}]

    @pytest.mark.parametrize(("status", "error"), [(400, BadRequestError), (404, NotFoundError), (409, ConflictError)])
    def test_refused_change_raises(self, status: int, error: type[Exception]) -> None:
        machines = _Machines(status="SUCCEEDED", output=json.dumps({"status": status, "message": "no"}))
        workflow: Any = AccountWorkflow(machines, "arn")  # type: ignore[arg-type]

        with pytest.raises(error, match="no"):
            workflow.run("block", UserId("ada"), by="x")

    @pytest.mark.parametrize("answer", [{"status": "FAILED", "error": "X"}, {"status": "TIMED_OUT"}])
    def test_unfinished_change_raises(self, answer: dict[str, str]) -> None:
        workflow: Any = AccountWorkflow(_Machines(**answer), "arn")  # type: ignore[arg-type]

        with pytest.raises(UnfinishedError, match="dead-letter"):
            workflow.run("block", UserId("ada"), by="x")


class _Pool:
    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.user = PoolUser(
            user_id=UserId("ada"),
            email="ada@example.com",
            name="Ada",
            email_verified=True,
            status="CONFIRMED",
            enabled=True,
            created=_NOW,
            modified=_NOW,
        )

    def find(self, user: str) -> PoolUser | None:
        return self.user if user == "ada" else None

    def page(self, after: str | None, **asked: Any) -> tuple[list[PoolUser], str | None]:  # noqa: ANN401
        self.asked.append({"after": after, **asked})
        return [self.user], "more"


class TestControl:
    @pytest.fixture
    def workflow(self) -> RecordingWorkflow:
        return RecordingWorkflow()

    @pytest.fixture
    def control(self, directory: str, workflow: RecordingWorkflow, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
        module = importlib.reload(importlib.import_module("control_users.handler"))
        assert module.settings.users_table == directory
        monkeypatch.setattr(module, "workflow", workflow)
        monkeypatch.setattr(module, "pool", _Pool())
        return module

    def _call(
        self,
        control: ModuleType,
        route: str,
        *,
        body: object = None,
        user: str = "ada",
        principal: str | None = _OPERATOR,
        query: dict[str, str] | None = None,
    ) -> tuple[int, Any]:
        event = proxy_event(
            path={"userId": user},
            authorizer=None,
            route=route,
            body=None if body is None else json.dumps(body),
            query=query,
        )
        event["requestContext"]["identity"] = {"userArn": principal}
        reply = control.handler(event, Context())
        return reply["statusCode"], json.loads(reply["body"])

    @pytest.mark.parametrize(
        ("route", "change"),
        [
            ("PUT /users/{userId}/block", "block"),
            ("DELETE /users/{userId}/block", "unblock"),
            ("DELETE /users/{userId}/sessions", "signOut"),
            ("DELETE /users/{userId}", "delete"),
        ],
    )
    def test_change_names_the_signing_caller(
        self, control: ModuleType, workflow: RecordingWorkflow, route: str, change: str
    ) -> None:
        body = {"reason": "x"} if change == "block" else None

        status, done = self._call(control, route, body=body)

        assert status == 200
        assert workflow.ran == [(change, "ada", _OPERATOR, body or {})]
        assert (done["tenantsWithoutAdmin"], done["at"]) == (["texas"], "1970-01-01T00:00:01+00:00")
        assert "pool" not in done

    def test_change_without_user_is_refused(self, control: ModuleType, workflow: RecordingWorkflow) -> None:
        assert self._call(control, "DELETE /users/{userId}", principal=None)[0] == 500
        assert workflow.ran == []

    @pytest.mark.parametrize(
        "body", [{}, {"reason": ""}, {"reason": 1}, {"reason": "x", "by": "y"}, {"reason": "a\x1b[2J"}]
    )
    def test_block_requires_a_reason(self, control: ModuleType, workflow: RecordingWorkflow, body: Any) -> None:  # noqa: ANN401
        assert self._call(control, "PUT /users/{userId}/block", body=body)[0] == 400
        assert workflow.ran == []

    @pytest.mark.parametrize(("error", "status"), [(UnfinishedError("kept"), 502), (NotFoundError("none"), 404)])
    def test_outcome_is_returned(
        self, control: ModuleType, workflow: RecordingWorkflow, error: Exception, status: int
    ) -> None:
        workflow.error = error

        assert self._call(control, "DELETE /users/{userId}") == (status, {"message": str(error)})

    def test_show_reads_pool_and_directory(self, control: ModuleType) -> None:
        status, shown = self._call(control, "GET /users/{userId}")

        assert status == 200
        assert (shown["state"], shown["pool"]["enabled"], shown["directory"]["activeTenantId"]) == (
            "active",
            True,
            "texas",
        )
        assert shown["tenants"] == [{"tenantId": "texas", "roles": ["admin"], "withoutAdmin": False}]
        assert self._call(control, "GET /users/{userId}", user="nobody")[0] == 404
        assert self._call(control, "GET /users/{userId}", user="*")[0] == 400

    def test_lists_a_page(self, control: ModuleType) -> None:
        query = {"email": "ADA@example.com", "limit": "7", "after": "x"}

        status, listed = self._call(control, "GET /users", query=query)

        assert (status, listed["next"]) == (200, "more")
        assert listed["users"] == [{"userId": "ada", "email": "ada@example.com", "name": "Ada", "state": "active"}]
        assert control.pool.asked == [{"after": "x", "limit": 7, "email": "ada@example.com"}]

    @pytest.mark.parametrize(
        "query", [{"limit": "61"}, {"limit": "x"}, {"email": 'a" or "b'}, {"email": ""}, {"x": "y"}]
    )
    def test_list_refuses_unknown_parameters(self, control: ModuleType, query: dict[str, str]) -> None:
        assert self._call(control, "GET /users", query=query)[0] == 400

    def test_reconciliation_compares_one_part(self, control: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
        sent: list[Any] = []
        answers: list[dict[str, Any]] = [
            {"Payload": io.BytesIO(b'{"differences": []}')},
            {"Payload": io.BytesIO(b'{"refusal": "no such place"}')},
            {"Payload": io.BytesIO(b'{"errorType": "X"}'), "FunctionError": "Unhandled"},
        ]

        def invoke(**request: Any) -> dict[str, Any]:  # noqa: ANN401 - boto3's request
            sent.append(json.loads(request["Payload"]))
            return answers.pop(0)

        monkeypatch.setattr(control.functions, "invoke", invoke, raising=False)
        route, place = "POST /users/reconciliations", {"phase": "tenants", "after": "x"}
        replies = [self._call(control, route, body={"dryRun": True, "next": place})[0] for _ in range(3)]

        assert replies == [200, 400, 502]
        assert sent[0] == {"request": {"dryRun": True, "next": place}}
