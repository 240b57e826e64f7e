"""Webhooks: endpoints inside, other tenants' webhooks and topics, and names that two could share."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from tenantry.attacks import threats
from tenantry.attacks.assertions import DENIALS, denied, granted, require, together
from tenantry.attacks.outcome import inconclusive
from tenantry.attacks.park_listener import ParkListener
from tenantry.attacks.parks_scenario import ENDPOINT, OWN, PRIZE, ParksScenario
from tenantry.attacks.registry import REGISTRY
from tenantry.attacks.tenant_fixture import remove_member, set_roles
from tenantry.attacks.tenant_rows import sweep_parks

if TYPE_CHECKING:
    from collections.abc import Callable

    from tenantry.attacks.accounts import Person
    from tenantry.attacks.http import Reply
    from tenantry.attacks.outcome import Outcome
    from tenantry.attacks.world import World

_CODES: Final = DENIALS | {"AuthorizationError"}  # SNS's word for it
_PATIENCE_SECONDS: Final = 30.0
webhooks: Final = REGISTRY.surface(
    "webhooks",
    "Endpoints inside the network; another tenant's webhooks; topics and subscriptions by direct calls; "
    "deliveries after the creator has lost access",
)

_INSIDE: Final = (
    "http://8-8-8-8.sslip.io/",
    "ftp://8-8-8-8.sslip.io/",
    "https://localhost/",
    "https://x.localhost/",
    "https://127.0.0.1/",
    "https://127.1/",
    "https://2130706433/",
    "https://0x7f000001/",
    "https://0177.0.0.1/",
    "https://[::1]/",
    "https://[::ffff:169.254.169.254]/",
    "https://169.254.169.254/latest/meta-data/",
    "https://[fd00:ec2::254]/latest/meta-data/",
    "https://127-0-0-1.sslip.io/",
    "https://10-0-0-1.sslip.io/",
    "https://172-31-0-1.sslip.io/",
    "https://192-168-0-1.sslip.io/",
    "https://100-64-0-1.sslip.io/",
    "https://169-254-169-254.sslip.io/latest/meta-data/",
    "https://--1.sslip.io/",
    "https://fd00-ec2--254.sslip.io/",
    "https://--ffff-a00-1.sslip.io/",
    "https://64-ff9b--a00-1.sslip.io/",
    "https://user:secret@8-8-8-8.sslip.io/",
    "https://8-8-8-8.sslip.io@127.0.0.1/",
    "https://8-8-8-8.sslip.io:25/",
    "https://8-8-8-8.sslip.io./",
    "https://8-8-8-8.sslip.io\\@127.0.0.1/",
    "https://8-8-8-8.sslip.io/#@127.0.0.1/",
    "https://8-8-8-8.sslip.io/\r\nHost: 127.0.0.1",
    "https://db.internal/",
    "https://instance-data.ec2.internal/",
)


def _scene(world: World) -> ParksScenario:
    return ParksScenario.of(world, "hooks")


def _subscribe(at: ParksScenario, park: str, endpoint: str, *, person: Person | None = None) -> Reply:
    return at.send("POST", f"/parks/{park}/webhooks", {"eventType": "park-closed", "endpoint": endpoint}, person=person)


def _topics(world: World, tenant: str) -> list[str]:
    pages = world.target.aws.sns.get_paginator("list_topics").paginate()
    topics = [topic["TopicArn"] for page in pages for topic in page["Topics"]]
    return [topic for topic in topics if f":{world.target.app}-parks-{tenant}_" in topic]


def _forget_topics(world: World, tenant: str) -> None:
    for topic in _topics(world, tenant):
        world.target.aws.sns.delete_topic(TopicArn=topic)


def _hook_of(at: ParksScenario, person: Person, park: str) -> str:
    """Return the id of somebody's webhook, made now, and gone after the run."""
    tenant = person.tenant
    at.world.remove(f"the topics of {tenant}", partial(_forget_topics, at.world, tenant))
    made = _subscribe(at, park, ENDPOINT, person=person)
    return str(made.json()["id"]) if made.ok else ""


