"""The lake: records written straight onto the stream by a compromised producer, and hands put out for the files."""

from __future__ import annotations

import json
import secrets
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from tenantry.attacks import threats
from tenantry.attacks.accounts import SetupError
from tenantry.attacks.assertions import all_denied, require, together
from tenantry.attacks.per_run import PerRun
from tenantry.attacks.registry import REGISTRY
from tenantry.attacks.surfaces.stream import each
from tenantry.attacks.waiting import until
from tenantry.model.directory_tables import TENANT_ID
from tenantry.model.tags import TENANT_ID_TAG
from tenantry.testing.lake import Lake, packed

if TYPE_CHECKING:
    from collections.abc import Callable

    from tenantry.attacks.assertions import Calls
    from tenantry.attacks.outcome import Outcome
    from tenantry.attacks.world import World
    from tenantry.operate.aws import Aws
    from tenantry.testing.lake import Line

lake: Final = REGISTRY.surface(
    "lake",
    "Records that claim another tenant or leave their partition, malformed records, and the lake's files with "
    "every kind of credentials",
)

_BODY: Final = b"the attacker was here"
_LOCAL_PATIENCE_SECONDS: Final = 60.0
_PATIENCE_SECONDS: Final = 900.0  # the longest time between checkpoints, twice, and some
_POLL_SECONDS: Final = 1.0


class StreamProducer(PerRun):
    """A compromised producer, which puts records on the stream past the gateway, and finds them in the lake.

    What arrives in tenants' partitions is removed after the run. Rejected records stay as long as the lake keeps them,
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

    def settled(self, marker: str, *records: tuple[str, bytes]) -> list[Line]:
        """Put records on the stream, and a valid one after them, and return all lines with a marker in them.

        The valid one follows on each shard, so that what came before it has been read when it is in the lake.
        """
        control = f"{marker}-control"
        keys = {key for key, _ in records} | {self.mine}
        controls = [(key, self.record(key, control=control)) for key in sorted(keys)]
        entries: Any = [{"PartitionKey": key, "Data": data} for key, data in [*records, *controls]]
        target = self._world.target
        if target.aws.kinesis.put_records(StreamName=target.ingest_stream, Records=entries)["FailedRecordCount"]:
            raise SetupError("The stream did not take what was put on it.")

        def arrived() -> list[Line]:
            found = self.lake.lines(marker, tenants=self._world.run[-8:])
            return found if any(control in line.raw for line in found) and len(found) > len(records) else []

        patience = _LOCAL_PATIENCE_SECONDS if target.aws.endpoint_url else _PATIENCE_SECONDS
        if found := until(arrived, patience, pause=_POLL_SECONDS):
            return found
        raise SetupError("A valid record does not arrive in the lake: the streaming application does not run.")


def _checked(at: StreamProducer, marker: str, found: list[Line], *, rejected: int = 0, own: int = 0) -> Outcome:
    """Check where records with a marker are: the attacker's own, and all others in `errors/`, each exactly once."""
    control = f"{marker}-control"
    told = [line for line in found if control not in line.raw]
    mine = [line for line in told if line.key.startswith(f"data/{TENANT_ID}={at.mine}/")]
    errors = [line for line in told if line.key.startswith("errors/")]
    others = [line.key for line in told if line not in mine and line not in errors]
    named = [line.key for line in mine if line.content.get(TENANT_ID) != at.mine]
    return together(
        ("elsewhere", require(not others, otherwise=f"in {others}", observed="nothing")),
        ("outside", require(not at.lake.strays(), otherwise=f"{at.lake.strays()}", observed="nothing")),
        ("as another", require(not named, otherwise=f"in {named}", observed="nothing")),
        ("one's own", require(len(mine) == own, otherwise=f"{len(mine)} of {own}", observed=f"{own} lines")),
        (
            "errors",
            require(len(errors) == rejected, otherwise=f"{len(errors)} of {rejected}", observed=f"{rejected} lines"),
        ),
    )


