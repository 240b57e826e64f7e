"""The deployed route-to-role tables: valid, and those of the contracts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tenantry.model.caller import Caller
from tenantry.model.identifiers import TenantId, UserId
from tenantry.runtime.authorization import RoleTable
from tests.synthesized import STACKS, assembly

if TYPE_CHECKING:
    from collections.abc import Iterator

_CALLER = Caller(user_id=UserId("ada"), tenant_id=TenantId("texas"))
_OF_EVERYBODY = {
    "GET/settings",
    "PUT/settings",
    "GET/tenants",
    "GET/invitations",
    "POST/invitations/*/acceptance",
    "DELETE/invitations/*",
    "DELETE/me",
    "DELETE/me/sessions",
    "DELETE/me/sessions/current",
    "PUT/me/address",
}
_OF_ADMINS = {
    "GET/tenants/texas/members",
    "POST/tenants/texas/members",
    "PUT/tenants/texas/members/*/roles",
    "DELETE/tenants/texas/members/*",
    "GET/tenants/texas/invitations",
    "DELETE/tenants/texas/invitations/*",
}
_OF_ANY_MEMBER = {"DELETE/tenants/texas/members/ada"}


def _tables(acts_in: str) -> Iterator[tuple[str, RoleTable]]:
    for stack in STACKS:
        for resource in assembly("prod").templates[stack]["Resources"].values():
            properties = resource.get("Properties", {})
            if properties.get("Handler") == "authorizer.handler.handler":
                variables = properties["Environment"]["Variables"]
                if variables["ACTS_IN"] == acts_in:
                    yield stack.rpartition("-")[2], RoleTable.parse(variables["ROUTES"])


def test_three_apis_use_the_tenant_claim() -> None:
    assert {stack for stack, _ in _tables("claim")} == {"tenant", "storage", "employees"}


def test_apis_that_act_in_the_active_tenant_are_two() -> None:
    assert {stack for stack, _ in _tables("active")} == {"membership", "parks"}


_TENANT_OF_ALL = {"GET/tenant/texas", "GET/tenant/texas/usage", "GET/tenants/ada"}
_EMPLOYEES = {"GET/employees", "POST/employees", "PUT/employees/*"}


@pytest.mark.parametrize(
    ("stack", "role", "own"),
    [
        ("tenant", "admin", _TENANT_OF_ALL | {"PUT/tenant/texas"}),
        ("tenant", "member", _TENANT_OF_ALL),
        ("tenant", "visitor", _TENANT_OF_ALL),
        ("tenant", "clerk", {"GET/tenants/ada"}),
        ("storage", "admin", {"GET/object", "PUT/object"}),
        ("storage", "member", {"GET/object", "PUT/object"}),
        ("storage", "visitor", {"GET/object"}),
        ("storage", "clerk", set()),
        ("employees", "admin", _EMPLOYEES | {"DELETE/employees/*"}),
        ("employees", "member", _EMPLOYEES),
        ("employees", "visitor", {"GET/employees"}),
        ("employees", "clerk", set()),
    ],
)
def test_api_roles_follow_the_contract(stack: str, role: str, own: set[str]) -> None:
    table = dict(_tables("claim"))[stack]

    assert set(table.allowed(_CALLER, frozenset({role}))) == own
    assert not {resource for resource in table.denied(frozenset({role})) if resource in own}


@pytest.mark.parametrize(
    ("roles", "own"),
    [
        ({"admin"}, _OF_ADMINS),
        ({"member"}, _OF_ANY_MEMBER),
        ({"visitor"}, _OF_ANY_MEMBER),
        ({"admin", "visitor"}, _OF_ADMINS | _OF_ANY_MEMBER),
        (set(), set()),
    ],
)
def test_membership_roles_follow_the_contract(roles: set[str], own: set[str]) -> None:
    table = dict(_tables("active"))["membership"]

    assert set(table.allowed(_CALLER, frozenset(roles))) == own | _OF_EVERYBODY


def test_caller_without_tenant_reaches_public_routes() -> None:
    tables = dict(_tables("active"))
    nobody = Caller(user_id=UserId("ada"), tenant_id=None)

    assert set(tables["membership"].allowed(nobody, frozenset())) == _OF_EVERYBODY
    assert not set(tables["parks"].allowed(nobody, frozenset()))


_PARKS_OF_ALL = {"GET/parks", "GET/parks/*"}
_WEBHOOKS = {"POST/parks/*/webhooks", "GET/parks/*/webhooks", "DELETE/parks/*/webhooks/*"}


@pytest.mark.parametrize(
    ("role", "own"),
    [
        (
            "admin",
            _PARKS_OF_ALL
            | _WEBHOOKS
            | {"POST/parks", "POST/parks/*/statuses", "POST/parks/statuses", "POST/parks/*/webhooks/*/owner"},
        ),
        ("member", _PARKS_OF_ALL | {"POST/parks"}),
        ("visitor", _PARKS_OF_ALL | _WEBHOOKS),
    ],
)
def test_park_roles_follow_the_contract(role: str, own: set[str]) -> None:
    table = dict(_tables("active"))["parks"]

    assert set(table.allowed(_CALLER, frozenset({role}))) == own
