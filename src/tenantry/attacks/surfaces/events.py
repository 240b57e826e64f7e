"""The event bus: who may publish on it and as whom, and events delivered again, out of order, or hostile in content."""

from __future__ import annotations

import random
import uuid
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from tenantry.attacks import threats
from tenantry.attacks.assertions import all_denied, denied, require, together
from tenantry.attacks.items import set_attribute
from tenantry.attacks.outcome import Outcome, breached, held, inconclusive
from tenantry.attacks.registry import REGISTRY
from tenantry.attacks.saga import DeadLetters, Newcomer, entry, put, settle, state
from tenantry.model.directory_tables import ACTIVE_TENANT_ID, TENANT_ID, membership_key
from tenantry.model.event_types import ADMIN_ADDED, SIGN_UP

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_events.type_defs import PutEventsRequestEntryTypeDef

    from tenantry.attacks.world import World

events: Final = REGISTRY.surface(
    "events",
    "Publishing as another source; events delivered again, late or out of order; hostile names and ids; "
    "malformed events; the sagas' logs",
)


def _forgery(
    world: World, source: str = "tenant", detail_type: str = "created", *, bus: str | None = None
) -> PutEventsRequestEntryTypeDef:
    """Return an event that would make Alice an admin of Bob's tenant, if it were believed."""
    alice, bob = world.users.alice, world.users.bob
    detail = {"tenantId": bob.tenant, "userName": alice.user_id, "email": alice.email, "name": alice.name}
    return entry(world, source.replace("APP", world.target.app), detail_type, detail, bus=bus)


def _not_admitted(world: World) -> Outcome:
    """Check whether Alice has got into Bob's tenant."""
    alice, bob = world.users.alice, world.users.bob
    return require(
        world.membership(bob.tenant, alice.user_id) is None,
        otherwise="the attacker is an admin of another's tenant",
        observed="the attacker is not in the tenant",
    )


@events.attack("put-as-stranger", threat=threats.EVENT_DELIVERY, must="EventBridge denies both.")
def _(world: World) -> Outcome:
    """Put a forged event on the bus without credentials, and as a principal that has been granted nothing."""
    forged = _forgery(world, "APP.tenant")
    unsigned = denied(lambda: put(world, forged, aws=world.target.aws.anonymous()))
    nobody = denied(lambda: put(world, forged, aws=world.nobody))
    return together(("unsigned", unsigned), ("without a grant", nobody), _not_admitted(world))


@events.attack("around-the-bus", threat=threats.EVENT_DELIVERY, must="Each is denied.")
def _(world: World) -> Outcome:
    """Bypass the bus without a grant: start the machines, read dead-letter queues, copy or replay events."""
    aws, target = world.nobody, world.target
    pattern = f'{{"source": ["{target.app}.idp"]}}'
    machines, queues = world.ids_of("AWS::StepFunctions::StateMachine"), world.ids_of("AWS::SQS::Queue")
    if not machines or not queues:
        return inconclusive("the stacks have no machines or no queues")
    permission: Any = {"EventBusName": target.bus, "Action": "events:PutEvents", "Principal": "*"}
    calls: dict[str, Callable[[], object]] = {
        "PutRule": partial(aws.events.put_rule, Name=world.run, EventBusName=target.bus, EventPattern=pattern),
        "PutPermission": partial(aws.events.put_permission, **permission, StatementId=world.run),
        **{
            f"StartExecution {arn}": partial(aws.stepfunctions.start_execution, stateMachineArn=arn) for arn in machines
        },
        **{f"ReceiveMessage {url}": partial(aws.sqs.receive_message, QueueUrl=url) for url in queues},
        **{f"SendMessage {url}": partial(aws.sqs.send_message, QueueUrl=url, MessageBody="{}") for url in queues},
    }
    return together(*all_denied(calls.items()), told=f"{len(calls)} calls, all denied")


# In whose name

