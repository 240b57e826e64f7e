"""The token hook: its start-up time, and the alarm on its failure."""

from __future__ import annotations

import json
from typing import Any, Final

import pytest

from tests.synthesized import ENVIRONMENTS, assembly

# With one processor; https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
_ONE_PROCESSOR_MIB: Final = 1769


def _functions(environment: str, stack: str) -> dict[str, dict[str, Any]]:
    resources = assembly(environment).templates[stack]["Resources"]
    return {
        name: resource["Properties"] for name, resource in resources.items() if resource["Type"].endswith("::Function")
    }


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_token_hook_and_tenant_list_have_a_full_vcpu(environment: str) -> None:
    users = assembly(environment).templates["user"]["Resources"]
    (pool,) = [resource for resource in users.values() if resource["Type"] == "AWS::Cognito::UserPool"]
    triggers = json.dumps(pool["Properties"]["LambdaConfig"])
    hooks = [function for name, function in _functions(environment, "user").items() if f'"{name}"' in triggers]
    behind = [
        function
        for function in _functions(environment, "tenant").values()
        if function["Handler"].startswith("admin_user_tenants_list.")
    ]

    assert len(hooks) == 3
    assert len(behind) == 1
    assert [function["MemorySize"] for function in hooks + behind] == [_ONE_PROCESSOR_MIB] * 4


@pytest.mark.parametrize("environment", ENVIRONMENTS)
@pytest.mark.parametrize("metric", ["TokensWithoutClaim", "TokensRefusedByFailure"])
def test_failure_of_the_hook_reaches_the_alarms_topic(environment: str, metric: str) -> None:
    (function,) = [
        function
        for function in _functions(environment, "user").values()
        if function["Handler"].startswith("token_claims_hook.")
    ]
    variables = function["Environment"]["Variables"]
    (alarm,) = [
        resource["Properties"]
        for resource in assembly(environment).templates["user"]["Resources"].values()
        if resource["Type"] == "AWS::CloudWatch::Alarm" and resource["Properties"].get("MetricName") == metric
    ]

    assert alarm["Namespace"] == variables["METRICS_NAMESPACE"]
    assert alarm["Dimensions"] == [{"Name": "service", "Value": variables["SERVICE_NAME"]}]
    assert (alarm["Statistic"], alarm["TreatMissingData"]) == ("Sum", "notBreaching")
    (action,) = alarm["AlarmActions"]
    assert "Alarms" in action["Fn::ImportValue"]
