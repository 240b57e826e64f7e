"""Probes of `aws_lambda.failure_destinations`."""

import json
from typing import Any

from tests.local.emulator import Emulator, allow
from tests.local.probes import probe
from tests.local.probes.aws_lambda.python_runtime import FAILING


def _dead_letter(emulator: Emulator, *statements: dict[str, Any]) -> Any:  # noqa: ANN401
    url, arn = emulator.queue()
    function = emulator.function(FAILING, *statements, DeadLetterConfig={"TargetArn": arn})
    client = emulator.client("lambda")
    client.put_function_event_invoke_config(FunctionName=function, MaximumRetryAttempts=0)
    client.invoke(FunctionName=function, InvocationType="Event", Payload=b'{"order": 1}')
    message = emulator.received(url, seconds=2)
    return json.loads(message["Body"]) if message else None


@probe(aws={"order": 1}, ministack=None)
def the_event_in_a_dead_letter_queue(emulator: Emulator) -> Any:  # noqa: ANN401
    dead_letter = _dead_letter(emulator, allow("sqs:SendMessage"))
    return None if "requestPayload" in dead_letter else dead_letter


@probe(aws=False, ministack=True)
def a_dead_letter_without_permission(emulator: Emulator) -> bool:
    return _dead_letter(emulator) is not None
