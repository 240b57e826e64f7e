"""Employees of one tenant: added, listed, replaced and removed through a session of that tenant."""

from __future__ import annotations

import importlib
import json
from typing import TYPE_CHECKING, Any, Final

import boto3
import pytest
from moto import mock_aws

from tests.lambdas.events import Context, proxy_event

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

    from mypy_boto3_dynamodb import DynamoDBClient

    from tenantry.model.caller import TenantCaller

_ADA: Final = {"Id": "e-1", "Name": 'Ada O\'"Neil" 🎉', "Title": "Engineer"}


class _Vendor:
    """Gives a client without asking STS, and remembers for whom."""

    def __init__(self, client: DynamoDBClient) -> None:
        self._client = client
        self.asked: list[tuple[str, str]] = []

    def session(self, caller: TenantCaller, purpose: str) -> _Vendor:
        self.asked.append((caller.tenant_id, purpose))
        return self

    def client(self, service: str) -> DynamoDBClient:
        assert service == "dynamodb"
        return self._client


class _Api:
    """The function behind the API, with the API's own parts of an event."""

    def __init__(self, function: ModuleType, client: DynamoDBClient) -> None:
        self._function = function
        self.client = client
        self.vendor = _Vendor(client)
        function.vendor = self.vendor  # type: ignore[attr-defined]

    def send(
        self,
        method: str,
        employee: str | None = None,
        body: object = None,
        *,
        tenant: str = "t-1",
        authorizer: dict[str, str] | None = None,
    ) -> tuple[int, Any]:
        event = proxy_event(
            path={} if employee is None else {"id": employee},
            authorizer={"userId": "u", "tenantId": tenant} if authorizer is None else authorizer,
            body=body if isinstance(body, str) else json.dumps(body) if body is not None else None,
            route=f"{method} /employees{'' if employee is None else '/{id}'}",
        )
        answer = self._function.handler(event, Context())
        return answer["statusCode"], json.loads(answer["body"] or "null")

    @property
    def rows(self) -> int:
        return self.client.scan(TableName="employees")["Count"]


@pytest.fixture(scope="module")
def deployed() -> Iterator[_Api]:
    settings = {
        "AWS_DEFAULT_REGION": "us-east-1",
        "CORS_HEADERS": "{}",
        "EMPLOYEES_TABLE": "employees",
        "TOKEN_VENDOR": json.dumps({"role": "arn:aws:iam::123456789012:role/tenant", "policies": {}}),
    }
    with mock_aws(), pytest.MonkeyPatch.context() as patch:
        for name, value in settings.items():
            patch.setenv(name, value)
        client = boto3.client("dynamodb")
        client.create_table(
            TableName="employees",
            KeySchema=[{"AttributeName": "Tenant", "KeyType": "HASH"}, {"AttributeName": "Id", "KeyType": "RANGE"}],
            AttributeDefinitions=[
                {"AttributeName": "Tenant", "AttributeType": "S"},
                {"AttributeName": "Id", "AttributeType": "S"},
            ],
            BillingMode="PAY_PER_REQUEST",
        )
        yield _Api(importlib.reload(importlib.import_module("employees.handler")), client)


@pytest.fixture
def api(deployed: _Api) -> _Api:
    for page in deployed.client.get_paginator("scan").paginate(TableName="employees"):
        for row in page["Items"]:
            deployed.client.delete_item(TableName="employees", Key={"Tenant": row["Tenant"], "Id": row["Id"]})
    deployed.vendor.asked.clear()
    return deployed


def test_employee_is_added_listed_replaced_and_removed(api: _Api) -> None:
    assert api.send("POST", body=_ADA) == (201, {"Id": "e-1"})
    assert api.send("GET") == (200, {"employees": [{**_ADA, "Tenant": "t-1"}]})
    assert api.send("PUT", "e-1", {"Id": "e-1", "Name": "Ada"}) == (200, {"Id": "e-1"})
    assert api.send("GET") == (200, {"employees": [{"Id": "e-1", "Name": "Ada", "Title": "", "Tenant": "t-1"}]})
    assert api.send("DELETE", "e-1") == (204, None)
    assert api.send("GET") == (200, {"employees": []})


def test_requests_use_a_session_of_the_callers_tenant(api: _Api) -> None:
    for tenant in ("t-1", "t-10"):
        api.send("GET", tenant=tenant)
        api.send("POST", body=_ADA, tenant=tenant)
        api.send("PUT", "e-1", _ADA, tenant=tenant)
        api.send("DELETE", "e-1", tenant=tenant)

    assert api.vendor.asked == [("t-1", "employees")] * 4 + [("t-10", "employees")] * 4