@webhooks.attack("inside", threat=threats.HOSTILE_NAMES, must="400 for each, and no subscription.")
def _(world: World) -> Outcome:
    """Subscribe endpoints of the inside: loopback, private, link-local, metadata, in every spelling and by DNS."""
    at = _scene(world)
    control = _hook_of(at, at.attacker, OWN)
    steps = [at.refusal(_subscribe(at, OWN, endpoint), 400) for endpoint in _INSIDE]
    kept = [row for row in at.rows(at.attacker.tenant, "webhook") if row.startswith(f"{OWN}#")]
    if not control:
        return inconclusive("no webhook can be made at all")
    only = kept == [f"{OWN}#{control}"]
    return together(*steps, require(only, otherwise=f"there is {kept}", observed="only the good one is there"))


@webhooks.attack("foreign", threat=threats.WRONG_TENANT, must="404 for each, and the victim's webhook stays.")
def _(world: World) -> Outcome:
    """Subscribe to the victim's park, list its webhooks and remove one, through it and through one's own park."""
    at = _scene(world)
    webhook = _hook_of(at, at.victim, PRIZE)
    if not webhook:
        return inconclusive("the victim's webhook cannot be made")
    steps = [
        at.refusal(_subscribe(at, PRIZE, ENDPOINT), 404),
        at.refusal(at.send("GET", f"/parks/{PRIZE}/webhooks"), 404),
        at.refusal(at.send("DELETE", f"/parks/{PRIZE}/webhooks/{webhook}"), 404),
        at.refusal(at.send("POST", f"/parks/{PRIZE}/webhooks/{webhook}/owner"), 404),
        at.refusal(at.send("DELETE", f"/parks/{OWN}/webhooks/{webhook[:-1]}0"), 404),
        at.refusal(at.send("DELETE", f"/parks/{PRIZE}/webhooks/{webhook}?tenantId={at.victim.tenant}"), 404),
    ]
    own = at.send("GET", f"/parks/{OWN}/webhooks")
    kept = list(at.rows(at.victim.tenant, "webhook"))
    return together(
        *steps,
        at.shows_nothing(own),
        require(kept == [f"{PRIZE}#{webhook}"], otherwise=f"the victim has {kept}", observed="the victim's is there"),
        at.good(),
    )


@webhooks.attack("existence", threat=threats.EXISTENCE_SHOWN, must="The same 404, whether there is such a one or not.")
def _(world: World) -> Outcome:
    """Compare the replies to the victim's park and webhook with those to missing ones."""
    at = _scene(world)
    webhook = _hook_of(at, at.victim, PRIZE)
    pairs = (
        ("GET", f"/parks/{PRIZE}/webhooks", "/parks/nobody-has-this/webhooks", None),
        ("DELETE", f"/parks/{PRIZE}/webhooks/{webhook}", f"/parks/{PRIZE}/webhooks/{'0' * 32}", None),
        (
            "POST",
            f"/parks/{PRIZE}/webhooks",
            "/parks/nobody-has-this/webhooks",
            {"eventType": "park-closed", "endpoint": ENDPOINT},
        ),
    )
    steps = [
        at.refusal(at.send(method, real, body), 404, like=at.send(method, unreal, body))
        for method, real, unreal, body in pairs
    ]
    return together(*steps, at.good())


@webhooks.attack("ids", threat=threats.HOSTILE_NAMES, must="400, 403 or 404 for each, and the victim's webhook stays.")
def _(world: World) -> Outcome:
    """Remove webhooks by ids with separators, wildcards and paths in them."""
    at = _scene(world)
    webhook = _hook_of(at, at.victim, PRIZE)
    steps = [
        at.refusal(at.send("DELETE", f"/parks/{park}/webhooks/{hook}"), 400, 403, 404)
        for park, hook in (
            (OWN, f"..%2F..%2F{PRIZE}%2Fwebhooks%2F{webhook}"),
            (OWN, "*"),
            (OWN, "%2A"),
            (OWN, f"{PRIZE}%23{webhook}"),
            (f"{OWN}%23", webhook),
            (f"{PRIZE}%23{webhook[:8]}", webhook),
            (OWN, webhook.upper()),
            (OWN, f"{webhook}%00"),
        )
    ]
    kept = list(at.rows(at.victim.tenant, "webhook"))
    return together(*steps, require(f"{PRIZE}#{webhook}" in kept, otherwise="it is gone", observed="it is there"))