def _marker() -> str:
    return f"attack-{secrets.token_hex(6)}"


@lake.attack("claims", threat=threats.WRONG_TENANT, must="Each line is in the sender's partition, under its tenant.")
def _(world: World) -> Outcome:
    """Claim another tenant in the record's own object, in every place and spelling."""
    at, marker = StreamProducer.of(world), _marker()
    claims: list[dict[str, object]] = [
        {TENANT_ID: at.theirs},
        {TENANT_ID_TAG: at.theirs},
        {"TENANTID": {"S": at.theirs}},
        {TENANT_ID: None, "data": {TENANT_ID: at.theirs}},
        {TENANT_ID: f"{at.theirs}/year=2026"},
    ]
    records = [(at.mine, at.record(at.mine, marker=marker, **claim)) for claim in claims]
    return _checked(at, marker, at.settled(marker, *records), own=len(records))


@lake.attack("other-key", threat=threats.WRONG_TENANT, must="Each is rejected.")
def _(world: World) -> Outcome:
    """Write records of another tenant under one's own partition key, and one's own under another's."""
    at, marker = StreamProducer.of(world), _marker()
    found = at.settled(
        marker,
        (at.mine, at.record(at.theirs, marker=marker)),
        (at.theirs, at.record(at.mine, marker=marker)),
        (at.mine, at.record(at.mine.upper(), marker=marker)),
        (at.mine, at.record(f"{at.mine}-1", marker=marker)),
    )
    return _checked(at, marker, found, rejected=4)


@lake.attack("escapes", threat=threats.HOSTILE_NAMES, must="Each is rejected; there is no new folder.")
def _(world: World) -> Outcome:
    """Write records of tenants whose ids would leave their partition."""
    at, marker = StreamProducer.of(world), _marker()
    ids = [
        f"../{TENANT_ID}={at.theirs}",
        f"{at.mine}/../{TENANT_ID}={at.theirs}",
        f"{at.mine}/year=2026",
        f"{at.mine}%2F..%2F{at.theirs}",
        f"{at.theirs}\u0000",
        f"{at.theirs}\n",
        f" {at.theirs}",
        "*",
        "",
        "prefix",
        "\u0430bc",
        f"{at.mine}=",
        "a" * 200,
    ]
    before = set(at.lake.tenants())
    found = at.settled(marker, *((at.mine, at.record(tenant, marker=marker)) for tenant in ids))
    more = set(at.lake.tenants()) - before - {f"data/{TENANT_ID}={at.mine}/", f"data/{TENANT_ID}={at.theirs}/"}
    strange = [folder for folder in more if any(mark in folder for mark in ("%", "..", "*", " ", "prefix/"))]
    return together(
        _checked(at, marker, found, rejected=len(ids)),
        ("folders", require(not strange, otherwise=f"{strange}", observed="none that is no tenant's")),
    )


@lake.attack("envelope", threat=threats.INJECTION, must="Each is rejected, with all of its bytes in `errors/`.")
def _(world: World) -> Outcome:
    """Write what a parser could read in two ways: names twice, two values, other encodings, members of one's own."""
    at, marker = StreamProducer.of(world), _marker()
    text = f'"marker":"{marker}"'
    mine, theirs = f'"tenantid":"{at.mine}"', f'"tenantid":"{at.theirs}"'
    records = [
        f'{{{mine},"data":{{{text}}},{theirs}}}',
        f'{{{theirs},{mine},"data":{{{text}}}}}',
        f'{{{mine},"data":{{{text},"a":1,"a":2}}}}',
        f'{{{mine},"data":{{{text}}},"data":{{{theirs}}}}}',
        f'{{{mine},"data":{{{text}}}}}{{{theirs},"data":{{}}}}',
        f'{{{mine},"data":{{{text}}},"path":"../{at.theirs}"}}',
        f'[{{{mine},"data":{{{text}}}}}]',
    ]
    found = at.settled(marker, *((at.mine, record.encode()) for record in records))
    return _checked(at, marker, found, rejected=len(records))


