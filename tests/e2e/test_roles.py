"""Roles and the expected tenant on every deployed API. Ended sessions are in `attacks`."""

from __future__ import annotations

import json
import secrets
import uuid
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

import pytest

from tenantry.attacks.storage import Storage

if TYPE_CHECKING:
    from tenantry.attacks.accounts import Person
    from tenantry.attacks.http import Reply
    from tenantry.attacks.world import World

_MODES: Final = ("bucket", "prefix", "tag", "access_point", "db_nosql")
_WORDS: Final = "Expected-Tenant names another tenant than the one this request would act in"


@dataclass(frozen=True)
class _House:
    """A tenant with a person of each role.

    Attributes
    ----------
    world
        The deployed system.
    tenant
        The tenant.
    people
        By role.
    """

    world: World
    tenant: str
    people: dict[str, Person]

    def send(
        self, role: str, method: str, api: str, path: str, body: object = None, *, expected: str | None = None
    ) -> Reply:
        token = self.people[role].tokens.id
        headers = {"x-token": token} if api == "storage" else {"Authorization": f"Bearer {token}"}
        if expected is not None:
            headers["Expected-Tenant"] = expected
        text = None if body is None else json.dumps(body)
        if text is not None:
            headers["Content-Type"] = "application/json"
        url = getattr(self.world.target, f"{api}_api") + path
        return self.world.http.send(method, url, headers=headers, body=text)


@pytest.fixture(scope="module")
def house(world: World) -> _House:
    tenant = str(uuid.uuid4())
    admin = world.tenant_admin("roles-admin", tenant)
    people = {role: world.member(f"roles-{role}", tenant, {role}) for role in ("member", "visitor")}
    for person in (admin, *people.values()):
        world.cleanup.later(
            f"the objects of {person.user_id}", partial(Storage.of(world).sweep, tenant, person.user_id)
        )
    return _House(world, tenant, {"admin": admin, **people})


_ALL: Final = frozenset({"admin", "member", "visitor"})
_WRITERS: Final = frozenset({"admin", "member"})
_ADMINS: Final = frozenset({"admin"})


@dataclass(frozen=True)
class _Call:
    """A call of an API, the roles that it opens to, and what it answers them.

    Attributes
    ----------
    api, method, path, roles, status, body
        In the path and the body, ``{tenant}`` stands for the tenant and ``{new}`` for a new id.
    """

    api: str
    method: str
    path: str
    roles: frozenset[str]
    status: int
    body: object = None

    def send(self, house: _House, role: str, *, expected: str | None = None) -> Reply:
        new = secrets.token_hex(4)
        body = json.loads(json.dumps(self.body).replace("{new}", new))
        path = self.path.replace("{tenant}", house.tenant)
        return house.send(role, self.method, self.api, path, body, expected=expected)

    def __str__(self) -> str:
        return f"{self.api} {self.method} {self.path}"


_CALLS: Final = (
    _Call("tenant", "GET", "/tenant/{tenant}", _ALL, 200),
    _Call("tenant", "PUT", "/tenant/{tenant}", _ADMINS, 200, {"name": "Roles"}),
    _Call("tenant", "GET", "/tenant/{tenant}/usage", _ALL, 200),
    *(_Call("storage", "PUT", f"/object?partition={mode}", _WRITERS, 201, {"key": "k", "value": "v"}) for mode in _MODES),
    *(_Call("storage", "GET", f"/object?partition={mode}", _ALL, 200) for mode in _MODES),
    _Call("employees", "GET", "/employees", _ALL, 200),
    _Call("employees", "POST", "/employees", _WRITERS, 201, {"Id": "{new}", "Name": "E"}),
    _Call("employees", "PUT", "/employees/e-0", _WRITERS, 200, {"Id": "e-0", "Name": "E"}),
    _Call("employees", "DELETE", "/employees/e-1", _ADMINS, 204),
    _Call("parks", "GET", "/parks", _ALL, 200),
    _Call("parks", "POST", "/parks", _WRITERS, 201, {"id": "p-{new}", "name": "P"}),
    _Call("membership", "GET", "/tenants/{tenant}/members", _ADMINS, 200),
    _Call("membership", "GET", "/settings", _ALL, 200),
)  # fmt: skip


@pytest.fixture
def staffed(house: _House) -> _House:
    """Return the tenant with two employees in it."""
    for employee in ("e-0", "e-1"):
        house.send("admin", "POST", "employees", "/employees", {"Id": employee, "Name": "E"})
    return house


@pytest.mark.parametrize("call", _CALLS, ids=str)
def test_route_is_allowed_for_its_roles_only(staffed: _House, call: _Call) -> None:
    for role in ("visitor", "member", "admin"):
        reply = call.send(staffed, role)
        assert reply.status == (call.status if role in call.roles else 403), (role, str(reply))


@pytest.mark.parametrize("call", _CALLS, ids=str)
def test_expected_tenant_mismatch_changes_nothing(staffed: _House, call: _Call) -> None:
    right = call.send(staffed, "admin", expected=staffed.tenant)
    other = call.send(staffed, "admin", expected=staffed.world.users.bob.tenant)

    assert right.status == call.status, str(right)
    assert other.status == 409, str(other)
    assert other.json() in ({"message": _WORDS}, {"status": "Conflict", "result": {"invalid": _WORDS}})


def test_request_after_switch_in_another_tab_writes_nothing(house: _House) -> None:
    """One tab switches, the other still shows the first tenant and adds a park."""
    world, person = house.world, house.people["member"]
    elsewhere = str(uuid.uuid4())
    world.accounts.found_tenant(elsewhere, "Elsewhere")
    world.accounts.enrol(person, elsewhere, {"member"})
    park = {"id": f"p-{secrets.token_hex(4)}", "name": "P"}
    assert house.send("member", "PUT", "membership", "/settings", {"tenantId": elsewhere}).status == 204
    try:
        late = house.send("member", "POST", "parks", "/parks", park, expected=house.tenant)
        seen = house.send("member", "GET", "parks", f"/parks/{park['id']}")
    finally:
        assert house.send("member", "PUT", "membership", "/settings", {"tenantId": house.tenant}).status == 204

    assert (late.status, late.json()) == (409, {"message": _WORDS})
    assert seen.status == 404
    assert house.send("member", "GET", "parks", f"/parks/{park['id']}").status == 404
