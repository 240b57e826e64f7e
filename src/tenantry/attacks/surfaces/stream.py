"""The stream: callers whom the API accepts, and holders of a tenant's credentials, try to reach it directly."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from tenantry.attacks import threats
from tenantry.attacks.assertions import DENIALS, all_denied, granted, together
from tenantry.attacks.devices import Servers
from tenantry.attacks.ingest import Senders
from tenantry.attacks.outcome import Outcome, held, inconclusive
from tenantry.attacks.registry import REGISTRY
from tenantry.attacks.sessions import IsolationLayers, Sessions
from tenantry.attacks.surfaces.vending import prize
from tenantry.model.directory_tables import TENANT_ID

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tenantry.attacks.assertions import Calls
    from tenantry.attacks.world import World
    from tenantry.operate.aws import Aws

stream: Final = REGISTRY.surface(
    "stream",
    "Reading, writing and changing the stream with every kind of credentials; the grants of the streaming application",
)

_RECORD: Final = json.dumps({TENANT_ID: "tenanta", "data": {"from": "an attack"}}).encode()


def outsiders(world: World) -> Mapping[str, Aws]:
    """Return everybody who has credentials that were given out to tenants, and two who were given nothing."""
    alice, sessions = prize(world).alice, Sessions.of(world)
    return {
        "a sender": Senders.of(world).attacker,
        "a server": world.once("a server's credentials", lambda: Servers.of(world).act(Servers.of(world).mine)),
        **{
            f"a session for {purpose}": sessions.act(purpose, IsolationLayers.BOTH, alice)
            for purpose in ("prefix", "employees")
        },
        "nobody": world.nobody,
        "a stranger": world.target.aws.anonymous(),
    }


def each(world: World, calls: Callable[[Aws], Calls]) -> Outcome:
    """Check calls that have to be denied to all of them, while a good request is taken."""
    tried = [(f"{who}: {what}", call) for who, aws in outsiders(world).items() for what, call in calls(aws)]
    return together(
        *all_denied(tried, codes=DENIALS | {"403"}), ("a record of one's own", granted(Senders.of(world).good()))
    )


@stream.attack("write", threat=threats.WRONG_TENANT, must="A denial of each: the gateway alone writes.")
def _(world: World) -> Outcome:
    """Put records on the stream past the gateway, with credentials of every kind that tenants get."""
    name = world.target.ingest_stream

    def calls(aws: Aws) -> Calls:
        entry: Any = {"PartitionKey": "tenanta", "Data": _RECORD}
        return [
            ("one", partial(aws.kinesis.put_record, StreamName=name, **entry)),
            ("many", partial(aws.kinesis.put_records, StreamName=name, Records=[entry])),
        ]

    return each(world, calls)


@stream.attack("read", threat=threats.WRONG_TENANT, must="A denial of each: the application alone reads.")
def _(world: World) -> Outcome:
    """Read all tenants' records off the stream, with an iterator of one's own or of somebody else's."""
    name, operator = world.target.ingest_stream, world.target.aws.kinesis
    shard = operator.list_shards(StreamName=name)["Shards"][0]["ShardId"]
    begin: Any = {"StreamName": name, "ShardId": shard, "ShardIteratorType": "TRIM_HORIZON"}
    iterator = operator.get_shard_iterator(**begin)["ShardIterator"]

    def calls(aws: Aws) -> Calls:
        return [
            ("begin", partial(aws.kinesis.get_shard_iterator, **begin)),
            ("go on", partial(aws.kinesis.get_records, ShardIterator=iterator)),
            ("list", partial(aws.kinesis.list_shards, StreamName=name)),
        ]

    return each(world, calls)


@stream.attack("settings", threat=threats.LOOSE_POLICY, must="A denial of each.")
def _(world: World) -> Outcome:
    """Change the stream so that records are lost, or can be read by others."""
    stream: Any = {"StreamName": world.target.ingest_stream}
    key: Any = {"EncryptionType": "KMS", "KeyId": "alias/aws/kinesis"}

    def calls(aws: Aws) -> Calls:
        kinesis = aws.kinesis
        return [
            ("forget sooner", partial(kinesis.decrease_stream_retention_period, **stream, RetentionPeriodHours=24)),
            ("no encryption", partial(kinesis.stop_stream_encryption, **stream, **key)),
            ("describe", partial(kinesis.describe_stream_summary, **stream)),
        ]

    return each(world, calls)


@stream.attack("application", threat=threats.LOOSE_POLICY, must="A denial of each call.")
def _(world: World) -> Outcome:
    """Act with the grants of the application that reads the stream, on everything but its one job."""
    aws = world.clone_role(world.target.streaming_role)
    name, kinesis = world.target.ingest_stream, aws.kinesis
    entry: Any = {"PartitionKey": "tenanta", "Data": _RECORD}
    calls: dict[str, Callable[[], object]] = {
        "write": partial(kinesis.put_record, StreamName=name, **entry),
        "forget sooner": partial(kinesis.decrease_stream_retention_period, StreamName=name, RetentionPeriodHours=24),
        "delete": partial(kinesis.delete_stream, StreamName=f"{name}-that-is-not-there"),
        "assume the tenants' role": partial(
            aws.sts.assume_role, RoleArn=world.target.storage_role, RoleSessionName="attack"
        ),
        "read the tenants' table": partial(aws.dynamodb.scan, TableName=world.target.tenants_table),
        "list another bucket": partial(aws.s3.list_objects_v2, Bucket=world.target.storage_names.shared["prefix"]),
    }
    checked = all_denied(calls.items())
    own = kinesis.list_shards(StreamName=name)["Shards"]
    return together(*checked, ("its own stream", held("it can be read") if own else inconclusive("no shards")))
