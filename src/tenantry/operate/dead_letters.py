"""Dead-letter messages: what failed after all retries, and how it is replayed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from tenantry.model.event_types import IDENTITY, MEMBERSHIP, SIGN_UP, TENANT
from tenantry.operate.stacks import resources

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mypy_boto3_sqs.type_defs import MessageTypeDef

    from tenantry.operate.environment import Environment

_BATCH: Final = 10
# Long enough to look through a full queue, short enough that an interrupted command hides nothing for long.
_HOLD_SECONDS: Final = 120
# What may be in a queue of events that missed the bus: the source, without the application's name, and the kinds.
_PUBLISHED: Final = {
    "SignUp": (IDENTITY, frozenset({SIGN_UP})),
    "Membership": (TENANT, frozenset(MEMBERSHIP)),
}
_WORK: Final = frozenset({"id", "tenantId", "userId", "at"})  # what `tenantry.isolation.events.TenantQueue` captures
_TOPICS: Final = "parks-"
_NOTIFIED: Final = {"tenantId": "tenantId", "id": "parkId", "status": "eventType"}
_OPERATOR: Final = "operator"
_ENTRY: Final = frozenset({"Source", "DetailType", "Detail", "EventBusName"})


class Kind(StrEnum):
    """Where a dead-letter message comes from, and so how it is replayed."""

    SAGA = "saga"
    """A state machine gave up: it is started again with its event."""
    DELIVERY = "delivery"
    """EventBridge could not reach a state machine or a function: it is started, or called, with the event."""
    FUNCTION = "function"
    """A function failed on the event in spite of its retries: it is called again with it."""
    PUBLICATION = "publication"
    """A function could not reach the bus: the event is published on it."""
    WORK = "work"
    """A function could not do a tenant's queued work: it is put on the queue again, with the tenant that it has."""
    WEBHOOK = "webhook"
    """SNS could not deliver to an endpoint: the park's webhooks get the event again, if their creators may."""


class NotUnderstoodError(Exception):
    """A message is not a dead-letter message of this application; it stays in its queue."""


class ReplayError(Exception):
    """A replay was not accepted; the message is left where it is."""


@dataclass(frozen=True, kw_only=True)
class Failure:
    """What a message says: what has failed, and what takes its replay.

    Attributes
    ----------
    kind
        Where it comes from.
    destination
        What takes the replay: the ARN of a state machine or of a function, or the name of the bus.
    event
        The EventBridge event, or the entry for the bus.
    error, cause
        What went wrong.
    execution
        The execution that failed, if there was one.
    """

    kind: Kind
    destination: str
    event: Mapping[str, Any]
    error: str
    cause: str = ""
    execution: str = ""


@dataclass(frozen=True, kw_only=True)
class Message:
    """A message that waits in a dead-letter queue.

    Attributes
    ----------
    queue
        Name of the queue, as the outputs call it.
    url
        Its URL.
    id, receipt
        The message's id, and what it can be deleted by.
    sent
        When it came.
    body
        Its text.
    attributes
        Its message attributes.
    """

    queue: str
    url: str
    id: str
    receipt: str
    sent: datetime
    body: str
    attributes: Mapping[str, str]

    @classmethod
    def of(cls, queue: str, url: str, found: MessageTypeDef) -> Message:
        """Read what SQS has given."""
        attributes = found.get("MessageAttributes", {})
        sent = int(found.get("Attributes", {}).get("SentTimestamp", "0")) / 1000
        return cls(
            queue=queue,
            url=url,
            id=found["MessageId"],
            receipt=found["ReceiptHandle"],
            sent=datetime.fromtimestamp(sent, UTC),
            body=found["Body"],
            attributes={name: value.get("StringValue", "") for name, value in attributes.items()},
        )

    def read(self) -> Failure:
        """Return what the message says.

        Raises
        ------
        NotUnderstoodError
            It is not one of the three kinds.
        """
        try:
            body = json.loads(self.body)
        except ValueError:
            raise NotUnderstoodError("the message is not JSON") from None
        if not isinstance(body, dict):
            raise NotUnderstoodError("the message is not a JSON object")
        if "TARGET_ARN" in self.attributes:
            return _delivery(body, self.attributes)
        if "stateMachineArn" in body:
            return _saga(body)
        if "requestPayload" in body:
            return _function(body)
        if set(body) >= _WORK:
            return Failure(kind=Kind.WORK, destination=self.queue, event=body, error="RetriesExhausted")
        if body.get("Type") == "Notification":
            return _notification(body, self.attributes)
        if "entry" in body:
            return _publication(body)
        raise NotUnderstoodError("the message has no state machine, function or event bus entry")


def _delivery(body: dict[str, Any], attributes: Mapping[str, str]) -> Failure:
    return Failure(
        kind=Kind.DELIVERY,
        destination=attributes["TARGET_ARN"],
        event=_event(body),
        error=attributes.get("ERROR_CODE", ""),
        cause=attributes.get("ERROR_MESSAGE", ""),
    )


