"""What CloudFormation knows of an application's stacks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tenantry.operate.aws import Aws


@dataclass(frozen=True)
class Resource:
    """Something that a stack has made.

    Attributes
    ----------
    stack
        The stack's name.
    kind
        Its CloudFormation type.
    logical_id, id
        Its name in the template, and in the account.
    """

    stack: str
    kind: str
    logical_id: str
    id: str


def resources(aws: Aws, stacks: Iterable[str]) -> Iterator[Resource]:
    """List everything that some stacks have made."""
    listing = aws.cloudformation.get_paginator("list_stack_resources")
    for stack in stacks:
        for page in listing.paginate(StackName=stack):
            for found in page["StackResourceSummaries"]:
                kind, logical_id = found["ResourceType"], found["LogicalResourceId"]
                yield Resource(stack, kind, logical_id, found.get("PhysicalResourceId", ""))
