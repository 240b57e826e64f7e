"""State machines and event buses."""

import json
import time
from typing import Any

from tenantry.local.settings import ACCOUNT, REGION
from tests.local.ground import Ground, allow, eventually, outcome, policy
from tests.local.probes import probe

_PUT = "arn:aws:states:::dynamodb:putItem"
_PASS: dict[str, Any] = {"StartAt": "Pass", "States": {"Pass": {"Type": "Pass", "End": True}}}


@probe("stepfunctions_role", aws="DynamoDB.AccessDeniedException", ministack="SUCCEEDED")
def a_task_that_the_role_may_not_do(ground: Ground) -> str:
    done = ground.task(_PUT, {"TableName": ground.table(), "Item": {"id": {"S": "a"}}})
    return str(done.get("error") or done["status"])


@probe("stepfunctions_role", aws=["SUCCEEDED", "EventBridge.FailedEntry"], ministack=["SUCCEEDED", "SUCCEEDED"])
def events_that_the_bus_refuses(ground: Ground) -> list[str]:
    def put(source: str) -> dict[str, Any]:
        entry = {"Source": source, "DetailType": "x", "Detail": {}, "EventBusName": "default"}
        return ground.task("arn:aws:states:::events:putEvents", {"Entries": [entry]}, allow("events:PutEvents"))

    return [str(done.get("error") or done["status"]) for done in (put("own"), put("aws.s3"))]


@probe("stepfunctions_role", aws="CognitoIdentityProvider.UserNotFoundException", ministack="States.Runtime")
def a_user_whom_the_pool_does_not_have(ground: Ground) -> str:
    pool = ground.client("cognito-idp").create_user_pool(PoolName=ground.name("pool"))["UserPool"]["Id"]
    done = ground.task(
        "arn:aws:states:::aws-sdk:cognitoidentityprovider:adminDisableUser",
        {"UserPoolId": pool, "Username": "nobody"},
        allow("cognito-idp:AdminDisableUser"),
    )
    return str(done.get("error") or done["status"])


@probe("stepfunctions_start", aws=True, ministack=False)
def an_execution_starts_at_once(ground: Ground) -> bool:
    machine = ground.machine(_PASS)

    def seconds() -> float:
        began = time.monotonic()
        ground.client("stepfunctions").start_sync_execution(stateMachineArn=machine)
        return time.monotonic() - began

    return min(seconds() for _ in range(5)) < 0.15


@probe("stepfunctions_logs", aws=[True, False], ministack=[False, False])
def the_log_of_an_execution(ground: Ground) -> list[bool]:
    group = ground.name("/aws/vendedlogs/states/group")
    ground.client("logs").create_log_group(logGroupName=group)
    arn = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{group}:*"
    settings = {
        "level": "ALL",
        "includeExecutionData": False,
        "destinations": [{"cloudWatchLogsLogGroup": {"logGroupArn": arn}}],
    }
    machine = ground.machine(_PASS, loggingConfiguration=settings)
    ground.client("stepfunctions").start_sync_execution(stateMachineArn=machine, input='{"secret": 1}')
    events = ground.client("logs").filter_log_events(logGroupName=group)["events"]
    return [
        any("ExecutionSucceeded" in event["message"] for event in events),
        any("secret" in event["message"] for event in events),
    ]


def rule(ground: Ground, target: str, **settings: Any) -> str:  # noqa: ANN401
    """Return the source of events that a new rule sends to a target."""
    events, name = ground.client("events"), ground.name("rule")
    events.put_rule(Name=name, EventPattern=json.dumps({"source": [name]}))
    events.put_targets(Rule=name, Targets=[{"Id": "target", "Arn": target, **settings}])
    return name


def emit(ground: Ground, source: str) -> None:
    """Put an event of a source."""
    ground.client("events").put_events(Entries=[{"Source": source, "DetailType": "x", "Detail": "{}"}])


@probe("eventbridge_delivery", aws="NO_PERMISSIONS", ministack="delivered")
def a_queue_that_does_not_let_the_rule_in(ground: Ground) -> str:
    url, arn = ground.queue()
    letters_url, letters = ground.queue(open_to="events.amazonaws.com")
    emit(ground, rule(ground, arn, DeadLetterConfig={"Arn": letters}))
    if ground.received(url, seconds=0):
        return "delivered"
    letter = ground.received(letters_url) or {}
    return str(letter["MessageAttributes"]["ERROR_CODE"]["StringValue"])


@probe("eventbridge_delivery", aws=["started", "NO_PERMISSIONS"], ministack=["started", "started"])
def a_state_machine_that_the_rules_role_may_not_start(ground: Ground) -> list[str]:
    return [_started(ground, [allow("states:StartExecution")]), _started(ground, [])]


