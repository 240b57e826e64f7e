"""Every attack, against the whole application in a local cloud."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from tenantry.attacks.outcome import AttackResult
from tenantry.attacks.runner import run
from tenantry.attacks.surfaces import REGISTRY
from tenantry.attacks.target import Target
from tenantry.operate.aws import Aws
from tenantry.operate.dead_letters import DeadLetterQueues
from tenantry.operate.environment import Environment
from tests.documented_role import Call, allowed, attacked_environments, every_environment
from tests.missing import flink_or_skip

if TYPE_CHECKING:
    from botocore.model import OperationModel
    from botocore.signers import RequestSigner

    from tenantry.attacks.report import Report
    from tenantry.local.cloud import LocalCloud

# The first test waits for the whole run.
pytestmark = pytest.mark.timeout(1200)


@dataclass(frozen=True)
class _Run:
    """A run, with all that an operator would notice of the environment before and after it, and the operator's calls."""

    report: Report
    calls: set[Call]
    before: dict[str, object]
    after: dict[str, object]


@pytest.fixture(scope="module")
def done(deployed: LocalCloud) -> _Run:
    environment = Environment.load(state=deployed.folder.root)
    before = _contents(environment)
    calls: set[Call] = set()
    report = run(Target.of(replace(environment, aws=_watched(environment.aws, calls))))
    return _Run(report, calls, before, _contents(environment))


def _watched(aws: Aws, calls: set[Call]) -> Aws:
    """Return an operator's clients whose calls are put down, but not those of whoever they act as."""
    keys = aws.credentials()
    session = boto3.Session(keys.access_key, keys.secret_key, region_name=aws.region)

    def asked(params: dict[str, Any], context: dict[str, Any], **_: object) -> None:
        context["asked"] = dict(params)

    def sent(model: OperationModel, request_signer: RequestSigner, context: dict[str, Any], **_: object) -> None:
        signer = request_signer._credentials  # type: ignore[attr-defined]  # noqa: SLF001 - it has no public name
        if signer and signer.access_key == keys.access_key:
            calls.update(Call.needed(model, context["asked"]))

    session.events.register("provide-client-params.*.*", asked)
    session.events.register("before-call.*.*", sent)
    return Aws(session, endpoint_url=aws.endpoint_url, ca_bundle=aws.ca_bundle)


def _contents(environment: Environment) -> dict[str, object]:
    target, aws = Target.of(environment), environment.aws
    tables = aws.dynamodb.list_tables()["TableNames"]
    roles = [role["RoleName"] for page in aws.iam.get_paginator("list_roles").paginate() for role in page["Roles"]]
    clients = aws.cognito.list_user_pool_clients(UserPoolId=target.user_pool_id, MaxResults=60)["UserPoolClients"]
    return {
        **{table: sorted(map(str, aws.dynamodb.scan(TableName=table)["Items"])) for table in tables},
        "roles": sorted(roles),
        "buckets": sorted(bucket["Name"] for bucket in aws.s3.list_buckets()["Buckets"]),
        "pools": len(aws.cognito.list_user_pools(MaxResults=60)["UserPools"]),
        "clients": len(clients),
        "users": len(aws.cognito.list_users(UserPoolId=target.user_pool_id)["Users"]),
        "dead-letter messages": DeadLetterQueues(environment).depths(),
    }


@pytest.mark.parametrize("attack", [attack.id for attack in REGISTRY])
def test_attack_holds(attack: str, done: _Run) -> None:
    if attack.startswith("lake-"):
        flink_or_skip()
    attempt = next(attempt for attempt in done.report.attempts if attempt.attack.id == attack)
    assert attempt.result is AttackResult.HELD, f"{attempt.attack.tries} {attempt.outcome.observed}"


def test_run_passes(done: _Run) -> None:
    flink_or_skip()
    assert done.report.exit_code == 0, done.report.summary


def test_nothing_is_left_behind(done: _Run) -> None:
    assert done.report.left_behind == ()
    assert done.after == done.before


def test_documented_role_allows_the_attackers_calls(done: _Run) -> None:
    policies = [every_environment(), *attacked_environments()]

    assert {"iam:CreateRole", "iam:TagRole"} <= {call.action for call in done.calls}
    assert sorted(call for call in done.calls if not allowed(policies, call)) == []
