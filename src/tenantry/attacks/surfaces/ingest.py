"""The ingest API: other tenants' paths, malformed ids, and callers without any permission."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from tenantry.attacks import threats
from tenantry.attacks.assertions import all_denied, granted, refused, require, together
from tenantry.attacks.ingest import Senders
from tenantry.attacks.outcome import Outcome, inconclusive
from tenantry.attacks.registry import REGISTRY
from tenantry.model.directory_tables import TENANT_ID

if TYPE_CHECKING:
    from collections.abc import Callable

    from tenantry.attacks.http import Reply
    from tenantry.attacks.world import World

ingest: Final = REGISTRY.surface(
    "ingest",
    "Another tenant's path by every spelling; paths of no tenant; bodies that name another tenant or break out "
    "of the template; broken and oversized batches; the integrations' roles",
)

_ONE: Final = '{"Data": {"from": "an attack"}}'
_BATCH: Final = '{"Records": [{"Data": {"from": "an attack"}}]}'


def _shut(world: World, *replies: tuple[str, Reply], status: int = 403) -> Outcome:
    """Check requests that have to be refused while one's own are taken, and with nothing of the victim's stored."""
    senders = Senders.of(world)
    steps = [(name, senders.refusal(reply, status)) for name, reply in replies]
    return together(*steps, ("on the stream", senders.nothing_of_victim()))


@ingest.attack("other-path", threat=threats.WRONG_TENANT, must="403 for both routes; nothing is stored.")
def _(world: World) -> Outcome:
    """Send a record, and a batch, to another tenant's path."""
    senders = Senders.of(world)
    theirs = f"/{senders.theirs}"
    return _shut(world, ("one", senders.send(theirs, _ONE)), ("batch", senders.send(f"{theirs}/batch", _BATCH)))


@ingest.attack("expected-tenant", threat=threats.WRONG_TENANT, must="409 for both routes; nothing is stored.")
def _(world: World) -> Outcome:
    """As one who may send to every path, mean one tenant in `Expected-Tenant` and send to another's."""
    senders = Senders.of(world)
    meant = {"expected-tenant": senders.mine}
    by = senders.operator
    one = senders.send(f"/{senders.theirs}", _ONE, by=by, headers=meant)
    batch = senders.send(f"/{senders.theirs}/batch", _BATCH, by=by, headers=meant)
    own = granted(senders.send(f"/{senders.mine}", _ONE, headers=meant))
    return together(own, _shut(world, ("one", one), ("batch", batch), status=409))


@ingest.attack("unsigned", threat=threats.NO_TOKEN, must="403.")
def _(world: World) -> Outcome:
    """Send without a signature, naming the tenant in every place that there is."""
    senders = Senders.of(world)
    named = {"tenantId": senders.theirs, "x-tenant-id": senders.theirs}
    reply = senders.send(f"/{senders.theirs}?tenantId={senders.theirs}", _ONE, signed=False, headers=named)
    return _shut(world, ("", reply))


@ingest.attack("nobody", threat=threats.NO_TOKEN, must="403.")
def _(world: World) -> Outcome:
    """Send as a principal of the account that has been granted nothing."""
    senders = Senders.of(world)
    return _shut(world, ("", senders.send(f"/{senders.theirs}", _ONE, by=world.nobody)))


@ingest.attack("key-without-right", threat=threats.NO_TOKEN, must="403: the key of a rate gives no access.")
def _(world: World) -> Outcome:
    """Send with a tenant's API key and no right to its path."""
    senders = Senders.of(world)
    return _shut(world, ("", senders.send(f"/{senders.mine}", _ONE, by=world.nobody)))


@ingest.attack("other-methods", threat=threats.WRONG_TENANT, must="403 for each.")
def _(world: World) -> Outcome:
    """Use other methods on both tenants' paths."""
    senders = Senders.of(world)
    replies = [
        (f"{method} {tenant}", senders.send(f"/{tenant}", _ONE, method=method))
        for method in ("PUT", "PATCH", "DELETE")
        for tenant in (senders.theirs, senders.mine)
    ]
    return _shut(world, *replies)


def _detours(mine: str, theirs: str) -> dict[str, str]:
    return {
        "prefix": f"/{theirs[:-1]}",
        "longer": f"/{mine}-1",
        "case": f"/{mine.upper()}",
        "wildcard": "/*",
        "question-mark": f"/{mine[:-1]}%3F",
        "dot-segments": f"/{mine}/../{theirs}",
        "encoded-dot-segments": f"/{mine}/%2e%2e/{theirs}",
        "encoded-slash": f"/{mine}%2F..%2F{theirs}",
        "double-encoded": f"/{mine}%252F..%252F{theirs}",
        "double-slash": f"//{theirs}",
        "inside-batch": f"/{theirs}/batch/{mine}",
        "batch-twice": f"/{mine}/batch/../../{theirs}/batch",
        "encoded-letter": f"/%{ord(theirs[0]):02x}{theirs[1:]}",
        "fragment": f"/{theirs}%23/{mine}",
        "semicolon": f"/{theirs};/{mine}",
        "null": f"/{theirs}%00",
    }


def _detour(slug: str, world: World) -> Outcome:
    senders = Senders.of(world)
    reply = senders.send(_detours(senders.mine, senders.theirs)[slug], _ONE)
    # Some paths are none of the API's, or no way to write one's own: whatever is said, nothing is the victim's.
    return together(senders.refusal(reply, 400, 403, 404), ("on the stream", senders.nothing_of_victim()))


