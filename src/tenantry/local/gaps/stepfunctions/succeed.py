"""A `Succeed` state returns its `Output`.

AWS: a `Succeed` state of a JSONata state machine may have an `Output`, which becomes the execution's.
https://docs.aws.amazon.com/step-functions/latest/dg/state-succeed.html

MiniStack: ends with the state's input.

Here: the output is evaluated, as that of every other state is.
"""

from typing import Any

from ministack.services import stepfunctions

from tenantry.local.patching import Fields, Original, require, wrap


def close() -> None:
    """Close the gap."""
    require(stepfunctions, "_apply_jsonata_output")
    wrap(stepfunctions, "_apply_output_path", _with_output)


def _with_output(apply: Original, state: Fields, value: Any, context: Any = None) -> Any:
    if state.get("Type") == "Succeed" and "Output" in state:
        return stepfunctions._apply_jsonata_output(state, value, context, default=value)
    return apply(state, value, context)
