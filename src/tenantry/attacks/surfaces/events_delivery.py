"""The event bus: events delivered again, late, out of order, or with hostile content."""

from __future__ import annotations

import random
import uuid
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from tenantry.attacks import threats
from tenantry.attacks.assertions import require, together
from tenantry.attacks.outcome import Outcome, breached, held, inconclusive
from tenantry.attacks.registry import REGISTRY
from tenantry.attacks.saga import DeadLetters, Newcomer, put, settle, state
from tenantry.model.directory_tables import ACTIVE_TENANT_ID, TENANT_ID, membership_key, user_key

if TYPE_CHECKING:
    from collections.abc import Callable

    from tenantry.attacks.world import World

events: Final = REGISTRY.surface("events")


def _one(world: World, newcomer: Newcomer, tenant: str) -> Outcome:
    """Check whether someone is one user with one tenant and one membership, all as the event said."""
    user, mappings = world.user_row(newcomer.user_id) or {}, world.accounts.memberships_of(newcomer.user_id)
    if [mapping[TENANT_ID]["S"] for mapping in mappings] != [tenant]:
        return breached(f"the user has {len(mappings)} tenants")
    if not world.tenant_row(tenant):
        return breached("the mapping leads to a tenant that does not exist")
    as_said = all(row.get("name") == {"S": newcomer.name} for row in (user, *mappings))
    return require(as_said, otherwise="a name is not as the event said", observed="one user, one tenant, one mapping")


# Again and again


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


def _set_roles(world: World, newcomer: Newcomer, tenant: str) -> None:
    world.target.aws.dynamodb.update_item(
        TableName=world.target.tenant_users_table,
        Key=membership_key(tenant, newcomer.user_id),
        UpdateExpression="SET #roles = :roles",
        ExpressionAttributeNames={"#roles": "roles"},
        ExpressionAttributeValues={":roles": {"SS": ["member"]}},
    )


def _remove(world: World, newcomer: Newcomer, tenant: str) -> None:
    world.target.aws.dynamodb.delete_item(
        TableName=world.target.tenant_users_table,
        Key=membership_key(tenant, newcomer.user_id),
    )


def _rename(world: World, _: Newcomer, tenant: str) -> None:
    world.accounts.found_tenant(tenant, f"{world.run} renamed")


def _switch(world: World, newcomer: Newcomer, _: str) -> None:
    world.target.aws.dynamodb.update_item(
        TableName=world.target.users_table,
        Key=user_key(newcomer.user_id),
        UpdateExpression=f"SET {ACTIVE_TENANT_ID} = :tenant",
        ExpressionAttributeValues={":tenant": {"S": world.users.alice.tenant}},
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


def _hostile_name(world: World, name: str) -> Outcome:
    newcomer = Newcomer.of(world, "hostile", name=name)
    put(world, newcomer.signed_up(world))
    settle(world)
    # On a busy machine the saga may still be at it: it ends in a tenant or in a dead-letter message.
    DeadLetters.of(world).await_one(newcomer.email, unless=lambda: bool(world.accounts.tenants_of(newcomer.user_id)))
    if found := world.accounts.tenants_of(newcomer.user_id):
        return _one(world, newcomer, found[0])
    user = world.user_row(newcomer.user_id)
    return together(
        _kept(world, newcomer.email), require(user is None, otherwise="half is stored", observed="nothing stored")
    )


for _slug, _what, _name in _NAMES:
    events.add(
        f"name-{_slug}",
        threat=threats.INJECTION,
        tries=f"Sign up under a name that is {_what}.",
        must="Stored letter by letter, or refused whole and kept as a dead-letter message.",
        run=partial(_hostile_name, name=_name),
    )


def _hostile_user(world: World, user: object) -> Outcome:
    """Publish a sign-up with a malformed user id; it must be kept as a dead-letter message, and nothing else of it."""
    newcomer = Newcomer(user_id="", email=world.accounts.mailbox(f"no-user-{uuid.uuid4().hex[:8]}"), name=world.run)
    put(world, newcomer.signed_up(world, userName=user))
    return together(_kept(world, newcomer.email), _no_user(world, user))


def _kept(world: World, mark: str) -> Outcome:
    if DeadLetters.of(world).await_one(mark):
        return held("kept as a dead-letter message")
    return inconclusive("it is not in a dead-letter queue")


def _no_user(world: World, user: object) -> Outcome:
    if not isinstance(user, str) or not user:
        return held("nothing is stored")
    stored = world.user_row(user) is not None or bool(world.accounts.tenants_of(user))
    if stored:
        world.run_resources.user(user)
    return require(not stored, otherwise="it is stored", observed="nothing is stored")


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
for _slug, _what, _user in _USERS:
    events.add(
        f"user-{_slug}",
        threat=threats.HOSTILE_NAMES,
        tries=f"Publish a sign-up whose user id is {_what}.",
        must="Nothing is stored; the event is kept as a dead-letter message.",
        run=partial(_hostile_user, user=_user),
    )


def _hostile_tenant(world: World, tenant: object) -> Outcome:
    newcomer = Newcomer.of(world, f"no-tenant-{uuid.uuid4().hex[:8]}")
    put(world, newcomer.founded(world, "", tenantId=tenant))
    kept = _kept(world, newcomer.email)
    mapped = world.accounts.tenants_of(newcomer.user_id)
    return together(kept, require(not mapped, otherwise="a mapping to it is stored", observed="nothing is stored"))


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
for _slug, _what, _tenant in _TENANTS:
    events.add(
        f"tenant-{_slug}",
        threat=threats.HOSTILE_NAMES,
        tries=f"Publish a tenant whose id is {_what}.",
        must="Nothing is stored; the event is kept as a dead-letter message.",
        run=partial(_hostile_tenant, tenant=_tenant),
    )


def _broken(world: World, data: dict[str, Any]) -> Outcome:
    mark = world.accounts.mailbox(f"broken-{uuid.uuid4().hex[:8]}")
    newcomer = Newcomer.of(world, "broken")
    event = newcomer.signed_up(world, email=mark, **data)
    put(world, event)
    mapped = world.accounts.tenants_of(newcomer.user_id)
    return together(_kept(world, mark), require(not mapped, otherwise="it is stored", observed="nothing is stored"))


for _slug, _what, _data in (
    ("no-name", "no name", {"name": None}),
    ("number-name", "a number as a name", {"name": 7}),
    ("typed-name", "a typed value as a name", {"name": {"S": "x"}}),
    ("list-name", "a list as a name", {"name": ["x"]}),
):
    events.add(
        f"broken-{_slug}",
        threat=threats.REJECTED_RECORD,
        tries=f"Publish a sign-up with {_what}.",
        must="Nothing is stored; the event is kept as a dead-letter message.",
        run=partial(_broken, data=_data),
    )


@events.attack(
    "malformed", threat=threats.REJECTED_RECORD, must="They get their tenant: a malformed event stops no other."
)
def _(world: World) -> Outcome:
    """Send ten events that cannot be processed just before someone signs up."""
    for number in range(10):
        put(world, Newcomer.of(world, f"malformed-{number}").signed_up(world, userName="*", name=None))
    newcomer = Newcomer.of(world, "after-malformed")
    return _one(world, newcomer, newcomer.arrive(world))