@webhooks.attack(
    "fields", threat=threats.INJECTION, must="400 for each, or stored exactly; no topic of another tenant."
)
def _(world: World) -> Outcome:
    """Put quotes, templates, JSONata and other tenants' names into event types and endpoints."""
    at, victim = _scene(world), _scene(world).victim.tenant
    texts = (
        f'park-closed","tenantId":"{victim}',
        f"park-closed' & '{victim}",
        "{% $states.context.Execution.Id %}",
        "$context.authorizer.userId",
        f"../{victim}_{PRIZE}_park-closed",
        "park-closed\n",
        "PARK-CLOSED",
        "",
    )
    before = _topics(world, victim)
    steps = []
    for text in texts:
        bodies = (
            {"eventType": text, "endpoint": ENDPOINT},
            {"eventType": "park-closed", "endpoint": f"https://{text}"},
            {"eventType": "park-closed", "endpoint": ENDPOINT, "tenantId": victim, "id": text},
        )
        steps += [at.refusal(at.send("POST", f"/parks/{OWN}/webhooks", body), 400) for body in bodies]
    same = _topics(world, victim) == before
    return together(*steps, require(same, otherwise="a topic was made for the victim", observed="no topic is new"))


@webhooks.attack("topics", threat=threats.COLLIDING_NAMES, must="A topic for each tenant and park, none shared.")
def _(world: World) -> Outcome:
    """Subscribe in tenants and to parks whose names, joined, could be taken for one another's."""
    at = _scene(world)
    stem = f"{world.run[-8:]}-tx"
    pairs = ((stem, "a-b"), (f"{stem}-a", "b"), (f"{stem}-a-b", "park-closed"), (stem, "a"))
    people: dict[str, Person] = {}
    steps = []
    for tenant, park in pairs:
        if tenant not in people:
            sweep_parks(world, tenant)
            people[tenant] = world.tenant_admin(f"tx{len(people)}", tenant)
        person = people[tenant]
        steps.append(granted(at.add(park, person=person)))
        steps.append(require(bool(_hook_of(at, person, park)), otherwise="it is not made", observed="subscribed"))
    names = [topic for tenant in people for topic in _topics(world, tenant)]
    own = len(names) == len(set(names)) == len(pairs)
    return together(*steps, require(own, otherwise=f"the topics are {names}", observed=f"{len(names)} topics"))


@webhooks.attack("publish", threat=threats.LOOSE_POLICY, must="Denied: nobody publishes but who was granted it.")
def _(world: World) -> Outcome:
    """Publish to the victim's topic, subscribe to it and delete it as a principal that was granted nothing."""
    at = _scene(world)
    _hook_of(at, at.victim, PRIZE)
    topics = _topics(world, at.victim.tenant)
    if not topics:
        return inconclusive("the victim has no topic")
    sns = world.nobody.sns
    return together(
        denied(lambda: sns.publish(TopicArn=topics[0], Message="{}"), codes=_CODES),
        denied(lambda: sns.subscribe(TopicArn=topics[0], Protocol="https", Endpoint=ENDPOINT), codes=_CODES),
        denied(lambda: sns.delete_topic(TopicArn=topics[0]), codes=_CODES),
        require(_topics(world, at.victim.tenant) == topics, otherwise="it is gone", observed="it is there"),
    )


