"""The event bus of an application, with an archive and a registry of what its events look like."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aws_cdk import Duration, RemovalPolicy, Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_eventschemas as schemas
from aws_cdk import aws_iam as iam
from constructs import Construct

from tenantry.functions import declare_store
from tenantry.model.stores import By, Store

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True, kw_only=True)
class EventType:
    """A kind of event.

    Attributes
    ----------
    source
        Who says it, such as ``tenantry.user``.
    detail_type
        What happened, such as ``created``.
    """

    source: str
    detail_type: str

    def __str__(self) -> str:
        """Return ``source@detail_type``, the registry's way of naming it."""
        return f"{self.source}@{self.detail_type}"


class ApplicationBus(Construct):
    """A bus on which every publisher may say only what it was granted to say.

    Isolation: `grant_publish` is the one way to publish, and binds the grantee to an event's source and
    detail-type, so that no service can speak as another one.

    Parameters
    ----------
    scope, construct_id
        Where the bus stands in the app.
    bus_name
        Its name.
    archive_days
        Days that its events can be replayed.
    event_schemas
        JSON Schemas (draft 4) of the events' details, by event.
    removal_policy
        What becomes of the bus and its archive with the stack.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        bus_name: str,
        archive_days: int,
        event_schemas: Mapping[EventType, Mapping[str, Any]],
        removal_policy: RemovalPolicy = RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    ) -> None:
        super().__init__(scope, construct_id)
        self._bus = events.EventBus(self, "Bus", event_bus_name=bus_name)
        self._bus.apply_removal_policy(removal_policy)
        archive = self._bus.archive(
            "Archive",
            description=f"Events of {bus_name}, for replay",
            event_pattern=events.EventPattern(account=[Stack.of(self).account]),
            retention=Duration.days(archive_days),
        )
        archive.apply_removal_policy(removal_policy)
        declare_store(self._bus, Store(holds="events under way", by=By.NONE))
        declare_store(archive, Store(holds=f"events of the last {archive_days} days", by=By.NONE))
        registry = schemas.CfnRegistry(
            self, "Registry", registry_name=bus_name, description=f"Schemas of the events on {bus_name}"
        )
        for event, schema in event_schemas.items():
            entry = schemas.CfnSchema(
                self,
                f"Schema{event}",
                registry_name=bus_name,
                schema_name=str(event),
                type="JSONSchemaDraft4",
                content=json.dumps({"$schema": "http://json-schema.org/draft-04/schema#", **schema}),
            )
            entry.add_resource_dependency(registry)

    @property
    def bus_name(self) -> str:
        """The bus's name."""
        return self._bus.event_bus_name

    @property
    def bus_arn(self) -> str:
        """The bus's ARN."""
        return self._bus.event_bus_arn

    def add_rule(
        self, scope: Construct, construct_id: str, *, event: EventType, target: events.IRuleTarget
    ) -> events.Rule:
        """Send every event of a kind to a target. The rule belongs to `scope`, the stack that wants the events."""
        return events.Rule(
            scope,
            construct_id,
            event_bus=self._bus,
            description=f"{event} to {construct_id}",
            event_pattern=events.EventPattern(source=[event.source], detail_type=[event.detail_type]),
            targets=[target],
        )

    def grant_publish(self, grantee: iam.IGrantable, *, source: str, detail_types: Sequence[str]) -> iam.Grant:
        """Let `grantee` publish these events and no others.

        The conditions hold for each entry of a PutEvents call. ``ForAllValues`` alone would also be true of a request
        without the key, hence ``Null``.

        Source: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-conditions.html
        """
        keys = {"events:source": [source], "events:detail-type": list(detail_types)}
        return iam.Grant.add_to_principal(
            grantee=grantee,
            actions=["events:PutEvents"],
            resource_arns=[self._bus.event_bus_arn],
            conditions={"ForAllValues:StringEquals": keys, "Null": dict.fromkeys(keys, "false")},
        )
