"""A stream, a lake and the streaming application between them."""

from __future__ import annotations

import itertools
import json
from typing import TYPE_CHECKING, Any, Final

from tenantry.local.flink.job import RUN_OPTIONS, Application, Job
from tenantry.local.settings import REGION
from tenantry.testing.lake import unpacked

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from tenantry.local.cloud import LocalCloud
    from tenantry.local.flink.installation import Installation

_NUMBERS: Final = itertools.count(1)
_MOST_RECORDS: Final = 500  # of PutRecords


class Pipeline:
    """One stream of two shards, one bucket, and a job on a folder of its own."""

    def __init__(self, cloud: LocalCloud, flink: Installation, code: Path, folder: Path) -> None:
        session = cloud.session()
        self._cloud, self._flink, self._code, self._folder = cloud, flink, code, folder
        self._kinesis, self._s3 = session.client("kinesis"), session.client("s3")
        name = f"streaming-{next(_NUMBERS)}"
        self._stream = self._lake = name
        self._kinesis.create_stream(StreamName=name, ShardCount=2)
        self._kinesis.get_waiter("stream_exists").wait(StreamName=name, WaiterConfig={"Delay": 1})
        self._s3.create_bucket(Bucket=name)
        self._jobs: list[Job] = []
        self._contents: dict[str, bytes] = {}

    def job(self, **properties: str) -> Job:
        """Return a job, not started yet, with these properties beside the ones it needs."""
        endpoint = self._cloud.endpoint
        root = self._cloud.folder.root_key()
        self._folder.mkdir(exist_ok=True)
        application = Application(
            code=self._code,
            properties={
                "ConsumerConfigProperties": {
                    "Region": REGION,
                    "InputStreamName": self._stream,
                    "S3SinkPath": self._lake,
                    "aws.endpoint": endpoint,
                    **properties,
                },
                RUN_OPTIONS: {"python": "main.py", "jarfile": "lib/streaming.jar"},
            },
            checkpoint_milliseconds=2000,
            settings={"s3.endpoint": endpoint, "s3.path.style.access": "true"},
            variables={
                "AWS_ACCESS_KEY_ID": root.access_key_id,
                "AWS_SECRET_ACCESS_KEY": root.secret_access_key,
                "AWS_CBOR_DISABLE": "true",
            },
        )
        job = Job(self._folder, application, self._flink, self._cloud.folder.tls / "ca.pem")
        self._jobs.append(job)
        return job

    def send(self, records: Sequence[tuple[str, bytes]]) -> None:
        """Put records, each with its partition key, on the stream; nothing may be refused."""
        for start in range(0, len(records), _MOST_RECORDS):
            batch = [{"PartitionKey": key, "Data": data} for key, data in records[start : start + _MOST_RECORDS]]
            assert self._kinesis.put_records(StreamName=self._stream, Records=batch)["FailedRecordCount"] == 0

    def shard_of(self, key: str) -> str:
        """Put an unreadable record, and return the shard that its partition key leads to."""
        return str(self._kinesis.put_record(StreamName=self._stream, PartitionKey=key, Data=b"?")["ShardId"])

    def files(self) -> list[str]:
        """Return the keys of all finished files."""
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self._lake)
        keys = [entry["Key"] for page in pages for entry in page.get("Contents", [])]
        return [key for key in keys if not key.rpartition("/")[2].startswith("_")]

    def content(self, key: str) -> bytes:
        """Return a file's content, unpacked; a finished file never changes, so each is read once."""
        if key not in self._contents:
            content = self._s3.get_object(Bucket=self._lake, Key=key)["Body"].read()
            self._contents[key] = unpacked(content) if key.endswith(".zst") else content
        return self._contents[key]

    def count(self, *prefixes: str) -> int:
        """Return how many lines the files below the prefixes have."""
        return sum(self.content(key).count(b"\n") for key in self.files() if key.startswith(prefixes))

    def lines(self, prefix: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """Return each line of the files below a prefix, with the file's key."""
        for key in self.files():
            if key.startswith(prefix):
                for line in self.content(key).splitlines():
                    yield key, json.loads(line)

    def clean(self) -> None:
        """End every job."""
        for job in self._jobs:
            job.kill()
