"""The events that the functions publish."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Self
from uuid import uuid4

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from tenantry.model.event_types import IDENTITY, SIGN_UP, source
from tenantry.model.names import name_or
from tenantry.runtime.observability import logger

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_events.type_defs import PutEventsRequestEntryTypeDef
    from mypy_boto3_sqs import SQSClient

    from tenantry.model.identifiers import UserId


class PublishError(RuntimeError):
    """The bus did not take an event."""


class EventMetadata(msgspec.Struct, kw_only=True, frozen=True):
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

    domain: str
    application: str
    event_type: str
    version: str = "1.0"


class SignUpData(msgspec.Struct, kw_only=True, frozen=True):
    """A person who has confirmed their sign-up."""

    email: str
    userName: str  # noqa: N815 - the contract's spelling
    name: str
    verified: bool
    status: str

    @classmethod
    def of(cls, user: UserId, attributes: Mapping[str, Any]) -> Self:
        """Read the attributes that Cognito gives its hooks."""
        return cls(
            email=attributes["email"],
            userName=user,
            name=name_or(attributes.get("name"), attributes["email"]),
            verified=attributes.get("email_verified") == "true",
            status=attributes.get("cognito:user_status", "CONFIRMED"),
        )


class SignUp(msgspec.Struct, kw_only=True, frozen=True):
    """Detail of `App.idp` / `signup`, the event that starts the saga."""

    metadata: EventMetadata
    data: SignUpData

    @classmethod
    def of(cls, application: str, data: SignUpData) -> Self:
        """Return the detail that an application publishes of a person."""
        return cls(metadata=EventMetadata(domain=IDENTITY, application=application, event_type=SIGN_UP), data=data)


class MembershipEvent(msgspec.Struct, kw_only=True, frozen=True):
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

    changeId: str = msgspec.field(default_factory=lambda: str(uuid4()))  # noqa: N815 - the contract's spelling
    at: datetime = msgspec.field(default_factory=lambda: datetime.now(UTC))
    tenantId: str  # noqa: N815 - the contract's spelling
    by: str


class MemberInvited(MembershipEvent, kw_only=True, frozen=True):
    """Detail of ``memberInvited``: an invitation waits for whoever signs in with this address. It holds no secret."""

    email: str
    roles: list[str]
    expires: datetime


class MemberAdded(MembershipEvent, kw_only=True, frozen=True):
    """Detail of ``memberAdded``: a user has accepted an invitation."""

    userName: str  # noqa: N815 - the contract's spelling
    email: str
    name: str
    roles: list[str]


class MemberRolesChanged(MembershipEvent, kw_only=True, frozen=True):
    """Detail of ``memberRolesChanged``."""

    userName: str  # noqa: N815 - the contract's spelling
    roles: list[str]
    rolesBefore: list[str]  # noqa: N815 - as above


class MemberRemoved(MembershipEvent, kw_only=True, frozen=True):
    """Detail of ``memberRemoved``: a member was removed, or has left if they made the change."""

    userName: str  # noqa: N815 - the contract's spelling
    rolesBefore: list[str]  # noqa: N815 - as above


class ActiveTenantSwitched(MembershipEvent, kw_only=True, frozen=True):
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


@dataclass(frozen=True, kw_only=True)
class Publisher:
    """What an application's functions publish with.

    Attributes
    ----------
    bus
        EventBridge.
    bus_name
        Name of the bus.
    application
        The application's name, which the source of each event begins with.
    """

    bus: EventBridgeClient
    bus_name: str
    application: str

    def publish(self, domain: str, detail_type: str, detail: msgspec.Struct) -> None:
        """Publish an event of a part of the system; see `publish` for what it raises."""
        publish(self.bus, self._entry(domain, detail_type, detail))

    def _entry(self, domain: str, detail_type: str, detail: msgspec.Struct) -> PutEventsRequestEntryTypeDef:
        return {
            "Source": source(self.application, domain),
            "DetailType": detail_type,
            "Detail": msgspec.json.encode(detail).decode(),
            "EventBusName": self.bus_name,
        }


@dataclass(frozen=True, kw_only=True)
class KeepingPublisher(Publisher):
    """Publishes events that must not be lost, since what they report has happened already.

    What the bus does not take goes to a dead-letter queue, from where an operator replays it.

    Attributes
    ----------
    queue
        SQS.
    queue_url
        URL of the dead-letter queue.
    """

    queue: SQSClient
    queue_url: str

    def publish(self, domain: str, detail_type: str, detail: msgspec.Struct) -> None:
        """Publish an event, or keep it in the dead-letter queue and log why.

        Raises
        ------
        botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError
            Neither of the two has taken it.
        """
        entry = self._entry(domain, detail_type, detail)
        try:
            publish(self.bus, entry)
        except (PublishError, ClientError, BotoCoreError) as error:
            message: dict[str, Any] = {"entry": entry, "error": type(error).__name__}
            self.queue.send_message(QueueUrl=self.queue_url, MessageBody=json.dumps(message))
            logger.exception("not published; kept in the dead-letter queue")
        else:
            logger.info("published")
