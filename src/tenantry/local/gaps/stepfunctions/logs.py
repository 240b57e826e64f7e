"""A state machine writes its execution log.

AWS: an Express execution leaves nothing but its log in CloudWatch Logs: one event for each step, at the level that the
state machine asks for, with inputs and outputs only if it asks for them. The role must be allowed to deliver logs.
https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html

MiniStack: stores the setting and writes nothing.

Here: the events are written when the execution ends. That the role may write them is not checked.
"""

import json
import time
from collections.abc import Callable
from typing import Any

from ministack.services import cloudwatch_logs, stepfunctions

from tenantry.local.patching import Fields, Original, require, wrap

#: Both replace: _run_execution.
AFTER = ("stepfunctions.role",)

_FAILURES = ("Failed", "TimedOut", "Aborted")
_LEVELS: dict[str, Callable[[str], bool]] = {
    "ALL": lambda _: True,
    "ERROR": lambda kind: kind.endswith(_FAILURES) or kind == "FailStateEntered",
    "FATAL": lambda kind: kind in ("ExecutionFailed", "ExecutionTimedOut", "ExecutionAborted"),
}
_DATA = ("input", "output", "parameters")
_DATED = "%Y-%m-%d-%H-%M"


def close() -> None:
    """Close the gap."""
    require(stepfunctions, "_executions", "_state_machines", "_iso_to_epoch_ms")
    require(cloudwatch_logs, "_log_groups", "_put_log_events", "_create_log_stream")
    wrap(stepfunctions, "_run_execution", _then_log)


def _then_log(run: Original, execution_arn: str) -> None:
    try:
        run(execution_arn)
    finally:
        _write(execution_arn)


def _write(execution_arn: str) -> None:
    execution = stepfunctions._executions.get(execution_arn)
    machine = stepfunctions._state_machines.get((execution or {}).get("stateMachineArn", ""))
    if not execution or not machine:
        return
    settings = _lower_first(machine.get("loggingConfiguration") or {})
    wanted = _LEVELS.get(settings.get("level", "OFF"))
    with_data = bool(settings.get("includeExecutionData"))
    for destination in settings.get("destinations") or []:
        group = destination["cloudWatchLogsLogGroup"]["logGroupArn"].split(":log-group:")[1].removesuffix(":*")
        if not wanted or group not in cloudwatch_logs._log_groups:
            continue
        events = [
            {"timestamp": _milliseconds(event), "message": _message(event, execution_arn, with_data=with_data)}
            for event in execution["events"]
            if wanted(event["type"])
        ]
        if events:
            # Standard and Express machines write to streams of their own name and start.
            stream = f"states/{machine['name']}/{time.strftime(_DATED, time.gmtime())}/{execution['name']}"
            cloudwatch_logs._create_log_stream({"logGroupName": group, "logStreamName": stream})
            cloudwatch_logs._put_log_events({"logGroupName": group, "logStreamName": stream, "logEvents": events})


def _lower_first(value: Any) -> Any:
    """Return the API's form of what may be a template's: `Level` is `level`."""
    if isinstance(value, dict):
        return {name[:1].lower() + name[1:]: _lower_first(item) for name, item in value.items()}
    return [_lower_first(item) for item in value] if isinstance(value, list) else value


def _milliseconds(event: Fields) -> int:
    stamp = event["timestamp"]
    return int(stepfunctions._iso_to_epoch_ms(stamp)) if isinstance(stamp, str) else int(stamp * 1000)


def _message(event: Fields, execution_arn: str, *, with_data: bool) -> str:
    # The details are the one member of the event that is named for its type.
    found: Fields = next((value for name, value in event.items() if name.endswith("EventDetails")), {})
    details = {name: value for name, value in found.items() if with_data or name not in _DATA}
    return json.dumps(
        {
            "id": str(event["id"]),
            "type": event["type"],
            "details": details,
            "previous_event_id": str(event.get("previousEventId", max(0, int(event["id"]) - 1))),
            "event_timestamp": str(_milliseconds(event)),
            "execution_arn": execution_arn,
        }
    )
