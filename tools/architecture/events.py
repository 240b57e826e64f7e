"""The events of a bus: which there are, and where each is drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tools.architecture.graph import Node
from tools.architecture.templates import Place

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from tools.architecture.templates import Resource, Templates


def event_nodes(templates: Templates) -> Iterator[Node]:
    """Return a node for each kind of event that a registry describes, or that a rule waits for."""
    for registry in templates.of("AWS::EventSchemas::Registry"):
        name = registry.properties["RegistryName"]
        bus = templates.named("AWS::Events::EventBus", "Name", name)
        for schema in templates.of("AWS::EventSchemas::Schema"):
            if bus and schema.properties["RegistryName"] == name:
                source, _, detail_type = schema.properties["SchemaName"].partition("@")
                yield _node(bus, source, detail_type)
    for rule in rules_of_buses(templates):
        pattern = rule.properties["EventPattern"]
        for bus in templates.referred(rule.place.stack, rule.properties["EventBusName"]):
            for source, detail_type in _kinds(pattern["source"], pattern["detail-type"]):
                yield _node(bus, source, detail_type)


def rules_of_buses(templates: Templates) -> Iterator[Resource]:
    """Return the rules of the app's own buses: schedules, and what AWS tells of itself, are on none of them."""
    return (rule for rule in templates.of("AWS::Events::Rule") if "EventBusName" in rule.properties)


def events_of_rule(bus: Place, pattern: Mapping[str, Any]) -> Iterator[Place]:
    """Return where the events of a rule's pattern are drawn."""
    for source, detail_type in _kinds(pattern["source"], pattern["detail-type"]):
        yield _place(bus, source, detail_type)


def events_of_grant(bus: Place, statement: Mapping[str, Any]) -> Iterator[Place]:
    """Return where the events are drawn that a statement lets somebody publish: the bus itself, if that is any."""
    allowed = statement.get("Condition", {}).get("ForAllValues:StringEquals", {})
    if {"events:source", "events:detail-type"} <= set(allowed):
        for source, detail_type in _kinds(allowed["events:source"], allowed["events:detail-type"]):
            yield _place(bus, source, detail_type)
    else:
        yield bus


def _kinds(sources: Iterable[str], detail_types: Iterable[str]) -> Iterator[tuple[str, str]]:
    return ((source, detail_type) for source in sources for detail_type in detail_types)


def _place(bus: Place, source: str, detail_type: str) -> Place:
    return Place(bus.stack, f"{bus.name}.{source}.{detail_type}")


def _node(bus: Place, source: str, detail_type: str) -> Node:
    return Node(place=_place(bus, source, detail_type), kind="event", title=detail_type, subtitle=source, within=bus)
