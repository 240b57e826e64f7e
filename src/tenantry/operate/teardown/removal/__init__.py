"""How one thing of each kind is removed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tenantry.operate.teardown.removal import buckets, devices, services
from tenantry.operate.teardown.removal.hand import Hand, Removal

if TYPE_CHECKING:
    from collections.abc import Mapping

#: By CloudFormation type, in the order in which they are removed: what others stand on comes last.
REMOVALS: Final[Mapping[str, Removal]] = {
    "AWS::IAM::AccessKey": services.ACCESS_KEY,
    "AWS::ApiGateway::ApiKey": services.API_KEY,
    "AWS::IoT::Thing": devices.THING,
    "AWS::IoT::Certificate": devices.CERTIFICATE,
    "AWS::SNS::Topic": services.TOPIC,
    "AWS::S3::Bucket": buckets.BUCKET,
    "AWS::Cognito::UserPool": services.POOL,
    "AWS::DynamoDB::Table": services.TABLE,
    "AWS::SQS::Queue": services.QUEUE,
    "AWS::Kinesis::Stream": services.STREAM,
    "AWS::Events::Archive": services.ARCHIVE,
    "AWS::Events::EventBus": services.BUS,
    "AWS::SecretsManager::Secret": services.SECRET,
    "AWS::Logs::LogGroup": services.LOG_GROUP,
    "AWS::KMS::Alias": services.ALIAS,
    "AWS::KMS::Key": services.KEY,
    "AWS::IoT::ThingType": devices.THING_TYPE,
}

#: Kept types that go with something else, which is in `REMOVALS`.
WITH_ANOTHER: Final = frozenset({"AWS::Logs::LogStream", "AWS::S3::AccessPoint"})

__all__ = ["REMOVALS", "WITH_ANOTHER", "Hand", "Removal"]
