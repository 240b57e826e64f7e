"""What IAM lets functions, state machines and tenant roles do, as edges."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from tenantry.model.policies import as_list
from tools.architecture.events import events_of_grant
from tools.architecture.graph import Edge, Node
from tools.architecture.nodes import is_assumed_by_role
from tools.architecture.templates import Place

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tools.architecture.templates import Templates

DEAD_LETTERS: Final = "dead letters"
# What every function and state machine does; nobody needs it drawn.
_PLUMBING: Final = {"logs", "xray"}
# They come with an assumption of a role, and say nothing more.
_IMPLIED: Final = {"SetSourceIdentity", "TagSession"}
_TAG: Final = re.compile(r"\$\{aws:PrincipalTag/(\w+)\}")
_OWN_TENANT: Final = re.compile(r"\$\{credentials-iot:ThingTypeName\}")
_ACTIONS_A_LINE: Final = 3
# What acts with a role, and under which name it has it.
_WITH_ROLES: Final = {
    "AWS::Lambda::Function": "Role",
    "AWS::StepFunctions::StateMachine": "RoleArn",
    "AWS::IoT::RoleAlias": "RoleArn",
    "AWS::KinesisAnalyticsV2::Application": "ServiceExecutionRole",
}


def grants(templates: Templates) -> Iterator[Edge]:
    """Draw every statement that allows something; what it names and no stack makes is a place of its own."""
    owners = _owners(templates)
    for policy in templates.of("AWS::IAM::Policy"):
        stack = policy.place.stack
        for role in templates.referred(stack, policy.properties["Roles"]):
            for owner in owners.get(role, ()):
                yield from _allowed(templates, stack, owner, policy.properties["PolicyDocument"])
    for role_ in templates.of("AWS::IAM::Role"):
        for policy_ in role_.properties.get("Policies", []):
            for owner in owners.get(role_.place, ()):
                yield from _allowed(templates, role_.place.stack, owner, policy_["PolicyDocument"])


def outside(place: Place) -> Node:
    """Return the node of something that a statement names and no stack makes."""
    service, _, name = place.name.partition(":")
    return Node(place=place, kind="outside", title=name, subtitle=f"{service}, by name")


def _owners(templates: Templates) -> Mapping[Place, list[Place]]:
    """Return who acts with each role; one that roles assume is drawn itself, and an API acts with its integrations'."""
    owners: dict[Place, list[Place]] = {}
    for found in templates.of(*_WITH_ROLES):
        role_of = found.properties[_WITH_ROLES[found.type]]
        for role in templates.referred(found.place.stack, role_of):
            owners.setdefault(role, []).append(found.place)
    for found in templates.of("AWS::IAM::Role"):
        if is_assumed_by_role(found):
            owners[found.place] = [found.place]
    for found in templates.of("AWS::ApiGateway::Method"):  # one that calls a service itself
        stack, integration = found.place.stack, found.properties["Integration"]
        for role in templates.referred(stack, integration.get("Credentials")):
            owners[role] = list(templates.referred(stack, found.properties["RestApiId"]))
    return owners


def _allowed(templates: Templates, stack: str, owner: Place, document: Mapping[str, Any]) -> Iterator[Edge]:
    for statement in document["Statement"]:
        pairs = [action.split(":", 1) for action in as_list(statement["Action"])]
        pairs = [(service, name) for service, name in pairs if service not in _PLUMBING and name not in _IMPLIED]
        actions = [name for _, name in pairs]
        if statement["Effect"] == "Allow" and actions:
            for resource in as_list(statement["Resource"]):
                for target in _targets(templates, stack, pairs[0][0], resource):
                    yield from _edges(templates, owner, target, actions, statement, templates.text(resource))


def _edges(  # noqa: PLR0917 - private, and each is another thing
    templates: Templates,
    owner: Place,
    target: Place,
    actions: Sequence[str],
    statement: Mapping[str, Any],
    resource: str,
) -> Iterator[Edge]:
    if takes_dead_letters(templates, target):
        yield Edge(owner, target, DEAD_LETTERS, dotted=True)
    elif actions == ["PutEvents"]:
        yield from (Edge(owner, event, "PutEvents") for event in events_of_grant(target, statement))
    else:
        lines = [actions[at : at + _ACTIONS_A_LINE] for at in range(0, len(actions), _ACTIONS_A_LINE)]
        yield Edge(owner, target, ",\n".join(", ".join(line) for line in lines) + _narrowed(resource))


def _targets(templates: Templates, stack: str, service: str, resource: object) -> Sequence[Place]:
    """Return what a statement's resource is: by reference, by the physical name in its ARN, or outside of the app."""
    if found := templates.referred(stack, resource):
        return found
    if "-assets-${AWS::AccountId}" in str(resource):
        return []  # what CDK has uploaded: the code itself
    text = _TAG.sub(r"{\1}", templates.text(resource))
    bucket = templates.named("AWS::S3::Bucket", "BucketName", text.partition(":::")[2].split("/")[0] or text)
    parameter = templates.named("AWS::SSM::Parameter", "Name", text.partition(":parameter")[2] or text)
    name = text.rpartition(":")[2]
    depth = 2 if name.startswith("accesspoint/") else 1
    return [bucket or parameter or Place(stack, f"{service}:{'/'.join(name.split('/')[:depth])}")]


def _narrowed(resource: str) -> str:
    """Return what a grant names of its resource: an index, or a route."""
    if "/index/" in resource:
        return f" on {resource.rpartition('/')[2]}"
    if ":execute-api:" in resource:
        _, _, method, path = _OWN_TENANT.sub("{tenant}", resource).rpartition(":")[2].split("/", 3)
        return f" {method} /{path}"
    return ""


def takes_dead_letters(templates: Templates, place: Place) -> bool:
    """Whether a resource is a queue that nothing in the app reads: people do."""
    return (
        place in templates
        and templates[place].type == "AWS::SQS::Queue"
        and not any(
            place in templates.referred(mapping.place.stack, mapping.properties["EventSourceArn"])
            for mapping in templates.of("AWS::Lambda::EventSourceMapping")
        )
    )
