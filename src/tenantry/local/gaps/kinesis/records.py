"""A record needs a partition key and data, and names its stream's encryption type.

AWS: `PutRecord` and `PutRecords` refuse a record without a partition key or without data, no records at all, and data
that is no Base64. Replies name the stream's encryption.
https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecord.html
https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html

MiniStack: stores such records, and CloudFormation leaves every stream without encryption.

Here: as on AWS. (Nothing is encrypted, here as there: it is the stream's description that has it.)
"""

import base64
import binascii
from typing import Any

from ministack.core.responses import error_response_json
from ministack.services import kinesis

from tenantry.local.patching import Fields, Original, cloudformation, require, wrap

_BAD_REQUEST = 400


def close() -> None:
    """Close the gap."""
    require(kinesis, "_streams")
    wrap(kinesis, "_put_record", _checked_one)
    wrap(kinesis, "_put_records", _checked_many)
    cloudformation.also("AWS::Kinesis::Stream", _encrypt)


def _checked_one(put: Original, data: Fields) -> Any:
    return _refusal([data], "") or put(data)


def _checked_many(put: Original, data: Fields) -> Any:
    records = data.get("Records")
    if not records:
        return _invalid(f"Value '{records}' at 'records'", "Member must have length greater than or equal to 1")
    return _refusal(records, "records.{}.member.") or put(data)


def _refusal(records: list[Fields], where: str) -> Any:
    for number, record in enumerate(records, 1):
        place = where.format(number)
        if record.get("Data") is None:
            return _invalid(f"Value null at '{place}data'", "Member must not be null")
        if record.get("PartitionKey") is None:
            return _invalid(f"Value null at '{place}partitionKey'", "Member must not be null")
        if not record["PartitionKey"]:
            return _invalid(f"Value '' at '{place}partitionKey'", "Member must have length greater than or equal to 1")
        if isinstance(record["Data"], str):
            try:
                base64.b64decode(record["Data"], validate=True)
            except binascii.Error:
                return error_response_json("SerializationException", "", _BAD_REQUEST)
    return None


def _invalid(what: str, why: str) -> Any:
    message = f"1 validation error detected: {what} failed to satisfy constraint: {why}"
    return error_response_json("ValidationException", message, _BAD_REQUEST)


def _encrypt(name: str, properties: Fields) -> None:
    wanted = properties.get("StreamEncryption") or {}
    stream = kinesis._streams.get(name)
    if stream is not None:
        stream["EncryptionType"] = wanted.get("EncryptionType", "NONE")
        stream["KeyId"] = wanted.get("KeyId")
