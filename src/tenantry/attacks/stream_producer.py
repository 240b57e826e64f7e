"""A compromised producer, which writes to the stream itself, past the gateway."""

from __future__ import annotations

import json
import time
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from tenantry.attacks.accounts import SetupError
from tenantry.attacks.per_run import PerRun
from tenantry.model.directory_tables import TENANT_ID
from tenantry.testing.lake import Lake

if TYPE_CHECKING:
    from tenantry.attacks.world import World
    from tenantry.testing.lake import Line

_LOCAL_PATIENCE_SECONDS: Final = 60.0
_PATIENCE_SECONDS: Final = 900.0  # the longest time between checkpoints, twice, and some
_POLL_SECONDS: Final = 1.0


class StreamProducer(PerRun):
    """Puts records on the stream, and finds them in the lake.

    What arrives in tenants' partitions is removed after the run. Dead letters stay as long as the lake keeps them,
    since their files are shared.

    Attributes
    ----------
    lake
        The lake.
    mine, theirs
        The attacker's tenant and the victim's.
    """

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.lake = Lake(world.target.aws.s3, world.target.lake)
        self.mine, self.theirs = (f"{world.run[-8:]}-{label}" for label in ("lake", "spied"))
        for tenant in (self.mine, self.theirs):
            world.cleanup.later(f"the files of {tenant} in the lake", partial(self.lake.remove, tenant))

    def record(self, tenant: str, **data: object) -> bytes:
        """Return a record as the gateway writes it."""
        return json.dumps({TENANT_ID: tenant, "data": data}).encode()

    def put(self, *records: tuple[str, bytes]) -> None:
        """Put records, each with its partition key, on the stream itself."""
        kinesis, stream = self._world.target.aws.kinesis, self._world.target.ingest_stream
        entries: Any = [{"PartitionKey": key, "Data": data} for key, data in records]
        if kinesis.put_records(StreamName=stream, Records=entries)["FailedRecordCount"]:
            raise SetupError("The stream did not take what was put on it.")

    def settled(self, marker: str, *records: tuple[str, bytes]) -> list[Line]:
        """Put records on the stream, and a valid one after them, and return all lines with a marker in them.

        The valid one follows on each shard, so that what came before it has been read when it is in the lake.
        """
        control = f"{marker}-control"
        keys = {key for key, _ in records} | {self.mine}
        self.put(*records, *((key, self.record(key, control=control)) for key in sorted(keys)))
        deadline = time.monotonic() + (
            _LOCAL_PATIENCE_SECONDS if self._world.target.aws.endpoint_url else _PATIENCE_SECONDS
        )
        while time.monotonic() < deadline:
            found = self.lake.lines(marker, tenants=self._world.run[-8:])
            if any(control in line.raw for line in found) and len(found) > len(records):
                return found
            time.sleep(_POLL_SECONDS)
        raise SetupError("A valid record does not arrive in the lake: the streaming application does not run.")
