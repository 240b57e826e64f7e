"""A stack whose first creation fails: its resources are deleted, except those with the policy `Retain`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import WaiterError

if TYPE_CHECKING:
    from tests.local.emulator import Emulator

_TABLE: dict[str, Any] = {
    "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
    "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
    "BillingMode": "PAY_PER_REQUEST",
}


@pytest.mark.parametrize(("policy", "is_left"), [("RetainExceptOnCreate", False), ("Retain", True)])
def test_rollback_of_a_first_creation(emulator: Emulator, policy: str, *, is_left: bool) -> None:
    dynamodb, name = emulator.client("dynamodb"), emulator.name("kept")

    status = _create(
        emulator,
        Kept={"Type": "AWS::DynamoDB::Table", "DeletionPolicy": policy, "Properties": {**_TABLE, "TableName": name}},
        Fails={"Type": "AWS::SQS::Queue", "DependsOn": "Kept", "Properties": {"VisibilityTimeout": 10**6}},
    )

    assert status == "ROLLBACK_COMPLETE"
    assert (name in dynamodb.list_tables()["TableNames"]) is is_left


def _create(emulator: Emulator, **resources: Any) -> str:  # noqa: ANN401 - parts of a template
    cloudformation, stack = emulator.client("cloudformation"), emulator.name("stack")
    cloudformation.create_stack(StackName=stack, TemplateBody=json.dumps({"Resources": resources}))
    with pytest.raises(WaiterError):
        cloudformation.get_waiter("stack_create_complete").wait(StackName=stack, WaiterConfig={"Delay": 0.2})
    return str(cloudformation.describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"])
