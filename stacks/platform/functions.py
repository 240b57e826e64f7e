"""Functions behind the APIs, in the one shape that they have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Stack

from tenantry.functions import PythonFunction
from tenantry.functions.sources import package_folder

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aws_cdk import Duration
    from aws_cdk import aws_sqs as sqs
    from constructs import Construct

    from stacks.platform.platform import Foundation
    from tenantry.functions import RuntimeLock
    from tenantry.isolation.api import ApiDefaults


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
