"""Probes of `stepfunctions.definitions`."""

import json
from typing import Any

from tests.local.emulator import Emulator, outcome
from tests.local.probes import probe
from tests.local.probes.stepfunctions.start import PASS_DEFINITION


@probe(aws=["InvalidDefinition", "InvalidDefinition"], ministack=["done", "done"])
def invalid_definitions(emulator: Emulator) -> list[str]:
    lost = {"StartAt": "Pass", "States": {"Pass": {"Type": "Pass", "Next": "Nowhere"}}}
    made, client = emulator.machine(PASS_DEFINITION), emulator.client("stepfunctions")
    return [
        outcome(lambda: emulator.machine(lost)),
        outcome(lambda: client.update_state_machine(stateMachineArn=made, definition=json.dumps(lost))),
    ]


@probe(aws=["done", "ValidationException"], ministack=["done", "done"])
def inputs_that_are_too_large(emulator: Emulator) -> list[str]:
    made, client = emulator.machine(PASS_DEFINITION), emulator.client("stepfunctions")
    inputs = [json.dumps("x" * (256 * 1024 - 2 + more)) for more in (0, 1)]
    return [outcome(lambda text=text: client.start_sync_execution(stateMachineArn=made, input=text)) for text in inputs]  # type: ignore[misc]


_PASS: dict[str, Any] = {"Type": "Pass", "End": True}


_LOOSE: list[Any] = [
    {"StartAt": "B", "States": {"A": _PASS}},
    {"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "B"}}},
    {"StartAt": "A", "States": {"A": {"Type": "Pass"}}},
    {"StartAt": "A", "States": {"A": {"Type": "Past", "End": True}}},
    {"StartAt": "A", "States": {"A": _PASS, "B": _PASS}},
    {"StartAt": "A", "States": {"A": {**_PASS, "Type": "Parallel", "Branches": [{"StartAt": "B", "States": {}}]}}},
    {"StartAt": "A", "States": {}},
]


@probe(aws=[True] + [False] * 7, ministack=[True] * 8)
def invalid_definitions_of_a_template(emulator: Emulator) -> list[bool]:
    role = emulator.role("states.amazonaws.com")

    def is_made(definition: Any) -> bool:  # noqa: ANN401
        properties = {"RoleArn": role, "DefinitionString": json.dumps(definition)}
        return bool(emulator.stack(Machine={"Type": "AWS::StepFunctions::StateMachine", "Properties": properties}))

    return [is_made({"StartAt": "A", "States": {"A": _PASS}}), *map(is_made, _LOOSE)]