_PUBLISHERS: Final = {
    "SignUpHook": ("APP.idp", SIGN_UP),
    "TokenClaimsHook": ("APP.idp", SIGN_UP),
    "UserSaga": ("APP.user", "created"),
    "TenantSaga": ("APP.tenant", "created"),
    "AdminSaga": ("APP.tenant", ADMIN_ADDED),
}


def _publishes(world: World, publisher: str) -> Outcome:
    """Put every kind of event with a publisher's own grants: its own must pass, all others must not."""
    aws = world.clone_of(publisher)
    newcomer = Newcomer.of(world, f"heard-{publisher.lower()}")
    detail = {"tenantId": str(uuid.uuid4()), **newcomer.fields(), "role": "admin"}

    def said(source: str, detail_type: str) -> PutEventsRequestEntryTypeDef:
        return entry(world, source.replace("APP", world.target.app), detail_type, detail)

    own = _PUBLISHERS[publisher]
    accepted = put(world, said(*own), aws=aws)
    steps = [("its own event", held("accepted") if accepted else inconclusive("refused"))]
    others = {*_PUBLISHERS.values(), (own[0], "deleted"), (f"{own[0]}.x", own[1]), ("APP", own[1]), ("APP.*", own[1])}
    calls = [("/".join(other), partial(put, world, said(*other), aws=aws)) for other in sorted(others - {own})]
    both = partial(put, world, said(*own), said("APP.attack", "created"), aws=aws)
    return together(*steps, *all_denied([*calls, ("its own and another in one call", both)]))


for _publisher, _event in _PUBLISHERS.items():
    events.add(
        f"voice-{_publisher.lower()}",
        threat=threats.EVENT_DELIVERY,
        tries=f"Put every kind of event on the bus with the grants of {_publisher}.",
        must=f"Its own, {_event[0].replace('APP', 'App')}/{_event[1]}, is accepted; every other is denied.",
        run=partial(_publishes, publisher=_publisher),
    )


_SOURCES: Final = (
    ("longer", "APP.tenants", "created"),
    ("shorter", "APP.tenan", "created"),
    ("capitals", "APP.TENANT", "created"),
    ("suffix", "APP.tenant.evil", "created"),
    ("prefix", "evil.APP.tenant", "created"),
    ("other-application", "evil.tenant", "created"),
    ("aws", "aws.tenant", "created"),
    ("dashes", "APP-tenant", "created"),
    ("look-alike", "APP.tеnant", "created"),  # noqa: RUF001 - the Cyrillic letter is the attack
    ("idp", "APP.idp", "created"),
    ("user", "APP.user", "tenantCreated"),
    ("type-capitals", "APP.tenant", "Created"),
    ("type-longer", "APP.tenant", "created2"),
    ("type-added", "APP.tenant", ADMIN_ADDED),
)


@events.each(
    ((slug, f"{source.replace('APP', 'App')}/{kind}", source, kind) for slug, source, kind in _SOURCES),
    "source-{}",
    threat=threats.EVENT_DELIVERY,
    tries="Publish, as {}, that another's tenant is the attacker's.",
    must="Nobody acts on it: rules match source and type exactly.",
)
def _unheard(world: World, source: str, detail_type: str) -> Outcome:
    """Put a forgery that resembles a real event on the bus, with the operator's credentials."""
    taken = put(world, _forgery(world, source, detail_type))
    settle(world)
    return together((f"{taken} taken", _not_admitted(world)))


@events.attack("default-bus", threat=threats.EVENT_DELIVERY, must="Nobody acts on it.")
def _(world: World) -> Outcome:
    """Put a forged event on the account's default bus."""
    put(world, _forgery(world, "APP.tenant", bus="default"))
    settle(world)
    return _not_admitted(world)


# Delivered again, late or out of order


