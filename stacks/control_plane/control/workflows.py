"""The workflow that changes an account, in Amazon States Language."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tenantry.isolation.direct.express_machine import choice, dead_letter_states, go_on_after, task_state

if TYPE_CHECKING:
    from collections.abc import Mapping

_INPUT: Final = "$states.context.Execution.Input"
_ATTEMPTS: Final = 2  # a person waits for the answer
_GONE: Final = "CognitoIdentityProvider.UserNotFoundException"


def account_change(*, function: str, user_pool: str, bus: str, source: str, queue_url: str) -> Mapping[str, Any]:
    """Return the state machine: the directory first, then the user pool, then the event bus.

    What is replayed from the dead-letter queue is an event whose detail is the input, as for every saga.
    """
    user = {"UserPoolId": user_pool, "Username": "{% $change.userId %}"}
    states: dict[str, Any] = {
        "Read the change": {
            "Type": "Pass",
            "Assign": {"change": f"{{% $exists({_INPUT}.detail) ? {_INPUT}.detail : {_INPUT} %}}"},
            "Next": "Write the directory",
        },
        "Write the directory": {
            **_task(
                "arn:aws:states:::lambda:invoke",
                {"FunctionName": function, "Payload": "{% $change %}"},
                then="What is left in the pool?",
            ),
            "Assign": {"outcome": "{% $states.result.Payload %}"},
        },
        "What is left in the pool?": {
            "Type": "Choice",
            "Choices": [
                {"Condition": "{% $outcome.status != 200 %}", "Next": "Done"},
                {"Condition": "{% $outcome.pool in ['disable', 'signOut'] %}", "Next": "Sign out in the pool"},
                {"Condition": "{% $outcome.pool = 'enable' %}", "Next": "Enable in the pool"},
                {"Condition": "{% $outcome.pool = 'delete' %}", "Next": "Delete in the pool"},
            ],
            "Default": "Is there an event?",
        },
        "Sign out in the pool": _in_pool("adminUserGlobalSignOut", user, then="Disable as well?"),
        "Disable as well?": choice(
            "$outcome.pool = 'disable'", then="Disable in the pool", otherwise="Is there an event?"
        ),
        "Disable in the pool": _in_pool("adminDisableUser", user),
        "Enable in the pool": _in_pool("adminEnableUser", user),
        "Delete in the pool": _in_pool("adminDeleteUser", user),
        "Is there an event?": choice("$exists($outcome.event)", then="Publish the event", otherwise="Done"),
        "Publish the event": _task(
            "arn:aws:states:::events:putEvents",
            {
                "Entries": [
                    {
                        "Source": source,
                        "DetailType": "{% $outcome.event %}",
                        "Detail": "{% $outcome.detail %}",
                        "EventBusName": bus,
                    }
                ]
            },
            then="Done",
        ),
        "Done": {"Type": "Succeed", "Output": "{% $outcome %}"},
        **dead_letter_states(
            queue_url,
            event={"source": source, "detail-type": "accountChange", "detail": "{% $change %}"},
            attempts=_ATTEMPTS,
            cause="The change failed; it is in the dead-letter queue.",
        ),
    }
    return {"QueryLanguage": "JSONata", "StartAt": "Read the change", "States": states}


def _task(resource: str, arguments: Mapping[str, Any], *, then: str) -> dict[str, Any]:
    return task_state(resource, arguments, attempts=_ATTEMPTS, then=then)


def _in_pool(action: str, user: Mapping[str, str], *, then: str = "Is there an event?") -> dict[str, Any]:
    """Return a call of the user pool; whoever is gone from it needs none."""
    state = _task(f"arn:aws:states:::aws-sdk:cognitoidentityprovider:{action}", user, then=then)
    go_on_after(state, [_GONE], then)
    return state
