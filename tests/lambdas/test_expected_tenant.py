"""A caller may name the tenant that they mean: a request that would act in another one does nothing."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any, Final

import pytest

from tenantry.runtime.rest import Reply, Request, rest_handler
from tests.lambdas.events import Context, proxy_event

_WORDS: Final = "Expected-Tenant names another tenant than the one this request would act in"


def _send(headers: dict[str, str] | None, authorizer: dict[str, Any] | None) -> tuple[int, Any, list[Request]]:
    """Return the status, the body, and the requests that reached the route."""
    seen: list[Request] = []

    def route(request: Request) -> Reply:
        seen.append(request)
        return Reply(status=HTTPStatus.OK, body={})

    handler = rest_handler(route, cors_headers={})
    answer = handler({**proxy_event(path={}, authorizer=authorizer), "headers": headers}, Context())
    return answer["statusCode"], json.loads(answer["body"]), seen


@pytest.mark.parametrize("name", ["Expected-Tenant", "expected-tenant", "EXPECTED-TENANT"])
@pytest.mark.parametrize("value", ["ohio", "texa", "texas1", "TEXAS", " texas", "texas,ohio", "*", "", "None"])
def test_another_tenant_than_the_caller_means_is_a_conflict_and_nothing_is_done(name: str, value: str) -> None:
    status, body, seen = _send({name: value}, {"userId": "ada", "tenantId": "texas"})

    assert (status, body, seen) == (409, {"message": _WORDS}, [])


@pytest.mark.parametrize("headers", [None, {}, {"Expected-Tenant": "texas"}, {"X-Expected-Tenant": "ohio"}])
def test_same_tenant_or_none_passes(headers: dict[str, str] | None) -> None:
    status, _, seen = _send(headers, {"userId": "ada", "tenantId": "texas"})

    assert (status, len(seen)) == (200, 1)


@pytest.mark.parametrize("value", ["texas", "", "None", "null"])
def test_caller_without_a_tenant_acts_in_none_that_could_be_expected(value: str) -> None:
    status, _, seen = _send({"Expected-Tenant": value}, {"userId": "ada"})

    assert (status, seen) == (409, [])


def test_service_that_iam_has_authorized_acts_in_no_tenant() -> None:
    status, _, seen = _send({"Expected-Tenant": "texas"}, None)

    assert (status, len(seen)) == (200, 1)
