"""How many network calls a function makes for one request: its real code and settings, in a process that counts."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from benchmarks.result import Figure
from localcloud.settings import PROJECT, StateFolder

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from attacks.people import Person
    from attacks.target import Target

_REQUESTS: Final = 3


@dataclass(frozen=True)
class _Case:
    """A function, the event that it is given, and what a person calls it."""

    package: str
    name: str
    event: Mapping[str, Any]


def calls(target: Target, person: Person, state: Path) -> Sequence[Figure]:
    """Count the calls of each function for a request to it, once it is warm."""
    settings = _settings(target)
    figures = []
    for case in _cases(person):
        cold, *warm = _counted(case, settings[case.package], target, state)
        figures.append(
            Figure(f"network calls: {case.name}", max(warm), "calls", f"warm; the first request makes {cold}")
        )
    return figures


def _cases(person: Person) -> Iterator[_Case]:
    context = {"requestId": "benchmark", "authorizer": {"userId": person.user_id, "tenantId": person.tenant}}
    request = {"pathParameters": {"tenantId": person.tenant}, "requestContext": context}
    yield _Case(
        "tenant_authorizer",
        "the authorizer",
        {
            "headers": {"Authorization": f"Bearer {person.tokens.id}"},
            "methodArn": f"arn:aws:execute-api:us-east-1:000000000000:api/prod/GET/tenant/{person.tenant}",
            "requestContext": context,
        },
    )
    yield _Case("tenant_get", "GET", request)
    yield _Case("tenant_rename", "PUT", {**request, "body": json.dumps({"name": "Benchmark"})})
    yield _Case("token_claims_hook", "the sign-in hook", {"userName": person.user_id, "request": {}})


def _settings(target: Target) -> dict[str, dict[str, str]]:
    """Return the environment variables of the deployed functions, by package."""
    pages = target.aws.functions.get_paginator("list_functions").paginate()
    return {
        function["Handler"].partition(".")[0]: function.get("Environment", {}).get("Variables", {})
        for page in pages
        for function in page["Functions"]
    }


def _counted(case: _Case, settings: Mapping[str, str], target: Target, state: Path) -> list[int]:
    """Return the calls of each of some requests, the first of which is the first one ever."""
    bundle, credentials = str(StateFolder(state.absolute()).ca_bundle), target.aws.credentials()
    environment = {
        "PATH": os.environ["PATH"],
        **settings,
        "AWS_ACCESS_KEY_ID": str(credentials.access_key),
        "AWS_SECRET_ACCESS_KEY": str(credentials.secret_key),
        "AWS_REGION": target.aws.region,
        "AWS_DEFAULT_REGION": target.aws.region,
        # AWS's host names lead to the local cloud, as in its own workers.
        "GATEWAY_PORT": str(urlsplit(target.aws.endpoint_url or "").port),
        **dict.fromkeys(("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"), bundle),
    }
    done = subprocess.run(  # noqa: S603 - own words
        [sys.executable, "-m", "benchmarks.counting", f"{case.package}.handler", str(_REQUESTS)],
        cwd=PROJECT,
        env=environment,
        input=json.dumps(case.event),
        capture_output=True,
        text=True,
        check=True,
    )
    found: list[int] = json.loads(done.stdout)
    return found
