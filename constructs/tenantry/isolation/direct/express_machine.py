"""Express state machines as this project makes them: logged without data, traced, in a role of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from aws_cdk import Duration, Names, RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from aws_cdk import aws_stepfunctions as sfn

from tenantry.functions import LOG, acknowledge_wildcard, declare_store, service_principal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from constructs import Construct

DEAD_LETTER: Final = "Keep as dead letter"
"""The state that a failed task leads to, where `dead_letter_states` are in the definition."""
FAILED: Final = "Failed"
"""The state in which an execution ends whose event is kept."""


def retry(attempts: int) -> dict[str, Any]:
    """Return the retrier of a task, for any error."""
    return {
        "ErrorEquals": ["States.ALL"],
        "IntervalSeconds": 1,
        "MaxAttempts": attempts,
        "BackoffRate": 2,
        "JitterStrategy": "FULL",
    }


def catch_all() -> dict[str, Any]:
    """Return the catcher that keeps the event of a task that failed for good."""
    return {"ErrorEquals": ["States.ALL"], "Output": "{% $states.errorOutput %}", "Next": DEAD_LETTER}


def task_state(
    resource: str, arguments: object, *, attempts: int, then: str | None = None, kept: bool = True
) -> dict[str, Any]:
    """Return a task, after which the execution ends if no state is named.

    Parameters
    ----------
    resource, arguments
        The service integration, and what it is called with.
    attempts
        How often it is tried again.
    then
        The next state.
    kept
        Whether the event is kept where the task fails for good (`dead_letter_states`).
    """
    return {
        "Type": "Task",
        "Resource": resource,
        "Arguments": arguments,
        "Retry": [retry(attempts)],
        **({"Catch": [catch_all()]} if kept else {}),
        "Output": {},
        **({"Next": then} if then else {"End": True}),
    }


def choice(condition: str, *, then: str, otherwise: str) -> Mapping[str, Any]:
    """Return a state that goes on by a JSONata condition."""
    return {"Type": "Choice", "Choices": [{"Condition": f"{{% {condition} %}}", "Next": then}], "Default": otherwise}


def go_on_after(state: dict[str, Any], errors: Sequence[str], then: str) -> None:
    """Let a task's errors of some kinds lead to another state at once: the first retrier or catcher of one decides."""
    state["Retry"] = [{"ErrorEquals": list(errors), "MaxAttempts": 0}, *state["Retry"]]
    state["Catch"] = [{"ErrorEquals": list(errors), "Output": {}, "Next": then}, *state.get("Catch", ())]


def dead_letter_states(queue_url: str, *, event: object, attempts: int, cause: str) -> dict[str, Any]:
    """Return the states that put an event into a dead-letter queue, with its error, and fail.

    Parameters
    ----------
    queue_url
        The queue, to which the machine's role may send.
    event
        What is kept, for `tenantry dead-letters replay` to publish again.
    attempts
        How often sending is tried again.
    cause
        What the failed execution says.
    """
    return {
        DEAD_LETTER: {
            "Type": "Task",
            "Resource": "arn:aws:states:::sqs:sendMessage",
            "Arguments": {
                "QueueUrl": queue_url,
                "MessageBody": {
                    "stateMachineArn": "{% $states.context.StateMachine.Id %}",
                    "executionArn": "{% $states.context.Execution.Id %}",
                    "error": "{% $states.input.Error %}",
                    "cause": "{% $states.input.Cause %}",
                    "event": event,
                },
            },
            "Retry": [retry(attempts)],
            "Output": {"Error": "{% $states.input.Error %}"},
            "Next": FAILED,
        },
        FAILED: {"Type": "Fail", "Error": "{% $states.input.Error %}", "Cause": cause},
    }


def express_machine(
    scope: Construct,
    *,
    description: str,
    definition: Mapping[str, Any],
    timeout: Duration,
    log_retention: logs.RetentionDays,
    removal_policy: RemovalPolicy,
) -> sfn.StateMachine:
    """Make a state machine whose role may write its log and its trace, and nothing else until granted.

    Parameters
    ----------
    scope
        Where it stands in the app; it takes the ids ``Role``, ``Logs`` and ``Machine`` there.
    description
        What its role is for.
    definition
        In Amazon States Language.
    timeout
        After which an execution ends.
    log_retention, removal_policy
        How long logs are kept, and what becomes of them with the stack.
    """
    role = iam.Role(scope, "Role", assumed_by=service_principal(scope, "states.amazonaws.com"), description=description)
    group = logs.LogGroup(
        scope,
        "Logs",
        # Step Functions can log without a resource policy a group only under this prefix.
        log_group_name=f"/aws/vendedlogs/states/{Names.unique_resource_name(scope, max_length=64)}",
        retention=log_retention,
        removal_policy=removal_policy,
    )
    declare_store(group, LOG)
    machine = sfn.StateMachine(
        scope,
        "Machine",
        state_machine_type=sfn.StateMachineType.EXPRESS,
        definition_body=sfn.DefinitionBody.from_string(Stack.of(scope).to_json_string(definition)),
        role=role,
        timeout=timeout,
        tracing_enabled=True,
        logs=sfn.LogOptions(
            destination=group,
            level=sfn.LogLevel.ALL,
            include_execution_data=False,  # it would be people's names and addresses
        ),
    )
    acknowledge_wildcard(role, "*", "CloudWatch Logs' log delivery and X-Ray know no resources.")
    return machine
