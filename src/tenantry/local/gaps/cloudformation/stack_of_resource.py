"""`DescribeStackResources` finds the stack of a physical resource id.

AWS: `DescribeStackResources` takes the physical id of a resource instead of a stack, and returns what the stack that
has it is made of. Where none has it, it is a `ValidationError`.
https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStackResources.html

MiniStack: it wants a stack, and finds none for any physical id. A teardown that asks which stack has a
resource would never learn that it is another stack's.

Here: the stack that has the resource is found.
"""

from functools import partial
from typing import Any

from ministack.services import cloudformation
from ministack.services.cloudformation import handlers

from tenantry.local.patching import Original, require

_ACTION = "DescribeStackResources"


def close() -> None:
    """Close the gap."""
    require(handlers, "_ACTION_HANDLERS", "_error", "_p")
    require(cloudformation, "_stacks")
    known = handlers._ACTION_HANDLERS
    known[_ACTION] = partial(_by_physical_id, known[_ACTION])


def _by_physical_id(describe: Original, params: Any) -> Any:
    physical_id = handlers._p(params, "PhysicalResourceId")
    if handlers._p(params, "StackName") or not physical_id:
        return describe(params)
    for name, stack in cloudformation._stacks.items():
        found = stack.get("_resources", {}).values()
        if stack.get("StackStatus") != "DELETE_COMPLETE" and any(
            resource.get("PhysicalResourceId") == physical_id for resource in found
        ):
            return describe({**params, "StackName": [name]})
    return handlers._error("ValidationError", f"Stack for {physical_id} does not exist")
