"""What a server's credentials are good for beyond its own tenant's part of the ingest API: nothing."""

from __future__ import annotations

import secrets
from functools import partial
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from tenantry.attacks import threats
from tenantry.attacks.assertions import DENIALS, all_denied, denied, granted, refused, together
from tenantry.attacks.devices import Servers
from tenantry.attacks.items import query
from tenantry.attacks.registry import REGISTRY
from tenantry.attacks.saga import entry, put
from tenantry.model.event_types import IDENTITY, SIGN_UP, source
from tenantry.model.tenant_tables import EMPLOYEE_TENANT

if TYPE_CHECKING:
    from collections.abc import Callable

    from tenantry.attacks.assertions import Calls
    from tenantry.attacks.http import Reply
    from tenantry.attacks.outcome import Outcome
    from tenantry.attacks.world import World
    from tenantry.operate.aws import Aws

iot: Final = REGISTRY.surface("iot")

_BATCH: Final = '{"Records":[{"Data":{"from":"an attack"}}]}'
_SERVICE_DENIALS: Final = DENIALS | {"UnauthorizedException", "UnauthorizedOperation", "ForbiddenException", "403"}
_REFUSALS: Final = (400, 403, 404)


def _own(world: World, aws: Aws) -> Outcome:
    """Check the good request beside the bad ones: to one's own tenant's path."""
    servers = Servers.of(world)
    return granted(servers.post(aws, f"/{servers.mine.tenant}"))


# Other paths of the ingest API


def _posted(world: World, path: Callable[[str, str], str], *, body: str | None = None, method: str = "POST") -> Outcome:
    servers = Servers.of(world)
    aws = servers.act(servers.mine)
    reply = servers.post(aws, path(servers.mine.tenant, servers.theirs.tenant), method=method, body=body)
    return together(("theirs", refused(reply, *_REFUSALS)), ("one's own", _own(world, aws)))


for _slug, _path, _tries in (
    ("path", lambda _, theirs: f"/{theirs}", "to the victim's path"),
    ("batch-path", lambda _, theirs: f"/{theirs}/batch", "to the victim's batch path"),
    ("dots", lambda mine, theirs: f"/{mine}/../{theirs}", "to the victim's path, by way of one's own"),
    ("encoded-dots", lambda mine, theirs: f"/{mine}/%2e%2e/{theirs}", "the same with escapes"),
    ("encoded-slash", lambda mine, theirs: f"/{mine}%2f..%2f{theirs}", "the same within one segment"),
    ("double-slash", lambda _, theirs: f"//{theirs}", "to the victim's path behind an empty segment"),
    ("star", lambda *_: "/*", "to a path that is a pattern"),
    ("variable", lambda *_: "/" + quote("${credentials-iot:ThingTypeName}"), "to the policy's own variable"),
    ("batch-as-tenant", lambda mine, _: f"/batch/{mine}", "with tenant and route exchanged"),
    ("query", lambda _, theirs: f"/{theirs}?tenantId={theirs}", "to the victim's path with a query"),
    ("upper-case", lambda mine, _: f"/{mine.upper()}", "to one's own path in capitals, another tenant's"),
):
    iot.add(
        f"credentials-{_slug}",
        threat=threats.WRONG_TENANT if _slug in {"path", "batch-path", "query"} else threats.HOSTILE_NAMES,
        tries=f"With one's own credentials, send a record {_tries}.",
        must="403, or 404 where no route is.",
        run=partial(_posted, path=_path, body=_BATCH if "batch" in _slug else None),
    )
for _method in ("GET", "PUT", "DELETE", "PATCH"):
    iot.add(
        f"credentials-{_method.lower()}",
        threat=threats.LOOSE_POLICY,
        tries=f"{_method} one's own tenant's path, which only takes POST.",
        must="403: credentials are for sending.",
        run=partial(_posted, path=lambda mine, _: f"/{mine}", method=_method, body=""),
    )


@iot.attack(
    "credentials-neighbours",
    threat=threats.COLLIDING_NAMES,
    must="403 each: ids are compared whole.",
)
def _(world: World) -> Outcome:
    """With credentials of one tenant, send as others whose ids begin alike, end alike, or differ in case."""
    servers = Servers.of(world)
    stem = f"N{secrets.token_hex(3)}"
    steps: list[tuple[str, Outcome]] = []
    for own, others in (
        (f"{stem}1", (f"{stem}10", f"{stem}1-a", f"{stem.lower()}1")),
        (f"{stem}10", (f"{stem}1", f"0{stem}10")),
    ):
        aws = servers.act(servers.new(own))
        steps += [(other, refused(servers.post(aws, f"/{other}"), 403)) for other in others]
        steps.append((own, granted(servers.post(aws, f"/{own}"))))
    return together(*steps)


# Certificates that say less


@iot.attack(
    "no-thing",
    threat=threats.NO_TOKEN,
    must="The credentials give no access: without a thing there is no tenant.",
)
def _(world: World) -> Outcome:
    """Leave the thing's name away, and send with what comes, to every path."""
    servers = Servers.of(world)
    return _good_for_nothing(world, servers.exchange(servers.mine, thing=None))