@lake.attack(
    "malformed",
    threat=threats.REJECTED_RECORD,
    must="Each is rejected, and good records before and after arrive.",
)
def _(world: World) -> Outcome:
    """Write what could stop whoever reads it: no text, no JSON, deep nesting, huge values."""
    at, marker = StreamProducer.of(world), _marker()
    deep = f'{{"tenantid":"{at.mine}","data":{{"marker":"{marker}","a":'.encode()
    malformed = [
        b"\xff\xfe" + marker.encode(),
        marker.encode(),
        deep,
        deep + b"[" * 200_000,
        deep + b'{"a":' * 5_000 + b"1" + b"}" * 5_002,
        deep + b"1" * 100_000 + b"e",
        f'{{"tenantid":1,"data":{{"marker":"{marker}"}}}}'.encode(),
        f'{{"tenantid":"{at.mine}","data":"{marker}"}}'.encode(),
    ]
    good = (at.mine, at.record(at.mine, marker=marker, number=10**40))
    found = at.settled(marker, good, *((at.mine, record) for record in malformed), good)
    return _checked(at, marker, found, rejected=len(malformed), own=2)


@lake.attack("files", threat=threats.WRONG_TENANT, must="A denial of each.")
def _(world: World) -> Outcome:
    """Read, list, write and delete files of the lake, with credentials of every kind that tenants get."""
    at = StreamProducer.of(world)
    theirs = f"data/{TENANT_ID}={at.theirs}/year=2026/month=01/day=01/part-attack.json.zst"

    def calls(aws: Aws) -> Calls:
        s3, bucket = aws.s3, at.lake.bucket
        return [
            ("get", partial(s3.get_object, Bucket=bucket, Key=theirs)),
            ("list", partial(s3.list_objects_v2, Bucket=bucket, Prefix=f"data/{TENANT_ID}={at.mine}/")),
            ("list all", partial(s3.list_objects_v2, Bucket=bucket)),
            ("put", partial(s3.put_object, Bucket=bucket, Key=theirs, Body=_BODY)),
            ("put an error", partial(s3.put_object, Bucket=bucket, Key="errors/attack", Body=_BODY)),
            ("delete", partial(s3.delete_object, Bucket=bucket, Key=theirs)),
            ("uploads", partial(s3.list_multipart_uploads, Bucket=bucket)),
            ("policy", partial(s3.get_bucket_policy, Bucket=bucket)),
        ]

    return each(world, calls)


@lake.attack("application", threat=threats.LOOSE_POLICY, must="A denial of each call.")
def _(world: World) -> Outcome:
    """Act with the grants of the application on the lake: write elsewhere, delete what is finished, change settings."""
    at, aws = StreamProducer.of(world), world.clone_role(world.target.streaming_role)
    s3, bucket = aws.s3, at.lake.bucket
    finished = f"data/{TENANT_ID}={at.theirs}/year=2026/month=01/day=01/part-finished.json.zst"
    world.target.aws.s3.put_object(Bucket=bucket, Key=finished, Body=packed(b""))
    calls: dict[str, Callable[[], object]] = {
        "write elsewhere": partial(s3.put_object, Bucket=bucket, Key="attack.json", Body=_BODY),
        "write another's table": partial(s3.put_object, Bucket=bucket, Key="athena/attack.json", Body=_BODY),
        "delete what is finished": partial(s3.delete_object, Bucket=bucket, Key=finished),
        "list": partial(s3.list_objects_v2, Bucket=bucket),
        "policy": partial(s3.put_bucket_policy, Bucket=bucket, Policy="{}"),
        "settings": partial(s3.put_bucket_versioning, Bucket=bucket, VersioningConfiguration={"Status": "Suspended"}),
    }
    return together(*all_denied(calls.items()))
