"""Probes of `stepfunctions.succeed`."""

import json
from typing import Any

from botocore.exceptions import ClientError

from tests.local.emulator import Emulator
from tests.local.probes import probe


def run(emulator: Emulator, text: str) -> Any:  # noqa: ANN401
    states = {"Say": {"Type": "Succeed", "Output": {"said": "{% $states.input.word & '!' %}"}}}
    machine = emulator.machine({"QueryLanguage": "JSONata", "StartAt": "Say", "States": states})
    try:
        answer = emulator.client("stepfunctions").start_sync_execution(stateMachineArn=machine, input=text)
    except ClientError as error:
        return error.response["Error"]["Code"]
    return json.loads(answer["output"]) if "output" in answer else answer["status"]


@probe(aws={"said": "hello!"}, ministack={"word": "hello"})
def the_output_of_a_state_that_succeeds(emulator: Emulator) -> Any:  # noqa: ANN401
    return run(emulator, '{"word": "hello"}')
