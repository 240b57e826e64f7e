"""The routes of the tenant APIs, on moto's DynamoDB."""

from __future__ import annotations

import base64
import importlib
import io
import json
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto import mock_aws

from tenantry.runtime import observability
from tests.lambdas.events import Context, proxy_event
from tests.lambdas.tables import create_directory, join

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_dynamodb import DynamoDBClient

_ADMIN = {"userId": "ada", "tenantId": "t-1"}
_ROUTES = {
    "tenant_get": ("GET", "/tenant/{tenantId}"),
    "tenant_rename": ("PUT", "/tenant/{tenantId}"),
    "user_tenants_list": ("GET", "/tenants/{userId}"),
    "admin_user_tenants_list": ("GET", "/tenants/{userId}"),
}
_MEMBER = {"userId": "bob", "tenantId": "t-1"}


@pytest.fixture
def database() -> Iterator[DynamoDBClient]:
    with mock_aws():
        client = boto3.client("dynamodb")
        create_directory(client)
        client.put_item(TableName="app-tenants", Item={"tenantid": {"S": "t-1"}, "name": {"S": "One"}})
        for user, role in (("ada", "admin"), ("bob", "member")):
            join(client, "t-1", user, role)
        yield client


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    written = io.StringIO()
    monkeypatch.setattr(observability.logger, "stream", written)
    return written


def _call(name: str, event: dict[str, Any]) -> tuple[int, Any, dict[str, str]]:
    handler = importlib.reload(importlib.import_module(f"{name}.handler")).handler
    method, resource = _ROUTES[name]
    answer = handler({**event, "httpMethod": method, "resource": resource}, Context())
    return answer["statusCode"], json.loads(answer["body"]), answer["headers"]


def _name(client: DynamoDBClient, tenant: str = "t-1") -> str | None:
    item = client.get_item(TableName="app-tenants", Key={"tenantid": {"S": tenant}}).get("Item", {})
    return item["name"]["S"] if "name" in item else None


@pytest.mark.usefixtures("database")
def test_get_returns_the_callers_tenant() -> None:
    status, body, headers = _call("tenant_get", proxy_event(path={"tenantId": "t-1"}, authorizer=_ADMIN))

    assert (status, body) == (200, [{"tenantid": "t-1", "name": "One"}])
    assert headers["Access-Control-Allow-Origin"] == "https://app.example"


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("function", ["tenant_get", "tenant_rename"])
@pytest.mark.parametrize("tenant", ["t-2", "T-1", "t-10", "t-1 ", "", "*"])
def test_function_refuses_another_tenants_path(function: str, tenant: str) -> None:
    event = proxy_event(path={"tenantId": tenant}, authorizer=_ADMIN, body='{"name": "x"}')

    assert _call(function, event)[:2] == (403, {"message": "Forbidden"})


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("authorizer", [None, {}, {"tenantId": "t-1"}, {"userId": "*", "tenantId": "t-1"}])
def test_request_without_authorizer_is_refused(authorizer: dict[str, Any] | None) -> None:
    assert _call("tenant_get", proxy_event(path={"tenantId": "t-1"}, authorizer=authorizer))[0] == 401


@pytest.mark.usefixtures("database")
def test_deleted_tenant_is_not_found() -> None:
    caller = {"userId": "ada", "tenantId": "t-gone"}

    status, body, _ = _call("tenant_get", proxy_event(path={"tenantId": "t-gone"}, authorizer=caller))

    assert (status, body) == (404, {"message": "Tenant not found"})


@pytest.mark.parametrize(
    "name", ["New", "a", "x" * 256, "<b>bold</b>", "Grüße 👩‍🚀".replace("\u200d", ""), '"; DROP', "$context.x #set"]
)
def test_name_is_stored_exactly(database: DynamoDBClient, name: str) -> None:
    event = proxy_event(path={"tenantId": "t-1"}, authorizer=_ADMIN, body=json.dumps({"name": name}))

    status, body, _ = _call("tenant_rename", event)

    assert status == 200
    assert body == {"message": "Tenant name updated successfully", "updatedAttributes": {"name": name}}
    assert _name(database) == name


