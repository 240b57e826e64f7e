"""IoT's credentials provider: whose certificate gets what, with every name and file that is not one's own."""

from __future__ import annotations

import datetime as dt
from functools import partial
from typing import TYPE_CHECKING, Final, Literal

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tenantry.attacks import threats
from tenantry.attacks.assertions import denied, granted, refused, require, together
from tenantry.attacks.devices import THING, Servers
from tenantry.attacks.outcome import AttackResult, Outcome
from tenantry.attacks.registry import REGISTRY

if TYPE_CHECKING:
    from collections.abc import Callable

    from tenantry.attacks.devices import Bearer
    from tenantry.attacks.http import Reply
    from tenantry.attacks.world import World

iot: Final = REGISTRY.surface(
    "iot",
    "Certificates with a wrong or missing thing name, forged, revoked or stolen; other role aliases; a "
    "server's credentials on other paths, methods, APIs and services; ids that nearly match",
)

_DENIED: Final = (403, 404)
_LONGEST_SECONDS: Final = 900


def _nothing(world: World, reply: Reply) -> Outcome:
    """Check an exchange that must give nothing, while a good one gives something."""
    return refused(reply, *_DENIED, control=Servers.of(world).good)


def _colleague(world: World) -> tuple[Servers, Bearer]:
    """Return a new server of the attacker's tenant."""
    servers = Servers.of(world)
    return servers, servers.new(servers.mine.tenant)


# Another thing's name


def _named(world: World, name: Callable[[Servers], str]) -> Outcome:
    """Use one's own certificate in the name of another thing."""
    servers = Servers.of(world)
    return _nothing(world, servers.exchange(servers.mine, thing=name(servers)))


for _slug, _name, _tries in (
    ("another-tenants-thing", lambda servers: servers.theirs.device.thing, "another tenant's server"),
    ("another-server-of-ones-own", lambda servers: servers.new(servers.mine.tenant).device.thing, "a colleague"),
    (
        "renamed-thing",
        lambda servers: servers.mine.device.thing.replace(servers.mine.tenant, servers.theirs.tenant),
        "one's own server, with the victim's tenant in its name",
    ),
    ("the-type-itself", lambda servers: servers.theirs.tenant, "the victim's tenant"),
    ("any-thing", lambda _: "*", "`*`"),
    ("both-things", lambda servers: f"{servers.mine.device.thing},{servers.theirs.device.thing}", "both at once"),
    ("upper-case", lambda servers: servers.mine.device.thing.upper(), "one's own server in capitals"),
):
    iot.add(
        _slug,
        threat=threats.WRONG_TENANT if "thing" in _slug or "server" in _slug else threats.HOSTILE_NAMES,
        tries=f"Ask for credentials with one's own certificate, as {_tries}.",
        must="403: the thing must be attached to the certificate.",
        run=partial(_named, name=_name),
    )


@iot.attack(
    "existence",
    threat=threats.EXISTENCE_SHOWN,
    must="The same 403: nobody learns which servers there are.",
)
def _(world: World) -> Outcome:
    """Ask as a server of the victim's, and as one that does not exist."""
    servers = Servers.of(world)
    absent = servers.exchange(servers.mine, thing=f"{servers.theirs.device.thing}-absent")
    there = servers.exchange(servers.mine, thing=servers.theirs.device.thing)
    return refused(there, *_DENIED, like=absent, control=servers.good)


# Another certificate, or none


@iot.attack("no-certificate", threat=threats.NO_TOKEN, must="403: a name without a certificate is nobody's.")
def _(world: World) -> Outcome:
    """Ask as the victim's server, by its name alone."""
    servers = Servers.of(world)
    return _nothing(world, servers.exchange(servers.theirs, files=None))


