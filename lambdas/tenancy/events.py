"""The events that the functions publish."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_events.type_defs import PutEventsRequestEntryTypeDef


class PublishError(RuntimeError):
    """The bus did not take an event."""


class EventMetadata(BaseModel):
    """What is said of each event beside its data.

    Attributes
    ----------
    domain
        The part of the system that speaks.
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
