"""Senders of the ingest API to attack with, and a look at what they have put on the stream."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from tenantry.attacks.accounts import SetupError
from tenantry.attacks.assertions import refused, require
from tenantry.attacks.http import Api
from tenantry.attacks.per_run import PerRun
from tenantry.attacks.waiting import until
from tenantry.model.identifiers import tenant_id
from tenantry.operate.devices.limits import TenantKeys

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tenantry.attacks.http import Reply
    from tenantry.attacks.outcome import Outcome
    from tenantry.attacks.world import World
    from tenantry.operate.aws import Aws

_PATIENCE_SECONDS: Final = 10.0


@dataclass(frozen=True)
class Landed:
    """A record on the stream.

    Attributes
    ----------
    tenant
        Its partition key.
    text
        Its data.
    """

    tenant: str
    text: str

    def json(self) -> Any:  # noqa: ANN401 - whatever is in it
        """Return its data as JSON, None if it is not."""
        try:
            return json.loads(self.text)
        except ValueError:
            return None


class Senders(PerRun):
    """Who sends, as which tenant, and what has come of it.

    Attributes
    ----------
    mine, theirs
        The attacker's tenant and the victim's.
    """

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._lock = threading.Lock()
        self._began = datetime.now(UTC)
        self._cursors: dict[str, str] = {}
        self._records: list[Landed] = []
        self.mine, self.theirs = (f"{world.run[-8:]}-{label}" for label in ("sends", "victim"))

    @property
    def attacker(self) -> Aws:
        """A principal that may send as `mine`."""
        return self._world.once("sender", lambda: self.role("sends", self.mine))

    @property
    def operator(self) -> Aws:
        """A principal that may call every path of the API: what stands between it and a tenant is the template."""
        return self._world.once("any sender", lambda: self.role("sends-any", "*"))

    def role(self, label: str, tenant: str) -> Aws:
        """Return a principal that may call the paths of a tenant."""
        aws = self._world.target.aws
        api, stage = self._world.api_at(self._world.target.ingest_api)
        path = f"arn:aws:execute-api:{aws.region}:{self._world.account}:{api}/{stage}/POST/{tenant}"
        paths = [path, f"{path}/batch"]
        return self._world.role(label, {"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": paths})

    def send(
        self,
        path: str,
        body: object,
        *,
        by: Aws | None = None,
        method: str = "POST",
        signed: bool = True,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Send a request, as the attacker if nobody else; the key of the attacker's rate is with it."""
        signer = self._world.signer(by or self.attacker) if signed else None
        key = self._world.once("sender's key", self._key)
        send = Api(self._world.http, self._world.target.ingest_api)
        return send(method, path, body=body, signer=signer, headers={"x-api-key": key, **(headers or {})})

    def good(self) -> Reply:
        """Send what must be taken: a record of one's own."""
        return self._world.recent("record", lambda: self.send(f"/{self.mine}", {"Data": {"good": True}}))

    def landed(self, marker: str, *, expect: bool) -> list[Landed]:
        """Return the records with a marker in them: when some are expected, waiting for them."""
        return until(
            lambda: [record for record in self._all() if marker in record.text],
            _PATIENCE_SECONDS if expect else 0,
            pause=0.2,
        )

    def nothing_of_victim(self) -> Outcome:
        """Check that nothing is on the stream as the victim's, who has never sent anything."""
        found = [
            record for record in self._all() if record.tenant == self.theirs or f'"{self.theirs}"' in record.text[:99]
        ]
        return require(
            not found, otherwise=f"{len(found)} records are the victim's", observed="nothing of the victim's"
        )

    def refusal(self, reply: Reply, *statuses: int) -> Outcome:
        """Check a request that had to be refused, while one's own are taken."""
        return refused(reply, *statuses, hidden=(self._world.target.ingest_stream,), control=self.good)

    def _all(self) -> list[Landed]:
        """Return all records since the run began, read where the last reading ended."""
        kinesis, stream = self._world.target.aws.kinesis, self._world.target.ingest_stream
        with self._lock:
            for shard in kinesis.list_shards(StreamName=stream)["Shards"]:
                name = shard["ShardId"]
                if name not in self._cursors:
                    self._cursors[name] = kinesis.get_shard_iterator(
                        StreamName=stream, ShardId=name, ShardIteratorType="AT_TIMESTAMP", Timestamp=self._began
                    )["ShardIterator"]
                self._read(kinesis, name)
            return list(self._records)

    def _read(self, kinesis: Any, shard: str) -> None:  # noqa: ANN401 - boto3's client
        while True:
            page = kinesis.get_records(ShardIterator=self._cursors[shard])
            self._cursors[shard] = page["NextShardIterator"]
            self._records += [Landed(r["PartitionKey"], r["Data"].decode("utf-8", "replace")) for r in page["Records"]]
            if not page["Records"] and not page["MillisBehindLatest"]:
                return

    def _key(self) -> str:
        """Make the key of the attacker's rate, which environments may ask for."""
        environment, gateway = self._world.target.environment, self._world.target.aws.apigateway
        if environment is None:
            raise SetupError("The target does not say how keys are made.")
        value = TenantKeys(environment).of(tenant_id(self.mine))
        for key in gateway.get_api_keys(nameQuery=f"{self._world.target.app}-{self.mine}")["items"]:
            self._world.cleanup.later(f"the key {key['id']}", partial(gateway.delete_api_key, apiKey=key["id"]))
        return value
