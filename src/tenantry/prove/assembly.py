"""The templates of a cloud assembly, with every reference replaced by the name that CloudFormation would make.

A name that CloudFormation makes up (table, bucket, role) becomes ``<stack>-<logical id>-<random>``, as CloudFormation
does; account, region and API ids become constants. Nothing else about them is used. What is not known before the
deployment (a parameter, an attribute of a resource) becomes an `unknown` text, of which nothing is assumed.

Sources: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/resources-section-structure.html and
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, Self

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

ACCOUNT: Final = "111122223333"
"""The account of a stack that can be deployed to any."""

REGION: Final = "us-east-1"
"""The region of a stack that can be deployed to any."""

PARTITION: Final = "aws"
URL_SUFFIX: Final = "amazonaws.com"

UNKNOWN: Final = re.compile(r"<\?[^?]*\?>")
"""Text of which nothing is known before the deployment; within the brackets is what it was to be."""

_PATH: Final = "aws:cdk:path"
_RANDOM: Final = "Q7K2Z9XW4M1P"
# Arguments: partition, region, account, name.
_ARNS: Final = {
    "AWS::ApiGateway::RestApi": "arn:{p}:apigateway:{r}::/restapis/{n}",
    "AWS::Cognito::UserPool": "arn:{p}:cognito-idp:{r}:{a}:userpool/{n}",
    "AWS::DynamoDB::GlobalTable": "arn:{p}:dynamodb:{r}:{a}:table/{n}",
    "AWS::DynamoDB::Table": "arn:{p}:dynamodb:{r}:{a}:table/{n}",
    "AWS::Events::EventBus": "arn:{p}:events:{r}:{a}:event-bus/{n}",
    "AWS::Events::Rule": "arn:{p}:events:{r}:{a}:rule/{n}",
    "AWS::IAM::ManagedPolicy": "arn:{p}:iam::{a}:policy/{n}",
    "AWS::IAM::Role": "arn:{p}:iam::{a}:role/{n}",
    "AWS::IAM::User": "arn:{p}:iam::{a}:user/{n}",
    "AWS::IoT::RoleAlias": "arn:{p}:iot:{r}:{a}:rolealias/{n}",
    "AWS::KMS::Key": "arn:{p}:kms:{r}:{a}:key/{n}",
    "AWS::Kinesis::Stream": "arn:{p}:kinesis:{r}:{a}:stream/{n}",
    "AWS::Lambda::Function": "arn:{p}:lambda:{r}:{a}:function:{n}",
    "AWS::Logs::LogGroup": "arn:{p}:logs:{r}:{a}:log-group:{n}:*",
    "AWS::S3::Bucket": "arn:{p}:s3:::{n}",
    "AWS::SNS::Topic": "arn:{p}:sns:{r}:{a}:{n}",
    "AWS::SQS::Queue": "arn:{p}:sqs:{r}:{a}:{n}",
    "AWS::SecretsManager::Secret": "arn:{p}:secretsmanager:{r}:{a}:secret:{n}",
    "AWS::StepFunctions::StateMachine": "arn:{p}:states:{r}:{a}:stateMachine:{n}",
}
_REFERENCE_IS_ARN: Final = {
    "AWS::IAM::ManagedPolicy",
    "AWS::SNS::Topic",
    "AWS::SecretsManager::Secret",
    "AWS::StepFunctions::StateMachine",
}
_ARN_ATTRIBUTES: Final = {"Arn", "RoleAliasArn", "TopicArn"}
_NAMED_BY: Final = {
    "AWS::DynamoDB::GlobalTable": "TableName",
    "AWS::DynamoDB::Table": "TableName",
    "AWS::Events::EventBus": "Name",
    "AWS::Events::Rule": "Name",
    "AWS::IAM::ManagedPolicy": "ManagedPolicyName",
    "AWS::IAM::Role": "RoleName",
    "AWS::IAM::User": "UserName",
    "AWS::IoT::RoleAlias": "RoleAlias",
    "AWS::Kinesis::Stream": "Name",
    "AWS::Lambda::Function": "FunctionName",
    "AWS::Logs::LogGroup": "LogGroupName",
    "AWS::S3::Bucket": "BucketName",
    "AWS::SNS::Topic": "TopicName",
    "AWS::SQS::Queue": "QueueName",
    "AWS::SecretsManager::Secret": "Name",
    "AWS::StepFunctions::StateMachine": "StateMachineName",
}
_QUEUE_NAME: Final = "QueueName"


def unknown(what: str) -> str:
    """Return the text that stands for what is not known before the deployment."""
    return f"<?{what.replace('?', '')}?>"


def shown(path: str) -> str:
    """Return the path of a resource as that of the construct that people know."""
    return path.removesuffix("/Resource").removesuffix("/Default")


@dataclass(frozen=True)
class Stack:
    """A template, and where it goes.

    Attributes
    ----------
    name
        The stack's name; within an assembly, no two have the same.
    template
        As synthesized.
    account, region
        Where it is deployed to.
    paths
        Construct paths by logical id, where the template itself does not have them.
    tags
        Those of the stack, which CloudFormation gives to its resources.
    """

    name: str
    template: Mapping[str, Any]
    account: str = ACCOUNT
    region: str = REGION
    paths: Mapping[str, str] | None = None
    tags: Mapping[str, str] | None = None

    @classmethod
    def read(
        cls,
        path: Path,
        *,
        name: str = "",
        account: str = ACCOUNT,
        region: str = REGION,
        paths: Mapping[str, str] | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> Self:
        """Return the stack of a template's file, which has its name where no other is given."""
        name = name or path.name.removesuffix(".template.json")
        return cls(name, json.loads(path.read_text()), account, region, paths, tags)

    @property
    def resources(self) -> Mapping[str, Any]:
        """The template's resources by logical id."""
        found: Mapping[str, Any] = self.template.get("Resources", {})
        return found


