"""A step of an event-driven saga: an event comes in, AWS services are called, an event goes out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from tenantry.functions import acknowledge, declare_store, service_principal
from tenantry.isolation.alarms import alarm
from tenantry.isolation.direct.express_machine import (
    DEAD_LETTER,
    FAILED,
    choice,
    dead_letter_states,
    express_machine,
    go_on_after,
    task_state,
)
from tenantry.model.stores import By, Store

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tenantry.isolation.events.application_bus import ApplicationBus, EventType

_ATTEMPTS: Final = 3
_CHECK: Final = "Check the event"
_REFUSED: Final = "Refuse the event"
_POINTLESS: Final = "Nothing to do"
_EVENT: Final = "$states.context.Execution.Input"


@dataclass(frozen=True, kw_only=True)
class SagaTask:
    """One call of an AWS service by the state machine itself.

    Attributes
    ----------
    name
        Of the state.
    resource
        The service integration, such as ``arn:aws:states:::dynamodb:updateItem``.
    arguments
        The call's arguments; JSONata between ``{%`` and ``%}``. ``$event`` is the event that came in, and what earlier
        tasks assigned can be used as well.
    actions, resource_arns
        What the call needs: the machine's role gets exactly this.
    statements
        What it needs beside that, where one list of actions on one list of resources would be more than it needs.
    done_already
        Errors that say that an earlier delivery of the same event has done this task.
    done_if_cause_has
        By error, the words in its cause that say so when the task's retries have not helped: for an error that can also
        mean that another delivery is at the same at this moment, as that of a DynamoDB transaction does.
    pointless_after
        Errors that say that the event is about what is gone: the saga ends, publishes nothing, and keeps nothing of it.
    all_done_when
        Condition over ``$states.result`` that says that an earlier delivery has done all tasks: only the event that
        the saga emits is then sent once more.
    checks
        Conditions over ``$event`` that the saga checks, beside its own, before it does anything.

    Source: https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html
    """

    name: str
    resource: str
    arguments: Mapping[str, Any]
    actions: Sequence[str] = ()
    resource_arns: Sequence[str] = ()
    statements: Sequence[iam.PolicyStatement] = ()
    done_already: Sequence[str] = field(default=())
    done_if_cause_has: Mapping[str, str] = field(default_factory=dict)
    pointless_after: Sequence[str] = ()
    all_done_when: str = ""
    checks: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class SagaEmission:
    """The event that a saga ends with.

    Attributes
    ----------
    event
        What it is.
    detail
        Its detail, JSONata as in `SagaTask.arguments`.
    """

    event: EventType
    detail: Mapping[str, Any]


class EventSaga(Construct):
    """An Express state machine that one kind of event starts, and that loses none of them.

    Isolation: its role may do what its tasks name and publish the one event that it emits; its logs hold no data.
    Events reach it from the bus only. An event whose ids do not have the form they must have becomes a dead-letter
    message before anything is done with it.

    Delivery: EventBridge delivers at least once and retries for a day; each task is retried with jitter; whatever
    still fails is kept in the dead-letter queue with the whole event, enough to replay it, and an alarm goes off. The
    tasks must be idempotent: conditional writes, ids derived from the event.

    Parameters
    ----------
    scope, construct_id
        Where the saga stands in the app.
    bus
        Where events come from and go to.
    on
        The kind of event that starts it.
    checks
        JSONata conditions over ``$event`` that a well-formed event fulfils. There must be one, here or in a task.
    variables
        Variables for the tasks, JSONata over ``$event``.
    tasks
        What is done, in this order.
    emits
        What is published in the end.
    alarms
        The topic that is notified of dead-letter messages.
    log_retention, removal_policy
        How long logs are kept, and whether logs and dead-letter messages are kept when the stack is deleted.

    Raises
    ------
    ValueError
        Nothing checks the event, or two states have one name.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        bus: ApplicationBus,
        on: EventType,
        checks: Sequence[str],
        tasks: Sequence[SagaTask],
        emits: SagaEmission,
        alarms: sns.ITopic,
        variables: Mapping[str, str] | None = None,
        log_retention: logs.RetentionDays = logs.RetentionDays.ONE_YEAR,
        removal_policy: RemovalPolicy = RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    ) -> None:
        super().__init__(scope, construct_id)
        checks = [*checks, *(check for task in tasks for check in task.checks)]
        if not checks:
            raise ValueError(
                f"{self.node.path} checks nothing of the event: give conditions over $event in checks=[...]."
            )
        dead_letters = dead_letter_queue(self, "DeadLetters", alarms=alarms, removal_policy=removal_policy)
        definition = _definition(
            checks, variables or {}, tasks, emits, bus_name=bus.bus_name, queue_url=dead_letters.queue_url
        )
        machine = express_machine(
            self,
            description=f"Runs the saga {construct_id}",
            definition=definition,
            timeout=Duration.minutes(4),
            log_retention=log_retention,
            removal_policy=removal_policy,
        )
        for task in tasks:
            own = [iam.PolicyStatement(actions=list(task.actions), resources=list(task.resource_arns))]
            for statement in (*(own if task.actions else ()), *task.statements):
                machine.add_to_role_policy(statement)
        bus.grant_publish(machine, source=emits.event.source, detail_types=[emits.event.detail_type])
        dead_letters.grant(machine, "sqs:SendMessage")
        bus.add_rule(
            self,
            "Rule",
            event=on,
            target=targets.SfnStateMachine(
                machine,
                role=iam.Role(
                    machine,
                    "EventsRole",  # the id that CDK would give it
                    assumed_by=service_principal(self, "events.amazonaws.com"),
                    description=f"Starts the saga {construct_id}",
                ),
                dead_letter_queue=dead_letters,
                retry_attempts=20,
                max_event_age=Duration.hours(24),
            ),
        )
        self._machine, self._dead_letters = machine, dead_letters

    @property
    def state_machine_arn(self) -> str:
        """ARN of the state machine, for operators who replay an event."""
        return self._machine.state_machine_arn

    @property
    def dead_letter_queue_url(self) -> str:
        """URL of the queue that holds what failed, for operators."""
        return self._dead_letters.queue_url