@webhooks.attack("own-only", threat=threats.WRONG_TENANT, must="404, 409 and 403; each keeps their webhook.")
def _(world: World) -> Outcome:
    """As a visitor, list, remove, make again and take over what an admin and another visitor have made."""
    at = _scene(world)
    park = "own-only"
    at.add(park)
    people = [world.member(f"hooks-{who}", at.attacker.tenant, {"visitor"}) for who in ("mine", "theirs")]
    visitor, other = people
    path = f"/parks/{park}/webhooks"
    made = {}
    for number, person in enumerate((at.attacker, other, visitor)):
        reply = _subscribe(at, park, f"{ENDPOINT}/{number}", person=person)
        made[person.user_id] = reply.json()["id"] if reply.ok else ""
    if not all(made.values()):
        return inconclusive(f"webhooks cannot be made: {made}")
    theirs = [made[at.attacker.user_id], made[other.user_id]]
    listed = at.send("GET", path, person=visitor)
    shown = [hook["id"] for hook in listed.json()["items"]] if listed.ok else None
    steps = [at.refusal(at.send("DELETE", f"{path}/{hook}", person=visitor), 404) for hook in theirs]
    steps += [at.refusal(at.send("POST", f"{path}/{hook}/owner", person=visitor), 403) for hook in theirs]
    steps += [at.refusal(_subscribe(at, park, f"{ENDPOINT}/{number}", person=visitor), 409) for number in range(2)]
    rows = {key: row["createdby"]["S"] for key, row in at.rows(at.attacker.tenant, "webhook").items()}
    kept = {f"{park}#{hook}": creator for creator, hook in made.items()}
    return together(
        *steps,
        require(shown == [made[visitor.user_id]], otherwise=f"it lists {shown}", observed="one's own is listed"),
        require(kept.items() <= rows.items(), otherwise=f"there is {rows}", observed="each has their own"),
        granted(at.send("DELETE", f"{path}/{made[visitor.user_id]}", person=visitor)),
        granted(at.send("DELETE", f"{path}/{made[other.user_id]}")),
    )


def _closed(attribute: str, at: ParksScenario, person: Person) -> None:
    """Close an account as a saga does that stops before it publishes."""
    at.world.accounts.set_attribute(person.user_id, attribute, {"N": "1764000000"})


_ENDINGS: Final[tuple[tuple[str, str, Callable[[ParksScenario, Person], None]], ...]] = (
    ("removed", "is removed by an admin", lambda at, person: remove_member(at.world, at.attacker, person)),
    (
        "role-lost",
        "loses the role by an admin",
        lambda at, person: set_roles(at.world, at.attacker, person, {"member"}),
    ),
    # As by a function that dies before it publishes.
    (
        "removed-unheard",
        "is removed, and the event of it is lost",
        lambda at, person: at.world.accounts.dismiss(person, person.tenant),
    ),
    ("blocked-unheard", "is blocked, and the event of it is lost", partial(_closed, "blockedat")),
    ("deleted-unheard", "deletes their account, and the event of it is lost", partial(_closed, "deletedat")),
)


@webhooks.each(
    ((slug, ends, slug, end) for slug, ends, end in _ENDINGS),
    "outlived-{}",
    threat=threats.OUTLIVED,
    tries="Wait at a webhook's endpoint after its creator {}.",
    must="The next event is not delivered there, and is delivered to the others.",
)
def _outlives(world: World, label: str, end: Callable[[ParksScenario, Person], None]) -> Outcome:
    at = _scene(world)
    tenant, park = at.attacker.tenant, f"end-{label}"
    at.add(park)
    person = world.member(f"hooks-{label}", tenant, {"visitor"})
    theirs, kept = (ParkListener.of(world, tenant, park, creator) for creator in (person, at.attacker))
    close = partial(at.send, "POST", f"/parks/{park}/statuses", {"status": "park-closed"})
    before = granted(close())
    if not all(listener.received(_PATIENCE_SECONDS) for listener in (theirs, kept)):
        return inconclusive("webhooks receive nothing at all")
    end(at, person)
    after = granted(close())
    if not kept.received(_PATIENCE_SECONDS):
        return inconclusive("the admin's webhook receives nothing any more, either")
    return together(
        before,
        after,
        require(not theirs.received(1), otherwise="it is still delivered", observed="it received nothing more"),
    )


@webhooks.attack("unknown", threat=threats.OUTLIVED, must="It receives nothing; an existing webhook does.")
def _(world: World) -> Outcome:
    """Listen by a subscription whose webhook was removed or paused before its endpoint confirmed."""
    at = _scene(world)
    tenant, park = at.attacker.tenant, "unknown"
    at.add(park)
    stale = ParkListener.of(world, tenant, park, None)
    kept = ParkListener.of(world, tenant, park, at.attacker)
    sent = granted(at.send("POST", f"/parks/{park}/statuses", {"status": "park-closed"}))
    if not kept.received(_PATIENCE_SECONDS):
        return inconclusive("an existing webhook receives nothing")
    return together(
        sent, require(not stale.received(1), otherwise="it received the event", observed="it received nothing")
    )
