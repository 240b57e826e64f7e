"""What the workflows of the parks API are made of, in Amazon States Language: tasks, choices and ends."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from tenantry.isolation.direct.express_machine import retry, task_state
from tenantry.model.tenant_tables import PARTITION_KEY, SORT_KEY, of_kind

if TYPE_CHECKING:
    from collections.abc import Mapping

INPUT: Final = "$states.context.Execution.Input"
_ATTEMPTS: Final = 2
RETRY: Final = retry(_ATTEMPTS)


def task(
    action: str,
    arguments: Mapping[str, Any],
    *,
    then: str | None = None,
    assign: Mapping[str, str] | None = None,
    caught: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Return a state that calls an action of an AWS SDK integration, such as ``dynamodb:getItem``.

    Parameters
    ----------
    action
        The action.
    arguments
        What it is called with.
    then
        The next state; None ends the execution.
    assign
        Variables to set from the result.
    caught
        The next states by error; named errors are not retried.
    """
    state = task_state(f"arn:aws:states:::aws-sdk:{action}", dict(arguments), attempts=_ATTEMPTS, then=then, kept=False)
    if assign:
        state["Assign"] = assign
    if caught:
        errors = [error for error in caught if error != "States.ALL"]
        if errors:
            state["Retry"] = [{"ErrorEquals": errors, "MaxAttempts": 0}, RETRY]
        state["Catch"] = [
            {"ErrorEquals": [error], "Output": {}, "Next": following} for error, following in caught.items()
        ]
    return state


def machine(states: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a state machine that begins with the first of `states`."""
    return {"QueryLanguage": "JSONata", "StartAt": next(iter(states)), "States": states}


def text(expression: str) -> str:
    """Return a JSONata expression as a field of a state takes it."""
    return f"{{% {expression} %}}"


def given(name: str) -> str:
    """Return a field of the execution's input."""
    return text(f"{INPUT}.{name}")


def partition(kind: str) -> str:
    """Return the partition key of the authorizer's tenant for one kind of row."""
    return text(f"{INPUT}.tenantId & '{of_kind(kind)}'")


def row(kind: str, sort_key: str) -> Mapping[str, Any]:
    """Return the key of a row of the authorizer's tenant."""
    return {PARTITION_KEY: {"S": partition(kind)}, SORT_KEY: {"S": text(sort_key)}}


def invoke(function: str, payload: Mapping[str, Any], *, then: str) -> Mapping[str, Any]:
    """Return a state that calls a function."""
    arguments = {"FunctionName": function, "Payload": payload}
    return task_state("arn:aws:states:::lambda:invoke", arguments, attempts=_ATTEMPTS, then=then, kept=False)


def end(status: int, body: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
    """Return a last state that answers the request, with a JSON body if there is one."""
    return {"Type": "Succeed", "Output": {"status": status, "body": json.dumps(body) if body else ""}}


def end_with(status: int, body: str) -> Mapping[str, Any]:
    """Return a last state that answers the request with a body that is computed."""
    return {"Type": "Succeed", "Output": {"status": status, "body": text(body)}}


PARK_NOT_FOUND: Final = end(404, {"message": "Park not found"})