def _one(world: World, newcomer: Newcomer, tenant: str) -> Outcome:
    """Check whether someone is one user with one tenant and one membership, all as the event said."""
    user, mappings = world.user_row(newcomer.user_id) or {}, world.run_resources.memberships_of(newcomer.user_id)
    if [mapping[TENANT_ID]["S"] for mapping in mappings] != [tenant]:
        return breached(f"the user has {len(mappings)} tenants")
    if not world.tenant_row(tenant):
        return breached("the mapping leads to a tenant that does not exist")
    as_said = all(row.get("name") == {"S": newcomer.name} for row in (user, *mappings))
    return require(as_said, otherwise="a name is not as the event said", observed="one user, one tenant, one mapping")


@events.attack("ten-times", threat=threats.EVENT_DELIVERY, must="One user, one tenant, one membership.")
def _(world: World) -> Outcome:
    """Deliver one sign-up ten times at once, and ten times more when all is done."""
    newcomer = Newcomer.of(world, "tenfold")
    put(world, *[newcomer.signed_up(world)] * 10)
    tenant = newcomer.arrive(world)
    put(world, *[newcomer.signed_up(world)] * 9)
    settle(world)
    return _one(world, newcomer, tenant)


@events.attack("out-of-order", threat=threats.EVENT_DELIVERY, must="One user, one tenant, one membership.")
def _(world: World) -> Outcome:
    """Deliver what follows a sign-up before the sign-up itself, then all of them shuffled and repeated."""
    newcomer = Newcomer.of(world, "backwards")
    put(world, newcomer.created(world))
    tenant = world.accounts.await_tenant(newcomer.user_id)
    everything = [newcomer.signed_up(world), newcomer.created(world), newcomer.founded(world, tenant)] * 3
    random.shuffle(everything)
    put(world, *everything)
    newcomer.arrive(world)
    settle(world)
    return _one(world, newcomer, tenant)


def _set_roles(world: World, newcomer: Newcomer, tenant: str) -> None:
    key, table = membership_key(tenant, newcomer.user_id), world.target.tenant_users_table
    set_attribute(world.target.aws, table, key, "roles", {"SS": ["member"]})


def _remove(world: World, newcomer: Newcomer, tenant: str) -> None:
    key, table = membership_key(tenant, newcomer.user_id), world.target.tenant_users_table
    world.target.aws.dynamodb.delete_item(TableName=table, Key=key)


def _rename(world: World, _: Newcomer, tenant: str) -> None:
    world.accounts.found_tenant(tenant, f"{world.run} renamed")


def _switch(world: World, newcomer: Newcomer, _: str) -> None:
    world.accounts.set_attribute(newcomer.user_id, ACTIVE_TENANT_ID, {"S": world.users.alice.tenant})


def _replayed(world: World, meanwhile: Callable[[World, Newcomer, str], None], label: str) -> Outcome:
    """Replay all of someone's old events after something has changed, which has to stay as it is."""
    newcomer = Newcomer.of(world, label)
    tenant = newcomer.arrive(world)
    settle(world)
    meanwhile(world, newcomer, tenant)
    before = state(world, newcomer.user_id, tenant)
    put(world, newcomer.signed_up(world), newcomer.created(world), newcomer.founded(world, tenant))
    settle(world)
    after = state(world, newcomer.user_id, tenant)
    changed = [what for what in before if before[what] != after[what]]
    return require(
        not changed, otherwise=f"changed by the replay: {', '.join(changed)}", observed="nothing has changed"
    )


_MEANWHILE: Final[tuple[tuple[str, str, str, Callable[[World, Newcomer, str], None]], ...]] = (
    ("demoted", "an admin who has been made a member", "The user is a member still.", _set_roles),
    ("removed", "an admin who has been removed from the tenant", "The user is out still.", _remove),
    ("renamed", "someone whose tenant has been renamed", "The tenant keeps its new name.", _rename),
    ("switched", "someone who has switched to another tenant", "The other tenant stays active.", _switch),
)
for _slug, _who, _must, _meanwhile in _MEANWHILE:
    events.add(
        f"replay-{_slug}",
        threat=threats.EVENT_DELIVERY,
        tries=f"Replay the old sign-up of {_who}, with all that followed it.",
        must=f"{_must} Nothing else changes either, and no second tenant appears.",
        run=partial(_replayed, meanwhile=_meanwhile, label=f"replay-{_slug}"),
    )


