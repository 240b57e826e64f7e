"""Deletes stacks: whoever imports what another one exports goes before it."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, Final

from botocore.exceptions import ClientError

from tenantry.operate.teardown.deployment import GONE
from tenantry.operate.teardown.removal.buckets import empty
from tenantry.operate.teardown.removal.hand import NotRemovedError, code, if_there
from tenantry.operate.teardown.removal.services import unprotect_pool, unprotect_table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tenantry.operate.teardown.deployment import Stack
    from tenantry.operate.teardown.removal import Hand

_FLINK: Final = "AWS::KinesisAnalyticsV2::Application"
_FAILED: Final = "DELETE_FAILED"
_SECONDS: Final = 3600  # a distribution takes a quarter of an hour, and a function's network interfaces longer
_SETTLED_SECONDS: Final = 3
_STOP_SECONDS: Final = 600
_STOP_POLL: Final = 1.0
_FIRST_POLL, _LAST_POLL = 0.2, 10.0


def layers(stacks: Sequence[Stack]) -> Iterator[list[Stack]]:
    """Yield the stacks in the order in which they can go, those together that do not need each other."""
    left = list(stacks)
    while left:
        imported = frozenset[str]().union(*(stack.imports for stack in left))
        layer = [stack for stack in left if not stack.exports & imported] or left
        yield layer
        left = [stack for stack in left if stack not in layer]


def prepare(hand: Hand, stack: Stack) -> None:
    """Take away what CloudFormation would fail at: running applications, protection, and objects in buckets."""
    retained = set(stack.retained)
    # The writer first, so that what it writes to stays empty.
    for resource in sorted(stack.resources, key=lambda resource: resource.kind != _FLINK):
        prepare_one = _PREPARATIONS.get(resource.kind)
        if prepare_one and resource.id and (resource.kind == _FLINK or resource not in retained):
            if_there(partial(prepare_one, hand, resource.id))


def _stop(hand: Hand, application: str) -> None:
    """Stop an application and wait until it is: while it stops, it cannot be deleted."""
    flink, deadline = hand.aws.flink, time.monotonic() + _STOP_SECONDS
    while True:
        status = flink.describe_application(ApplicationName=application)["ApplicationDetail"]["ApplicationStatus"]
        if status == "READY" or time.monotonic() > deadline:
            return
        if status == "RUNNING":
            flink.stop_application(ApplicationName=application, Force=True)  # without a snapshot
            hand.tell(f"{application}: stopping")
        time.sleep(_STOP_POLL)


_PREPARATIONS: Final = {
    _FLINK: _stop,
    "AWS::DynamoDB::Table": unprotect_table,
    "AWS::Cognito::UserPool": unprotect_pool,
    "AWS::S3::Bucket": empty,
}


def start(hand: Hand, stack: Stack) -> None:
    """Ask for a stack's deletion.

    Raises
    ------
    NotRemovedError
        CloudFormation refuses.
    """
    try:
        hand.aws.cloudformation.delete_stack(StackName=stack.id)
    except ClientError as error:
        raise NotRemovedError(str(error.response["Error"].get("Message", error))) from error


def finish(hand: Hand, stack: Stack) -> None:
    """Wait until a stack is deleted.

    Raises
    ------
    NotRemovedError
        CloudFormation has failed at something, or goes on for more than an hour.
    """
    began = told = time.monotonic()
    pause = _FIRST_POLL
    while True:
        time.sleep(pause)
        try:
            found = hand.aws.cloudformation.describe_stacks(StackName=stack.id)["Stacks"][0]
        except ClientError as error:
            if code(error) == "ValidationError":
                return
            raise
        status = found["StackStatus"]
        if status == GONE:
            return
        # At first, it may be the failure of the time before.
        if status == _FAILED and time.monotonic() - began > _SETTLED_SECONDS:
            raise NotRemovedError(found.get("StackStatusReason", status))
        if time.monotonic() - began > _SECONDS:
            raise NotRemovedError(f"CloudFormation has not finished ({status}); run the same command again later")
        if time.monotonic() - told > _LAST_POLL:
            told = time.monotonic()
            hand.tell(f"{stack.name}: {status}")
        pause = min(pause * 1.5, _LAST_POLL)