def _saga(body: dict[str, Any]) -> Failure:
    return Failure(
        kind=Kind.SAGA,
        destination=str(body["stateMachineArn"]),
        event=_event(body.get("event")),
        error=str(body.get("error", "")),
        cause=str(body.get("cause", "")),
        execution=str(body.get("executionArn", "")),
    )


def _function(body: dict[str, Any]) -> Failure:
    context, response = body.get("requestContext"), body.get("responsePayload")
    if not isinstance(context, dict) or not isinstance(context.get("functionArn"), str):
        raise NotUnderstoodError("requestContext.functionArn is missing")
    failure = response if isinstance(response, dict) else {}
    return Failure(
        kind=Kind.FUNCTION,
        destination=":".join(context["functionArn"].split(":")[:7]),  # without the version
        event=_event(body["requestPayload"]),
        error=str(failure.get("errorType") or context.get("condition", "")),
        cause=str(failure.get("errorMessage", "")),
        execution=str(context.get("requestId", "")),
    )


def _publication(body: dict[str, Any]) -> Failure:
    entry = body["entry"]
    if (
        not isinstance(entry, dict)
        or set(entry) != _ENTRY
        or not all(isinstance(value, str) for value in entry.values())
    ):
        raise NotUnderstoodError(f"entry must consist of the strings {', '.join(sorted(_ENTRY))}")
    return Failure(
        kind=Kind.PUBLICATION, destination=entry["EventBusName"], event=entry, error=str(body.get("error", ""))
    )


def _notification(body: dict[str, Any], attributes: Mapping[str, str]) -> Failure:
    if not isinstance(body.get("TopicArn"), str) or not isinstance(body.get("Message"), str):
        raise NotUnderstoodError("TopicArn or Message is missing")
    return Failure(
        kind=Kind.WEBHOOK,
        destination=body["TopicArn"],
        event={"Message": body["Message"]},
        error=attributes.get("ErrorCode", ""),
        cause=attributes.get("ErrorMessage", ""),
        execution=str(body.get("MessageId", "")),
    )


def _event(event: object) -> dict[str, Any]:
    if not isinstance(event, dict) or not {"source", "detail-type", "detail"} <= set(event):
        raise NotUnderstoodError("the message has no EventBridge event")
    return event


def _is_function(arn: str) -> bool:
    return arn.startswith("arn:") and arn.split(":")[2] == "lambda"


