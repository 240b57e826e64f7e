"""The functions behind the APIs, and those that measure what a tenant uses, in the shape that each of the two has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Duration, Stack

from tenantry.functions import PythonFunction, package_folder
from tenantry.isolation.alarms import alarm
from tenantry.isolation.metering import UsageCounter
from tenantry.isolation.vending import TokenVendor

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from aws_cdk import aws_sqs as sqs
    from constructs import Construct

    from stacks.platform.platform import Foundation, Platform
    from tenantry.functions import RuntimeLock
    from tenantry.isolation.api import ApiDefaults
    from tenantry.isolation.metering import UsageRegistry
    from tenantry.isolation.vending import Purpose


def api_function(
    scope: Construct,
    package: str,
    description: str,
    *,
    foundation: Foundation,
    environment: Mapping[str, str],
    construct_id: str | None = None,
    apis: ApiDefaults | None = None,
    timeout: Duration | None = None,
    memory_size: int = 512,
    tenant_isolated: bool = False,
    dead_letters: sqs.IQueue | None = None,
    lock: RuntimeLock | None = None,
) -> PythonFunction:
    """Make a function that sends an API's CORS headers itself.

    Parameters
    ----------
    scope
        Where it stands in the app.
    package
        Its folder's name, which in camel case is its construct id.
    description
        What it does.
    foundation
        What its stack is given.
    environment
        Its variables, beside `CORS_HEADERS`.
    construct_id
        Another construct id.
    apis
        The defaults of its API, where they differ from the other APIs'.
    timeout, memory_size, tenant_isolated, dead_letters, lock
        As `PythonFunction` takes them.
    """
    headers = (apis or foundation.api_defaults).cors_headers
    return PythonFunction(
        scope,
        construct_id or "".join(word.capitalize() for word in package.split("_")),
        entry=package_folder(package),
        lock=lock,
        defaults=foundation.function_defaults,
        description=description,
        timeout=timeout,
        memory_size=memory_size,
        tenant_isolated=tenant_isolated,
        dead_letters=dead_letters,
        environment={"CORS_HEADERS": Stack.of(scope).to_json_string(dict(headers)), **environment},
    )


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
    alarm(
        scope,
        "UsageFailedAlarm",
        function.metric_errors(period=Duration.minutes(5)),
        f"A tenant's usage of {name} cannot be counted. See docs/operations.md",
        tells=platform.alarms,
        threshold=3,
    )
    UsageCounter(scope, "UsageCounter", registry=registry, name=name, function=function)
