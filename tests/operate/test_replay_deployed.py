"""A saga that fails in a deployed system is replayed by the documented command."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING

import pytest

from tenantry.cli.main import main
from tenantry.operate.dead_letters import DeadLetterQueues
from tenantry.operate.environment import Environment
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tenantry.local.cloud import LocalCloud

POLICY = "broken-by-a-test"


@pytest.fixture
def environment(deployed: LocalCloud) -> Environment:
    return Environment.load(state=deployed.folder.root)


@pytest.fixture
def user_id(environment: Environment) -> Iterator[str]:
    """Return the id of someone who is gone afterwards."""
    user, aws, output = str(uuid.uuid4()), environment.aws.dynamodb, environment.output
    yield user
    for mapping in _mappings(environment, user):
        aws.delete_item(
            TableName=output("tenant", "TenantUsersTableName"), Key={"tenantid": {"S": mapping}, "userid": {"S": user}}
        )
        aws.delete_item(TableName=output("tenant", "TenantsTableName"), Key={"tenantid": {"S": mapping}})
    aws.delete_item(TableName=output("user", "UsersTableName"), Key={"userid": {"S": user}})


@pytest.fixture
def _saga_denied(environment: Environment) -> Iterator[None]:
    """Take the user saga's right to write users, and give it back afterwards if the test has not."""
    role = _saga_role(environment)
    denial = {"Effect": "Deny", "Action": "dynamodb:UpdateItem", "Resource": "*"}
    environment.aws.iam.put_role_policy(
        RoleName=role, PolicyName=POLICY, PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [denial]})
    )
    yield
    _restore(environment)


def _saga_role(environment: Environment) -> str:
    machine = environment.output("user", "UserSagaStateMachineArn")
    return environment.aws.stepfunctions.describe_state_machine(stateMachineArn=machine)["roleArn"].rsplit("/", 1)[-1]


def _restore(environment: Environment) -> None:
    role, iam = _saga_role(environment), environment.aws.iam
    if POLICY in iam.list_role_policies(RoleName=role)["PolicyNames"]:
        iam.delete_role_policy(RoleName=role, PolicyName=POLICY)


def _mappings(environment: Environment, user_id: str) -> list[str]:
    found = environment.aws.dynamodb.query(
        TableName=environment.output("tenant", "TenantUsersTableName"),
        IndexName="user-index",
        KeyConditionExpression="userid = :user",
        ExpressionAttributeValues={":user": {"S": user_id}},
    )
    return [item["tenantid"]["S"] for item in found["Items"]]


def _account(user_id: str) -> dict[str, object]:
    return {
        "email": f"{user_id}@example.com",
        "userName": user_id,
        "name": "Ada",
        "verified": True,
        "status": "CONFIRMED",
    }


def _sign_up(environment: Environment, user_id: str) -> None:
    metadata = {"domain": "idp", "application": environment.app, "event_type": "signup", "version": "1.0"}
    environment.aws.events.put_events(
        Entries=[
            {
                "Source": f"{environment.app}.idp",
                "DetailType": "signup",
                "Detail": json.dumps({"metadata": metadata, "data": _account(user_id)}),
                "EventBusName": environment.output("common", "EventBusName"),
            }
        ]
    )


@pytest.mark.usefixtures("_saga_denied")
def test_failed_saga_is_replayed(
    environment: Environment, deployed: LocalCloud, user_id: str, capsys: pytest.CaptureFixture[str]
) -> None:
    queues = DeadLetterQueues(environment)
    options = ["--state", str(deployed.folder.root), "--queue", "UserSaga"]
    _sign_up(environment, user_id)
    until(
        lambda: any(user_id in message.body for message in queues.messages("UserSaga")),
        "the dead-letter message",
        timeout=60,
    )
    assert _mappings(environment, user_id) == []

    assert main(["dead-letters", "show", *options]) == 0
    shown = capsys.readouterr().out
    assert user_id in shown
    assert "@example.com" not in shown

    _restore(environment)
    assert main(["dead-letters", "replay", *options]) == 0
    assert "1 replayed, 0 left." in capsys.readouterr().out
    until(lambda: _mappings(environment, user_id), "the tenant", timeout=60)
    assert queues.depths()["UserSaga"] == 0


def test_unpublished_sign_up_is_replayed(environment: Environment, deployed: LocalCloud, user_id: str) -> None:
    queues = DeadLetterQueues(environment)
    entry = {
        "Source": f"{environment.app}.idp",
        "DetailType": "signup",
        "Detail": json.dumps({"metadata": {}, "data": _account(user_id)}),
        "EventBusName": environment.output("common", "EventBusName"),
    }
    environment.aws.sqs.send_message(
        QueueUrl=queues.urls["SignUp"], MessageBody=json.dumps({"entry": entry, "error": "EndpointConnectionError"})
    )
    assert main(["dead-letters", "replay", "--state", str(deployed.folder.root), "--queue", "SignUp"]) == 0
    until(lambda: _mappings(environment, user_id), "the tenant", timeout=60)
    assert queues.depths()["SignUp"] == 0
