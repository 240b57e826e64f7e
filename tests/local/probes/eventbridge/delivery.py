"""Probes of `eventbridge.delivery`."""

import json
from typing import Any

from tenantry.attacks.waiting import until
from tests.local.emulator import Emulator, allow
from tests.local.probes import probe
from tests.local.probes.stepfunctions.start import PASS_DEFINITION


def rule(emulator: Emulator, target: str, **settings: Any) -> str:  # noqa: ANN401
    """Return the source of events that a new rule sends to a target."""
    events, name = emulator.client("events"), emulator.name("rule")
    events.put_rule(Name=name, EventPattern=json.dumps({"source": [name]}))
    events.put_targets(Rule=name, Targets=[{"Id": "target", "Arn": target, **settings}])
    return name


def emit(emulator: Emulator, source: str) -> None:
    """Put an event of a source."""
    emulator.client("events").put_events(Entries=[{"Source": source, "DetailType": "x", "Detail": "{}"}])


@probe(aws="NO_PERMISSIONS", ministack="delivered")
def a_queue_without_permission_for_the_rule(emulator: Emulator) -> str:
    url, arn = emulator.queue()
    dead_letter_url, dead_letter_queue = emulator.queue(open_to="events.amazonaws.com")
    emit(emulator, rule(emulator, arn, DeadLetterConfig={"Arn": dead_letter_queue}))
    if emulator.received(url, seconds=0):
        return "delivered"
    dead_letter = emulator.received(dead_letter_url) or {}
    return str(dead_letter["MessageAttributes"]["ERROR_CODE"]["StringValue"])


@probe(aws=["started", "NO_PERMISSIONS"], ministack=["started", "started"])
def a_state_machine_that_the_rules_role_may_not_start(emulator: Emulator) -> list[str]:
    return [_started(emulator, [allow("states:StartExecution")]), _started(emulator, [])]


def _started(emulator: Emulator, statements: list[dict[str, Any]]) -> str:
    machine = emulator.machine(PASS_DEFINITION)
    dead_letter_url, dead_letter_queue = emulator.queue(open_to="events.amazonaws.com")
    role = emulator.role("events.amazonaws.com", *statements)
    emit(emulator, rule(emulator, machine, RoleArn=role, DeadLetterConfig={"Arn": dead_letter_queue}))

    def look() -> str:
        executions = emulator.client("stepfunctions").list_executions(stateMachineArn=machine)["executions"]
        dead_letter = emulator.received(dead_letter_url, seconds=0)
        if dead_letter:
            return str(dead_letter["MessageAttributes"]["ERROR_CODE"]["StringValue"])
        return "started" if executions else ""

    return until(look, 10)


@probe(aws=2, ministack=1)
def attempts_of_a_function_that_fails_once(emulator: Emulator) -> int:
    url, arn = emulator.queue()
    source = f"""
import boto3, json
calls = 0
def handler(event, context):
    global calls
    calls += 1
    boto3.client("sqs").send_message(QueueUrl={url!r}, MessageBody=json.dumps(calls))
    if calls == 1: raise ValueError("once")
"""
    function = emulator.function(source, allow("sqs:SendMessage", arn))
    emulator.permit(function, "events.amazonaws.com")
    emit(emulator, rule(emulator, function))

    def messages() -> int:
        attributes = emulator.client("sqs").get_queue_attributes(
            QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"]
        )
        return int(attributes["Attributes"]["ApproximateNumberOfMessages"])

    until(lambda: messages() == 2, 4)
    return messages()
