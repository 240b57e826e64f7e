"""The events that the functions publish."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from botocore.exceptions import BotoCoreError, ClientError
from pydantic import BaseModel, ConfigDict, Field

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_events.type_defs import PutEventsRequestEntryTypeDef
    from mypy_boto3_sqs import SQSClient


class PublishError(RuntimeError):
    """The bus did not take an event."""


class EventMetadata(BaseModel):
    """The metadata of each event.

    Attributes
    ----------
    domain
        The part of the system that publishes it.
    application
        The application's name.
    event_type
        The same as the event's detail-type.
    version
        Of the data's shape.
    """

    model_config = ConfigDict(frozen=True)

    domain: str
    application: str
    event_type: str
    version: str = "1.0"


class SignUpData(BaseModel):
    """A person who has confirmed their sign-up."""

    model_config = ConfigDict(frozen=True)

    email: str
    userName: str  # noqa: N815 - the contract's spelling
    name: str
    verified: bool
    status: str


class SignUp(BaseModel):
    """Detail of `App.idp` / `signup`, the event that starts the saga."""

    model_config = ConfigDict(frozen=True)

    metadata: EventMetadata
    data: SignUpData


class MembershipEvent(BaseModel):
    """What the details of all membership events of `App.tenant` have in common.

    Attributes
    ----------
    changeId
        Of the change: a consumer that has seen it has seen the event.
    at
        When it was made.
    tenantId
        In which tenant.
    by
        Who made it.
    """

    model_config = ConfigDict(frozen=True)

    changeId: str = Field(default_factory=lambda: str(uuid4()))  # noqa: N815 - the contract's spelling
    at: datetime = Field(default_factory=lambda: datetime.now(UTC))
    tenantId: str  # noqa: N815 - the contract's spelling
    by: str


class MemberInvited(MembershipEvent):
    """Detail of ``memberInvited``: an invitation waits for whoever signs in with this address. It holds no secret."""

    email: str
    roles: list[str]
    expires: datetime


class MemberAdded(MembershipEvent):
    """Detail of ``memberAdded``: a user has accepted an invitation."""

    userName: str  # noqa: N815 - the contract's spelling
    email: str
    name: str
    roles: list[str]


class MemberRolesChanged(MembershipEvent):
    """Detail of ``memberRolesChanged``."""

    userName: str  # noqa: N815 - the contract's spelling
    roles: list[str]
    rolesBefore: list[str]  # noqa: N815 - as above


class MemberRemoved(MembershipEvent):
    """Detail of ``memberRemoved``: a member was removed, or has left if they made the change."""

    userName: str  # noqa: N815 - the contract's spelling
    rolesBefore: list[str]  # noqa: N815 - as above


class ActiveTenantSwitched(MembershipEvent):
    """Detail of ``activeTenantSwitched``: a user has made this tenant the active one."""

    tenantIdBefore: str | None  # noqa: N815 - the contract's spelling


def publish(client: EventBridgeClient, entry: PutEventsRequestEntryTypeDef) -> None:
    """Put one event on the bus.

    PutEvents answers 200 also when it has refused the entry, which this turns into an error.

    Source: https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html

    Raises
    ------
    PublishError
        The bus refused it.
    botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError
        The bus could not be reached, or the role may not publish this.
    """
    answer = client.put_events(Entries=[entry])
    if answer["FailedEntryCount"]:
        raise PublishError(answer["Entries"][0].get("ErrorCode", "unknown"))


class EventPublisher:
    """Publishes events that must not be lost, since what they report has happened already.

    What the bus does not take goes to a dead-letter queue, from where an operator replays it.

    Parameters
    ----------
    bus, queue
        EventBridge and SQS.
    bus_name
        Name of the bus.
    queue_url
        URL of the dead-letter queue.
    """

    def __init__(self, bus: EventBridgeClient, queue: SQSClient, *, bus_name: str, queue_url: str) -> None:
        self._bus = bus
        self._queue = queue
        self._bus_name = bus_name
        self._queue_url = queue_url

    def publish(self, source: str, detail_type: str, detail: BaseModel) -> Exception | None:
        """Publish an event; return why it is in the dead-letter queue instead, if it is.

        Raises
        ------
        botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError
            Neither of the two has taken it.
        """
        entry: PutEventsRequestEntryTypeDef = {
            "Source": source,
            "DetailType": detail_type,
            "Detail": detail.model_dump_json(),
            "EventBusName": self._bus_name,
        }
        try:
            publish(self._bus, entry)
        except (PublishError, ClientError, BotoCoreError) as error:
            message: dict[str, Any] = {"entry": entry, "error": type(error).__name__}
            self._queue.send_message(QueueUrl=self._queue_url, MessageBody=json.dumps(message))
            return error
        return None
