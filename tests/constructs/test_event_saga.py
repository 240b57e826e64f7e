"""The saga's state machine: permissions, retries, dead-letter queues and logs."""

from __future__ import annotations

import json
from typing import Any

import pytest
from aws_cdk import Stack, assertions
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns

from tenantry.isolation.events import ApplicationBus, EventSaga, EventType, SagaEmission, SagaTask
from tests.synthesized import new_app

_ORDERED = EventType(source="shop.order", detail_type="placed")
_PACKED = EventType(source="shop.parcel", detail_type="packed")


@pytest.fixture(scope="module")
def template() -> assertions.Template:
    stack = Stack(new_app(), "stack")
    EventSaga(
        stack,
        "Saga",
        bus=ApplicationBus(stack, "Bus", bus_name="bus", archive_days=1, event_schemas={}),
        on=_ORDERED,
        checks=["$exists($event.detail.id)"],
        variables={"parcel": "$uppercase($event.detail.id)"},
        tasks=[
            SagaTask(
                name="Pack",
                resource="arn:aws:states:::dynamodb:putItem",
                arguments={"TableName": "parcels"},
                actions=["dynamodb:PutItem"],
                resource_arns=["arn:aws:dynamodb:eu-north-1:123456789012:table/parcels"],
                done_already=["DynamoDB.ConditionalCheckFailedException"],
            ),
            SagaTask(
                name="Label",
                resource="arn:aws:states:::aws-sdk:dynamodb:transactWriteItems",
                arguments={},
                statements=[
                    iam.PolicyStatement(actions=["dynamodb:UpdateItem"], resources=["arn:aws:dynamodb:::table/labels"])
                ],
                done_if_cause_has={"DynamoDb.TransactionCanceledException": "ConditionalCheckFailed"},
                pointless_after=["DynamoDb.ResourceNotFoundException"],
            ),
        ],
        emits=SagaEmission(event=_PACKED, detail={"parcel": "{% $parcel %}"}),
        alarms=sns.Topic(stack, "Alarms"),
    )
    return assertions.Template.from_stack(stack)


@pytest.fixture(scope="module")
def states(template: assertions.Template) -> dict[str, Any]:
    (machine,) = template.find_resources("AWS::StepFunctions::StateMachine").values()
    text = machine["Properties"]["DefinitionString"]
    parts = [part if isinstance(part, str) else "TOKEN" for part in text["Fn::Join"][1]]
    definition: dict[str, Any] = json.loads("".join(parts))
    assert definition["QueryLanguage"] == "JSONata"
    found: dict[str, Any] = definition["States"]
    return found


def test_every_call_is_retried_with_jitter(states: dict[str, Any]) -> None:
    tasks = [state for state in states.values() if state["Type"] == "Task"]

    assert len(tasks) == 4
    for task in tasks:
        assert task["Retry"][-1]["ErrorEquals"] == ["States.ALL"]
        assert task["Retry"][-1]["JitterStrategy"] == "FULL"


def test_exhausted_retries_dead_letter_the_whole_event(states: dict[str, Any]) -> None:
    for name in ("Pack", "Label", "Publish the event"):
        assert states[name]["Catch"][-1]["ErrorEquals"] == ["States.ALL"]
        assert states[name]["Catch"][-1]["Next"] == "Keep as dead letter"
    message = states["Keep as dead letter"]["Arguments"]["MessageBody"]
    assert message["event"] == "{% $states.context.Execution.Input %}"
    assert states["Keep as dead letter"]["Next"] == "Failed"
    assert states["Failed"]["Type"] == "Fail"


def test_already_done_is_success_and_not_retried(states: dict[str, Any]) -> None:
    done = ["DynamoDB.ConditionalCheckFailedException"]

    assert states["Pack"]["Retry"][0] == {"ErrorEquals": done, "MaxAttempts": 0}
    assert states["Pack"]["Catch"][0]["ErrorEquals"] == done
    assert states["Pack"]["Catch"][0]["Next"] == "Label"


def test_ambiguous_error_is_retried_then_decided_by_its_cause(states: dict[str, Any]) -> None:
    doubt = states["Label"]["Catch"][0]
    judge = states[doubt["Next"]]

    assert doubt["ErrorEquals"] == ["DynamoDb.TransactionCanceledException"]
    retried = [retrier for retrier in states["Label"]["Retry"] if "States.ALL" in retrier["ErrorEquals"]]
    assert retried[0]["MaxAttempts"] > 0
    assert not any(doubt["ErrorEquals"][0] in retrier["ErrorEquals"] for retrier in states["Label"]["Retry"])
    assert judge["Choices"][0]["Condition"] == (
        "{% $states.input.Error = 'DynamoDb.TransactionCanceledException' "
        "and $contains($states.input.Cause, 'ConditionalCheckFailed') %}"
    )
    assert judge["Choices"][0]["Next"] == "Publish the event"
    assert judge["Default"] == "Keep as dead letter"


def test_malformed_event_reaches_no_task(states: dict[str, Any]) -> None:
    check = states["Check the event"]

    assert check["Choices"][0]["Condition"] == "{% $exists($states.context.Execution.Input.detail.id) %}"
    assert states[check["Default"]]["Next"] == "Keep as dead letter"


def test_role_allows_the_tasks_actions_only(template: assertions.Template) -> None:
    policies = template.find_resources("AWS::IAM::Policy").values()
    actions = {
        action
        for policy in policies
        if "Machine" in json.dumps(policy) or "sqs:SendMessage" in json.dumps(policy)
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
        for action in ([statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"])
        if not action.startswith(("logs:", "xray:", "states:"))
    }

    assert actions == {"dynamodb:PutItem", "dynamodb:UpdateItem", "events:PutEvents", "sqs:SendMessage"}


def test_logs_have_no_data_and_the_queue_requires_tls(template: assertions.Template) -> None:
    template.has_resource_properties(
        "AWS::StepFunctions::StateMachine",
        {"StateMachineType": "EXPRESS", "LoggingConfiguration": {"IncludeExecutionData": False, "Level": "ALL"}},
    )
    template.has_resource_properties(
        "AWS::SQS::QueuePolicy",
        {
            "PolicyDocument": {
                "Statement": assertions.Match.array_with(
                    [
                        assertions.Match.object_like(
                            {"Effect": "Deny", "Condition": {"Bool": {"aws:SecureTransport": "false"}}}
                        )
                    ]
                )
            }
        },
    )


def test_delivery_is_retried_and_shares_the_dead_letter_queue(template: assertions.Template) -> None:
    (queue,) = template.find_resources("AWS::SQS::Queue")
    template.has_resource_properties(
        "AWS::Events::Rule",
        {
            "EventPattern": {"source": ["shop.order"], "detail-type": ["placed"]},
            "Targets": [
                assertions.Match.object_like(
                    {
                        "DeadLetterConfig": {"Arn": {"Fn::GetAtt": [queue, "Arn"]}},
                        "RetryPolicy": {"MaximumRetryAttempts": 20, "MaximumEventAgeInSeconds": 86400},
                    }
                )
            ],
        },
    )


def test_event_about_a_deleted_item_ends_without_a_dead_letter(states: dict[str, Any]) -> None:
    label = states["Label"]

    assert label["Retry"][0] == {"ErrorEquals": ["DynamoDb.ResourceNotFoundException"], "MaxAttempts": 0}
    (gone,) = [each for each in label["Catch"] if each["ErrorEquals"] == ["DynamoDb.ResourceNotFoundException"]]
    assert states[gone["Next"]] == {"Type": "Succeed"}