@dataclass(frozen=True)
class Resource:
    """A resource of a template, with its references resolved.

    Attributes
    ----------
    stack, logical_id, type
        Which it is.
    path
        The path of its construct, for people.
    name, arn
        As CloudFormation would make them; `arn` is an unknown text for types whose ARN the prover does not know.
    properties, metadata
        As the template has them, references resolved; a role's tags with those of its stack, which it gets as well.
    is_conditional
        Whether it is deployed under a condition only.
    """

    stack: str
    logical_id: str
    type: str
    path: str
    name: str
    arn: str
    properties: Mapping[str, Any]
    metadata: Mapping[str, Any]
    is_conditional: bool = False


class Assembly:
    """The templates that are deployed together.

    Parameters
    ----------
    stacks
        Their templates. Exports of one are known to the others.

    Raises
    ------
    ValueError
        Two stacks have the same name.
    """

    def __init__(self, stacks: Iterable[Stack]) -> None:
        given = list(stacks)
        self.stacks: Mapping[str, Stack] = {stack.name: stack for stack in given}
        if len(self.stacks) < len(given):
            raise ValueError("Two stacks of the assembly have the same name.")
        self._exports: dict[str, tuple[Stack, Any]] = {}
        for stack in self.stacks.values():
            for output in stack.template.get("Outputs", {}).values():
                if "Export" in output:
                    self._exports[str(self._resolve(stack, output["Export"]["Name"]))] = (stack, output["Value"])

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Return the assembly in a folder that the CDK has written, and those of its stages.

        Raises
        ------
        FileNotFoundError
            It has no templates.
        """
        stacks = list(_stacks(folder))
        if not stacks:
            raise FileNotFoundError(f"There is no template in {folder}: synthesize the app first.")
        return cls(stacks)

    @cached_property
    def all_resources(self) -> Mapping[tuple[str, str], Resource]:
        """Every resource, by its stack's name and its logical id."""
        return {
            (stack.name, logical_id): self._resource(stack, logical_id)
            for stack in self.stacks.values()
            for logical_id in stack.resources
        }

    def resources(self, *types: str) -> Iterator[Resource]:
        """Yield the resources of some types, of all types if none is given."""
        for resource in self.all_resources.values():
            if not types or resource.type in types:
                yield resource

    @cached_property
    def accounts(self) -> frozenset[str]:
        """The accounts that the stacks are for."""
        return frozenset(stack.account for stack in self.stacks.values())

    @cached_property
    def by_arn(self) -> Mapping[str, Resource]:
        """Every resource by its ARN."""
        return {resource.arn: resource for resource in self.all_resources.values()}

    def resolve(self, stack: str, value: Any) -> Any:  # noqa: ANN401 - any part of a template
        """Return a part of a stack's template with its references resolved."""
        return self._resolve(self.stacks[stack], value)

    def _resource(self, stack: Stack, logical_id: str) -> Resource:
        raw = stack.resources[logical_id]
        metadata = self._resolve(stack, raw.get("Metadata", {}))
        path = metadata.get(_PATH) or (stack.paths or {}).get(logical_id) or f"{stack.name}/{logical_id}"
        return Resource(
            stack=stack.name,
            logical_id=logical_id,
            type=raw["Type"],
            path=shown(str(path)),
            name=self._name(stack, logical_id),
            arn=self._attribute(stack, logical_id, "Arn"),
            properties=_tagged(stack, raw["Type"], self._resolve(stack, raw.get("Properties", {}))),
            metadata=metadata,
            is_conditional="Condition" in raw,
        )

    def _resolve(self, stack: Stack, value: Any) -> Any:  # noqa: ANN401, C901, PLR0911 - a case for each function
        match value:
            case {"Fn::Join": [str(separator), list(parts)]}:
                return separator.join(_text(self._resolve(stack, part)) for part in parts)
            case {"Fn::Sub": str(text)}:
                return self._substituted(stack, text, {})
            case {"Fn::Sub": [str(text), dict(given)]}:
                return self._substituted(stack, text, self._resolve(stack, given))
            case {"Ref": str(name)}:
                return self._reference(stack, name)
            case {"Fn::GetAtt": [str(name), str(attribute)]}:
                return self._attribute(stack, name, attribute)
            case {"Fn::GetAtt": str(both)}:
                return self._attribute(stack, *both.split(".", 1))
            case {"Fn::ImportValue": name}:
                export = self._exports.get(str(self._resolve(stack, name)))
                return self._resolve(*export) if export else unknown(f"import {name}")
            case {"Fn::Select": [index, list(parts)]} if str(index).isdecimal() and int(index) < len(parts):
                return self._resolve(stack, parts[int(index)])
            case dict() if len(value) == 1 and next(iter(value)).startswith("Fn::"):
                return unknown(json.dumps(value, sort_keys=True))
            case dict():
                return {key: self._resolve(stack, part) for key, part in value.items()}
            case list():
                return [self._resolve(stack, part) for part in value if part != {"Ref": "AWS::NoValue"}]
            case _:
                return value

    def _substituted(self, stack: Stack, text: str, given: Mapping[str, Any]) -> str:
        def value(found: re.Match[str]) -> str:
            name = found[1]
            if name.startswith("!"):
                return f"${{{name[1:]}}}"
            if name in given:
                return _text(given[name])
            head, dot, attribute = name.partition(".")
            return self._attribute(stack, head, attribute) if dot else self._reference(stack, name)

        return re.sub(r"\$\{([^}]+)\}", value, text)

    def _reference(self, stack: Stack, name: str) -> str:
        pseudo = {
            "AWS::AccountId": stack.account,
            "AWS::Region": stack.region,
            "AWS::Partition": PARTITION,
            "AWS::URLSuffix": URL_SUFFIX,
            "AWS::StackName": stack.name,
        }
        if name in pseudo:
            return pseudo[name]
        if name not in stack.resources:
            return unknown(f"{stack.name}.{name}")
        kind = stack.resources[name]["Type"]
        if kind == "AWS::SQS::Queue":
            return f"https://sqs.{stack.region}.{URL_SUFFIX}/{stack.account}/{self._name(stack, name)}"
        return self._attribute(stack, name, "Arn") if kind in _REFERENCE_IS_ARN else self._name(stack, name)

    def _name(self, stack: Stack, logical_id: str) -> str:
        resource = stack.resources[logical_id]
        kind = resource["Type"]
        if given := resource.get("Properties", {}).get(_NAMED_BY.get(kind, "")):
            return _text(self._resolve(stack, given))
        made = f"{stack.name}-{logical_id}-{_RANDOM}"
        if kind == "AWS::ApiGateway::RestApi":
            return "api" + re.sub(r"[\W_]", "", made).lower()
        return made.lower() if kind == "AWS::S3::Bucket" else made

    def _attribute(self, stack: Stack, logical_id: str, attribute: str) -> str:
        kind = stack.resources.get(logical_id, {}).get("Type", "")
        name = self._name(stack, logical_id) if kind else ""
        if attribute in _ARN_ATTRIBUTES and kind in _ARNS:
            return _ARNS[kind].format(p=PARTITION, r=stack.region, a=stack.account, n=name)
        if attribute == _QUEUE_NAME and kind == "AWS::SQS::Queue":
            return name
        return unknown(f"{stack.name}.{logical_id}.{attribute}")