@iot.attack(
    "thing-without-type",
    threat=threats.LOOSE_POLICY,
    must="The credentials give no access: without a type there is no tenant.",
)
def _(world: World) -> Outcome:
    """Use a server whose thing has lost its type."""
    servers = Servers.of(world)
    bearer = servers.new(servers.mine.tenant)
    world.target.aws.iot.update_thing(thingName=bearer.device.thing, removeThingType=True)
    return _good_for_nothing(world, servers.exchange(bearer))


def _good_for_nothing(world: World, reply: Reply) -> Outcome:
    """Check that an exchange gives nothing, or credentials that open nothing."""
    servers = Servers.of(world)
    if not reply.ok:
        return refused(reply, 403, control=servers.good)
    aws = servers.acting_with(reply)
    paths = (f"/{servers.mine.tenant}", f"/{servers.theirs.tenant}", "/", "//batch", "/*", "/undefined", "/null")
    steps = [(path, refused(servers.post(aws, path), *_REFUSALS)) for path in paths]
    return together(*steps, ("with a thing", _own(world, servers.act(servers.mine))))


# Other services


def _iot(world: World, aws: Aws) -> Calls:
    iot, servers = aws.iot, Servers.of(world)
    mine, theirs = servers.mine, servers.theirs
    return [
        ("type", partial(iot.update_thing, thingName=mine.device.thing, thingTypeName=theirs.tenant)),
        ("thing", partial(iot.create_thing, thingName=f"{world.run}-x", thingTypeName=theirs.tenant)),
        ("attach", partial(iot.attach_thing_principal, thingName=theirs.device.thing, principal=mine.arn)),
        ("keys", partial(iot.create_keys_and_certificate, setAsActive=True)),
        ("revive", partial(iot.update_certificate, certificateId=mine.certificate, newStatus="ACTIVE")),
        ("alias", partial(iot.create_role_alias, roleAlias=f"{world.run}-y", roleArn=world.target.employees_role)),
        ("list", iot.list_things),
        ("look", partial(iot.describe_thing, thingName=theirs.device.thing)),
    ]


def _elsewhere(world: World, aws: Aws) -> Calls:
    target, tenant = world.target, Servers.of(world).theirs.tenant
    assume = partial(aws.sts.assume_role, RoleSessionName="attack")
    return [
        ("tables", partial(query, aws, target.employees_table, EMPLOYEE_TENANT, tenant)),
        ("buckets", aws.s3.list_buckets),
        ("events", partial(put, world, entry(world, source(target.app, IDENTITY), SIGN_UP, {}), aws=aws)),
        ("tenant role", partial(assume, RoleArn=target.employees_role)),
        ("its own role", partial(assume, RoleArn=target.device_role)),
        ("iam", aws.iam.list_roles),
        ("apis", aws.apigateway.get_rest_apis),
        ("keys", partial(aws.apigateway.get_api_keys, includeValues=True)),
    ]


def _stream(world: World, aws: Aws) -> Calls:
    kinesis, stream, servers = aws.kinesis, world.target.ingest_stream, Servers.of(world)
    entries: Any = [{"Data": b"{}", "PartitionKey": servers.mine.tenant}]
    return [
        ("put", partial(kinesis.put_record, StreamName=stream, Data=b"{}", PartitionKey=servers.theirs.tenant)),
        ("puts", partial(kinesis.put_records, StreamName=stream, Records=entries)),
        ("shards", partial(kinesis.list_shards, StreamName=stream)),
        ("describe", partial(kinesis.describe_stream_summary, StreamName=stream)),
    ]


@iot.each(
    (
        ("iot", "change one's own type, make or attach things, certificates and aliases, and look at others'", _iot),
        ("stream", "write to the stream past the API, as oneself and as the victim, and look at it", _stream),
        ("elsewhere", "reach tables, buckets, events, roles and API keys", _elsewhere),
    ),
    "credentials-{}",
    threat=threats.LOOSE_POLICY,
    tries="With one's own credentials, {}.",
    must="Each call is denied.",
)
def _denied(world: World, calls: Callable[[World, Aws], Calls]) -> Outcome:
    """Call services with one's own credentials."""
    aws = Servers.of(world).act(Servers.of(world).mine)
    return together(*all_denied(calls(world, aws), codes=_SERVICE_DENIALS), ("one's own", _own(world, aws)))


@iot.attack(
    "credentials-other-apis",
    threat=threats.LOOSE_POLICY,
    must="403: they are for the ingest API alone.",
)
def _(world: World) -> Outcome:
    """With one's own credentials, call the other APIs that IAM authorizes."""
    servers = Servers.of(world)
    aws = servers.act(servers.mine)
    admin = servers.post(aws, "/tenants/somebody", method="GET", api=world.target.admin_api, body="")
    return together(("admin", refused(admin, 403)), ("one's own", _own(world, aws)))


@iot.attack(
    "role-without-certificate",
    threat=threats.LOOSE_POLICY,
    must="Denied: only IoT takes the role on.",
)
def _(world: World) -> Outcome:
    """Assume the servers' role directly, as a principal of the account that may assume any."""
    aws = world.role(
        "assumes-any", {"Effect": "Allow", "Action": ["sts:AssumeRole", "sts:TagSession"], "Resource": "*"}
    )
    assume = partial(aws.sts.assume_role, RoleArn=world.target.device_role, RoleSessionName="attack")
    tag: Any = {"Key": "credentials-iot:ThingTypeName", "Value": Servers.of(world).theirs.tenant}
    return together(denied(assume), denied(partial(assume, Tags=[tag])))
