"""The route-to-role tables that are deployed: sound, and those of the contracts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tenancy.authorization import RoleTable, RouteRule
from tenancy.caller import Caller
from tenancy.identifiers import TenantId, UserId
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


def _tables(package: str) -> Iterator[str]:
    for stack in STACKS:
        for resource in assembly("prod").templates[stack]["Resources"].values():
            properties = resource.get("Properties", {})
            if str(properties.get("Handler", "")).startswith(f"{package}."):
                yield properties["Environment"]["Variables"]["ROUTES"]


def test_routes_of_tenant_apis_keep_their_bindings() -> None:
    tables = list(_tables("tenant_authorizer"))

    assert len(tables) == 3
    for table in tables:
        assert RouteRule.parse_all(table)


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
def test_membership_opens_to_the_roles_of_the_contract(roles: set[str], own: set[str]) -> None:
    (text,) = _tables("member_authorizer")
    allowed = set(RoleTable.parse(text).allowed(_CALLER, frozenset(roles)))

    of_membership = {resource for resource in allowed if not resource.split("/")[1].startswith("parks")}
    assert of_membership == own | _OF_EVERYBODY


def test_user_without_a_tenant_reaches_what_is_for_everybody() -> None:
    (text,) = _tables("member_authorizer")
    nobody = Caller(user_id=UserId("ada"), tenant_id=None)

    assert set(RoleTable.parse(text).allowed(nobody, frozenset())) == _OF_EVERYBODY


_PARKS_OF_ALL = {"GET/parks", "GET/parks/*"}
_WEBHOOKS = {"POST/parks/*/webhooks", "GET/parks/*/webhooks", "DELETE/parks/*/webhooks/*"}


@pytest.mark.parametrize(
    ("role", "own"),
    [
        ("admin", _PARKS_OF_ALL | _WEBHOOKS | {"POST/parks", "POST/parks/*/statuses", "POST/parks/statuses"}),
        ("member", _PARKS_OF_ALL | {"POST/parks"}),
        ("visitor", _PARKS_OF_ALL | _WEBHOOKS),
    ],
)
def test_parks_open_to_the_roles_of_the_contract(role: str, own: set[str]) -> None:
    (text,) = _tables("member_authorizer")
    allowed = set(RoleTable.parse(text).allowed(_CALLER, frozenset({role})))

    assert {resource for resource in allowed if resource.split("/")[1] == "parks"} == own
