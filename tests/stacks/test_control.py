"""The control stack: account changes with retries and dead-letter queues, and the reconciliation's permissions."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

import pytest

from tests.synthesized import assembly

if TYPE_CHECKING:
    from collections.abc import Iterator

_POOL: Final = "cognito-idp:"
_STARTS: Final = "states:StartSyncExecution"


def _resources(kind: str, stack: str = "control") -> dict[str, dict[str, Any]]:
    found = assembly("prod").templates[stack]["Resources"]
    return {name: part["Properties"] for name, part in found.items() if part["Type"] == kind}


def _definition() -> dict[str, Any]:
    (machine,) = _resources("AWS::StepFunctions::StateMachine").values()
    assert machine["StateMachineType"] == "EXPRESS"
    _, parts = machine["DefinitionString"]["Fn::Join"]
    text = "".join(part if isinstance(part, str) else "x" for part in parts)
    definition: dict[str, Any] = json.loads(text)
    return definition


def _statements(stack: str = "control") -> Iterator[tuple[str, dict[str, Any]]]:
    for name, policy in _resources("AWS::IAM::Policy", stack).items():
        for statement in policy["PolicyDocument"]["Statement"]:
            yield name, statement


def _actions(statement: dict[str, Any]) -> set[str]:
    actions = statement["Action"]
    return {actions} if isinstance(actions, str) else set(actions)


def _role(name: str) -> str:
    return re.sub(r"Role(DefaultPolicy)?[0-9A-F]*$", "", name)


def test_every_step_is_retried_and_failures_dead_lettered() -> None:
    states = _definition()["States"]
    tasks = {name: state for name, state in states.items() if state["Type"] == "Task"}

    assert len(tasks) == 7
    for name, task in tasks.items():
        assert task["Retry"][-1]["ErrorEquals"] == ["States.ALL"], name
        if name != "Keep as dead letter":
            assert task["Catch"][-1] == {
                "ErrorEquals": ["States.ALL"],
                "Output": "{% $states.errorOutput %}",
                "Next": "Keep as dead letter",
            }, name


def test_order_is_directory_pool_event() -> None:
    states = _definition()["States"]
    assert states[_definition()["StartAt"]]["Next"] == "Write the directory"
    assert states["Write the directory"]["Next"] == "What is left in the pool?"
    in_pool = [state for state in states.values() if "cognitoidentityprovider" in state.get("Resource", "")]

    assert {state["Resource"].rpartition(":")[2] for state in in_pool} == {
        "adminUserGlobalSignOut",
        "adminDisableUser",
        "adminEnableUser",
        "adminDeleteUser",
    }
    for state in in_pool:  # somebody who is gone needs nothing more
        assert state["Catch"][0]["ErrorEquals"] == ["CognitoIdentityProvider.UserNotFoundException"]
        assert state["Next"] in {"Is there an event?", "Disable as well?"}
    assert states["Publish the event"]["Next"] == "Done"


def test_only_the_workflow_changes_this_pool() -> None:
    changing = {
        (_role(name), action)
        for name, statement in _statements()
        for action in _actions(statement)
        if action.startswith(_POOL)
    }

    assert changing == {
        *(("AccountChanges", f"{_POOL}{name}") for name in ("AdminDisableUser", "AdminEnableUser")),
        *(("AccountChanges", f"{_POOL}{name}") for name in ("AdminUserGlobalSignOut", "AdminDeleteUser")),
        ("AccountChangesDirectory", f"{_POOL}AdminGetUser"),
        *((role, f"{_POOL}AdminGetUser") for role in ("ControlUsers", "Reconciliation")),
        *((role, f"{_POOL}ListUsers") for role in ("ControlUsers", "Reconciliation")),
    }
    for _, statement in _statements():
        if any(action.startswith(_POOL) for action in _actions(statement)):
            assert "UserPool" in json.dumps(statement["Resource"])


@pytest.mark.parametrize(
    ("stack", "starters"),
    [
        ("control", {"ControlUsers", "Reconciliation"}),
        ("membership", {"Membership"}),
        ("tenant", set()),
        ("user", set()),
    ],
)
def test_only_listed_roles_start_a_change(stack: str, starters: set[str]) -> None:
    found = {
        _role(name)
        for name, statement in _statements(stack)
        if _STARTS in _actions(statement) and "AccountChanges" in json.dumps(statement["Resource"])
    }

    assert found == starters


def test_control_function_has_no_write_grants() -> None:
    actions = set().union(*(_actions(part) for name, part in _statements() if _role(name) == "ControlUsers"))

    assert {action for action in actions if action.startswith("dynamodb:")} == {
        "dynamodb:GetItem",
        "dynamodb:BatchGetItem",
        "dynamodb:Query",
    }


def test_reconciliation_runs_on_schedule_and_trail_events() -> None:
    rules = _resources("AWS::Events::Rule")
    (schedule,) = [rule for rule in rules.values() if "ScheduleExpression" in rule]
    (told,) = [rule for rule in rules.values() if "EventPattern" in rule]

    assert (schedule["ScheduleExpression"], schedule["State"]) == ("rate(5 minutes)", "ENABLED")
    pattern = told["EventPattern"]
    assert "EventBusName" not in told  # CloudTrail's events are on the account's default bus
    assert (pattern["source"], pattern["detail-type"]) == (["aws.cognito-idp"], ["AWS API Call via CloudTrail"])
    assert pattern["detail"]["eventSource"] == ["cognito-idp.amazonaws.com"]
    assert {"AdminDisableUser", "AdminDeleteUser", "DeleteUser", "GlobalSignOut", "ChangePassword"} <= set(
        pattern["detail"]["eventName"]
    )
    for rule in rules.values():
        (target,) = rule["Targets"]
        assert "Reconciliation" in json.dumps(target["Arn"])
        assert target["DeadLetterConfig"]


def test_every_route_uses_iam() -> None:
    methods = [method for method in _resources("AWS::ApiGateway::Method").values() if method["HttpMethod"] != "OPTIONS"]

    assert len(methods) == 7
    assert {method["AuthorizationType"] for method in methods} == {"AWS_IAM"}