@events.attack(
    "second-sign-up", threat=threats.EVENT_DELIVERY, must="The user stays as they are, and keeps their one tenant."
)
def _(world: World) -> Outcome:
    """Publish the sign-up of an existing user, with another name and address."""
    newcomer = Newcomer.of(world, "original")
    tenant = newcomer.arrive(world)
    settle(world)
    before = state(world, newcomer.user_id, tenant)
    impostor = Newcomer(
        user_id=newcomer.user_id, email=world.accounts.mailbox("impostor"), name=f"{world.run} impostor"
    )
    put(world, impostor.signed_up(world), impostor.created(world))
    settle(world)
    same = state(world, newcomer.user_id, tenant) == before
    return require(same, otherwise="the user is changed", observed="nothing has changed")


# With hostile content

_NAMES: Final = (
    ("asterisk", "`*`", "*"),
    ("quotes", "quotes and backslashes", "\"'\\\"\\\\'"),
    ("lines", "line breaks and a tab", "a\r\nb\tc"),
    ("jsonata", "an expression of the state machines' language", "{% $states.context.Execution.Input %}"),
    ("jsonata-call", "a function of the state machines' language", "{% $uuid() %}"),
    ("intrinsic", "an intrinsic function", "States.Format('{}', $.detail)"),
    ("path", "a path into the state", "$.detail.data.email"),
    ("template", "a template and a variable", "${aws:username} #set($x=1)$x {{7*7}}"),
    ("transformer", "placeholders of an input transformer", "<aws.events.event.json> <email>"),
    ("json", "a piece of JSON", '", "roles": ["admin"], "x": "'),
    ("markup", "markup", "<script>alert(1)</script>"),
    ("look-alike", "look-alike and invisible letters", "аdmin\u200b\u202e"),  # noqa: RUF001 - the letters are the attack
    ("emoji", "emoji", "🏢👩‍👩‍👧"),
    ("long", "10,000 letters", "n" * 10_000),
)


@events.each(
    _NAMES,
    "name-{}",
    threat=threats.INJECTION,
    tries="Sign up under a name that is {}.",
    must="Stored letter by letter, or refused whole and kept as a dead-letter message.",
)
def _hostile_name(world: World, name: str) -> Outcome:
    newcomer = Newcomer.of(world, "hostile", name=name)
    put(world, newcomer.signed_up(world))
    settle(world)
    # On a busy machine the saga may still be at it: it ends in a tenant or in a dead-letter message.
    DeadLetters.of(world).await_one(newcomer.email, unless=lambda: bool(world.accounts.tenants_of(newcomer.user_id)))
    if found := world.accounts.tenants_of(newcomer.user_id):
        return _one(world, newcomer, found[0])
    return together(_kept(world, newcomer.email), _nothing_stored(world.user_row(newcomer.user_id)))


_REJECTED: Final = "Nothing is stored; the event is kept as a dead-letter message."


def _kept(world: World, mark: str) -> Outcome:
    if DeadLetters.of(world).await_one(mark):
        return held("kept as a dead-letter message")
    return inconclusive("it is not in a dead-letter queue")


def _nothing_stored(found: object) -> Outcome:
    return require(not found, otherwise="it is stored", observed="nothing is stored")


_USERS: Final[tuple[tuple[str, str, Any], ...]] = (
    ("asterisk", "`*`", "*"),
    ("dots", "a way upwards", "a..b"),
    ("slash", "a path", "a/b"),
    ("space", "two words", "a b"),
    ("newline", "a word and a line break", "attack\n"),
    ("variable", "a policy variable", "${aws:username}"),
    ("look-alike", "a word with a Cyrillic letter", "аttack"),  # noqa: RUF001 - the letter is the attack
    ("long", "200 letters", "u" * 200),
    ("empty", "an empty string", ""),
    ("null", "null", None),
    ("number", "a number", 7),
    ("list", "a list", ["attack"]),
    ("object", "a typed value", {"S": "attack"}),
)