def _started(ground: Ground, statements: list[dict[str, Any]]) -> str:
    machine = ground.machine(_PASS)
    letters_url, letters = ground.queue(open_to="events.amazonaws.com")
    role = ground.role("events.amazonaws.com", *statements)
    emit(ground, rule(ground, machine, RoleArn=role, DeadLetterConfig={"Arn": letters}))

    def look() -> str:
        executions = ground.client("stepfunctions").list_executions(stateMachineArn=machine)["executions"]
        letter = ground.received(letters_url, seconds=0)
        if letter:
            return str(letter["MessageAttributes"]["ERROR_CODE"]["StringValue"])
        return "started" if executions else ""

    return eventually(look)


@probe("eventbridge_delivery", aws=2, ministack=1)
def tries_of_a_function_that_fails_once(ground: Ground) -> int:
    url, arn = ground.queue()
    source = f"""
import boto3, json
calls = 0
def handler(event, context):
    global calls
    calls += 1
    boto3.client("sqs").send_message(QueueUrl={url!r}, MessageBody=json.dumps(calls))
    if calls == 1: raise ValueError("once")
"""
    function = ground.function(source, allow("sqs:SendMessage", arn))
    ground.permit(function, "events.amazonaws.com")
    emit(ground, rule(ground, function))

    def messages() -> int:
        attributes = ground.client("sqs").get_queue_attributes(
            QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"]
        )
        return int(attributes["Attributes"]["ApproximateNumberOfMessages"])

    eventually(lambda: messages() == 2, seconds=4)
    return messages()


_CLOUDWATCH = {"Service": "cloudwatch.amazonaws.com"}


def _alarmed(ground: Ground, condition: dict[str, Any] | None, key: str = "") -> bool:
    """Return whether an alarm reaches the queue behind a topic, whose policy lets CloudWatch in on a condition."""
    sns, cloudwatch = ground.client("sns"), ground.client("cloudwatch")
    topic = sns.create_topic(Name=ground.name("topic"), Attributes={"KmsMasterKeyId": key} if key else {})["TopicArn"]
    deny = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "sns:Publish",
        "Resource": topic,
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    let_in = {"Effect": "Allow", "Principal": _CLOUDWATCH, "Action": "sns:Publish", "Resource": topic}
    statements = [deny] if condition is None else [deny, {**let_in, "Condition": condition} if condition else let_in]
    sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=policy(*statements))
    url, arn = ground.queue(open_to="sns.amazonaws.com")
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    name = ground.name("alarm")
    cloudwatch.put_metric_alarm(
        AlarmName=name,
        Namespace="Probes",
        MetricName="Metric",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
        AlarmActions=[topic],
    )
    cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="a probe")
    return ground.received(url, seconds=1) is not None


@probe("cloudwatch_alarm_actions", aws=[True, True, False, False], ministack=[True] * 4)
def topics_that_let_an_alarm_in(ground: Ground) -> list[bool]:
    """Raise it at a topic that lets CloudWatch in, that lets this account's alarms in, another's alarms, and nobody."""
    alarms = f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:*"
    of_this_account = {"StringEquals": {"aws:SourceAccount": ACCOUNT}, "ArnLike": {"aws:SourceArn": alarms}}
    of_another = {"StringEquals": {"aws:SourceAccount": "111111111111"}}
    return [_alarmed(ground, condition) for condition in ({}, of_this_account, of_another, None)]


@probe("cloudwatch_alarm_actions", aws=[True, False, False, False], ministack=[True] * 4)
def encrypted_topics_that_let_an_alarm_in(ground: Ground) -> list[bool]:
    """Raise it where the key lets CloudWatch in, where it does on a condition, and where only the account may."""
    kms = ground.client("kms")
    use = {"Effect": "Allow", "Principal": _CLOUDWATCH, "Action": ["kms:Decrypt", "kms:GenerateDataKey*"]}
    unsent = {"StringEquals": {"aws:SourceAccount": ACCOUNT}}
    account = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "kms:*"}
    own = [
        kms.create_key(Policy=policy({**statement, "Resource": "*"}))["KeyMetadata"]["Arn"]
        for statement in (use, {**use, "Condition": unsent}, account)
    ]
    return [_alarmed(ground, {}, key) for key in (*own, "alias/aws/sns")]


@probe("stepfunctions_definitions", aws=["InvalidDefinition", "InvalidDefinition"], ministack=["done", "done"])
def definitions_that_do_not_hold_together(ground: Ground) -> list[str]:
    lost = {"StartAt": "Pass", "States": {"Pass": {"Type": "Pass", "Next": "Nowhere"}}}
    made, client = ground.machine(_PASS), ground.client("stepfunctions")
    return [
        outcome(lambda: ground.machine(lost)),
        outcome(lambda: client.update_state_machine(stateMachineArn=made, definition=json.dumps(lost))),
    ]


@probe("stepfunctions_definitions", aws=["done", "ValidationException"], ministack=["done", "done"])
def inputs_that_are_too_large(ground: Ground) -> list[str]:
    made, client = ground.machine(_PASS), ground.client("stepfunctions")
    inputs = [json.dumps("x" * (256 * 1024 - 2 + more)) for more in (0, 1)]
    return [outcome(lambda text=text: client.start_sync_execution(stateMachineArn=made, input=text)) for text in inputs]  # type: ignore[misc]
