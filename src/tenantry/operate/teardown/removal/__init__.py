"""How one thing of each kind is removed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tenantry.operate.teardown.removal.buckets import BUCKET
from tenantry.operate.teardown.removal.devices import CERTIFICATE, THING, THING_TYPE
from tenantry.operate.teardown.removal.hand import Hand, Removal
from tenantry.operate.teardown.removal.services import (
    ACCESS_KEY,
    ALIAS,
    API_KEY,
    ARCHIVE,
    BUS,
    KEY,
    LOG_GROUP,
    POOL,
    QUEUE,
    SECRET,
    STREAM,
    TABLE,
    TOPIC,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

#: By CloudFormation type, in the order in which they are removed: what others stand on comes last.
REMOVALS: Final[Mapping[str, Removal]] = {
    "AWS::IAM::AccessKey": ACCESS_KEY,
    "AWS::ApiGateway::ApiKey": API_KEY,
    "AWS::IoT::Thing": THING,
    "AWS::IoT::Certificate": CERTIFICATE,
    "AWS::SNS::Topic": TOPIC,
    "AWS::S3::Bucket": BUCKET,
    "AWS::Cognito::UserPool": POOL,
    "AWS::DynamoDB::Table": TABLE,
    "AWS::SQS::Queue": QUEUE,
    "AWS::Kinesis::Stream": STREAM,
    "AWS::Events::Archive": ARCHIVE,
    "AWS::Events::EventBus": BUS,
    "AWS::SecretsManager::Secret": SECRET,
    "AWS::Logs::LogGroup": LOG_GROUP,
    "AWS::KMS::Alias": ALIAS,
    "AWS::KMS::Key": KEY,
    "AWS::IoT::ThingType": THING_TYPE,
}

#: Kept types that go with something else, which is in `REMOVALS`.
WITH_ANOTHER: Final = frozenset({"AWS::Logs::LogStream", "AWS::S3::AccessPoint"})

__all__ = ["REMOVALS", "WITH_ANOTHER", "Hand", "Removal"]
