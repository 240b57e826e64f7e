"""Preflight against a local cloud before and after a deployment; it changes nothing."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from stacks.names import STACKS
from tenantry.operate.aws import Aws
from tenantry.operate.preflight.account import Account, NotReadError, reader
from tenantry.operate.preflight.checks import CHECKS, run
from tenantry.operate.preflight.findings import Finding, Status
from tenantry.operate.preflight.names import free, named, names
from tenantry.operate.preflight.stacks import stacks
from tests.operate.preflight.accounts import of_environment

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tenantry.local.cloud import LocalCloud

# What the emulator knows nothing of, or answers otherwise to.
_UNASKED = {"AWS::CloudFront::Function", "AWS::EventSchemas::Registry"}


def _session(cloud: LocalCloud) -> boto3.Session:
    variables = cloud.variables
    return boto3.Session(
        aws_access_key_id=variables["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=variables["AWS_SECRET_ACCESS_KEY"],
        region_name=variables["AWS_REGION"],
    )


def _account(cloud: LocalCloud, session: boto3.Session | None = None) -> Account:
    aws = Aws(session or _session(cloud), endpoint_url=cloud.endpoint, ca_bundle=str(cloud.ca_bundle))
    return Account.of(aws)


def _failing(findings: Iterable[Finding]) -> list[str]:
    return [finding.says for finding in findings if finding.status is Status.FAILS]


def test_every_name_is_free_before_a_deployment(cloud: LocalCloud) -> None:
    app, account = of_environment("local"), _account(cloud)
    wanted = list(named(app, account))

    found = list(names(app, account))

    assert _failing(found) == []
    asked = [each for each in wanted if each.resource.kind not in _UNASKED]
    assert found[-1].says == f"{len(asked)} names are free or already belong to their stack."
    assert list(stacks(app, account))[-1].says == f"{len(STACKS)} stacks will be created, 0 updated."


def test_own_names_are_not_taken(deployed: LocalCloud) -> None:
    app, account = of_environment("local"), _account(deployed)

    assert _failing(names(app, account)) == []
    assert list(stacks(app, account))[-1].says == f"0 stacks will be created, {len(STACKS)} updated."


def test_names_without_stack_are_taken(deployed: LocalCloud) -> None:
    """As after a first deployment that failed, and whose retained resources are there still."""
    app, account = of_environment("local"), _account(deployed)
    wanted = [each for each in named(app, account) if each.resource.kind not in _UNASKED]

    found = _failing(free(iter(wanted), account, own={}))

    kinds = {each.resource.kind for each in wanted if any(says.startswith(f"{each} ") for says in found)}
    assert kinds >= {
        "AWS::DynamoDB::Table",
        "AWS::Events::EventBus",
        "AWS::Logs::LogGroup",
        "AWS::S3::Bucket",
        "AWS::SSM::Parameter",
    }
    assert len(found) == len([each for each in wanted if each.resource.kind in kinds])


def test_only_read_calls_are_sent(cloud: LocalCloud) -> None:
    sent: list[str] = []
    session = _session(cloud)
    session.events.register("before-call", lambda model, **_: sent.append(model.name))
    bootstrap = {"bootstrap_parameter": "/cdk-bootstrap/hnb659fds/version", "bootstrap_version": 6}
    role = "arn:aws:iam::000000000000:role/cdk-deploy"
    app = of_environment("dev", **bootstrap, roles=[role], execution_role=role)

    findings = list(run(app, _account(cloud, session)))

    assert len({finding.check for finding in findings}) == len(CHECKS)
    assert len(set(sent)) > 20
    assert [name for name in sent if not re.match("(Get|List|Describe|Head|Simulate)[A-Z]", name)] == []


@pytest.mark.parametrize(
    ("service", "operation", "request_"),
    [
        ("s3", "create_bucket", {"Bucket": "preflight-writes"}),
        ("sns", "subscribe", {"TopicArn": "arn:aws:sns:us-east-1:000000000000:x", "Protocol": "sms"}),
        ("dynamodb", "put_item", {"TableName": "x", "Item": {}}),
        ("sts", "assume_role", {"RoleArn": "arn:aws:iam::000000000000:role/x", "RoleSessionName": "preflight"}),
    ],
)
def test_write_calls_are_refused(cloud: LocalCloud, service: str, operation: str, request_: dict[str, Any]) -> None:
    client = reader(_account(cloud).aws, service)

    with pytest.raises(NotReadError, match="is not a read-only operation"):
        getattr(client, operation)(**request_)
