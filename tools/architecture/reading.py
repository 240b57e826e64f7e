"""From templates to a graph: each function below derives one kind of edge from what CloudFormation will be told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tools.architecture.events import event_nodes, events_of_rule, rules_of_buses
from tools.architecture.grants import DEAD_LETTERS, grants, outside
from tools.architecture.graph import Edge, Graph
from tools.architecture.nodes import node

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tools.architecture.templates import Place, Resource, Templates


def read(templates: Templates) -> Graph:
    """Return the graph of an app.

    Raises
    ------
    tools.architecture.nodes.UnknownResourceError
        There is a resource of a type that the pictures know nothing of.
    """
    nodes = {drawn.place: drawn for found in templates.of() if (drawn := node(found))}
    nodes |= {found.place: found for found in event_nodes(templates)}
    edges = sorted({edge for derive in _DERIVATIONS for edge in derive(templates)})
    outsiders = {edge.target for edge in edges if edge.target not in templates and edge.target not in nodes}
    nodes |= {place: outside(place) for place in sorted(outsiders)}
    between = [edge for edge in edges if edge.source in nodes and edge.target in nodes]
    return Graph(templates.stacks, nodes, between)


def _rules(templates: Templates) -> Iterator[Edge]:
    """Draw which events start what, and where they go when that fails."""
    for rule in rules_of_buses(templates):
        stack, pattern = rule.place.stack, rule.properties["EventPattern"]
        for bus in templates.referred(stack, rule.properties["EventBusName"]):
            for target in rule.properties.get("Targets", []):
                for started in templates.referred(stack, target["Arn"]):
                    yield from (Edge(event, started, "starts") for event in events_of_rule(bus, pattern))
                    for queue in templates.referred(stack, target.get("DeadLetterConfig")):
                        yield Edge(started, queue, DEAD_LETTERS, dotted=True)


def _routes(templates: Templates) -> Iterator[Edge]:
    """Draw which function answers which route."""
    for method in templates.of("AWS::ApiGateway::Method"):
        stack, properties = method.place.stack, method.properties
        label = f"{properties['HttpMethod']} {_path(templates, stack, properties['ResourceId'])}"
        label += {"AWS_IAM": " (IAM)", "NONE": " (open)"}.get(properties["AuthorizationType"], "")
        for api in templates.referred(stack, properties["RestApiId"]):
            for function in templates.referred(stack, properties["Integration"].get("Uri")):
                yield Edge(api, function, label)


def _path(templates: Templates, stack: str, resource: object) -> str:
    """Return the path of a resource of an API, of which each names its parent."""
    (place,) = templates.referred(stack, resource)
    found = templates[place]
    if found.type != "AWS::ApiGateway::Resource":
        return ""  # the API itself, whose root it is
    parent = _path(templates, stack, found.properties["ParentId"])
    return f"{parent}/{found.properties['PathPart']}"


def _origins(templates: Templates) -> Iterator[Edge]:
    """Draw what answers behind a distribution, and where."""
    for distribution in templates.of("AWS::CloudFront::Distribution"):
        stack, config = distribution.place.stack, distribution.properties["DistributionConfig"]
        paths = {behavior["TargetOriginId"]: behavior["PathPattern"] for behavior in config.get("CacheBehaviors", [])}
        for origin in config["Origins"]:
            for answering in templates.referred(stack, origin["DomainName"]):
                yield Edge(distribution.place, answering, paths.get(origin["Id"], "every other path"))


def _between(templates: Templates) -> Iterator[Edge]:
    """Draw what a resource connects: two that it names, or itself with one."""
    for type_, source, target, label in _CONNECTIONS:
        for found in templates.of(type_):
            sources, targets = (
                templates.referred(found.place.stack, found.properties[name]) if name else [found.place]
                for name in (source, target)
            )
            yield from (Edge(one, other, label) for one in sources for other in targets)


def _triggers(templates: Templates) -> Iterator[Edge]:
    """Draw which functions Cognito calls, and when."""
    for pool in templates.of("AWS::Cognito::UserPool"):
        for name, hook in pool.properties.get("LambdaConfig", {}).items():
            version = f" {hook['LambdaVersion']}" if "LambdaVersion" in hook else ""
            for function in templates.referred(pool.place.stack, hook):
                yield Edge(pool.place, function, name.removesuffix("Config") + version)


def _alarms(templates: Templates) -> Iterator[Edge]:
    """Draw what is watched, and who is told."""
    for alarm in templates.of("AWS::CloudWatch::Alarm"):
        stack, properties = alarm.place.stack, alarm.properties
        for topic in templates.referred(stack, properties.get("AlarmActions")):
            for dimension in _dimensions(properties):
                api = templates.named("AWS::ApiGateway::RestApi", "Name", dimension["Value"])
                for watched in templates.referred(stack, dimension["Value"]) or filter(None, [api]):
                    yield Edge(watched, topic, "alarm", dotted=True)


def _dimensions(alarm: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield what an alarm's metric, or each metric of its expression, is about."""
    yield from alarm.get("Dimensions", [])
    for metric in alarm.get("Metrics", []):
        yield from metric.get("MetricStat", {}).get("Metric", {}).get("Dimensions", [])


def _token_checks(templates: Templates) -> Iterator[Edge]:
    """Draw whose tokens a function verifies: the pool's keys are public, so that there is no grant to tell it by."""
    for function in templates.of("AWS::Lambda::Function"):
        told: dict[Place, list[str]] = {}
        for name, value in function.properties.get("Environment", {}).get("Variables", {}).items():
            for place in templates.referred(function.place.stack, value):
                for pool in _pools(templates, templates[place]):
                    told.setdefault(pool, []).append(name)
        for pool, names in told.items():
            yield Edge(function.place, pool, ", ".join(names))


def _pools(templates: Templates, resource: Resource) -> list[Place]:
    """Return the user pool that a resource is or belongs to."""
    if resource.type == "AWS::Cognito::UserPoolClient":
        return templates.referred(resource.place.stack, resource.properties["UserPoolId"])
    return [resource.place] if resource.type == "AWS::Cognito::UserPool" else []


# Which function an API asks first, what functions work off by batches, what keeps the events of a bus, and what a
# parameter tells of.
_CONNECTIONS: Final = (
    ("AWS::ApiGateway::Authorizer", "RestApiId", "AuthorizerUri", "authorizer"),
    ("AWS::Lambda::EventSourceMapping", "EventSourceArn", "FunctionName", "batches"),
    ("AWS::Events::Archive", "SourceArn", "", ""),
    ("AWS::SSM::Parameter", "", "Value", "address"),
)
_DERIVATIONS: Final = (
    grants,
    _rules,
    _routes,
    _origins,
    _between,
    _triggers,
    _alarms,
    _token_checks,
)