class DeadLetterQueues:
    """The dead-letter queues of an environment.

    Parameters
    ----------
    environment
        The environment; its outputs name queues, state machines and the bus.
    """

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self._aws = environment.aws
        self.urls = environment.outputs_ending("DeadLetterQueueUrl")
        # Only these are ever started: what a message names is checked, since whoever can write to a queue could
        # otherwise have an operator start anything.
        self._machines = frozenset(environment.outputs_ending("StateMachineArn").values())
        self._bus = environment.output("common", "EventBusName")
        # A queue of work and its dead-letter queue have one name.
        self._work = environment.outputs_ending("QueueUrl")

    @cached_property
    def _functions(self) -> frozenset[str]:
        made = resources(self._aws, self._environment.outputs)
        return frozenset(resource.id for resource in made if resource.kind == "AWS::Lambda::Function")

    def depths(self) -> dict[str, int]:
        """Return about how many messages wait in each queue."""
        name: Final = "ApproximateNumberOfMessages"
        return {
            queue: int(self._aws.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[name])["Attributes"][name])
            for queue, url in self.urls.items()
        }

    def messages(self, queue: str | None = None, limit: int | None = None) -> Iterator[Message]:
        """Take messages in hand one by one; those that are not deleted go back when the iterator is done.

        What is sent later than the call is left for the next one: a failure that is replayed and fails once more comes
        back as a new one, and would be replayed for ever.

        Raises
        ------
        LookupError
            There is no such queue.
        """
        if queue is not None and queue not in self.urls:
            raise LookupError(f"Unknown queue '{queue}'; choose one of {', '.join(self.urls) or 'none'}.")
        chosen = [(name, url) for name, url in self.urls.items() if queue in {None, name}]
        in_hand: list[Message] = []
        count, began = 0, datetime.now(UTC)
        try:
            for batch in (batch for name, url in chosen for batch in self._batches(name, url)):
                in_hand += batch
                for message in batch:
                    if message.sent > began:
                        continue
                    if count == limit:
                        return
                    count += 1
                    yield message
        finally:
            for message in in_hand:
                self._give_back(message)

    def replay(self, message: Message, *, dry_run: bool = False) -> Failure:
        """Replay a message, and delete it once the replay is accepted.

        Should the deletion fail, the message is replayed once more some day; the sagas are made for that.

        Raises
        ------
        NotUnderstoodError
            It is not a dead-letter message of this environment.
        ReplayError
            AWS has not accepted it.
        """
        failure = message.read()
        self._check(failure, message.queue)
        if dry_run:
            return failure
        try:
            if failure.kind is Kind.PUBLICATION:
                self._put(failure)
            elif failure.kind is Kind.WORK:
                self._aws.sqs.send_message(QueueUrl=self._work[failure.destination], MessageBody=message.body)
            elif failure.kind is Kind.WEBHOOK:
                self._notify(failure)
            elif _is_function(failure.destination):
                self._aws.functions.invoke(
                    FunctionName=failure.destination, InvocationType="Event", Payload=json.dumps(failure.event).encode()
                )
            else:
                # The name ties the execution to the message in the console and in the logs.
                self._aws.stepfunctions.start_execution(
                    stateMachineArn=failure.destination, name=f"replay-{message.id}", input=json.dumps(failure.event)
                )
            self._aws.sqs.delete_message(QueueUrl=message.url, ReceiptHandle=message.receipt)
        except (ClientError, BotoCoreError) as error:
            raise ReplayError(str(error)) from error
        return failure

    def _check(self, failure: Failure, queue: str) -> None:
        if failure.kind is Kind.PUBLICATION:
            name, kinds = _PUBLISHED.get(queue, ("", frozenset()))
            source = f"{self._environment.app}.{name}"
            if (failure.destination, failure.event["Source"]) != (self._bus, source):
                raise NotUnderstoodError(f"the message is not an event of {source} for the bus {self._bus}")
            if failure.event["DetailType"] not in kinds:
                raise NotUnderstoodError(f"its DetailType does not belong in the queue {queue}")
        elif failure.kind is Kind.WORK:
            if queue not in self._work:
                raise NotUnderstoodError(f"no work queue uses {queue} as its dead-letter queue")
        elif failure.kind is Kind.WEBHOOK:
            if not failure.destination.rsplit(":", 1)[-1].startswith(f"{self._environment.app}-{_TOPICS}"):
                raise NotUnderstoodError(f"{failure.destination} is not a topic of '{self._environment.app}'")
            self._asked(failure)
        elif failure.destination not in self._machines and not (
            _is_function(failure.destination) and failure.destination.rsplit(":", 1)[-1] in self._functions
        ):
            raise NotUnderstoodError(
                f"{failure.destination} is not a state machine or function of '{self._environment.name}'"
            )

    def _asked(self, failure: Failure) -> dict[str, str]:
        """Return what the function that publishes is asked: it asks the directory who may be told."""
        try:
            event = json.loads(failure.event["Message"])
            asked = {name: str(event[key]) for name, key in _NOTIFIED.items()}
            moment = datetime.fromisoformat(str(event["time"]))
        except (ValueError, KeyError, TypeError):
            raise NotUnderstoodError("its Message is not a webhook event") from None
        topic = f"{self._environment.app}-{_TOPICS}{asked['tenantId']}_{asked['id']}_{asked['status']}"
        if failure.destination.rsplit(":", 1)[-1] != topic:
            raise NotUnderstoodError(f"its Message does not belong to the topic {failure.destination}")
        return {**asked, "userId": _OPERATOR, "at": str(round(moment.timestamp() * 1000))}

    def _notify(self, failure: Failure) -> None:
        answer = self._aws.functions.invoke(
            FunctionName=self._environment.output("parks", "ParkPublicationFunctionName"),
            Payload=json.dumps(self._asked(failure)).encode(),
        )
        if "FunctionError" in answer:
            raise ReplayError("the publishing function failed; see its log")

    def _put(self, failure: Failure) -> None:
        entry: Any = failure.event  # of these four strings, as `_publication` has seen
        answer = self._aws.events.put_events(Entries=[entry])
        if answer["FailedEntryCount"]:
            raise ReplayError(f"the event bus refused it: {answer['Entries'][0].get('ErrorCode')}")

    def _batches(self, name: str, url: str) -> Iterator[list[Message]]:
        seen: set[str] = set()
        while True:
            found = self._aws.sqs.receive_message(
                QueueUrl=url,
                MaxNumberOfMessages=_BATCH,
                VisibilityTimeout=_HOLD_SECONDS,
                MessageAttributeNames=["All"],
                MessageSystemAttributeNames=["SentTimestamp"],
            ).get("Messages", [])
            fresh = [Message.of(name, url, message) for message in found if message["MessageId"] not in seen]
            if not fresh:
                return
            seen.update(message.id for message in fresh)
            yield fresh

    def _give_back(self, message: Message) -> None:
        """Let others see a message at once; one that is deleted, or seen again by now, needs nothing."""
        try:
            self._aws.sqs.change_message_visibility(
                QueueUrl=message.url, ReceiptHandle=message.receipt, VisibilityTimeout=0
            )
        except ClientError as error:
            gone = {"ReceiptHandleIsInvalid", "InvalidParameterValue", "AWS.SimpleQueueService.MessageNotInflight"}
            if error.response["Error"]["Code"] not in gone | {"MessageNotInflight"}:
                raise
