"""The role of the pipeline as docs/deployment.md has it, compared with the calls that commands make."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, Final

from moto.iam.aws_managed_policies import aws_managed_policies_data

from tests.synthesized import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from botocore.model import OperationModel

    Policy = Mapping[str, Any]

ACCOUNT: Final = "111122223333"
REGION: Final = "eu-north-1"
_JSON: Final = re.compile(r"^ *```json\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
# The parameter that says on what a call is, by IAM's name of the service, and what ARN it makes.
_RESOURCES: Final = {
    "cloudformation": ("StackName", f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/{{}}/id"),
    "iam": ("RoleName", f"arn:aws:iam::{ACCOUNT}:role/{{}}"),
    "kinesisanalytics": ("ApplicationName", f"arn:aws:kinesisanalytics:{REGION}:{ACCOUNT}:application/{{}}"),
    "sts": ("RoleArn", "{}"),
}


@dataclass(frozen=True, order=True)
class Call:
    """A call to AWS, as IAM sees it.

    Attributes
    ----------
    action, resource
        Such as ``iam:GetRole``, and the ARN; `*` where a call names none that is known here.
    """

    action: str
    resource: str

    @classmethod
    def of(cls, operation: OperationModel, parameters: Mapping[str, Any]) -> Call:
        """Return what IAM is asked about a call of botocore's: its action has the name of the service that signs."""
        service = operation.service_model.signing_name
        name, form = _RESOURCES.get(service, ("", ""))
        resource = form.format(parameters[name]) if name in parameters else "*"
        return cls(f"{service}:{operation.name}", resource)

    @classmethod
    def needed(cls, operation: OperationModel, parameters: Mapping[str, Any]) -> Iterator[Call]:
        """Return all that IAM is asked about a call: making a role with tags is tagging it as well."""
        call = cls.of(operation, parameters)
        yield call
        if call.action == "iam:CreateRole" and parameters.get("Tags"):
            yield cls("iam:TagRole", call.resource)


def every_environment() -> Policy:
    """Return the documented policy of each environment's role."""
    return _documented()[0]


def attacked_environments() -> Sequence[Policy]:
    """Return the policies that the role of an attacked environment has besides: one of AWS's, and a documented one."""
    managed = json.loads(aws_managed_policies_data)["PowerUserAccess"]["Document"]
    return [managed, _documented()[1]]


def _documented() -> list[Policy]:
    text = (ROOT / "docs" / "deployment.md").read_text()
    blocks = [json.loads(block) for block in _JSON.findall(text) if '"Statement"' in block]
    return [block for block in blocks if "Principal" not in block["Statement"][0]]


def allowed(policies: Sequence[Policy], call: Call) -> bool:
    """Return whether one of some policies, none of which denies anything, allows a call."""
    return any(
        _is_one(call.action.lower(), statement, "Action") and _is_one(call.resource, statement, "Resource")
        for policy in policies
        for statement in policy["Statement"]
    )


def _is_one(value: str, statement: Mapping[str, Any], element: str) -> bool:
    if statement["Effect"] != "Allow" or "Condition" in statement:
        raise ValueError(f"Only plain statements that allow are understood here: {statement}.")
    patterns = statement.get(element, statement.get(f"Not{element}"))
    lowered = [p.lower() if element == "Action" else p for p in ([patterns] if isinstance(patterns, str) else patterns)]
    return any(fnmatchcase(value, pattern) for pattern in lowered) is (element in statement)
