"""Probes of `aws_lambda.failure_destinations`."""

import json
from typing import Any

from tests.local.ground import Ground, allow
from tests.local.probes import probe
from tests.local.probes.aws_lambda.python_runtime import FAILING


def _dead_letter(ground: Ground, *statements: dict[str, Any]) -> Any:  # noqa: ANN401
    url, arn = ground.queue()
    function = ground.function(FAILING, *statements, DeadLetterConfig={"TargetArn": arn})
    client = ground.client("lambda")
    client.put_function_event_invoke_config(FunctionName=function, MaximumRetryAttempts=0)
    client.invoke(FunctionName=function, InvocationType="Event", Payload=b'{"order": 1}')
    message = ground.received(url, seconds=2)
    return json.loads(message["Body"]) if message else None


@probe(aws={"order": 1}, ministack=None)
def the_event_in_a_dead_letter_queue(ground: Ground) -> Any:  # noqa: ANN401
    dead_letter = _dead_letter(ground, allow("sqs:SendMessage"))
    return None if "requestPayload" in dead_letter else dead_letter


@probe(aws=False, ministack=True)
def a_dead_letter_without_permission(ground: Ground) -> bool:
    return _dead_letter(ground) is not None
