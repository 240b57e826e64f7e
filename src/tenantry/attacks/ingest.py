"""Senders of the ingest API to attack with, and a look at what they have put on the stream."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from tenantry.attacks.accounts import SetupError
from tenantry.attacks.per_run import PerRun
from tenantry.attacks.sigv4 import Signer
from tenantry.attacks.ttl_cache import TtlCache
from tenantry.model.identifiers import tenant_id
from tenantry.operate.devices.limits import TenantKeys

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tenantry.attacks.http import Reply
    from tenantry.attacks.world import World
    from tenantry.operate.aws import Aws

_PATIENCE_SECONDS: Final = 10.0
_LOOKS_A_SECOND: Final = 5


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
        account = aws.sts.get_caller_identity()["Account"]
        api, stage = self._api()
        paths = [
            f"arn:aws:execute-api:{aws.region}:{account}:{api}/{stage}/POST/{tenant}{end}" for end in ("", "/batch")
        ]
        return self._world.role(label, {"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": paths})

    def _api(self) -> tuple[str, str]:
        """Return the API's id and stage, wherever in the URL they stand."""
        url = self._world.target.ingest_api
        stage = url.rsplit("/", 1)[-1]
        for api in self._world.ids_of("AWS::ApiGateway::RestApi"):
            if api in url:
                return api, stage
        raise SetupError(f"None of the stacks' APIs is at {url}.")

    def send(
        self,
        path: str,
        body: str | bytes,
        *,
        by: Aws | None = None,
        method: str = "POST",
        signed: bool = True,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Send a request, as the attacker if nobody else; the key of the attacker's rate is with it."""
        aws, url = by or self.attacker, f"{self._world.target.ingest_api}{path}"
        signer = Signer(credentials=aws.credentials(), region=aws.region)
        signature = signer.headers(method, url, body) if signed else {}
        sent = {"Content-Type": "application/json", "x-api-key": self._key(), **(headers or {}), **signature}
        return self._world.http.send(method, url, headers=sent, body=body)

    @property
    def good(self) -> TtlCache[Reply]:
        """Sends what must be taken: a record of one's own."""
        return self._world.once("sender good", lambda: TtlCache(self._send_good))

    def _send_good(self) -> Reply:
        return self.send(f"/{self.mine}", '{"Data": {"good": true}}')

    def landed(self, marker: str, *, expect: bool) -> list[Landed]:
        """Return the records with a marker in them: when some are expected, waiting for them."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while True:
            found = [record for record in self._all() if marker in record.text]
            if found or not expect or time.monotonic() > deadline:
                return found
            time.sleep(1 / _LOOKS_A_SECOND)

    def of_victim(self) -> list[Landed]:
        """Return what is on the stream as the victim's, who has never sent anything."""
        return [
            record for record in self._all() if record.tenant == self.theirs or f'"{self.theirs}"' in record.text[:99]
        ]

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
        """Return the key of the attacker's rate, which environments may ask for."""
        return self._world.once("sender's key", self._made_key)

    def _made_key(self) -> str:
        environment, gateway = self._world.target.environment, self._world.target.aws.apigateway
        if environment is None:
            raise SetupError("The target does not say how keys are made.")
        value = TenantKeys(environment).of(tenant_id(self.mine))
        for key in gateway.get_api_keys(nameQuery=f"{self._world.target.app}-{self.mine}")["items"]:
            self._world.cleanup.later(f"the key {key['id']}", partial(gateway.delete_api_key, apiKey=key["id"]))
        return value
