"""The stacks that are there already: whether they can be deployed over, and what is theirs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from botocore.exceptions import ClientError

from tenantry.operate.preflight.account import NOT_ASKED, code_of, reason
from tenantry.operate.preflight.findings import fails, ok, unknown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tenantry.operate.preflight.account import Account
    from tenantry.operate.preflight.assembly import Assembly
    from tenantry.operate.preflight.findings import Finding

_ABSENT: Final = ""
# The CDK itself deletes a stack whose creation has failed, and with it all but what is kept.
_NEVER_MADE: Final = frozenset({"ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "REVIEW_IN_PROGRESS"})
_STUCK: Final = {
    "DELETE_FAILED": "Delete it again: `aws cloudformation delete-stack --stack-name {stack}`; see its events.",
    "UPDATE_FAILED": "Roll it back: `aws cloudformation rollback-stack --stack-name {stack}`.",
    "UPDATE_ROLLBACK_FAILED": "Finish it: `aws cloudformation continue-update-rollback --stack-name {stack}`.",
}


def stacks(assembly: Assembly, account: Account) -> Iterator[Finding]:
    """Say of each stack whether it can be deployed now."""
    new = there = unasked = 0
    for stack in assembly.templates:
        try:
            status = _status(account, stack)
        except NOT_ASKED as error:
            yield unknown("stacks", f"{stack}: {reason(error)}.", "Allow cloudformation:DescribeStacks.")
            unasked += 1
            continue
        if status in _STUCK:
            yield fails("stacks", f"{stack} is {status}.", _STUCK[status].format(stack=stack))
        elif status.endswith("_IN_PROGRESS") and status not in _NEVER_MADE:
            yield fails(
                "stacks", f"{stack} is {status}.", "Wait until CloudFormation has finished with it, then ask again."
            )
        elif status in _NEVER_MADE:
            yield ok(
                "stacks",
                f"{stack} is {status}.",
                "The CDK deletes it first. The resources that it retained are listed below.",
            )
        elif status == _ABSENT:
            new += 1
        else:
            there += 1
    if unasked < len(assembly.templates):
        yield ok("stacks", f"{new} stacks will be created, {there} updated.")


def made_by(account: Account, stack: str) -> Mapping[str, str]:
    """Return what a stack holds, physical by logical ids; of one whose creation failed nothing counts as its own."""
    try:
        if _status(account, stack) in {_ABSENT, *_NEVER_MADE}:
            return {}
        pages = account.client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=stack)
        return {
            resource["LogicalResourceId"]: resource.get("PhysicalResourceId", "")
            for page in pages
            for resource in page["StackResourceSummaries"]
            if not resource["ResourceStatus"].startswith("DELETE_")
        }
    except NOT_ASKED:
        return {}  # `stacks` says that it could not be asked


def _status(account: Account, stack: str) -> str:
    try:
        found = account.client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
    except ClientError as error:
        if code_of(error) == "ValidationError" and "does not exist" in str(error):
            return _ABSENT
        raise
    status = str(found[0]["StackStatus"]) if found else _ABSENT
    return _ABSENT if status == "DELETE_COMPLETE" else status
