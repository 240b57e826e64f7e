"""Probes of `kinesis.get_records`."""

from functools import partial

from tenantry.local.settings import ACCOUNT, REGION
from tests.local.emulator import Emulator, allow, outcome
from tests.local.probes import probe


@probe(aws=["done", "AccessDeniedException"], ministack=["AccessDeniedException"] * 2)
def reading_two_streams_with_a_grant_on_one(emulator: Emulator) -> list[str]:
    root, streams = emulator.client("kinesis"), [emulator.name("stream"), emulator.name("stream")]
    for stream in streams:
        root.create_stream(StreamName=stream, ShardCount=1)
        root.get_waiter("stream_exists").wait(StreamName=stream, WaiterConfig={"Delay": 1})
    arn = f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/{streams[0]}"
    reader = emulator.user(allow("kinesis:GetRecords", arn)).client("kinesis")
    iterators = [
        root.get_shard_iterator(StreamName=stream, ShardId="shardId-000000000000", ShardIteratorType="TRIM_HORIZON")[
            "ShardIterator"
        ]
        for stream in streams
    ]
    return [outcome(partial(reader.get_records, ShardIterator=iterator)) for iterator in iterators]