for _slug in _detours("mine-tenant", "their-tenant"):
    ingest.add(
        f"path-{_slug}",
        threat=threats.COLLIDING_NAMES if _slug in {"prefix", "longer", "case"} else threats.HOSTILE_NAMES,
        tries=f"Send to a path that is nearly one's own, or leads to another's: {_slug.replace('-', ' ')}.",
        must="It is refused, and nothing is stored as the victim's.",
        run=partial(_detour, _slug),
    )


@ingest.attack(
    "tenant-elsewhere", threat=threats.WRONG_TENANT, must="Each is stored as the sender's own: the path decides."
)
def _(world: World) -> Outcome:
    """Send to one's own path, and name another tenant in query and headers, as the template's parameter is named."""
    senders = Senders.of(world)
    marker = f"{world.run}-elsewhere"
    theirs = senders.theirs
    reply = senders.send(
        f"/{senders.mine}?tenantId={theirs}&PartitionKey={theirs}",
        {"Data": {"marker": marker}},
        headers={"tenantId": theirs, "X-Tenant-Id": theirs, "X-Amz-Target": "Kinesis_20131202.DeleteStream"},
    )
    found = senders.landed(marker, expect=reply.ok)
    own = bool(found) and all((r.tenant, r.json()[TENANT_ID]) == (senders.mine, senders.mine) for r in found)
    return together(
        ("", require(own or not reply.ok, otherwise=f"it is stored as {found}", observed=str(reply.status))),
        ("on the stream", senders.nothing_of_victim()),
    )


_NO_TENANTS: Final = (
    *("*", "?", "$", "{", "}", "..", ".", "#", "^", "=", " ", "\t", "\n", "\x00", "'", '"', "\\", ";", "%", "a", "T0"),
    *("T001*", "T00?", "${tenant}", "$context.accountId", "#set($x=1)", "T001'", 'T001","PartitionKey":"T002'),
    *("prefix", "TAG", "dbns", "-T001", "T001-", "x" * 39, "T\u0660\u0660\u0661", "\u202et001", "т001", "T001\r\n"),
)


@ingest.attack("no-tenant", threat=threats.HOSTILE_NAMES, must="400 for each; nothing is stored.")
def _(world: World) -> Outcome:
    """Send to paths that are no tenant ids, as one who may call every path."""
    senders, marker = Senders.of(world), f"{world.run}-no-tenant"
    body = {"Data": {"marker": marker}}
    steps = []
    for name in _NO_TENANTS:
        reply = senders.send(f"/{quote(name, safe='')}", body, by=senders.operator)
        # Dots and slashes may be another path, which the API does not have.
        steps.append((repr(name), refused(reply, 400, 403, hidden=(world.target.ingest_stream,))))
    stored = senders.landed(marker, expect=False)
    steps.append(("on the stream", require(not stored, otherwise=f"stored: {stored}", observed="nothing")))
    good = senders.send(f"/{senders.mine}", _ONE, by=senders.operator)
    if not good.ok:
        return inconclusive(f"a good request failed: {good}")
    return together(*steps, told=f"{len(_NO_TENANTS)} names, all refused")


@ingest.attack(
    "stranger-or-victim",
    threat=threats.EXISTENCE_SHOWN,
    must="The refusals differ in the path that was asked for only.",
)
def _(world: World) -> Outcome:
    """Compare what is said of a tenant that sends with what is said of one that there never was."""
    senders = Senders.of(world)
    sending = senders.role("sends-too", senders.theirs + "-real")
    if not (good := senders.send(f"/{senders.theirs}-real", _ONE, by=sending)).ok:
        return inconclusive(f"a good request failed: {good}")
    real, unreal = (senders.send(f"/{senders.theirs}-{end}", _ONE) for end in ("real", "none"))
    same = (real.status, real.text.replace("-real", "")) == (unreal.status, unreal.text.replace("-none", ""))
    return together(
        ("", refused(real, 403, control=senders.good)),
        ("compared", require(same, otherwise=f"{real} and {unreal}", observed="the same refusal")),
    )


@ingest.attack("integration-roles", threat=threats.LOOSE_POLICY, must="Kinesis denies everything but the one action.")
def _(world: World) -> Outcome:
    """Do with the grants of the API's roles what they are not there for."""
    stream = world.target.ingest_stream
    roles = [name for name in world.ids_of("AWS::IAM::Role") if "ApiOneRole" in name or "ApiManyRole" in name]
    steps = []
    for role in roles:
        kinesis = world.clone_role(role).kinesis
        calls: dict[str, Callable[[], object]] = {
            "read": partial(kinesis.list_shards, StreamName=stream),
            "describe": partial(kinesis.describe_stream_summary, StreamName=stream),
            "close": partial(kinesis.delete_stream, StreamName=f"{stream}-2"),
            "another stream": partial(kinesis.put_record, StreamName=f"{stream}-2", Data=b"x", PartitionKey="x"),
        }
        steps += all_denied((f"{role} {name}", call) for name, call in calls.items())
    if len(roles) != 2:  # noqa: PLR2004 - one a route
        return inconclusive(f"the roles of the two routes are not found, but {roles}")
    return together(*steps, told=f"{len(steps)} calls, all denied")
