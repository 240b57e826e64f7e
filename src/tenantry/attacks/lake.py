"""The lake to attack: what somebody puts on the stream past the gateway, and where it ends up."""

from __future__ import annotations

import base64
import gzip
import json
import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from tenantry.attacks.people import SceneError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tenantry.attacks.world import World

_LOCAL_PATIENCE_SECONDS: Final = 60.0
_PATIENCE_SECONDS: Final = 900.0  # the longest time between checkpoints, twice, and some
_LOOKS_A_SECOND: Final = 1
_FOLDERS: Final = ("data/", "errors/", "aggregates/")


@dataclass(frozen=True)
class Found:
    """A line of a file in the lake.

    Attributes
    ----------
    key
        The file's key.
    line
        What it holds.
    """

    key: str
    line: Mapping[str, Any]


class Lake:
    """What a compromised producer, who can write to the stream itself, gets into the lake.

    Parameters
    ----------
    world
        The run; what is made of it in tenants' partitions is removed with it. Dead letters stay for as long as the
        lake keeps them: each of their files is of many.

    Attributes
    ----------
    mine, theirs
        The attacker's tenant and the victim's.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self.mine, self.theirs = (f"{world.run[-8:]}-{label}" for label in ("lake", "spied"))
        self._contents: dict[str, str] = {}
        for tenant in (self.mine, self.theirs):
            world.cleanup.later(f"the files of {tenant} in the lake", partial(self._remove, tenant))

    @classmethod
    def of(cls, world: World) -> Lake:
        """Return the run's lake."""
        return world.once("lake", lambda: cls(world))

    @property
    def bucket(self) -> str:
        """Its bucket."""
        return self._world.target.lake

    def record(self, tenant: str, **data: object) -> bytes:
        """Return a record as the gateway writes it."""
        return json.dumps({"tenantid": tenant, "data": data}).encode()

    def put(self, *records: tuple[str, bytes]) -> None:
        """Put records, each with its partition key, on the stream itself."""
        kinesis, stream = self._world.target.aws.kinesis, self._world.target.ingest_stream
        entries: Any = [{"PartitionKey": key, "Data": data} for key, data in records]
        if kinesis.put_records(StreamName=stream, Records=entries)["FailedRecordCount"]:
            raise SceneError("The stream did not take what was put on it.")

    def settled(self, marker: str, *records: tuple[str, bytes]) -> list[Found]:
        """Put records on the stream, and a good one after them, and return all lines with a marker in them.

        The good one follows on each shard, so that what came before it has been read when it is in the lake.
        """
        control = f"{marker}-control"
        keys = {key for key, _ in records} | {self.mine}
        self.put(*records, *((key, self.record(key, control=control)) for key in sorted(keys)))
        deadline = time.monotonic() + (
            _LOCAL_PATIENCE_SECONDS if self._world.target.aws.endpoint_url else _PATIENCE_SECONDS
        )
        while time.monotonic() < deadline:
            found = self.lines(marker)
            if sum(control in json.dumps(line.line) for line in found) >= 1 and len(found) > len(records):
                return found
            time.sleep(1 / _LOOKS_A_SECOND)
        raise SceneError("A good record does not arrive in the lake: the application does not run, or is stopped.")

    def lines(self, marker: str) -> list[Found]:
        """Return the lines of today's files that hold a marker, also where it is in base64."""
        found = []
        for key in self.keys():
            if key.startswith(("data/", "errors/")):
                for line in filter(None, self._content(key).split("\n")):  # no other character ends one
                    read = json.loads(line)
                    told = base64.b64decode(read["record"]).decode("utf-8", "replace") if "reason" in read else line
                    if marker in told:
                        found.append(Found(key, read))
        return found

    def keys(self) -> list[str]:
        """Return the keys of the files of this run's tenants and of today's dead letters."""
        s3 = self._world.target.aws.s3
        today = time.strftime("year=%Y/month=%m/day=%d", time.gmtime())
        prefixes = [f"data/tenantid={self._world.run[-8:]}", f"errors/{today}/"]
        return [key for prefix in prefixes for key in _listed(s3, self.bucket, prefix)]

    def strays(self) -> list[str]:
        """Return what stands outside the lake's three folders, or in a folder that is no tenant's."""
        s3 = self._world.target.aws.s3
        tops = s3.list_objects_v2(Bucket=self.bucket, Delimiter="/")
        outside = [prefix["Prefix"] for prefix in tops.get("CommonPrefixes", []) if prefix["Prefix"] not in _FOLDERS]
        return [*outside, *(entry["Key"] for entry in tops.get("Contents", []))]

    def tenants(self) -> list[str]:
        """Return the folders of tenants."""
        pages = self._world.target.aws.s3.get_paginator("list_objects_v2").paginate(
            Bucket=self.bucket, Prefix="data/", Delimiter="/"
        )
        return [prefix["Prefix"] for page in pages for prefix in page.get("CommonPrefixes", [])]

    def _content(self, key: str) -> str:
        if key not in self._contents:
            content = self._world.target.aws.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read()
            self._contents[key] = gzip.decompress(content).decode()
        return self._contents[key]

    def _remove(self, tenant: str) -> None:
        s3 = self._world.target.aws.s3
        for folder in ("data", "aggregates"):
            for key in _listed(s3, self.bucket, f"{folder}/tenantid={tenant}/"):
                s3.delete_object(Bucket=self.bucket, Key=key)


def _listed(s3: Any, bucket: str, prefix: str) -> list[str]:  # noqa: ANN401 - boto3's client
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    return [
        entry["Key"]
        for page in pages
        for entry in page.get("Contents", [])
        if not entry["Key"].rpartition("/")[2].startswith("_")
    ]
