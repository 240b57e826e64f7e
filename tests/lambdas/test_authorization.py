"""The authorizer's policy: correct for every route while it is cached, and for one tenant only."""

from __future__ import annotations

import fnmatch
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenantry.model.caller import Caller
from tenantry.model.errors import ForbiddenError, UnauthorizedError
from tenantry.model.identifiers import RESERVED_WORDS, TENANT_SHAPE, tenant_id, user_id
from tenantry.runtime.authorization import RoleRule, RoleTable, RouteRule, answer

_RULES = "GET /tenant/{tenantId} admin\nPUT /tenant/{tenantId} admin\nGET /tenants/{userId} *"
_API = "arn:aws:execute-api:us-east-1:123456789012:abc123/prod"
_ids = st.from_regex(TENANT_SHAPE, fullmatch=True).filter(lambda value: value.lower() not in RESERVED_WORDS)


def _policy(tenant: str | None = "t-1", user: str = "u1", method_arn: str = f"{_API}/GET/tenant/t-1") -> dict[str, Any]:
    return _answer(_RULES, Caller(user_id=user_id(user), tenant_id=tenant_id(tenant) if tenant else None), method_arn)


def _answer(rules: str, caller: Caller, method_arn: str) -> dict[str, Any]:
    table = RoleTable.parse(rules)
    return answer(
        caller, allowed=table.allowed(caller, table.roles), method_arn=method_arn, context=caller.to_authorizer()
    )


def _allows(given: dict[str, Any], arn: str) -> bool:
    (statement,) = given["policyDocument"]["Statement"]
    matched = any(fnmatch.fnmatchcase(arn, resource) for resource in statement["Resource"])
    return matched and statement["Effect"] == "Allow"


def test_policy_does_not_depend_on_the_called_route() -> None:
    first = _policy("abc", method_arn=f"{_API}/GET/tenant/abc")

    assert first == _policy("abc", method_arn=f"{_API}/PUT/tenant/someone-else")


def test_policy_allows_every_route_with_own_ids() -> None:
    given = _policy("abc", "u1")

    for path in ("GET/tenant/abc", "PUT/tenant/abc", "GET/tenants/u1"):
        assert _allows(given, f"{_API}/{path}")


@pytest.mark.parametrize(
    "path",
    [
        "GET/tenant/abcd",
        "GET/tenant/ab",
        "GET/tenant/ABC",
        "DELETE/tenant/abc",
        "GET/tenants/u2",
        "GET/tenant/abc/members",
    ],
)
def test_policy_allows_nothing_else(path: str) -> None:
    assert not _allows(_policy("abc", "u1"), f"{_API}/{path}")


def test_policy_is_limited_to_api_and_stage() -> None:
    given = _policy("abc")

    assert not _allows(given, f"{_API.replace('abc123', 'other')}/GET/tenant/abc")
    assert not _allows(given, f"{_API.replace('prod', 'test')}/GET/tenant/abc")


def test_policy_without_tenant_allows_no_tenant_route() -> None:
    given = _policy(None, "u1")

    assert _allows(given, f"{_API}/GET/tenants/u1")
    assert not _allows(given, f"{_API}/GET/tenant/None")
    assert "tenantId" not in given["context"]


def test_no_allowed_route_is_a_deny_policy() -> None:
    caller = Caller(user_id=user_id("u1"), tenant_id=None)
    given = _answer("GET /tenant/{tenantId} admin", caller, f"{_API}/GET/tenant/abc")

    assert given["policyDocument"]["Statement"][0]["Effect"] == "Deny"


@given(mine=_ids, other=_ids)
def test_policy_never_matches_another_tenant(mine: str, other: str) -> None:
    given = _policy(mine)

    assert _allows(given, f"{_API}/PUT/tenant/{mine}")
    assert _allows(given, f"{_API}/PUT/tenant/{other}") == (mine == other)


@pytest.mark.parametrize(
    ("allowed", "denied", "statements"),
    [
        (["GET/a"], [], [("Allow", ["GET/a"])]),
        (["GET/a/*"], ["GET/a/b", "GET/a/b/"], [("Allow", ["GET/a/*"]), ("Deny", ["GET/a/b", "GET/a/b/"])]),
        ([], [], [("Deny", ["*"])]),
        ([], ["GET/a/b"], [("Deny", ["*"])]),
    ],
)
def test_answer_has_all_that_is_allowed_and_denied(
    allowed: list[str], denied: list[str], statements: list[tuple[str, list[str]]]
) -> None:
    caller = Caller(user_id=user_id("u1"), tenant_id=None)
    given = answer(caller, allowed=allowed, denied=denied, method_arn=f"{_API}/GET/x", context={"userId": "u1"})

    assert given["policyDocument"] == {
        "Version": "2012-10-17",
        "Statement": [
            {"Action": "execute-api:Invoke", "Effect": effect, "Resource": [f"{_API}/{path}" for path in paths]}
            for effect, paths in statements
        ],
    }
    assert (given["principalId"], given["context"]) == ("u1", {"userId": "u1"})


def test_context_holds_scalars_only() -> None:
    assert all(isinstance(value, str) for value in _policy()["context"].values())


@pytest.mark.parametrize("text", ["GET", "get /x", "GET x", ""])
def test_malformed_route_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="Invalid route"):
        RouteRule.parse(text)


def test_unbound_parameter_matches_any_value() -> None:
    caller = Caller(user_id=user_id("u1"), tenant_id=tenant_id("t-1"))
    given = _answer("PUT /employees/{id} admin", caller, f"{_API}/GET/x")

    assert _allows(given, f"{_API}/PUT/employees/e-7")
    assert not _allows(given, f"{_API}/GET/employees/e-7")


@pytest.mark.parametrize(
    "routes",
    [
        "GET /{page}\nGET /tenant/{tenantId}",
        "GET /tenant/{tenantId}/x\nGET /tenant/{any}",
        "GET /x/{id}\nGET /x/{id}/tenants/{userId}",
    ],
)
def test_unbound_parameter_that_undoes_a_binding_is_refused(routes: str) -> None:
    with pytest.raises(ValueError, match="bound to its caller"):
        RoleTable(RoleRule.parse(f"{route} admin") for route in routes.splitlines())


@pytest.mark.parametrize("claims", [{}, {"cognito:username": "*"}, {"cognito:username": "u1", "tenant": "t*"}, {"cognito:username": "u1", "tenant": ""}, {"cognito:username": "u1", "tenant": ["t1"]}])  # fmt: skip
def test_malformed_claims_are_refused(claims: dict[str, Any]) -> None:
    with pytest.raises(UnauthorizedError):
        Caller.from_claims(claims)


@pytest.mark.parametrize("named", [None, "", "t-2", "T-1", "t-1 ", "*"])
def test_caller_in_a_tenant_must_be_named_exactly(named: object) -> None:
    ada = Caller(user_id=user_id("ada"), tenant_id=tenant_id("t-1"))

    for check in (ada.require_tenant, ada.require_user, Caller(user_id=user_id("ada"), tenant_id=None).require_tenant):
        with pytest.raises(ForbiddenError):
            check(named)
    assert (ada.require_tenant("t-1"), ada.require_user("ada")) == ("t-1", "ada")
    with pytest.raises(ForbiddenError):
        Caller(user_id=user_id("ada"), tenant_id=None).in_tenant()
