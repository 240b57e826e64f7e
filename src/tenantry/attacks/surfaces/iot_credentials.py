"""What a server's credentials are good for beyond its own tenant's part of the ingest API: nothing."""

from __future__ import annotations

import secrets
from functools import partial
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from tenantry.attacks import threats
from tenantry.attacks.assertions import DENIALS, denied, granted, refused, together
from tenantry.attacks.devices import Servers
from tenantry.attacks.registry import REGISTRY
from tenantry.model.event_types import IDENTITY, SIGN_UP, source

if TYPE_CHECKING:
    from collections.abc import Callable

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
    reply = servers.exchange(servers.mine, thing=None)
    if not reply.ok:
        return refused(reply, 403, control=servers.good)
    return _good_for_nothing(world, servers.acting_with(reply))


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
    reply = servers.exchange(bearer)
    if not reply.ok:
        return refused(reply, 403, control=servers.good)
    return _good_for_nothing(world, servers.acting_with(reply))


def _good_for_nothing(world: World, aws: Aws) -> Outcome:
    servers = Servers.of(world)
    paths = (f"/{servers.mine.tenant}", f"/{servers.theirs.tenant}", "/", "//batch", "/*", "/undefined", "/null")
    steps = [(path, refused(servers.post(aws, path), *_REFUSALS)) for path in paths]
    return together(*steps, ("with a thing", _own(world, servers.act(servers.mine))))


# Other services


_Call = tuple[str, "Callable[[Aws, World], Any]"]


def _thing(world: World) -> str:
    return Servers.of(world).mine.device.thing


_IOT: Final[tuple[_Call, ...]] = (
    ("type", lambda aws, w: aws.iot.update_thing(thingName=_thing(w), thingTypeName=Servers.of(w).theirs.tenant)),
    ("thing", lambda aws, w: aws.iot.create_thing(thingName=f"{w.run}-x", thingTypeName=Servers.of(w).theirs.tenant)),
    (
        "attach",
        lambda aws, w: aws.iot.attach_thing_principal(
            thingName=Servers.of(w).theirs.device.thing, principal=Servers.of(w).mine.arn
        ),
    ),
    ("keys", lambda aws, _: aws.iot.create_keys_and_certificate(setAsActive=True)),
    (
        "revive",
        lambda aws, w: aws.iot.update_certificate(certificateId=Servers.of(w).mine.certificate, newStatus="ACTIVE"),
    ),
    (
        "alias",
        lambda aws, w: aws.iot.create_role_alias(roleAlias=f"{w.run}-y", roleArn=w.target.employees_role),
    ),
    ("list", lambda aws, _: aws.iot.list_things()),
    ("look", lambda aws, w: aws.iot.describe_thing(thingName=Servers.of(w).theirs.device.thing)),
)
_ELSEWHERE: Final[tuple[_Call, ...]] = (
    (
        "tables",
        lambda aws, w: aws.dynamodb.query(
            TableName=w.target.employees_table,
            KeyConditionExpression="Tenant = :tenant",
            ExpressionAttributeValues={":tenant": {"S": Servers.of(w).theirs.tenant}},
        ),
    ),
    ("buckets", lambda aws, _: aws.s3.list_buckets()),
    (
        "events",
        lambda aws, w: aws.events.put_events(
            Entries=[
                {
                    "Source": source(w.target.app, IDENTITY),
                    "DetailType": SIGN_UP,
                    "Detail": "{}",
                    "EventBusName": w.target.bus,
                }
            ]
        ),
    ),
    ("tenant role", lambda aws, w: aws.sts.assume_role(RoleArn=w.target.employees_role, RoleSessionName="attack")),
    ("its own role", lambda aws, w: aws.sts.assume_role(RoleArn=w.target.device_role, RoleSessionName="attack")),
    ("iam", lambda aws, _: aws.iam.list_roles()),
    ("apis", lambda aws, _: aws.apigateway.get_rest_apis()),
    ("keys", lambda aws, _: aws.apigateway.get_api_keys(includeValues=True)),
)
_STREAM: Final[tuple[_Call, ...]] = (
    (
        "put",
        lambda aws, w: aws.kinesis.put_record(
            StreamName=w.target.ingest_stream, Data=b"{}", PartitionKey=Servers.of(w).theirs.tenant
        ),
    ),
    (
        "puts",
        lambda aws, w: aws.kinesis.put_records(
            StreamName=w.target.ingest_stream, Records=[{"Data": b"{}", "PartitionKey": Servers.of(w).mine.tenant}]
        ),
    ),
    ("shards", lambda aws, w: aws.kinesis.list_shards(StreamName=w.target.ingest_stream)),
    ("describe", lambda aws, w: aws.kinesis.describe_stream_summary(StreamName=w.target.ingest_stream)),
)


def _denied(world: World, *, calls: tuple[_Call, ...]) -> Outcome:
    """Call services with one's own credentials."""
    aws = Servers.of(world).act(Servers.of(world).mine)
    steps = [(name, denied(partial(call, aws, world), codes=_SERVICE_DENIALS)) for name, call in calls]
    return together(*steps, ("one's own", _own(world, aws)))


for _slug, _calls, _tries in (
    ("iot", _IOT, "change one's own type, make or attach things, certificates and aliases, and look at others'"),
    ("stream", _STREAM, "write to the stream past the API, as oneself and as the victim, and look at it"),
    ("elsewhere", _ELSEWHERE, "reach tables, buckets, events, roles and API keys"),
):
    iot.add(
        f"credentials-{_slug}",
        threat=threats.LOOSE_POLICY,
        tries=f"With one's own credentials, {_tries}.",
        must="Each call is denied.",
        run=partial(_denied, calls=_calls),
    )


@iot.attack(
    "credentials-other-apis",
    threat=threats.LOOSE_POLICY,
    must="403: they are for the ingest API alone.",
)
def _(world: World) -> Outcome:
    """With one's own credentials, call the other APIs that IAM authorizes."""
    servers = Servers.of(world)
    aws = servers.act(servers.mine)
    steps = [
        (
            "admin",
            refused(servers.post(aws, "/tenants/somebody", method="GET", api=world.target.admin_api, body=""), 403),
        ),
        ("one's own", _own(world, aws)),
    ]
    return together(*steps)


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
    calls = [
        partial(aws.sts.assume_role, RoleArn=world.target.device_role, RoleSessionName="attack"),
        partial(
            aws.sts.assume_role,
            RoleArn=world.target.device_role,
            RoleSessionName="attack",
            Tags=[{"Key": "credentials-iot:ThingTypeName", "Value": Servers.of(world).theirs.tenant}],
        ),
    ]
    return together(*(denied(call) for call in calls))
