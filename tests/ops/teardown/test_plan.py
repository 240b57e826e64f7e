"""Whose a resource is, as CloudFormation says."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from ops.stacks import Resource
from ops.teardown.deployment import GONE, Deployment, Stack
from ops.teardown.plan import left_behind
from ops.teardown.removal import Hand
from tenancy.stores import Application

_MARK = Application(name="shop", environment="dev", ephemeral=True)
_KEPT = Resource("shop-data", "AWS::IAM::Nothing", "Orders", "orders")
_OWN, _OTHER = "arn:own", "arn:other"


@pytest.mark.parametrize(
    ("stack", "status", "is_left"),
    [
        (_OWN, "DELETE_SKIPPED", True),  # CloudFormation remembers that the deleted stack had it
        (_OTHER, "DELETE_SKIPPED", True),
        (_OTHER, "IMPORT_COMPLETE", False),
        (_OTHER, "UPDATE_COMPLETE", False),
    ],
)
def test_what_a_deleted_stack_kept_is_its_own_until_another_has_it(stack: str, status: str, *, is_left: bool) -> None:
    found = {"StackId": stack, "PhysicalResourceId": "orders", "ResourceStatus": status}
    table = {"TableStatus": "ACTIVE", "ItemCount": 3}
    aws: Any = SimpleNamespace(
        cloudformation=SimpleNamespace(describe_stack_resources=lambda **_: {"StackResources": [found]}),
        dynamodb=SimpleNamespace(describe_table=lambda **_: {"Table": table}),
    )
    kept = Resource("shop-data", "AWS::DynamoDB::Table", "Orders", "orders")
    gone = Stack(name="shop-data", id=_OWN, status=GONE, mark=_MARK, template={}, kept=(kept,))
    deployment = Deployment(
        mark=_MARK, account="1", region="eu-north-1", partition="aws", live=(), gone=(gone,), neighbours=()
    )

    items, left = left_behind(Hand(aws=aws, account="1", tell=lambda _: None), deployment)

    assert ([item.id for item in items] == ["orders"]) is is_left
    assert left == []


def test_what_nothing_can_remove_is_reported() -> None:
    gone = Stack(name="shop-data", id=_OWN, status=GONE, mark=_MARK, template={}, kept=(_KEPT,))
    deployment = Deployment(
        mark=_MARK, account="1", region="eu-north-1", partition="aws", live=(), gone=(gone,), neighbours=()
    )
    aws: Any = SimpleNamespace()

    items, (left,) = left_behind(Hand(aws=aws, account="1", tell=lambda _: None), deployment)

    assert items == []
    assert (left.kind, left.name) == ("AWS::IAM::Nothing", "orders")
    assert "by hand" in left.why
