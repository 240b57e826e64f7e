"""How many network calls a function makes for one request: its real code and settings, in a process that counts."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from benchmarks.functions import cpu_of, requests_of, settings
from benchmarks.result import Figure

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tenantry.attacks.accounts import Person
    from tenantry.attacks.target import Target

_REQUESTS: Final = 3
AUTHORIZED: Final = ("tenant", "storage", "employees", "membership", "parks")
"""The stacks with an API of users."""


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


def reads(target: Target, person: Person) -> Sequence[Figure]:
    """Count what an authorizer that asks the database reads for a call once it is warm, and the published one."""
    variables = settings(target, "membership")["authorizer"]
    record = f"bench-{secrets.token_hex(4)}"
    key: dict[str, Any] = {"userid": {"S": record}}
    policies = json.dumps({"admin": ["arn:aws:execute-api:us-east-1:000000000000:api/prod/GET/settings"]})
    target.aws.dynamodb.put_item(TableName=target.users_table, Item={**key, "policies": {"S": policies}})
    try:
        ours, published = (
            _reads_when_warm(target, module, {**variables, "POLICIES": record}, person)
            for module in ("tenantry.handlers.authorizer.handler", "benchmarks.published_authorizer")
        )
    finally:
        target.aws.dynamodb.delete_item(TableName=target.users_table, Key=key)
    note = f"warm; the published way: {published}, of the user and of a record that a person generates by hand"
    return [Figure("DynamoDB reads: the authorizer of roles", ours, "reads", note)]


def _reads_when_warm(target: Target, module: str, variables: Mapping[str, str], person: Person) -> int:
    found = requests_of(module, [authorization(person, "membership")] * _REQUESTS, variables=variables, target=target)
    _, *warm = [sum(count for host, count in by_host.items() if host.startswith("dynamodb.")) for by_host in found]
    return max(warm)


def cpu(target: Target, person: Person) -> Sequence[Figure]:
    """Measure the CPU of a warm authorizer beside a bare verification of its token, in the same process."""
    variables = settings(target, "tenant")["authorizer"]
    found = cpu_of(
        "tenantry.handlers.authorizer.handler", authorization(person, "tenant"), variables=variables, target=target
    )
    bare, call = found["bare"], found["call"]
    note = f"warm, with its one call; a bare RS256 verification takes {bare:.0f}, a bare BatchGetItem {call:.0f}"
    return [Figure("CPU: the authorizer", round(found["handler"]), "us", note)]


def authorization(person: Person, stack: str) -> Mapping[str, Any]:
    """Return what API Gateway asks the authorizer of a stack's API."""
    header = "x-token" if stack == "storage" else "Authorization"
    return {
        "headers": {header: person.tokens.id if stack == "storage" else f"Bearer {person.tokens.id}"},
        "methodArn": "arn:aws:execute-api:us-east-1:000000000000:api/prod/GET/any",
        "requestContext": {"requestId": "benchmark"},
    }


def _cases(person: Person) -> Iterator[_Case]:
    context = {"requestId": "benchmark", "authorizer": {"userId": person.user_id, "tenantId": person.tenant}}
    request = {"pathParameters": {"tenantId": person.tenant}, "requestContext": context}
    for stack in AUTHORIZED:
        yield _Case("authorizer", f"the authorizer of the {stack} API", authorization(person, stack), stack)
    yield _Case("tenant_get", "GET", request)
    yield _Case("tenant_rename", "PUT", {**request, "body": json.dumps({"name": "Benchmark"})})
    sign_in = {"triggerSource": "TokenGeneration_Authentication", "userName": person.user_id}
    attributes = {"userAttributes": {"email": person.email, "name": person.name}}
    yield _Case("token_claims_hook", "the sign-in hook", {**sign_in, "request": attributes}, "user")