def dead_letter_queue(
    scope: Construct, construct_id: str, *, alarms: sns.ITopic, removal_policy: RemovalPolicy
) -> sqs.Queue:
    """Make a dead-letter queue, with an alarm as soon as a message is in it.

    It is encrypted, takes TLS only and keeps messages for 14 days, the longest that SQS can. The alarm is a part of it.
    """
    queue = sqs.Queue(
        scope,
        construct_id,
        encryption=sqs.QueueEncryption.SQS_MANAGED,
        enforce_ssl=True,
        retention_period=Duration.days(14),
        removal_policy=removal_policy,
    )
    declare_store(queue, Store(holds="events and work that failed, for 14 days", by=By.NONE))
    for rule in ("AwsSolutions-SQS3", "Serverless-SQSRedrivePolicy"):
        acknowledge(queue, rule, "It is itself a dead-letter queue.")
    alarm(
        queue,
        "Alarm",
        queue.metric_approximate_number_of_messages_visible(period=Duration.minutes(1), statistic="Maximum"),
        f"Dead letters in {queue.node.path}: see docs/operations.md for how to replay them",
        tells=alarms,
    )
    return queue


def _definition(
    checks: Sequence[str],
    variables: Mapping[str, str],
    tasks: Sequence[SagaTask],
    emits: SagaEmission,
    *,
    bus_name: str,
    queue_url: str,
) -> dict[str, Any]:
    """Return the state machine in Amazon States Language."""
    publish = SagaTask(
        name="Publish the event",
        resource="arn:aws:states:::events:putEvents",
        arguments={
            "Entries": [
                {
                    "Source": emits.event.source,
                    "DetailType": emits.event.detail_type,
                    "Detail": emits.detail,
                    "EventBusName": bus_name,
                }
            ]
        },
    )
    chain = [*tasks, publish]
    names = [task.name for task in chain] + [_CHECK, _REFUSED, DEAD_LETTER, FAILED, _POINTLESS]
    if repeated := {name for name in names if names.count(name) > 1}:
        raise ValueError(f"The saga has two states named {min(repeated)!r}: give each task a name of its own.")
    states: dict[str, Any] = {
        _CHECK: {
            "Type": "Choice",
            "Assign": {"event": f"{{% {_EVENT} %}}"},
            "Choices": [
                {
                    "Condition": "{% " + " and ".join(check.replace("$event", _EVENT) for check in checks) + " %}",
                    "Assign": {
                        "event": f"{{% {_EVENT} %}}",
                        **{name: "{% " + text.replace("$event", _EVENT) + " %}" for name, text in variables.items()},
                    },
                    "Next": chain[0].name,
                }
            ],
            "Default": _REFUSED,
        },
        _REFUSED: {
            "Type": "Pass",
            "Output": {
                "Error": "InvalidEvent",
                "Cause": "The event lacks a required field, or has a malformed id.",
            },
            "Next": DEAD_LETTER,
        },
        **dead_letter_states(
            queue_url,
            event=f"{{% {_EVENT} %}}",
            attempts=_ATTEMPTS,
            cause="The event is in the dead-letter queue.",
        ),
    }
    if any(task.pointless_after for task in tasks):
        states[_POINTLESS] = {"Type": "Succeed"}
    for task, following in zip(chain, [*(later.name for later in chain[1:]), None], strict=True):
        states[task.name] = _task_state(task, following)
        if task.all_done_when:
            question = f"{task.name}: all done?"
            states[task.name] |= {"Assign": {"allDone": f"{{% {task.all_done_when} %}}"}, "Next": question}
            states[question] = choice("$allDone", then=publish.name, otherwise=str(following))
        if task.done_if_cause_has and following:
            states[_doubt(task)] = {
                "Type": "Choice",
                "Choices": [
                    {
                        "Condition": f"{{% $states.input.Error = '{error}' "
                        f"and $contains($states.input.Cause, '{words}') %}}",
                        "Output": {},
                        "Next": following,
                    }
                    for error, words in task.done_if_cause_has.items()
                ],
                "Default": DEAD_LETTER,
            }
    return {"QueryLanguage": "JSONata", "StartAt": _CHECK, "States": states}


def _task_state(task: SagaTask, following: str | None) -> dict[str, Any]:
    state = task_state(task.resource, task.arguments, attempts=_ATTEMPTS, then=following)
    if task.done_already and following:
        go_on_after(state, task.done_already, following)
    if task.pointless_after:
        go_on_after(state, task.pointless_after, _POINTLESS)
    if task.done_if_cause_has and following:
        errors = list(task.done_if_cause_has)
        doubt = {"ErrorEquals": errors, "Output": "{% $states.errorOutput %}", "Next": _doubt(task)}
        state["Catch"] = [doubt, *state["Catch"]]
    return state


def _doubt(task: SagaTask) -> str:
    return f"{task.name}: done already?"
