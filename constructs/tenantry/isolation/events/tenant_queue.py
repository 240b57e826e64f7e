"""Work of many tenants that a function does later, for the tenant of the request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aws_cdk import Duration, RemovalPolicy, Stack
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from tenantry.functions import acknowledge, acknowledge_reach, declare_store
from tenantry.isolation.alarms import alarm
from tenantry.isolation.direct.mapping_template import ContextText
from tenantry.isolation.direct.service_integration import ServiceAction, ServiceIntegration, ServiceReply
from tenantry.isolation.direct.template_statements import UnsafeTemplateError
from tenantry.isolation.events.event_saga import dead_letter_queue
from tenantry.model.authorizer_context import AUTH_TIME, SESSION, TENANT_ID, USER_ID, context_path
from tenantry.model.placeholders import TENANT_IN_NAME
from tenantry.model.stores import By, Store

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aws_cdk import aws_sns as sns

    from tenantry.functions import PythonFunction
    from tenantry.isolation.direct.mapping_template import Condition
    from tenantry.isolation.direct.template_statements import Value
    from tenantry.isolation.documentation import Schema

_WHOSE: Final = (TENANT_ID, USER_ID, AUTH_TIME, SESSION)
# Whose the work is, and which; all of it from API Gateway, none from the caller.
_CAPTURED: Final = {
    "id": ContextText("requestId"),
    **{key: ContextText(context_path(key)) for key in _WHOSE},
    "at": ContextText("requestTimeEpoch"),
}
_BATCH: Final = 10
_TRIES: Final = 5
_LONG: Final = Duration.minutes(15)


class TenantQueue(Construct):
    """A queue of work, each piece of which carries the tenant and the user that the authorizer found.

    Isolation: only the integrations of `on_request` may send to it, and they take tenant and user from the
    authorizer's context when the request comes in: whatever tenant the user switches to later, the work stays that
    tenant's. The function that does it is to do so with credentials vended for the captured tenant, and only while the
    captured sign-in may do it (`tenantry.runtime.authorization_state`).

    Delivery: at least once, in any order. A failed message is retried alone, without the rest of its batch, and
    is in the dead-letter queue, with an alarm, after the fifth attempt.

    Parameters
    ----------
    scope, construct_id
        Where it stands in the app.
    consumer
        Does the work; it reports what failed of a batch (``batchItemFailures``).
    consumer_timeout
        Its timeout.
    alarms
        The topic that is notified of dead-letter messages, and of work that waits for a quarter of an hour.
    removal_policy
        What becomes of the work with the stack.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        consumer: PythonFunction,
        consumer_timeout: Duration,
        alarms: sns.ITopic,
        removal_policy: RemovalPolicy = RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    ) -> None:
        super().__init__(scope, construct_id)
        self._dead_letters = dead_letter_queue(self, "DeadLetters", alarms=alarms, removal_policy=removal_policy)
        self._queue = sqs.Queue(
            self,
            "Queue",
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            # AWS's advice: six times the function's timeout, so that a throttled batch is not given out twice.
            visibility_timeout=Duration.seconds(6 * consumer_timeout.to_seconds()),
            retention_period=Duration.days(4),
            dead_letter_queue=sqs.DeadLetterQueue(queue=self._dead_letters, max_receive_count=_TRIES),
            removal_policy=removal_policy,
        )
        declare_store(self._queue, Store(holds="queued work", by=By.FIELD, key=TENANT_ID, forms=(TENANT_IN_NAME,)))
        alarm(
            self,
            "Waiting",
            self._queue.metric_approximate_age_of_oldest_message(period=Duration.minutes(1), statistic="Maximum"),
            f"Messages wait too long in {self._queue.node.path}",
            tells=alarms,
            threshold=_LONG.to_seconds(),
            periods=5,
        )
        self._queue.grant_consume_messages(consumer)
        acknowledge_reach(
            consumer,
            self._queue.queue_arn,
            actions=["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility"],
            reason="Work of all tenants: each message carries its tenant, which API Gateway took from the authorizer, "
            "and is done with credentials vended for that tenant.",
        )
        mapping = lambda_.EventSourceMapping(
            self,
            "Mapping",
            target=consumer,
            event_source_arn=self._queue.queue_arn,
            batch_size=_BATCH,
            report_batch_item_failures=True,
        )
        acknowledge(
            mapping,
            "Serverless-LambdaEventSourceMappingDestination",
            "A queue has its own dead-letter queue; Lambda takes a destination for streams only.",
        )

    @property
    def queue_url(self) -> str:
        """URL of the queue."""
        return self._queue.queue_url

    @property
    def dead_letter_queue_url(self) -> str:
        """URL of the queue that keeps what failed, for operators."""
        return self._dead_letters.queue_url

    def on_request(
        self,
        construct_id: str,
        *,
        takes: Mapping[str, Value],
        refusal: str,
        guards: Sequence[Condition] = (),
        held_to: Schema | None = None,
    ) -> ServiceIntegration:
        """Return what puts a request's work on the queue; the reply is 202 with the work's id.

        Parameters
        ----------
        construct_id
            Of the integration.
        takes
            What the work is, beside whose it is.
        refusal
            What is said with 400.
        guards
            What must hold of the request.
        held_to
            As for `ServiceIntegration`.

        Raises
        ------
        UnsafeTemplateError
            The work names its tenant, its user, its id or its time itself.
        """
        if taken := set(_CAPTURED) & set(takes):
            raise UnsafeTemplateError(
                f"{min(taken)!r} is set from API Gateway's context, never from the body: choose another name."
            )
        stack = Stack.of(self)
        return ServiceIntegration(
            self,
            construct_id,
            action=ServiceAction(
                service="sqs",
                action="SendMessage",
                resource_arn=self._queue.queue_arn,
                target={},
                path=f"{stack.account}/{self._queue.queue_name}",
                own_fields=_WHOSE,
            ),
            request={"MessageBody": {**_CAPTURED, **takes}},
            guards=guards,
            reply=ServiceReply(status=202, body={"id": ContextText("requestId")}),
            refusal=refusal,
            held_to=held_to,
        )
