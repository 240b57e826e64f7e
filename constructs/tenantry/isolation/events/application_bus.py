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
from tenantry.isolation._imported import imported
from tenantry.isolation.validation import bus_name as checked_bus_name
from tenantry.isolation.validation import detail_type as checked_detail_type
from tenantry.isolation.validation import event_source
from tenantry.model.stores import By, Store

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Self


@dataclass(frozen=True, kw_only=True)
class EventType:
    """A kind of event.

    Attributes
    ----------
    source
        Who publishes it, such as ``tenantry.user``.
    detail_type
        What happened, such as ``created``.
    """

    source: str
    detail_type: str

    def __post_init__(self) -> None:
        """Refuse what EventBridge would never match."""
        event_source(self.source)
        checked_detail_type(self.detail_type)

    def __str__(self) -> str:
        """Return ``source@detail_type``, the registry's way of naming it."""
        return f"{self.source}@{self.detail_type}"


class ApplicationBus(Construct):
    """A bus on which every publisher may publish only the events that it was granted.

    Isolation: of this construct's methods, `grant_publish` alone lets somebody publish, and binds the grantee to an
    event's source and detail-types, so that a service publishes nothing as another one.

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

    Raises
    ------
    ValueError
        The name is not one, or the archive would keep nothing.
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
        if archive_days < 1:
            raise ValueError(
                f"The archive of {self.node.path} cannot keep events for {archive_days} days: use 1 or more."
            )
        bus = events.EventBus(self, "Bus", event_bus_name=checked_bus_name(bus_name))
        self._bus: events.IEventBus = bus
        bus.apply_removal_policy(removal_policy)
        archive = bus.archive(
            "Archive",
            description=f"Events of {bus_name}, for replay",
            event_pattern=events.EventPattern(account=[Stack.of(self).account]),
            retention=Duration.days(archive_days),
        )
        archive.apply_removal_policy(removal_policy)
        declare_store(bus, Store(holds="events under way", by=By.NONE))
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

    @classmethod
    def from_bus_name(cls, scope: Construct, construct_id: str, *, bus_name: str) -> Self:
        """Return the bus of another stack by its name, in this stack's account and region; its grants are the same."""
        checked_bus_name(bus_name)

        def refer(bus: Self) -> None:
            bus._bus = events.EventBus.from_event_bus_arn(
                bus, "Bus", Stack.of(bus).format_arn(service="events", resource="event-bus", resource_name=bus_name)
            )

        return imported(cls, scope, construct_id, refer)

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
        if not detail_types:
            raise ValueError(f"Nothing of {source!r} is to be published: name the detail-types.")
        kinds = [EventType(source=source, detail_type=kind) for kind in detail_types]
        keys = {"events:source": [source], "events:detail-type": [kind.detail_type for kind in kinds]}
        return iam.Grant.add_to_principal(
            grantee=grantee,
            actions=["events:PutEvents"],
            resource_arns=[self._bus.event_bus_arn],
            conditions={"ForAllValues:StringEquals": keys, "Null": dict.fromkeys(keys, "false")},
        )