def _forge(like: Bearer, folder: str, *, signs: bool) -> tuple[str, str]:
    """Make a certificate that looks like one of IoT's, signed by itself or by an authority of the same name."""
    real = x509.load_pem_x509_certificate(like.device.certificate.read_bytes())
    key, authority = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(real.subject)
        .issuer_name(real.issuer if signs else real.subject)
        .public_key(key.public_key())
        .serial_number(real.serial_number)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=30))
        .sign(authority if signs else key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    paths = [like.device.certificate.with_name(f"{folder}-{what}.pem") for what in ("certificate", "key")]
    paths[0].write_bytes(made.public_bytes(pem))
    paths[1].write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    return str(paths[0]), str(paths[1])


@iot.each(
    (
        ("self-made", "signed by its own key", False),
        ("look-alike-authority", "signed by an authority that is called like IoT's", True),
    ),
    threat=threats.FORGED_TOKEN,
    tries="Make a certificate with the subject and the serial number of the victim's, {}, and use it.",
    must="No secure connection, or 403.",
)
def _forged(world: World, signs: bool) -> Outcome:  # noqa: FBT001 - a case of the table
    servers = Servers.of(world)
    files = _forge(servers.theirs, "signed" if signs else "self", signs=signs)
    return _nothing(world, servers.exchange(servers.theirs, files=files))


@iot.attack(
    "victims-certificate-without-its-key",
    threat=threats.FORGED_TOKEN,
    must="No secure connection: a certificate is public, its key is not.",
)
def _(world: World) -> Outcome:
    """Present the victim's certificate with a key of one's own."""
    servers = Servers.of(world)
    files = str(servers.theirs.device.certificate), str(servers.mine.device.private_key)
    return _nothing(world, servers.exchange(servers.theirs, files=files))


# What was withdrawn


_WITHDRAWN: Final[tuple[tuple[str, str, Literal["INACTIVE", "REVOKED"]], ...]] = (
    ("inactive", "INACTIVE", "INACTIVE"),
    ("revoked", "REVOKED", "REVOKED"),
)


@iot.each(
    _WITHDRAWN,
    "{}-certificate",
    threat=threats.WRONG_TENANT,
    tries="Ask for credentials with a certificate whose status became {} a moment ago.",
    must="403.",
)
def _withdrawn(world: World, status: Literal["INACTIVE", "REVOKED"]) -> Outcome:
    """Use a certificate once, have it withdrawn, and use it again."""
    servers, bearer = _colleague(world)
    before = granted(servers.exchange(bearer))
    world.target.aws.iot.update_certificate(certificateId=bearer.certificate, newStatus=status)
    return together(("before", before), ("after", _nothing(world, servers.exchange(bearer))))


@iot.attack(
    "revoked-and-made-active",
    threat=threats.LOOSE_POLICY,
    must="403: a revoked certificate has lost its policy as well.",
)
def _(world: World) -> Outcome:
    """Use a certificate that the operator has revoked, and somebody has made active again."""
    servers, bearer = _colleague(world)
    servers.revoke(bearer)
    world.target.aws.iot.update_certificate(certificateId=bearer.certificate, newStatus="ACTIVE")
    return _nothing(world, servers.exchange(bearer))


@iot.attack(
    "detached-certificate",
    threat=threats.WRONG_TENANT,
    must="403: the certificate is no longer that server's.",
)
def _(world: World) -> Outcome:
    """Use a certificate that was detached from its thing, in that thing's name."""
    servers, bearer = _colleague(world)
    world.target.aws.iot.detach_thing_principal(thingName=bearer.device.thing, principal=bearer.arn)
    return _nothing(world, servers.exchange(bearer))


# Another role


@iot.attack("another-role-alias", threat=threats.LOOSE_POLICY, must="403: its policy names the one alias.")
def _(world: World) -> Outcome:
    """Ask for credentials under another role alias of the account, for the very same role."""
    servers, client = Servers.of(world), world.target.aws.iot
    name, mine = f"{world.run}-alias", world.target.device_role_alias
    client.create_role_alias(
        roleAlias=name, roleArn=world.target.device_role, credentialDurationSeconds=_LONGEST_SECONDS
    )
    world.cleanup.later(f"the role alias {name}", partial(client.delete_role_alias, roleAlias=name))
    aliases = {"another": name, "none": f"{name}-absent", "all": "*", "beyond": f"{name}%2f..%2f{mine}"}
    return together(
        *((what, _nothing(world, servers.exchange(servers.mine, alias=alias))) for what, alias in aliases.items())
    )


@iot.attack("long-life", threat=threats.LOOSE_POLICY, must="Credentials end within an hour.")
def _(world: World) -> Outcome:
    """Look how long what a certificate is exchanged for would outlive the certificate."""
    seconds = world.target.aws.iot.describe_role_alias(roleAlias=world.target.device_role_alias)[
        "roleAliasDescription"
    ]["credentialDurationSeconds"]
    return require(seconds <= 4 * _LONGEST_SECONDS, otherwise=f"they live {seconds} s", observed=f"{seconds} s")


@iot.attack("two-names", threat=threats.WRONG_TENANT, must="403, or credentials of one's own thing.")
def _(world: World) -> Outcome:
    """Send the header with the thing's name in other spellings, the victim's name in it."""
    servers = Servers.of(world)
    theirs = servers.theirs.device.thing
    outcomes = []
    for name in (THING.upper(), THING.replace("-", "_"), f"{THING}-2"):
        reply = servers.exchange(servers.mine, headers={name: theirs})
        if not reply.ok:
            outcomes.append((name, refused(reply, *_DENIED)))
            continue
        aws = servers.acting_with(reply)
        sent = servers.post(aws, f"/{servers.theirs.tenant}")
        outcomes.append((name, refused(sent, 403)))
    return together(*outcomes)


# Types that would be patterns


@iot.each(
    (
        ("star", "'T*'", "T*"),
        ("question", "'T00?'", "T00?"),
        ("variable", "'${aws:userid}'", "${aws:userid}"),
        ("path", "'T001/batch'", "T001/batch"),
    ),
    "type-{}",
    threat=threats.HOSTILE_NAMES,
    tries="Make a thing type called {}.",
    must="AWS IoT refuses the name, whoever asks.",
)
def _typed(world: World, name: str) -> Outcome:
    """Make a thing type, even as the operator, whose name would mean more than one tenant in a policy."""
    client = world.target.aws.iot
    outcome = denied(
        partial(client.create_thing_type, thingTypeName=name), codes={"InvalidRequestException", "ValidationException"}
    )
    if outcome.result is AttackResult.BREACHED:
        client.deprecate_thing_type(thingTypeName=name)
    return outcome
