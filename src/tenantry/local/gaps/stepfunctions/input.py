"""An execution's input has to be JSON, and a failed synchronous execution returns no output.

AWS: an input that is not JSON is refused with `InvalidExecutionInput`; a synchronous execution that failed is answered
with its error and cause.
https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartSyncExecution.html

MiniStack: accepts any input, and gives a failed execution an output that repeats the error.

Here: such an input is refused, and such an execution has no output.
"""

import json
from typing import Any

from ministack.core.responses import error_response_json
from ministack.services import stepfunctions

from tenantry.local.patching import Fields, Original, wrap


def close() -> None:
    """Close the gap."""
    for name in ("_start_sync_execution", "_start_execution"):
        wrap(stepfunctions, name, _with_json)
    wrap(stepfunctions, "_start_sync_execution", _without_output)


def _with_json(start: Original, data: Fields, *rest: Any, **named: Any) -> Any:
    try:
        json.loads(data.get("input") or "{}")
    except ValueError:
        return error_response_json("InvalidExecutionInput", "Invalid State Machine Execution Input", 400)
    return start(data, *rest, **named)


def _without_output(start: Original, data: Fields) -> Any:
    status, headers, body = start(data)
    answer = json.loads(body)
    if answer.get("status") in {"FAILED", "TIMED_OUT"}:
        for name in ("output", "outputDetails"):
            answer.pop(name, None)
        body = json.dumps(answer).encode()
    return status, headers, body
