"""How many network calls a function makes for one request: its real code and settings, in a process that counts."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from benchmarks.functions import requests_of, settings
from benchmarks.result import Figure

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from attacks.people import Person
    from attacks.target import Target

_REQUESTS: Final = 3


@dataclass(frozen=True)
class _Case:
    """A function, the event that it is given, and what a person calls it."""

    package: str
    name: str
    event: Mapping[str, Any]
    stack: str = "tenant"


def calls(target: Target, person: Person) -> Sequence[Figure]:
    """Count the calls of each function for a request to it, once it is warm."""
    figures = []
    for case in _cases(person):
        variables = settings(target, case.stack)[case.package]
        found = requests_of(f"{case.package}.handler", [case.event] * _REQUESTS, variables=variables, target=target)
        cold, *warm = [sum(by_host.values()) for by_host in found]
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
    yield _Case("token_claims_hook", "the sign-in hook", {"userName": person.user_id, "request": {}}, "user")