@events.each(
    _USERS,
    "user-{}",
    threat=threats.HOSTILE_NAMES,
    tries="Publish a sign-up whose user id is {}.",
    must=_REJECTED,
)
def _hostile_user(world: World, user: object) -> Outcome:
    """Publish a sign-up with a malformed user id; it must be kept as a dead-letter message, and nothing else of it."""
    newcomer = Newcomer(user_id="", email=world.accounts.mailbox(f"no-user-{uuid.uuid4().hex[:8]}"), name=world.run)
    put(world, newcomer.signed_up(world, userName=user))
    return together(_kept(world, newcomer.email), _no_user(world, user))


def _no_user(world: World, user: object) -> Outcome:
    if not isinstance(user, str) or not user:
        return held("nothing is stored")
    stored = world.user_row(user) is not None or bool(world.accounts.tenants_of(user))
    if stored:
        world.run_resources.user(user)
    return _nothing_stored(stored)


_TENANTS: Final[tuple[tuple[str, str, Any], ...]] = (
    ("asterisk", "`*`", "***"),
    ("slash", "a path", "tenant/a"),
    ("dots", "a way upwards", "../../tenant"),
    ("variable", "a policy variable", "${aws:PrincipalTag/TenantId}"),
    ("short", "two letters", "ab"),
    ("long", "39 letters", "t" * 39),
    ("hyphen", "a word that ends in a hyphen", "tenant-"),
    ("newline", "a word and a line break", "tenant\n"),
    ("reserved", "the name of a shared bucket", "prefix"),
    ("null", "null", None),
    ("list", "a list", ["tenant"]),
)


@events.each(
    _TENANTS,
    "tenant-{}",
    threat=threats.HOSTILE_NAMES,
    tries="Publish a tenant whose id is {}.",
    must=_REJECTED,
)
def _hostile_tenant(world: World, tenant: object) -> Outcome:
    newcomer = Newcomer.of(world, f"no-tenant-{uuid.uuid4().hex[:8]}")
    put(world, newcomer.founded(world, "", tenantId=tenant))
    kept = _kept(world, newcomer.email)
    return together(kept, _nothing_stored(world.accounts.tenants_of(newcomer.user_id)))


_BROKEN: Final[tuple[tuple[str, str, Any], ...]] = (
    ("no-name", "no name", None),
    ("number-name", "a number as a name", 7),
    ("typed-name", "a typed value as a name", {"S": "x"}),
    ("list-name", "a list as a name", ["x"]),
)


@events.each(
    _BROKEN,
    "broken-{}",
    threat=threats.REJECTED_RECORD,
    tries="Publish a sign-up with {}.",
    must=_REJECTED,
)
def _broken(world: World, name: object) -> Outcome:
    mark = world.accounts.mailbox(f"broken-{uuid.uuid4().hex[:8]}")
    newcomer = Newcomer.of(world, "broken")
    put(world, newcomer.signed_up(world, email=mark, name=name))
    mapped = world.accounts.tenants_of(newcomer.user_id)
    return together(_kept(world, mark), _nothing_stored(mapped))


@events.attack(
    "malformed", threat=threats.REJECTED_RECORD, must="They get their tenant: a malformed event stops no other."
)
def _(world: World) -> Outcome:
    """Send ten events that cannot be processed just before someone signs up."""
    for number in range(10):
        put(world, Newcomer.of(world, f"malformed-{number}").signed_up(world, userName="*", name=None))
    newcomer = Newcomer.of(world, "after-malformed")
    return _one(world, newcomer, newcomer.arrive(world))
