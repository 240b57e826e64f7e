"""The expected tenant: a request that would act in another tenant does nothing."""

from __future__ import annotations

import json
from typing import Any, Final

import pytest

from tenantry.runtime.rest import Request, rest_handler
from tests.lambdas.events import Context, proxy_event

_WORDS: Final = "Expected-Tenant names another tenant than the one this request would act in"


def _send(headers: dict[str, str] | None, authorizer: dict[str, Any] | None) -> tuple[int, Any, list[Request]]:
    """Return the status, the body, and the requests that reached the route."""
    seen: list[Request] = []

    def use_case(request: Request) -> dict[str, str]:
        seen.append(request)
        return {}

    handler = rest_handler({"GET /": use_case}, cors_headers={})
    answer = handler({**proxy_event(path={}, authorizer=authorizer), "headers": headers}, Context())
    return answer["statusCode"], json.loads(answer["body"]), seen


@pytest.mark.parametrize("name", ["Expected-Tenant", "expected-tenant", "EXPECTED-TENANT"])
@pytest.mark.parametrize("value", ["ohio", "texa", "texas1", "TEXAS", " texas", "texas,ohio", "*", "", "None"])
def test_expected_tenant_mismatch_is_a_conflict(name: str, value: str) -> None:
    status, body, seen = _send({name: value}, {"userId": "ada", "tenantId": "texas"})

    assert (status, body, seen) == (409, {"message": _WORDS}, [])


@pytest.mark.parametrize("headers", [None, {}, {"Expected-Tenant": "texas"}, {"X-Expected-Tenant": "ohio"}])
def test_matching_or_absent_expected_tenant_passes(headers: dict[str, str] | None) -> None:
    status, _, seen = _send(headers, {"userId": "ada", "tenantId": "texas"})

    assert (status, len(seen)) == (200, 1)


@pytest.mark.parametrize("value", ["texas", "", "None", "null"])
def test_caller_without_tenant_conflicts_with_any_expected_tenant(value: str) -> None:
    status, _, seen = _send({"Expected-Tenant": value}, {"userId": "ada"})

    assert (status, seen) == (409, [])


def test_iam_caller_has_no_tenant() -> None:
    status, _, seen = _send({"Expected-Tenant": "texas"}, None)

    assert (status, len(seen)) == (200, 1)
