"""Which resources are drawn, and what is written into each."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from tools.architecture.graph import Node
from tools.architecture.templates import Templates

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tools.architecture.templates import Resource

    _Words = Callable[[Resource], tuple[str, str]]

# Everything else is part of one of these, or plumbing that every stack has.
_LEFT_OUT: Final = {
    "AWS::ApiGateway::Account",
    "AWS::ApiGateway::Authorizer",  # its function is drawn
    "AWS::ApiGateway::Deployment",
    "AWS::ApiGateway::DocumentationPart",
    "AWS::ApiGateway::DocumentationVersion",
    "AWS::ApiGateway::GatewayResponse",
    "AWS::ApiGateway::Method",  # an edge
    "AWS::ApiGateway::Model",
    "AWS::ApiGateway::RequestValidator",
    "AWS::ApiGateway::Resource",
    "AWS::ApiGateway::Stage",
    "AWS::ApiGateway::UsagePlan",
    "AWS::CDK::Metadata",
    "AWS::CloudFront::CachePolicy",
    "AWS::CloudFront::Function",  # rewrites an address on its way to an origin, which is an edge
    "AWS::CloudFront::OriginAccessControl",
    "AWS::CloudFront::ResponseHeadersPolicy",
    "AWS::CloudWatch::Alarm",  # an edge
    "AWS::CloudWatch::Dashboard",
    "AWS::Cognito::UserPoolClient",
    "AWS::EventSchemas::Registry",
    "AWS::EventSchemas::Schema",  # an event
    "AWS::Events::Rule",  # an edge
    "AWS::Glue::Database",
    "AWS::Glue::Table",  # how the lake is queried
    "AWS::IAM::ManagedPolicy",  # a boundary
    "AWS::IAM::Policy",  # edges
    "AWS::IoT::Policy",  # lets certificates be exchanged under the role alias, which is drawn
    "AWS::KMS::Key",
    "AWS::KinesisAnalyticsV2::ApplicationCloudWatchLoggingOption",
    "AWS::Lambda::EventInvokeConfig",
    "AWS::Lambda::EventSourceMapping",  # an edge
    "AWS::Lambda::Permission",
    "AWS::Logs::LogGroup",
    "AWS::Logs::LogStream",
    "AWS::S3::BucketPolicy",
    "AWS::SNS::TopicPolicy",
    "AWS::SQS::QueuePolicy",
    "AWS::WAFv2::WebACLAssociation",
    "Custom::WebPage",  # what the publisher has put into the page's bucket
}
_WORDS: Final = re.compile(r"[A-Z][a-z]+|[A-Z]+(?![a-z])|[a-z]+|\d+")
_HASH: Final = re.compile(r"[0-9A-F]{8}$")


class UnknownResourceError(Exception):
    """A resource is of a type of which nobody has said whether it is drawn."""


def node(resource: Resource) -> Node | None:
    """Return what is drawn of a resource: None if it is part of another, or of no interest.

    Raises
    ------
    UnknownResourceError
        Nobody has decided for its type.
    """
    if resource.type in _LEFT_OUT or (resource.type == "AWS::IAM::Role" and not is_assumed_by_role(resource)):
        return None
    if resource.type not in _DRAWN:
        raise UnknownResourceError(
            f"{resource.place.stack}: {resource.place.name} is of the type {resource.type}, which "
            "tools/architecture/nodes.py neither draws nor leaves out. Say there which it is."
        )
    kind, words = _DRAWN[resource.type]
    title, subtitle = words(resource)
    return Node(place=resource.place, kind=kind, title=title, subtitle=subtitle)


def is_assumed_by_role(role: Resource) -> bool:
    """Whether other roles take a role on, rather than a service for what it runs: then it is a thing of its own."""
    statements = role.properties.get("AssumeRolePolicyDocument", {}).get("Statement", [])
    return any("AWS" in statement["Principal"] for statement in statements)


def _words(resource: Resource) -> str:
    words = " ".join(_WORDS.findall(_HASH.sub("", resource.place.name)))
    return words[:1] + words[1:].lower()


def _function(resource: Resource) -> tuple[str, str]:
    isolated = "\n(one environment a tenant)" if "TenancyConfig" in resource.properties else ""
    return resource.properties["Handler"].partition(".")[0], resource.properties.get("Description", "") + isolated


def _table(resource: Resource) -> tuple[str, str]:
    keys = ", ".join(key["AttributeName"] for key in resource.properties["KeySchema"])
    return resource.properties.get("TableName") or _words(resource).removesuffix(" table"), f"key: {keys}"


def _role(resource: Resource) -> tuple[str, str]:
    return _words(resource), resource.properties.get("Description", "")


def _machine(resource: Resource) -> tuple[str, str]:
    kind = resource.properties.get("StateMachineType", "STANDARD").capitalize()
    return _words(resource).removesuffix(" machine"), f"{kind} state machine"


def _named(key: str, what: str) -> _Words:
    def words(resource: Resource) -> tuple[str, str]:
        name = resource.properties.get(key)
        return (Templates.text(name) if name else _words(resource)), what

    return words


def _described(what: str) -> _Words:
    return lambda resource: (_words(resource), what)


_DRAWN: Final[Mapping[str, tuple[str, _Words]]] = {
    "AWS::ApiGateway::RestApi": ("api", _named("Name", "REST API")),
    "AWS::CloudFront::Distribution": ("api", lambda _: ("The page's address", "CloudFront distribution")),
    "AWS::Cognito::UserPool": ("identity", _described("Cognito")),
    "AWS::DynamoDB::Table": ("table", _table),
    "AWS::Events::Archive": ("record", _described("of every event")),
    "AWS::Events::EventBus": ("bus", _named("Name", "event bus")),
    "AWS::IAM::Role": ("role", _role),
    "AWS::IAM::User": ("role", _described("IAM user")),
    "AWS::IoT::RoleAlias": (
        "role",
        lambda _: ("Tenants' servers", "credentials for certificates,\nby an IoT role alias"),
    ),
    "AWS::Kinesis::Stream": ("stream", _described("Kinesis stream")),
    "AWS::KinesisAnalyticsV2::Application": ("machine", lambda _: ("tenant-lake", "Apache Flink application")),
    "AWS::Lambda::Function": ("function", _function),
    "AWS::S3::Bucket": ("bucket", _named("BucketName", "S3 bucket")),
    "AWS::SNS::Topic": ("alarms", _described("SNS topic")),
    "AWS::SQS::Queue": ("queue", _described("")),
    "AWS::SSM::Parameter": ("parameter", _named("Name", "SSM parameter")),
    "AWS::SecretsManager::Secret": ("secret", _described("Secrets Manager")),
    "AWS::StepFunctions::StateMachine": ("machine", _machine),
}
