"""The function that shows what a tenant uses, and where the stacks that hold it register their counters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Duration, Stack

from stacks.names import usage_path
from stacks.platform.defaults import grant_on
from stacks.platform.functions import api_function
from tenantry.isolation.metering import UsageRegistry

if TYPE_CHECKING:
    from constructs import Construct

    from stacks.platform.platform import Platform
    from tenantry.functions import PythonFunction


def usage_function(scope: Construct, platform: Platform) -> tuple[PythonFunction, UsageRegistry]:
    """Make the function, which has no grant on data, and the registry of those that it asks."""
    environment = platform.environment
    path = usage_path(environment.application)
    function = api_function(
        scope,
        "tenant_usage",
        "Shows the stored data and recent records of the caller's tenant",
        foundation=platform,
        tenant_isolated=environment.tenant_isolated_functions,
        timeout=Duration.seconds(28),  # API Gateway waits 29; the counters have 25 of these together
        environment={"USAGE_PATH": path},
    )
    # Listing is allowed by the path itself, not by the parameters below it.
    grant_on(
        Stack.of(scope).format_arn(service="ssm", resource="parameter", resource_name=path.lstrip("/")),
        function,
        "ssm:GetParametersByPath",
    )
    return function, UsageRegistry(path=path, reader=function.execution_role)
