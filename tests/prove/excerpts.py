"""The synthesized templates as the prover reads them, whole or in part, with something else in the place of a text."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from tenantry.prove.assembly import Assembly, Resource, Stack
from tests.synthesized import assembly

if TYPE_CHECKING:
    from collections.abc import Mapping

METHOD: Final = "AWS::ApiGateway::Method"
MACHINE: Final = "AWS::StepFunctions::StateMachine"
# What requests name, and what binds their tenant.
_NAMED: Final = (
    "AWS::ApiGateway::Authorizer",
    "AWS::ApiGateway::Resource",
    "AWS::ApiGateway::RestApi",
    "AWS::Cognito::UserPool",
    "AWS::DynamoDB::Table",
    "AWS::Events::EventBus",
    "AWS::Kinesis::Stream",
    "AWS::Lambda::Function",
    "AWS::SQS::Queue",
)
# Who may start machines.
ROLES: Final = ("AWS::IAM::Role", "AWS::IAM::Policy", "AWS::Events::Rule")


@cache
def whole(environment: str) -> Assembly:
    """Return the templates of an environment."""
    return Assembly(Stack(f"tenantry-{name}", template) for name, template in assembly(environment).templates.items())


class Excerpt(Assembly):
    """Some of the resources of an assembly."""

    def __init__(self, of: Assembly, resources: Mapping[tuple[str, str], Resource]) -> None:
        self.stacks = of.stacks
        self.__dict__["all_resources"] = resources


def excerpt(of: Assembly, resource: Resource, properties: Mapping[str, Any], *more: str) -> Assembly:
    """Return what a resource's requests name, with the resource itself as if it had other properties."""
    kept = {
        key: found
        for key, found in of.all_resources.items()
        if found.type in {*_NAMED, *more} and found.stack in {resource.stack, *_OTHERS.get(resource.stack, ())}
    }
    kept[resource.stack, resource.logical_id] = replace(resource, properties=properties)
    return Excerpt(of, kept)


_OTHERS: Final = {
    "tenantry-tenant": ("tenantry-user", "tenantry-common"),
    "tenantry-user": ("tenantry-common",),
    "tenantry-control": ("tenantry-user", "tenantry-common"),
}


def with_roles(of: Assembly, resource: Resource, properties: Mapping[str, Any]) -> Assembly:
    """Return an excerpt with who may start machines in it."""
    return excerpt(of, resource, properties, *ROLES)
