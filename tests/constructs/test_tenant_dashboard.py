"""The operations dashboard: it shows the metrics that the functions write, for all tenants or one."""

from __future__ import annotations

import json
import re
from typing import Any, Final

import pytest
from aws_cdk import Stack, assertions

from tenantry.isolation.api import TenantDashboard
from tests.synthesized import new_app


@pytest.fixture(scope="module")
def body() -> dict[str, Any]:
    stack = Stack(new_app(), "stack")
    TenantDashboard(stack, "Operations", application="shop")
    (dashboard,) = assertions.Template.from_stack(stack).find_resources("AWS::CloudWatch::Dashboard").values()
    text = dashboard["Properties"]["DashboardBody"]
    if isinstance(text, dict):
        text = "".join(part if isinstance(part, str) else "eu-north-1" for part in text["Fn::Join"][1])
    read: dict[str, Any] = json.loads(text)
    return read


def _searches(body: dict[str, Any], title: str) -> list[str]:
    (widget,) = (widget for widget in body["widgets"] if widget["properties"]["title"] == title)
    return [metric["expression"] for (metric,) in widget["properties"]["metrics"]]


_TENANTS: Final = ["Requests by tenant", "Refused requests by tenant (4xx)", "Failed requests by tenant (5xx)"]


@pytest.mark.parametrize("title", _TENANTS)
def test_metrics_use_the_functions_dimensions(body: dict[str, Any], title: str) -> None:
    (search,) = _searches(body, title)

    assert search.startswith("SEARCH('{shop,service,tenant} MetricName=(\"Replies")
    assert set(re.findall(r"Replies(\dxx)", search)) <= {"2xx", "3xx", "4xx", "5xx"}


def test_tenant_variable_replaces_the_tenant_filter_only(body: dict[str, Any]) -> None:
    (variable,) = body["variables"]

    assert variable["type"] == "pattern"
    everywhere = json.dumps(body["widgets"])
    assert everywhere.count(variable["pattern"]) == len(_TENANTS)
    assert all(f'"{variable["pattern"]}"' in _searches(body, title)[0] for title in _TENANTS)


def test_every_search_is_limited_to_the_application(body: dict[str, Any]) -> None:
    searches = [metric["expression"] for widget in body["widgets"] for (metric,) in widget["properties"]["metrics"]]

    assert len(searches) == 12
    assert [search for search in searches if "shop" not in search] == []