def test_body_in_base64_is_decoded(database: DynamoDBClient) -> None:
    body = base64.b64encode('{"name": "Ünï"}'.encode()).decode()
    event = proxy_event(path={"tenantId": "t-1"}, authorizer=_ADMIN, body=body, encoded=True)

    assert _call("tenant_rename", event)[0] == 200
    assert _name(database) == "Ünï"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (None, "JSON"),
        ("", "JSON"),
        ("{", "JSON"),
        ("[]", "object"),
        ("{}", "name: Field required"),
        ('{"name": ""}', "name: Expected `str` of length >= 1"),
        ('{"name": "   "}', "white space"),
        ('{"name": "' + "x" * 10_000 + '"}', "name: Expected `str` of length <= 256"),
        ('{"name": 5}', "name: Expected `str`"),
        ('{"name": null}', "name: Expected `str`"),
        ('{"name": ["a"]}', "name: Expected `str`"),
        ('{"name": "a\\u0000b"}', "control"),
        ('{"name": "a\\nb"}', "control"),
        ('{"name": "a\\ud800b"}', "JSON"),
        ('{"name": "a", "tenantId": "t-2"}', "tenantId: Extra inputs"),
    ],
)
def test_bad_body_is_explained_and_changes_nothing(database: DynamoDBClient, body: str | None, reason: str) -> None:
    status, answer, _ = _call("tenant_rename", proxy_event(path={"tenantId": "t-1"}, authorizer=_ADMIN, body=body))

    assert status == 400
    assert reason in answer["message"]
    assert _name(database) == "One"


def test_only_admins_may_rename(database: DynamoDBClient) -> None:
    event = proxy_event(path={"tenantId": "t-1"}, authorizer=_MEMBER, body='{"name": "Mine"}')

    assert _call("tenant_rename", event)[0] == 403
    assert _name(database) == "One"


def test_withdrawn_role_is_refused_at_once(database: DynamoDBClient) -> None:
    join(database, "t-1", "ada", "visitor")
    event = proxy_event(path={"tenantId": "t-1"}, authorizer=_ADMIN, body='{"name": "Mine"}')

    assert _call("tenant_rename", event)[0] == 403


def test_rename_does_not_create_a_tenant(database: DynamoDBClient) -> None:
    join(database, "t-ghost", "ada", "admin")
    database.delete_item(TableName="app-tenants", Key={"tenantid": {"S": "t-ghost"}})
    caller = {"userId": "ada", "tenantId": "t-ghost"}

    status, body, _ = _call(
        "tenant_rename", proxy_event(path={"tenantId": "t-ghost"}, authorizer=caller, body='{"name": "Boo"}')
    )

    assert (status, body) == (404, {"message": "Tenant not found"})
    assert _name(database, "t-ghost") is None


@pytest.mark.parametrize("function", ["user_tenants_list", "admin_user_tenants_list"])
def test_tenants_of_a_user_are_read_from_all_pages(database: DynamoDBClient, function: str) -> None:
    for number in range(150):
        client_item = {
            "tenantid": {"S": f"m-{number:03}"},
            "userid": {"S": "cid"},
            "note": {"S": "x" * 20_000},  # a page holds 1 MB
        }
        database.put_item(TableName="app-tenant-users", Item=client_item)

    status, body, _ = _call(
        function, proxy_event(path={"userId": "cid"}, authorizer={"userId": "cid", "tenantId": "m-000"})
    )

    assert status == 200
    assert sorted(body["tenants"]) == [f"m-{number:03}" for number in range(150)]


@pytest.mark.usefixtures("database")
def test_other_users_tenants_are_forbidden() -> None:
    assert _call("user_tenants_list", proxy_event(path={"userId": "bob"}, authorizer=_ADMIN))[0] == 403


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("user", ["*", "a/b", "", "a..b"])
def test_admin_api_refuses_malformed_user_id(user: str) -> None:
    assert _call("admin_user_tenants_list", proxy_event(path={"userId": user}, authorizer=None))[0] == 400


@pytest.mark.usefixtures("database")
def test_unknown_user_has_no_tenants() -> None:
    event = proxy_event(path={"userId": "nobody"}, authorizer=None)

    assert _call("admin_user_tenants_list", event)[:2] == (200, {"tenants": []})


def test_failure_reply_hides_the_cause(database: DynamoDBClient, log: io.StringIO) -> None:
    database.delete_table(TableName="app-tenants")

    status, body, _ = _call("tenant_get", proxy_event(path={"tenantId": "t-1"}, authorizer=_ADMIN))

    assert (status, body) == (500, {"message": "Internal server error"})
    assert '"tenant":"t-1"' in log.getvalue()


def test_log_has_tenant_and_correlation_id_but_no_body(database: DynamoDBClient, log: io.StringIO) -> None:
    event = proxy_event(path={"tenantId": "t-1"}, authorizer=_MEMBER, body='{"name": "Secret plans"}')
    _call("tenant_rename", event)

    written = log.getvalue()
    assert '"tenant":"t-1"' in written
    assert '"correlation_id":"request"' in written
    assert "Secret" not in written
    assert _name(database) == "One"