def test_same_employee_id_in_two_tenants_is_separate(api: _Api) -> None:
    for tenant in ("t-1", "t-10", "T-1"):
        assert api.send("POST", body={**_ADA, "Name": tenant}, tenant=tenant)[0] == 201
    api.send("DELETE", "e-1", tenant="t-10")
    api.send("PUT", "e-1", {**_ADA, "Name": "new"}, tenant="T-1")

    names = {tenant: [row["Name"] for row in api.send("GET", tenant=tenant)[1]["employees"]] for tenant in ("t-1", "t-10", "T-1")}  # fmt: skip
    assert names == {"t-1": ["t-1"], "t-10": [], "T-1": ["new"]}


def test_listing_reads_all_pages(api: _Api) -> None:
    table = boto3.resource("dynamodb", region_name="us-east-1").Table("employees")
    with table.batch_writer() as batch:
        for number in range(30):  # some 3 MB, where a page has one
            batch.put_item(Item={"Tenant": "t-1", "Id": f"{number:02}", "Name": "x" * 100_000})

    _, body = api.send("GET")
    assert [row["Id"] for row in body["employees"]] == [f"{number:02}" for number in range(30)]


def test_adding_twice_is_a_conflict_and_replaces_nothing(api: _Api) -> None:
    api.send("POST", body=_ADA)

    assert api.send("POST", body={**_ADA, "Name": "Eve"})[0] == 409
    assert api.send("GET")[1]["employees"][0]["Name"] == _ADA["Name"]


@pytest.mark.parametrize("employee", ["e-1", "", " ", "*", "a/b", "é", "e" * 64, "e" * 65, "e" * 2000, "\x00"], ids=lambda text: repr(text[:9]))  # fmt: skip
def test_removing_unknown_employee_is_not_found(api: _Api, employee: str) -> None:
    assert api.send("DELETE", employee) == (404, {"message": "Employee not found"})


def test_replacing_unknown_employee_is_not_found(api: _Api) -> None:
    api.send("POST", body=_ADA, tenant="t-10")

    assert api.send("PUT", "e-1", _ADA) == (404, {"message": "Employee not found"})
    assert api.rows == 1


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("", "Invalid JSON"),
        ("{", "Invalid JSON"),
        ("[]", "object"),
        ({}, "Id: Field required"),
        ({"Id": "e-1"}, "Name: Field required"),
        ({"Id": "", "Name": "Ada"}, "Id: "),
        ({"Id": "e/1", "Name": "Ada"}, "Id: "),
        ({"Id": "e-1\n", "Name": "Ada"}, "Id: "),
        ({"Id": "-e", "Name": "Ada"}, "Id: "),
        ({"Id": "e" * 65, "Name": "Ada"}, "Id: "),
        ({"Id": 1, "Name": "Ada"}, "Id: "),
        ({"Id": "e-1", "Name": ""}, "Name: "),
        ({"Id": "e-1", "Name": "x" * 257}, "Name: "),
        ({"Id": "e-1", "Name": "Ada", "Title": None}, "Title: "),
        ({"Id": "e-1", "Name": "Ada", "Tenant": "t-10"}, "Tenant: Extra inputs"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_bad_body_is_refused_and_writes_nothing(api: _Api, body: object, reason: str) -> None:
    for method, employee in (("POST", None), ("PUT", "e-1")):
        status, answer = api.send(method, employee, body)

        assert status == 400
        assert answer["message"].startswith("Invalid request body: ")
        assert reason in answer["message"]
    assert api.rows == 0


def test_body_id_must_match_the_path(api: _Api) -> None:
    api.send("POST", body=_ADA)

    assert api.send("PUT", "e-2", _ADA)[0] == 400
    assert api.send("PUT", "e-1", {**_ADA, "Id": "e-2"})[0] == 400
    assert api.rows == 1


@pytest.mark.parametrize(
    ("authorizer", "status"), [({}, 401), ({"userId": "u"}, 403), ({"userId": "u", "tenantId": "t*"}, 401)], ids=str
)
def test_caller_without_tenant_is_refused(api: _Api, authorizer: dict[str, str], status: int) -> None:
    for method, employee, body in (("GET", None, None), ("POST", None, _ADA), ("PUT", "e-1", _ADA), ("DELETE", "e-1", None)):  # fmt: skip
        assert api.send(method, employee, body, authorizer=authorizer)[0] == status
    assert api.vendor.asked == []
