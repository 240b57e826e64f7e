"""Which stacks are an application's deployment."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Final

import pytest

from tenantry.model.stores import APPLICATION, STORES, Application
from tenantry.operate.teardown.deployment import TeardownRefusedError, find
from tenantry.operate.teardown.plan import STACK, left_behind
from tenantry.operate.teardown.removal import Hand

if TYPE_CHECKING:
    from collections.abc import Mapping

_PLACE: Final = {"Account": "123456789012", "Arn": "arn:aws:iam::123456789012:user/ada"}
_ROLE: Final = {"CloudWatchRoleArn": {"Fn::GetAtt": ["Role", "Arn"]}}
_LOG_ROLE: Final = {"Resources": {"Account": {"Type": "AWS::ApiGateway::Account", "Properties": _ROLE}}}


def _marked(name: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - parts of a template
    mark = Application(name=name, environment="dev", ephemeral=True).declared
    return {"Metadata": {APPLICATION: mark, **more}, "Resources": {}}


def _aws(*stacks: tuple[str, str, Mapping[str, Any]]) -> Any:  # noqa: ANN401 - as much of it as is asked
    """Return an account with stacks: name, status and template."""
    pages: dict[str, Any] = {
        "describe_stacks": {
            "Stacks": [{"StackName": name, "StackId": name, "StackStatus": how} for name, how, _ in stacks]
        },
        "list_stacks": {"StackSummaries": []},
        "list_stack_resources": {"StackResourceSummaries": []},
        "describe_stack_events": {"StackEvents": []},
    }
    templates = {name: template for name, _, template in stacks}
    formation = SimpleNamespace(
        get_paginator=lambda name: SimpleNamespace(paginate=lambda **_: [pages[name]]),
        get_template=lambda StackName: {"TemplateBody": templates[StackName]},  # noqa: N803 - as the SDK has it
    )
    sts = SimpleNamespace(get_caller_identity=lambda: _PLACE)
    return SimpleNamespace(cloudformation=formation, sts=sts, region="eu-north-1")


@pytest.mark.parametrize("unmarked", ["shop-ingestion", "shop-two-data"])
def test_stack_without_owner_mark_stops_teardown(unmarked: str) -> None:
    """It may be the rest of a deployment that was half updated, or of a neighbour's, as long as nobody says."""
    aws = _aws(("shop-data", "CREATE_COMPLETE", _marked("shop")), (unmarked, "CREATE_COMPLETE", {}))

    with pytest.raises(TeardownRefusedError, match=f"do not say whose they are.*{unmarked}"):
        find(aws, "shop", "dev")


def test_stacks_of_other_names_are_ignored() -> None:
    aws = _aws(("shop-data", "CREATE_COMPLETE", _marked("shop")), ("bookshop", "CREATE_COMPLETE", {}))

    assert [stack.name for stack in find(aws, "shop", "dev").live] == ["shop-data"]


def test_empty_stack_is_reported() -> None:
    aws = _aws(("shop-data", "CREATE_COMPLETE", _marked("shop")), ("shop-front", "REVIEW_IN_PROGRESS", {}))

    _, (left,) = left_behind(Hand(aws=aws, account="1", tell=lambda _: None), find(aws, "shop", "dev"))

    assert (left.kind, left.name) == (STACK, "shop-front")


@pytest.mark.parametrize("whose", ["shop", "other"])
@pytest.mark.parametrize(
    "declared", [{"holds": "dreams", "by": "a new way"}, {"holds": "dreams", "by": "none", "since": "tomorrow"}, {}]
)
def test_declaration_of_a_newer_version_is_refused(whose: str, declared: dict[str, str]) -> None:
    aws = _aws(
        ("shop-data", "CREATE_COMPLETE", _marked("shop")),
        ("later", "CREATE_COMPLETE", _marked(whose, **{STORES: [declared]})),
    )

    with pytest.raises(TeardownRefusedError, match="cannot read what the stack later declares"):
        find(aws, "shop", "dev")


def test_malformed_mark_is_refused() -> None:
    aws = _aws(("later", "CREATE_COMPLETE", {"Metadata": {APPLICATION: {"owner": "shop"}}}))

    with pytest.raises(TeardownRefusedError, match="cannot read what the stack later declares"):
        find(aws, "shop", "dev")


@pytest.mark.parametrize(
    ("status", "has_one"),
    [
        ("CREATE_COMPLETE", True),
        ("UPDATE_ROLLBACK_COMPLETE", True),
        ("ROLLBACK_COMPLETE", False),
        ("DELETE_IN_PROGRESS", False),
        ("DELETE_FAILED", False),
    ],
)
def test_only_a_stable_stacks_role_can_log(status: str, *, has_one: bool) -> None:
    aws = _aws(("shop-data", "CREATE_COMPLETE", _marked("shop")), ("other", status, _LOG_ROLE))

    assert find(aws, "shop", "dev").log_roles == ((("other", "Role"),) if has_one else ())