def _tagged(stack: Stack, kind: str, properties: dict[str, Any]) -> dict[str, Any]:
    if not stack.tags or kind != "AWS::IAM::Role":
        return properties
    tags = [{"Key": key, "Value": value} for key, value in stack.tags.items()]
    return {**properties, "Tags": [*properties.get("Tags", []), *tags]}


def _text(value: Any) -> str:  # noqa: ANN401 - a resolved part of a template
    return value if isinstance(value, str) else json.dumps(value)


def _stacks(folder: Path) -> Iterator[Stack]:
    manifest = folder / "manifest.json"
    if not manifest.exists():
        yield from map(Stack.read, sorted(folder.glob("*.template.json")))
        return
    for artifact_id, artifact in json.loads(manifest.read_text()).get("artifacts", {}).items():
        properties = artifact.get("properties", {})
        if artifact["type"] == "cdk:cloud-assembly":
            yield from _stacks(folder / properties["directoryName"])
        elif artifact["type"] == "aws:cloudformation:stack":
            account, region = _place(artifact.get("environment", ""))
            yield Stack.read(
                folder / properties["templateFile"],
                name=artifact_id,
                account=account,
                region=region,
                paths=_paths(folder, artifact),
                tags=properties.get("tags"),
            )


def _place(environment: str) -> tuple[str, str]:
    """Return account and region of an artifact's environment, such as ``aws://unknown-account/us-east-1``."""
    account, _, region = environment.removeprefix("aws://").partition("/")
    return (
        ACCOUNT if account in {"", "unknown-account"} else account,
        REGION if region in {"", "unknown-region"} else region,
    )


def _paths(folder: Path, artifact: Mapping[str, Any]) -> dict[str, str]:
    """Return construct paths by logical id, from the manifest or the file beside it."""
    metadata = artifact.get("metadata") or {}
    if file := artifact.get("additionalMetadataFile"):
        metadata = {**metadata, **json.loads((folder / file).read_text())}
    return {
        str(entry["data"]): path.removeprefix("/")
        for path, entries in metadata.items()
        for entry in entries
        if entry.get("type") == "aws:cdk:logicalId"
    }
