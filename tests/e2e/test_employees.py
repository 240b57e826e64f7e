"""Employees of two tenants in one table, through the deployed API."""

from __future__ import annotations

import json
import secrets
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tenantry.attacks.accounts import Person
    from tenantry.attacks.http import Reply
    from tenantry.attacks.world import World


class _Api:
    """The API in one person's hand."""

    def __init__(self, world: World, person: Person) -> None:
        self._world = world
        self.person = person

    def send(self, method: str, path: str = "", body: dict[str, Any] | str | None = None) -> Reply:
        headers = {"Authorization": f"Bearer {self.person.tokens.id}"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        text = body if isinstance(body, str) or body is None else json.dumps(body)
        url = f"{self._world.target.employees_api}/employees{path}"
        return self._world.http.send(method, url, headers=headers, body=text)

    @property
    def rows(self) -> list[dict[str, str]]:
        answer = self.send("GET")
        assert answer.status == 200, answer
        rows: list[dict[str, str]] = answer.json()["employees"]
        return rows

    def row(self, employee: str) -> dict[str, str] | None:
        return next((row for row in self.rows if row["Id"] == employee), None)


@pytest.fixture(scope="module")
def alice(world: World) -> _Api:
    return _Api(world, world.users.alice)


@pytest.fixture(scope="module")
def bob(world: World) -> _Api:
    return _Api(world, world.users.bob)


@pytest.fixture
def employee(world: World, alice: _Api, bob: _Api) -> str:
    """Return the id of an employee whom nobody has, and whom nobody keeps."""
    employee = f"e-{secrets.token_hex(4)}"
    for tenant in (alice.person.tenant, bob.person.tenant):
        key: Any = {"Tenant": {"S": tenant}, "Id": {"S": employee}}
        world.cleanup.later(
            f"the employee {employee}",
            partial(world.target.aws.dynamodb.delete_item, TableName=world.target.employees_table, Key=key),
        )
    return employee


def test_same_employee_id_in_two_tenants_is_separate(alice: _Api, bob: _Api, employee: str) -> None:
    for api in (alice, bob):
        body = {"Id": employee, "Name": f"Ada of {api.person.tenant} 🎉", "Title": "\"Engineer\" & 'more'"}
        created = api.send("POST", body=body)
        assert (created.status, created.json()) == (201, {"Id": employee})

    for api in (alice, bob):
        assert {row["Tenant"] for row in api.rows} == {api.person.tenant}
        assert api.row(employee) == {
            "Tenant": api.person.tenant,
            "Id": employee,
            "Name": f"Ada of {api.person.tenant} 🎉",
            "Title": "\"Engineer\" & 'more'",
        }

    replaced = alice.send("PUT", f"/{employee}", {"Id": employee, "Name": "Eve"})
    assert (replaced.status, replaced.json()) == (200, {"Id": employee})
    removed = bob.send("DELETE", f"/{employee}")
    assert (removed.status, removed.text) == (204, "")

    assert alice.row(employee) == {"Tenant": alice.person.tenant, "Id": employee, "Name": "Eve", "Title": ""}
    assert bob.row(employee) is None
    assert bob.send("DELETE", f"/{employee}").status == 404
    assert alice.row(employee) is not None


def test_users_of_a_tenant_see_the_same_employees(world: World, alice: _Api, employee: str) -> None:
    alice.send("POST", body={"Id": employee, "Name": "Ada"})

    assert _Api(world, world.users.carol).row(employee) == alice.row(employee) is not None


def test_adding_twice_is_a_conflict(alice: _Api, employee: str) -> None:
    assert alice.send("POST", body={"Id": employee, "Name": "Ada"}).status == 201
    again = alice.send("POST", body={"Id": employee, "Name": "Eve"})

    assert (again.status, again.json()) == (409, {"message": "An employee with this Id already exists"})
    assert [row["Name"] for row in alice.rows if row["Id"] == employee] == ["Ada"]


def test_unknown_employee_cannot_be_replaced_or_removed(alice: _Api, employee: str) -> None:
    for answer in (
        alice.send("PUT", f"/{employee}", {"Id": employee, "Name": "Ada"}),
        alice.send("DELETE", f"/{employee}"),
        alice.send("DELETE", f"/{'e' * 2000}"),
        alice.send("DELETE", "/%2A"),
    ):
        assert (answer.status, answer.json()) == (404, {"message": "Employee not found"})
    assert alice.row(employee) is None


@pytest.mark.parametrize(
    "body",
    [
        "{",
        "[]",
        {},
        {"Id": "e/1", "Name": "Ada"},
        {"Id": "e-1", "Name": ""},
        {"Id": "e-1", "Name": 1},
        {"Id": "e-1", "Name": "Ada", "Tenant": "another"},
    ],
    ids=str,
)
def test_bad_body_is_400_and_writes_nothing(alice: _Api, body: dict[str, Any] | str) -> None:
    before = alice.rows

    for answer in (alice.send("POST", body=body), alice.send("PUT", "/e-1", body)):
        assert answer.status == 400
        assert "Invalid request body" in answer.json()["message"]
    assert alice.rows == before


def test_user_without_a_tenant_is_forbidden(world: World, employee: str) -> None:
    person = world.accounts.admit("unemployed")
    api = _Api(world, replace(person, tokens=world.accounts.sign_in(person)))

    assert api.send("GET").status == 403
    assert api.send("POST", body={"Id": employee, "Name": "Ada"}).status == 403
    assert api.send("DELETE", f"/{employee}").status == 403
