"""Step Functions refuses invalid definitions and inputs that are too large.

AWS: refuses a definition that is not JSON, that has no start, leads to a state that does not exist, never ends, or has
a state of an unknown type or one that is unreachable. An input has 256 KiB at most.
https://docs.aws.amazon.com/step-functions/latest/apireference/API_CreateStateMachine.html
https://states-language.net/
https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html

MiniStack: checks JSONata only; an execution fails on the rest. CloudFormation checks nothing.

Here: as on AWS.
"""

import json
from collections.abc import Iterator
from typing import Any

from ministack.core.responses import error_response_json
from ministack.services import stepfunctions
from ministack.services.cloudformation import provisioners

from tenantry.local.patching import Fields, Original, cloudformation, require, wrap

#: Both replace: _start_execution, _start_sync_execution.
AFTER = ("stepfunctions.input",)

_INPUT_BYTES = 256 * 1024
_TYPES = {"Pass", "Task", "Choice", "Wait", "Succeed", "Fail", "Parallel", "Map"}
_ENDS = {"Succeed", "Fail"}


def close() -> None:
    """Close the gap."""
    require(provisioners, "_sfn_definition")
    wrap(stepfunctions, "_create_state_machine", _checked_definition)
    wrap(stepfunctions, "_update_state_machine", _checked_definition)
    wrap(stepfunctions, "_start_execution", _checked_input)
    wrap(stepfunctions, "_start_sync_execution", _checked_input)
    cloudformation.before("AWS::StepFunctions::StateMachine", _template_problem)


def _checked_definition(call: Original, data: Fields) -> Any:
    problem = _problem(data["definition"]) if "definition" in data else ""
    if problem:
        return error_response_json("InvalidDefinition", f"Invalid State Machine Definition: '{problem}'", 400)
    return call(data)


def _template_problem(properties: Fields) -> str:
    definition = provisioners._sfn_definition(properties)
    text = definition if isinstance(definition, str) else json.dumps(definition)
    problem = _problem(text) or stepfunctions._validate_definition_jsonata(text)
    return f"Invalid State Machine Definition: '{problem}'" if problem else ""


def _checked_input(start: Original, data: Fields, *rest: Any, **named: Any) -> Any:
    if (size := len((data.get("input") or "").encode())) > _INPUT_BYTES:
        problem = f"Input is too long: {size} bytes; at most {_INPUT_BYTES}"
        return error_response_json("ValidationException", problem, 400)
    return start(data, *rest, **named)


def _problem(text: str) -> str:
    """Return what is wrong with a definition; empty when nothing is."""
    try:
        definition = json.loads(text)
    except ValueError:
        return "INVALID_JSON_DESCRIPTION"
    return next(_problems(definition, ""), "")


def _problems(machine: Fields, path: str) -> Iterator[str]:
    states = machine.get("States")
    if not isinstance(states, dict) or not states:
        yield f"MISSING_STATES at {path}/States"
        return
    if machine.get("StartAt") not in states:
        yield f"MISSING_TRANSITION_TARGET: StartAt {machine.get('StartAt')!r} at {path}/StartAt"
    reached = {machine.get("StartAt")}
    for name, state in states.items():
        at = f"{path}/States/{name}"
        kind = state.get("Type")
        if kind not in _TYPES:
            yield f"SCHEMA_VALIDATION_FAILED: Type {kind!r} at {at}/Type"
        targets = set(_targets(state))
        for target in targets - set(states):
            yield f"MISSING_TRANSITION_TARGET: {target!r} at {at}"
        reached |= targets
        if kind not in _ENDS | {"Choice"} and (bool(state.get("End")) == ("Next" in state)):
            yield f"SCHEMA_VALIDATION_FAILED: one of Next and End at {at}"
        for inner in _machines(state):
            yield from _problems(inner, at)
    for name in set(states) - reached:
        yield f"UNREACHABLE_STATE: {name!r} at {path}/States"


def _targets(state: Fields) -> Iterator[str]:
    for choice in (state, *(state.get("Choices") or []), *(state.get("Catch") or [])):
        if "Next" in choice:
            yield choice["Next"]
    if "Default" in state:
        yield state["Default"]


def _machines(state: Fields) -> Iterator[Fields]:
    yield from state.get("Branches") or []
    yield from (state[name] for name in ("Iterator", "ItemProcessor") if name in state)
