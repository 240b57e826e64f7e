"""How a name is looked up, by CloudFormation type: every type of which two cannot have one name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import jmespath
from botocore.exceptions import ClientError

from tenantry.operate.preflight.account import code_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tenantry.operate.preflight.account import Account

_ABSENT: Final = "ResourceNotFoundException"
_FORBIDDEN: Final = frozenset({"403", "AccessDenied", "301", "PermanentRedirect"})


class TakenElsewhereError(Exception):
    """Somebody else has it."""


@dataclass(frozen=True, kw_only=True)
class Lookup:
    """A way of asking.

    Attributes
    ----------
    where
        The property that holds the name, as a path.
    holder
        Returns what has a name in an account: its id where CloudFormation knows it by one, or else the name. Empty if
        nothing has it.
    """

    where: str
    holder: Callable[[Account, str], str]

    def name_in(self, properties: Mapping[str, Any]) -> Any:  # noqa: ANN401 - a part of a template
        """Return the name that some properties give, if they give one."""
        return jmespath.search(self.where, dict(properties))


def _described(where: str, service: str, operation: str, absent: str = _ABSENT, **request: str) -> Lookup:
    """Return what asks for one thing; `absent` has the codes of the error when there is none."""

    def holder(account: Account, name: str) -> str:
        filled = {
            key: value.format(name=name, account=account.id, region=account.region, partition=account.partition)
            for key, value in request.items()
        }
        try:
            getattr(account.client(service), operation)(**filled)
        except ClientError as error:
            if code_of(error) in absent.split():
                return ""
            raise
        return name

    return Lookup(where=where, holder=holder)


def _listed(where: str, service: str, operation: str, names: str, **request: Any) -> Lookup:  # noqa: ANN401 - boto3's
    """Return what looks through a list; `names` leads to the names in a page of it, or to pairs of name and id."""

    def holder(account: Account, name: str) -> str:
        filled = {key: value(name) if callable(value) else value for key, value in request.items()}
        pages = _pages(account.client(service), operation, filled)
        found = (each for page in pages for each in jmespath.search(names, page) or [])
        pairs = (each if isinstance(each, list) else [each, each] for each in found)
        return next((str(id_) for given, id_ in pairs if given == name), "")

    return Lookup(where=where, holder=holder)


def _pages(client: Any, operation: str, request: dict[str, Any]) -> Iterator[Any]:  # noqa: ANN401 - boto3's
    if client.can_paginate(operation):
        yield from client.get_paginator(operation).paginate(**request)
        return
    marker: dict[str, str] = {}  # CloudFront's own way
    while True:
        page = getattr(client, operation)(**request, **marker)
        yield page
        following = next((value["NextMarker"] for value in page.values() if _continues(value)), None)
        if not following:
            return
        marker = {"Marker": following}


def _continues(value: object) -> bool:
    return isinstance(value, dict) and bool(value.get("NextMarker"))


def _bucket(account: Account, name: str) -> str:
    try:
        account.client("s3").head_bucket(Bucket=name)
    except ClientError as error:
        code = code_of(error)
        if code in {"404", "NoSuchBucket"}:
            return ""
        if code in _FORBIDDEN:
            raise TakenElsewhereError(code) from None
        raise
    return name


_ARN: Final = "arn:{partition}:%s:{region}:{account}:%s{name}"
LOOKUPS: Final[Mapping[str, Lookup]] = {
    "AWS::CloudFront::CachePolicy": _listed(
        "CachePolicyConfig.Name",
        "cloudfront",
        "list_cache_policies",
        "CachePolicyList.Items[].CachePolicy.[CachePolicyConfig.Name, Id]",
        Type="custom",
    ),
    "AWS::CloudFront::Function": _described(
        "Name", "cloudfront", "describe_function", "NoSuchFunctionExists", Name="{name}"
    ),
    "AWS::CloudFront::OriginAccessControl": _listed(
        "OriginAccessControlConfig.Name",
        "cloudfront",
        "list_origin_access_controls",
        "OriginAccessControlList.Items[].[Name, Id]",
    ),
    "AWS::CloudFront::ResponseHeadersPolicy": _listed(
        "ResponseHeadersPolicyConfig.Name",
        "cloudfront",
        "list_response_headers_policies",
        "ResponseHeadersPolicyList.Items[].ResponseHeadersPolicy.[ResponseHeadersPolicyConfig.Name, Id]",
        Type="custom",
    ),
    "AWS::CloudWatch::Alarm": _listed(
        "AlarmName", "cloudwatch", "describe_alarms", "MetricAlarms[].AlarmName", AlarmNames=lambda name: [name]
    ),
    "AWS::CloudWatch::Dashboard": _described(
        "DashboardName", "cloudwatch", "get_dashboard", "ResourceNotFound", DashboardName="{name}"
    ),
    "AWS::DynamoDB::Table": _described("TableName", "dynamodb", "describe_table", TableName="{name}"),
    "AWS::Events::EventBus": _described("Name", "events", "describe_event_bus", Name="{name}"),
    "AWS::EventSchemas::Registry": _described(
        "RegistryName", "schemas", "describe_registry", "NotFoundException", RegistryName="{name}"
    ),
    "AWS::Glue::Database": _described(
        "DatabaseInput.Name", "glue", "get_database", "EntityNotFoundException", Name="{name}"
    ),
    "AWS::IAM::ManagedPolicy": _described(
        "ManagedPolicyName",
        "iam",
        "get_policy",
        "NoSuchEntity",
        PolicyArn="arn:{partition}:iam::{account}:policy/{name}",
    ),
    "AWS::IAM::Role": _described("RoleName", "iam", "get_role", "NoSuchEntity", RoleName="{name}"),
    "AWS::IAM::User": _described("UserName", "iam", "get_user", "NoSuchEntity", UserName="{name}"),
    "AWS::IoT::Policy": _described("PolicyName", "iot", "get_policy", policyName="{name}"),
    "AWS::IoT::RoleAlias": _described("RoleAlias", "iot", "describe_role_alias", roleAlias="{name}"),
    "AWS::Kinesis::Stream": _described("Name", "kinesis", "describe_stream_summary", StreamName="{name}"),
    "AWS::KinesisAnalyticsV2::Application": _described(
        "ApplicationName", "kinesisanalyticsv2", "describe_application", ApplicationName="{name}"
    ),
    "AWS::Lambda::Function": _described("FunctionName", "lambda", "get_function_configuration", FunctionName="{name}"),
    "AWS::Logs::LogGroup": _listed(
        "LogGroupName", "logs", "describe_log_groups", "logGroups[].logGroupName", logGroupNamePrefix=lambda name: name
    ),
    "AWS::S3::Bucket": Lookup(where="BucketName", holder=_bucket),
    "AWS::SNS::Topic": _described(
        "TopicName", "sns", "get_topic_attributes", "NotFound NotFoundException", TopicArn=_ARN % ("sns", "")
    ),
    "AWS::SQS::Queue": _described(
        "QueueName",
        "sqs",
        "get_queue_url",
        "AWS.SimpleQueueService.NonExistentQueue QueueDoesNotExist",
        QueueName="{name}",
    ),
    "AWS::SSM::Parameter": _listed(
        "Name",
        "ssm",
        "describe_parameters",
        "Parameters[].Name",
        ParameterFilters=lambda name: [{"Key": "Name", "Option": "Equals", "Values": [name]}],
    ),
    "AWS::SecretsManager::Secret": _described("Name", "secretsmanager", "describe_secret", SecretId="{name}"),
    "AWS::StepFunctions::StateMachine": _described(
        "StateMachineName",
        "stepfunctions",
        "describe_state_machine",
        "StateMachineDoesNotExist",
        stateMachineArn=_ARN % ("states", "stateMachine:"),
    ),
}
