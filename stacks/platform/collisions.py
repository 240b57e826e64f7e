"""Refuses, at synthesis, resources that AWS would refuse for having the same name."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import jsii
from aws_cdk import (
    IPolicyValidationContext,
    IPolicyValidationPlugin,
    PolicyValidationPluginReport,
    PolicyViolatingResource,
    PolicyViolation,
    Validations,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from aws_cdk import App

_RULE: Final = "NamesDoNotCollide"
_CHECKED: Final = "tenantry:names-are-checked"
_UNKNOWN: Final = "*"


class Scope(Enum):
    """Where AWS lets a name exist once."""

    PARTITION = "all accounts and regions"
    ACCOUNT = "an account"
    REGION = "an account and region"


_NAMES: Final = {
    Scope.PARTITION: {
        "AWS::Cognito::UserPoolDomain": "Domain",
        "AWS::S3::Bucket": "BucketName",
    },
    Scope.ACCOUNT: {
        "AWS::CloudFront::CachePolicy": "CachePolicyConfig.Name",
        "AWS::CloudFront::Function": "Name",
        "AWS::CloudFront::OriginAccessControl": "OriginAccessControlConfig.Name",
        "AWS::CloudFront::OriginRequestPolicy": "OriginRequestPolicyConfig.Name",
        "AWS::CloudFront::ResponseHeadersPolicy": "ResponseHeadersPolicyConfig.Name",
        "AWS::CloudWatch::Dashboard": "DashboardName",
        "AWS::IAM::Group": "GroupName",
        "AWS::IAM::ManagedPolicy": "ManagedPolicyName",
        "AWS::IAM::Role": "RoleName",
        "AWS::IAM::User": "UserName",
    },
    Scope.REGION: {
        "AWS::CloudWatch::Alarm": "AlarmName",
        "AWS::DynamoDB::Table": "TableName",
        "AWS::EventSchemas::Registry": "RegistryName",
        "AWS::Events::Archive": "ArchiveName",
        "AWS::Events::EventBus": "Name",
        "AWS::Glue::Database": "DatabaseInput.Name",
        "AWS::IoT::Policy": "PolicyName",
        "AWS::IoT::RoleAlias": "RoleAlias",
        "AWS::KMS::Alias": "AliasName",
        "AWS::Kinesis::Stream": "Name",
        "AWS::KinesisAnalyticsV2::Application": "ApplicationName",
        "AWS::Lambda::Function": "FunctionName",
        "AWS::Logs::LogGroup": "LogGroupName",
        "AWS::SNS::Topic": "TopicName",
        "AWS::SQS::Queue": "QueueName",
        "AWS::SSM::Parameter": "Name",
        "AWS::SecretsManager::Secret": "Name",
        "AWS::StepFunctions::StateMachine": "StateMachineName",
    },
}
NAMES: Final = {kind: (name, scope) for scope, names in _NAMES.items() for kind, name in names.items()}
"""Which property of a resource is its name, and where that name can exist once."""

_EXPORT: Final = "an export"
# What functions make at run time, by the output that says what it is called.
_MADE_LATER: Final = {
    "StorageTenantBucketName": ("AWS::S3::Bucket", Scope.PARTITION),
    "StorageTenantAccessPointName": ("AWS::S3::AccessPoint", Scope.REGION),
}


@dataclass(frozen=True, kw_only=True)
class Named:
    """A resource with a name that the template gives it.

    Attributes
    ----------
    stack
        The construct path of its stack.
    logical_id
        The resource in the stack's template.
    kind
        Its type.
    name
        Its name.
    scope
        Where the name can exist once.
    where
        The account and region, as far as the name's scope tells these apart.
    """

    stack: str
    logical_id: str
    kind: str
    name: str
    scope: Scope
    where: tuple[str, ...]

    @property
    def key(self) -> tuple[str, ...]:
        """What no other resource may have."""
        return (self.kind, self.name, *self.where)


def named(template: Mapping[str, Any], *, stack: str, account: str | None, region: str | None) -> Iterator[Named]:
    """Return what a template gives a name.

    Parameters
    ----------
    template
        The template.
    stack
        The construct path of its stack.
    account, region
        Where it goes, None where that is open until deployment.
    """
    pseudo = {"AWS::AccountId": account or _UNKNOWN, "AWS::Region": region or _UNKNOWN, "AWS::Partition": _UNKNOWN}
    circles = {
        Scope.PARTITION: (),
        Scope.ACCOUNT: (pseudo["AWS::AccountId"],),
        Scope.REGION: (pseudo["AWS::AccountId"], pseudo["AWS::Region"]),
    }
    for logical_id, kind, value, scope in _values(template):
        name = _text(value, pseudo)
        if name is not None:
            yield Named(stack=stack, logical_id=logical_id, kind=kind, name=name, scope=scope, where=circles[scope])


def _values(template: Mapping[str, Any]) -> Iterator[tuple[str, str, Any, Scope]]:
    for logical_id, resource in template.get("Resources", {}).items():
        if resource["Type"] in NAMES:
            path, scope = NAMES[resource["Type"]]
            value: Any = resource.get("Properties", {})
            for part in path.split("."):
                value = value.get(part, {})
            yield logical_id, resource["Type"], value, scope
    for output, content in template.get("Outputs", {}).items():
        if "Export" in content:
            yield output, _EXPORT, content["Export"]["Name"], Scope.REGION
        if output in _MADE_LATER:
            kind, scope = _MADE_LATER[output]
            yield output, kind, content["Value"], scope


def _text(value: Any, pseudo: Mapping[str, str]) -> str | None:  # noqa: ANN401 - any part of a template
    """Return a name as text; None where CloudFormation makes it, of itself or of other resources."""
    match value:
        case str():
            return value
        case {"Ref": name} if name in pseudo:
            return pseudo[name]
        case {"Fn::Join": [separator, parts]}:
            texts = [_text(part, pseudo) for part in parts]
            return None if None in texts else str(separator).join(text for text in texts if text is not None)
        case _:
            return None


def collisions(found: Iterable[Named]) -> list[tuple[Named, ...]]:
    """Return the resources that have a name together."""
    by_key: defaultdict[tuple[str, ...], list[Named]] = defaultdict(list)
    for one in found:
        by_key[one.key].append(one)
    return [tuple(together) for together in by_key.values() if len(together) > 1]


@jsii.implements(IPolicyValidationPlugin)
class _NamesDoNotCollide:
    """Reports names that two stacks of an app give."""

    @property
    def name(self) -> str:
        return "tenantry"

    @property
    def version(self) -> str | None:
        return None

    @property
    def rule_ids(self) -> list[str] | None:
        return [_RULE]

    def validate(self, context: IPolicyValidationContext) -> PolicyValidationPluginReport:
        stacks = context.stack_templates
        paths = {stack.stack_construct_path: stack.template_path for stack in stacks}
        found = [
            one
            for stack in stacks
            for one in named(
                json.loads(Path(stack.template_path).read_text()),
                stack=stack.stack_construct_path,
                account=stack.account_id,
                region=stack.region,
            )
        ]
        violations = [_violation(together, paths) for together in collisions(found)]
        return PolicyValidationPluginReport(success=not violations, violations=violations)


def _violation(together: tuple[Named, ...], paths: Mapping[str, str]) -> PolicyViolation:
    first = together[0]
    who = " and ".join(f"{one.logical_id} of {one.stack}" for one in together)
    return PolicyViolation(
        rule_name=_RULE,
        description=f"{who} would have the same name {first.name!r}, which AWS lets exist once in "
        f"{first.scope.value} ({first.kind}).",
        fix="Give one of the instances another application (--context app=NAME); where the name begins with "
        "aws-saas-s3, deploy one of them without the hands-on's names (--context handsOnNames=false).",
        severity="error",
        # One, so that the report says it once; the description has all.
        violating_resources=[
            PolicyViolatingResource(
                resource_logical_id=first.logical_id,
                template_path=paths[first.stack],
                locations=[],
                construct_path=first.stack,
            )
        ],
    )


def refuse_collisions(app: App) -> None:
    """Have the synthesis of `app` fail where two stacks would give resources the same name.

    Isolation: two instances of one app have no bucket, table or key alias in common.
    """
    if not any(entry.type == _CHECKED for entry in app.node.metadata):
        app.node.add_metadata(_CHECKED, True)  # noqa: FBT003 - any value will do
        Validations.of(app).add_plugins(_NamesDoNotCollide())
