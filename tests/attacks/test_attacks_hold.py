"""Every attack, against the whole application in a local cloud."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from attacks import Report, Target, run
from attacks.outcome import Verdict
from attacks.surfaces import REGISTRY
from ops.dead_letters import DeadLetterQueues
from ops.environment import Environment

if TYPE_CHECKING:
    from localcloud.cloud import LocalCloud

# The first test waits for the whole run.
pytestmark = pytest.mark.timeout(1200)


@dataclass(frozen=True)
class _Run:
    """A run, with all that an operator would notice of the environment before and after it."""

    report: Report
    before: dict[str, object]
    after: dict[str, object]


@pytest.fixture(scope="module")
def done(deployed: LocalCloud) -> _Run:
    environment = Environment.load(state=deployed.folder.root)
    before = _contents(environment)
    report = run(Target.of(environment))
    return _Run(report, before, _contents(environment))


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
        "dead letters": DeadLetterQueues(environment).depths(),
    }


@pytest.mark.parametrize("attack", [attack.id for attack in REGISTRY])
def test_attack_holds(attack: str, done: _Run) -> None:
    result = next(result for result in done.report.results if result.attack.id == attack)
    assert result.verdict is Verdict.HELD, f"{result.attack.tries} {result.outcome.observed}"


def test_the_run_passes(done: _Run) -> None:
    assert done.report.exit_code == 0, done.report.summary


def test_nothing_is_left_behind(done: _Run) -> None:
    assert done.report.left_behind == ()
    assert done.after == done.before
