"""The functions that count what a tenant uses, in the one shape that they have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions

from tenantry.functions import PythonFunction
from tenantry.functions.sources import package_folder
from tenantry.isolation.metering import UsageCounter
from tenantry.isolation.vending import TokenVendor

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from constructs import Construct

    from stacks.platform.platform import Platform
    from tenantry.isolation.metering import UsageRegistry
    from tenantry.isolation.vending import Purpose


def usage_counter(
    scope: Construct,
    name: str,
    description: str,
    *,
    platform: Platform,
    registry: UsageRegistry,
    grant: Callable[[Purpose], object],
    environment: Mapping[str, str],
) -> None:
    """Make and register the counter of `name`: a function that vends sessions and holds no grant on data.

    The page shows the other parts of the usage when it fails, so an alarm tells operators.

    Parameters
    ----------
    scope
        The stack that holds what is counted.
    name
        What is counted: the purpose of its sessions, and with ``_usage`` behind it, the function's package.
    description
        What the function does.
    platform, registry
        What its stack is given.
    grant
        Lets the purpose's sessions count.
    environment
        The function's variables.
    """
    function = PythonFunction(
        scope,
        f"{name.capitalize()}Usage",
        entry=package_folder(f"{name}_usage"),
        defaults=platform.function_defaults,
        description=description,
        tenant_isolated=platform.environment.tenant_isolated_functions,
        timeout=Duration.seconds(12),  # for which the function that asks it waits
        memory_size=1024,
        environment=environment,
    )
    vendor = TokenVendor(scope, "UsageVendor")
    grant(vendor.purpose(name))
    vendor.grant_vend(function, purposes=[name])
    function.metric_errors(period=Duration.minutes(5)).create_alarm(
        scope,
        "UsageFailedAlarm",
        alarm_description=f"A tenant's usage of {name} cannot be counted. See docs/operations.md",
        threshold=3,
        evaluation_periods=1,
        comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
        treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
    ).add_alarm_action(actions.SnsAction(platform.alarms))
    UsageCounter(scope, "UsageCounter", registry=registry, name=name, function=function)
