"""Policies can name the path whose parameters a caller lists.

AWS: the resource of `GetParametersByPath` is the path, as an ARN of a parameter.
https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssystemsmanager.html

MiniStack: takes the resource to be `*`, so that only a policy with that resource allows the call.

Here: the resource is the path.
"""

from typing import Any

from ministack.core import iam_actions

from tenantry.local.patching import Original, read_object, require, wrap

#: Both replace: iam_actions.extract_resource_arn.
AFTER = ("kinesis.get_records",)

_ACTION = "GetParametersByPath"


def close() -> None:
    """Close the gap."""
    require(iam_actions, "_action_from_target")
    wrap(iam_actions, "extract_resource_arn", _of_paths)


def _of_paths(extract: Original, service: str, *request: Any) -> Any:
    _, _, headers, body, _, region, account = request
    if service != "ssm" or iam_actions._action_from_target(headers) != _ACTION:
        return extract(service, *request)
    path = read_object(body).get("Path")
    return extract(service, *request) if path is None else f"arn:aws:ssm:{region}:{account}:parameter{path}"
