"""The defaults of a Python function."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from aws_cdk import Stack, assertions
from aws_cdk import aws_sqs as sqs

from tenantry.bundles.sources import package_folder
from tenantry.functions import FunctionDefaults, PythonFunction
from tests.synthesized import new_app

if TYPE_CHECKING:
    from pathlib import Path

_ENTRY = package_folder("tenant_get")


def _function(*, asynchronous: bool = False) -> assertions.Template:
    stack = Stack(new_app(), "stack")
    PythonFunction(
        stack,
        "Function",
        entry=_ENTRY,
        defaults=FunctionDefaults(namespace="test"),
        dead_letters=sqs.Queue(stack, "DeadLetters") if asynchronous else None,
    )
    return assertions.Template.from_stack(stack)


def test_function_is_traced_on_arm_with_its_own_logs() -> None:
    template = _function()

    template.has_resource_properties(
        "AWS::Lambda::Function",
        {
            "Architectures": ["arm64"],
            "Handler": "tenant_get.handler.handler",
            "LoggingConfig": {"LogGroup": assertions.Match.any_value()},
            "TracingConfig": {"Mode": "Active"},
            "Environment": {"Variables": assertions.Match.object_like({"SERVICE_NAME": "tenant_get"})},
        },
    )
    template.has_resource_properties("AWS::Logs::LogGroup", {"RetentionInDays": 365})


def test_role_may_log_and_trace_only() -> None:
    template = _function()

    (policy,) = template.find_resources("AWS::IAM::Policy").values()
    actions = {
        action for statement in policy["Properties"]["PolicyDocument"]["Statement"] for action in statement["Action"]
    }
    assert actions == {
        "logs:CreateLogStream",
        "logs:PutLogEvents",
        "xray:PutTraceSegments",
        "xray:PutTelemetryRecords",
    }
    (role,) = template.find_resources("AWS::IAM::Role").values()
    assert "ManagedPolicyArns" not in role["Properties"]


def test_asynchronous_failures_are_dead_lettered() -> None:
    template = _function(asynchronous=True)

    template.has_resource_properties(
        "AWS::Lambda::EventInvokeConfig",
        {"MaximumRetryAttempts": 2, "DestinationConfig": {"OnFailure": assertions.Match.any_value()}},
    )


def test_folder_without_a_handler_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"no handler\.py"):
        PythonFunction(Stack(new_app(), "stack"), "F", entry=tmp_path, defaults=FunctionDefaults(namespace="test"))
