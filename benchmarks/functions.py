"""The application's functions, run with their real code and settings in a process that counts their requests."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from benchmarks.result import NotReadyError
from tenantry.attacks.target import Target
from tenantry.local.settings import find_project
from tenantry.operate.environment import EnvironmentNotReadyError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

_SHOWN: Final = 2000


def local_cloud(state: Path) -> Target:
    """Return the local cloud of a folder.

    Raises
    ------
    NotReadyError
        It is not up.
    """
    try:
        return Target.named(state=state)
    except EnvironmentNotReadyError as error:
        raise NotReadyError(str(error)) from error


def settings(target: Target, stack: str) -> dict[str, dict[str, str]]:
    """Return the environment variables of a stack's functions, by package."""
    pages = target.aws.functions.get_paginator("list_functions").paginate()
    return {
        function["Handler"].partition(".")[0]: function.get("Environment", {}).get("Variables", {})
        for page in pages
        for function in page["Functions"]
        if function["FunctionName"].startswith(f"{target.app}-{stack}-")
    }


def requests_of(
    module: str, events: Sequence[Mapping[str, Any]], *, variables: Mapping[str, str], target: Target
) -> list[dict[str, int]]:
    """Run a module's ``handler`` on events, one after the other, and return the requests that each took, by host.

    Parameters
    ----------
    module
        The module.
    events
        The events; the first is also the function's first ever.
    variables
        The function's environment variables.
    target
        The local cloud.
    """
    found: list[dict[str, int]] = _run("benchmarks.counting", module, events, variables, target)
    return found


def cpu_of(module: str, event: Mapping[str, Any], *, variables: Mapping[str, str], target: Target) -> dict[str, float]:
    """Run an authorizer on an event over and over, and return its CPU beside that of its parts, in microseconds.

    Parameters
    ----------
    module, variables, target
        As for `requests_of`.
    event
        The event.
    """
    found: dict[str, float] = _run("benchmarks.authorizer_cpu", module, event, variables, target)
    return found


def _run(script: str, module: str, given: object, variables: Mapping[str, str], target: Target) -> Any:  # noqa: ANN401 - what the script prints
    aws, credentials = target.aws, target.aws.credentials()
    environment = {
        "PATH": os.environ["PATH"],
        **variables,
        "AWS_ACCESS_KEY_ID": str(credentials.access_key),
        "AWS_SECRET_ACCESS_KEY": str(credentials.secret_key),
        "AWS_REGION": aws.region,
        "AWS_DEFAULT_REGION": aws.region,
        # AWS's host names lead to the local cloud, as in its own workers.
        "GATEWAY_PORT": str(urlsplit(aws.endpoint_url or "").port),
        **dict.fromkeys(("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"), str(aws.ca_bundle)),
    }
    done = subprocess.run(  # noqa: S603 - own words
        [sys.executable, "-m", script, module],
        cwd=find_project(),
        env=environment,
        input=json.dumps(given),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{module} has failed:\n{done.stderr[-_SHOWN:]}")
    return json.loads(done.stdout)
