"""Probes of `kinesis.records`."""

import base64
from typing import Any

from botocore.config import Config
from botocore.exceptions import ClientError

from tests.local.emulator import Emulator
from tests.local.probes import probe


def _put(emulator: Emulator, **record: Any) -> str:  # noqa: ANN401
    """Put records with a client that checks nothing itself, and return the error."""
    stream = emulator.name("stream")
    kinesis = emulator.cloud.session().client("kinesis", config=Config(parameter_validation=False))
    kinesis.create_stream(StreamName=stream, ShardCount=1)
    kinesis.get_waiter("stream_exists").wait(StreamName=stream, WaiterConfig={"Delay": 1})
    try:
        kinesis.put_records(StreamName=stream, Records=[record])
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return "done"


@probe(aws="ValidationException", ministack="done")
def a_record_without_a_partition_key(emulator: Emulator) -> str:
    return _put(emulator, Data=b"x", PartitionKey="")


@probe(aws="KMS", ministack="NONE")
def the_encryption_of_a_stream(emulator: Emulator) -> str:
    encryption = {"EncryptionType": "KMS", "KeyId": "alias/aws/kinesis"}
    properties = {"ShardCount": 1, "StreamEncryption": encryption}
    stream = emulator.stack(Stream={"Type": "AWS::Kinesis::Stream", "Properties": properties})["Stream"]
    record = {"StreamName": stream, "Data": base64.b64encode(b"x"), "PartitionKey": "k"}
    return str(emulator.client("kinesis").put_record(**record)["EncryptionType"])
