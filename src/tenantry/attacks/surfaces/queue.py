"""Queued work: whose it is, who may queue it, and what those who do it can reach."""

from __future__ import annotations

import json
import time
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from tenantry.attacks import threats
from tenantry.attacks.assertions import DENIALS, allowed, denied, granted, require, together
from tenantry.attacks.outcome import held, inconclusive
from tenantry.attacks.parks_scenario import OWN, PRIZE, ParksScenario, queue_work
from tenantry.attacks.registry import REGISTRY
from tenantry.attacks.sessions import IsolationLayers, Sessions
from tenantry.attacks.storage import Owner
from tenantry.attacks.waiting import until
from tenantry.model.tenant_tables import PARK, park_key

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tenantry.attacks.accounts import Person
    from tenantry.attacks.outcome import Outcome
    from tenantry.attacks.world import World
    from tenantry.operate.aws import Aws

queue: Final = REGISTRY.surface(
    "queue",
    "Queued work of another tenant or a former member; forged, repeated and malformed messages; direct calls "
    "on the queue and its dead-letter queue",
)

_PURPOSE: Final = "park-statuses"
_PATIENCE_SECONDS: Final = 60.0
_CODES: Final = DENIALS | {"AuthorizationError"}  # SNS's word for it


def _scene(world: World) -> ParksScenario:
    return ParksScenario.of(world, "queue")


def _done(at: ParksScenario, park: str, status: str) -> Outcome:
    """Check whether the attacker's own park gets a status, which says that the work before it has been done as well."""
    if until(lambda: at.status(park) == status, _PATIENCE_SECONDS):
        return held(f"{park} is {status}")
    return inconclusive("the work is not done in time")


def _after(at: ParksScenario, label: str) -> Outcome:
    """Queue good work and wait for it, and then some."""
    park = f"after-{label}"
    at.add(park)
    sent = granted(at.queue(park, "natural-disaster"))
    outcome = together(sent, _done(at, park, "natural-disaster"))
    time.sleep(1)
    return outcome


@queue.attack("foreign", threat=threats.WRONG_TENANT, must="The victim's park is unchanged; one's own is set.")
def _(world: World) -> Outcome:
    """Queue changes of the victim's park, with their tenant named wherever a request has room for it."""
    at, victim = _scene(world), _scene(world).victim
    named = {"x-tenant-id": victim.tenant, "tenantId": victim.tenant, "userId": victim.user_id}
    body = {"ids": [PRIZE, OWN], "status": "park-closed"}
    path = f"/parks/statuses?tenantId={victim.tenant}&userId={victim.user_id}"
    sent = granted(at.send("POST", path, body, headers=named))
    changes: tuple[dict[str, object], ...] = (
        {"tenantId": victim.tenant},
        {"userId": victim.user_id},
        {"authTime": "9999999999"},
        {"session": "x"},
        {"at": "0"},
        {"MessageBody": "{}"},
        {"ids": [f"{victim.tenant}#park#{PRIZE}"]},
        {"ids": [PRIZE, {"S": PRIZE}]},
        {"ids": "prize"},
        {"ids": []},
        {"ids": [PRIZE] * 101},
    )
    refusals = [at.refusal(at.send("POST", "/parks/statuses", {**body, **change}), 400) for change in changes]
    return together(sent, *refusals, _done(at, OWN, "park-closed"), at.untouched())


@queue.attack("injection", threat=threats.INJECTION, must="400 for each, and nothing of it is done.")
def _(world: World) -> Outcome:
    """Put quotes, forms, templates and second messages into ids and statuses."""
    at, victim = _scene(world), _scene(world).victim.tenant
    texts = (
        f'prize"],"tenantId":"{victim}","x":["',
        "prize&Action=PurgeQueue",
        "prize%26MessageGroupId%3Dx",
        "$context.authorizer.userId",
        "#set($v1 = 'x')",
        "prize\n",
        "\\",
        "\u2028",
    )
    steps = []
    for text in texts:
        steps.append(at.refusal(at.queue(text, "park-closed"), 400))
        steps.append(at.refusal(at.queue(PRIZE, text), 400))
    duplicate = f'{{"ids": ["{OWN}"], "status": "park-closed", "tenantId": "{victim}", "tenantId": "{victim}"}}'
    steps.append(at.refusal(at.send("POST", "/parks/statuses", duplicate), 400))
    return together(*steps, _after(at, "injection"), at.untouched())


@queue.attack("switch", threat=threats.CACHED_POLICY, must="It is done in the tenant of the request, alone.")
def _(world: World) -> Outcome:
    """As an admin of two tenants, queue work in one and switch to the other at once, again and again."""
    at = _scene(world)
    person = world.member("queue-switcher", at.attacker.tenant, {"admin"})
    world.accounts.enrol(person, at.victim.tenant, {"admin"})
    shared = "both-have-it"
    for who in (at.attacker, at.victim):
        at.add(shared, person=who)
    steps = []
    for _turn in range(3):
        for tenant, status in ((at.attacker.tenant, "park-closed"), (at.victim.tenant, "natural-disaster")):
            steps.append(granted(world.membership_api("PUT", "/settings", person.tokens.id, {"tenantId": tenant})))
            steps.append(granted(at.queue(shared, status, person=person)))
    steps.append(_after(at, "switch"))
    for tenant, status in ((at.attacker.tenant, "park-closed"), (at.victim.tenant, "natural-disaster")):
        found = at.status(shared, tenant)
        steps.append(
            require(found == status, otherwise=f"in {tenant} it is {found}", observed=f"{status} in its tenant")
        )
    key = park_key(at.victim.tenant, PARK, shared)
    world.target.aws.dynamodb.delete_item(TableName=world.target.parks_table, Key=key)
    return together(*steps)


@queue.attack("left", threat=threats.CACHED_POLICY, must="403 once the member is removed; nothing is queued.")
def _(world: World) -> Outcome:
    """Be removed from a tenant, and queue work with the same token."""
    at = _scene(world)
    person = world.member("queue-leaver", at.attacker.tenant, {"admin"})
    before = granted(at.send("GET", "/parks", person=person))
    world.accounts.dismiss(person, at.attacker.tenant)
    reply = at.queue(OWN, "natural-disaster", person=person)
    kept = _after(at, "left")
    same = at.status(OWN) != "natural-disaster"
    return together(before, at.refusal(reply, 403), kept, require(same, otherwise="it was done", observed="not done"))


def _account(attribute: str, value: Mapping[str, Any], world: World, person: Person) -> None:
    world.accounts.set_attribute(person.user_id, attribute, value)


def _session_ended(world: World, person: Person) -> None:
    _account("endedsessions", {"SS": [f"1764000000:{person.tokens.claims.get('origin_jti', '')}"]}, world, person)


_ENDINGS: Final[tuple[tuple[str, str, Callable[[World, Person], None]], ...]] = (
    ("removed", "is removed", lambda world, person: world.accounts.dismiss(person, person.tenant)),
    (
        "role-lost",
        "is no admin any more",
        lambda world, person: world.accounts.enrol(person, person.tenant, {"member", "visitor"}),
    ),
    ("blocked", "is blocked", partial(_account, "blockedat", {"N": "1764000000"})),
    ("deleted", "has deleted their account", partial(_account, "deletedat", {"N": "1764000000"})),
    ("signed-out", "has signed out everywhere", partial(_account, "validafter", {"N": "9999999999"})),
    ("session-ended", "has signed out of that session", _session_ended),
)


@queue.each(
    ((slug, ends, slug, end) for slug, ends, end in _ENDINGS),
    "outlived-{}",
    threat=threats.OUTLIVED,
    tries="Queue work, and have it done after the requester {}.",
    must="It is dropped; the same work was done a moment before, and others' is done.",
)
def _outlives(world: World, label: str, end: Callable[[World, Person], None]) -> Outcome:
    at = _scene(world)
    park = f"end-{label}"
    at.add(park)
    person = world.member(f"queue-{label}", at.attacker.tenant, {"admin"})
    sent = granted(at.queue(park, "park-closed", person=person))
    control = _done(at, park, "park-closed")
    end(world, person)
    # As the API has put it on the queue, and as an operator puts it there again from the dead-letter queue.
    queue_work(world, person, park, "natural-disaster")
    waited = _after(at, f"end-{label}")
    found = at.status(park)
    dropped = require(found == "park-closed", otherwise=f"it is {found}", observed="dropped")
    return together(sent, control, waited, dropped)


def _forged(at: ParksScenario) -> dict[str, Any]:
    return {
        "id": "forged",
        "tenantId": at.victim.tenant,
        "userId": at.victim.user_id,
        "at": str(int(time.time() * 1000)),
        "ids": [PRIZE],
        "status": "park-closed",
    }


def _queue_calls(world: World, aws: Aws, text: str) -> list[Callable[[], object]]:
    url, letters = world.target.park_statuses_queue, world.target.park_statuses_dead_letters
    return [
        lambda: aws.sqs.send_message(QueueUrl=url, MessageBody=text),
        lambda: aws.sqs.receive_message(QueueUrl=url),
        lambda: aws.sqs.purge_queue(QueueUrl=url),
        lambda: aws.sqs.receive_message(QueueUrl=letters),
    ]


@queue.attack("forged", threat=threats.EVENT_DELIVERY, must="Denied to each, and nothing is done.")
def _(world: World) -> Outcome:
    """Send, read and remove work as nobody, and as a tenant's session with each isolation layer."""
    at = _scene(world)
    me = Owner(tenant=at.attacker.tenant, user=at.attacker.user_id)
    sessions = [Sessions.of(world).act(_PURPOSE, layers, me) for layers in IsolationLayers]
    steps = [
        denied(call, codes=_CODES)
        for aws in (world.nobody, *sessions)
        for call in _queue_calls(world, aws, json.dumps(_forged(at)))
    ]
    return together(*steps, _after(at, "forged"), at.untouched())


@queue.attack("malformed", threat=threats.REJECTED_RECORD, must="Each fails, and good work beside them is done.")
def _(world: World) -> Outcome:
    """Queue messages that no template makes, with the operator's credentials: other ids, wildcards, no tenant."""
    at = _scene(world)
    mine = {"tenantId": at.attacker.tenant, "userId": at.attacker.user_id, "ids": [OWN]}
    good = {**_forged(at), **mine}
    changes: tuple[dict[str, object], ...] = (
        {"tenantId": "*"},
        {"tenantId": f"{at.victim.tenant}#park"},
        {"tenantId": ""},
        {"tenantId": None},
        {"tenantId": [at.victim.tenant]},
        {"userId": "../../x"},
        {"authTime": "soon"},
        {"authTime": None},
        {"session": ["x"]},
        {"ids": [f"{PRIZE}#", "*"]},
        {"ids": [PRIZE] * 101},
        {"status": "park-closed\u0000"},
        {"at": "-1"},
        {"admin": True},
    )
    bodies = [*(json.dumps({**good, **change}) for change in changes), "not JSON", "", "[]"]
    records = [
        {"messageId": str(number), "body": body, "eventSource": "aws:sqs"}
        for number, body in enumerate([*bodies, json.dumps(good)])
    ]
    answer = _consume(world, records)
    failed = {failure["itemIdentifier"] for failure in answer.get("batchItemFailures", [])}
    wanted = {str(number) for number in range(len(bodies))}
    return together(
        require(failed == wanted, otherwise=f"what fails is {sorted(failed)}", observed=f"{len(failed)} fail"),
        _done(at, OWN, good["status"]),
        at.untouched(),
    )


def _consume(world: World, records: list[dict[str, str]]) -> dict[str, Any]:
    """Call the queue's consumer as SQS's poller does. Nothing is left on the queue, as of messages that it refuses."""
    aws = world.target.aws
    arn = aws.sqs.get_queue_attributes(QueueUrl=world.target.park_statuses_queue, AttributeNames=["QueueArn"])
    found = aws.functions.list_event_source_mappings(EventSourceArn=arn["Attributes"]["QueueArn"])
    (mapping,) = found["EventSourceMappings"]
    reply = aws.functions.invoke(FunctionName=mapping["FunctionArn"], Payload=json.dumps({"Records": records}).encode())
    answer: dict[str, Any] = json.loads(reply["Payload"].read())
    return answer


@queue.attack(
    "session", threat=threats.LOOSE_POLICY, must="Denied by both isolation layers and by each; one's own is not."
)
def _(world: World) -> Outcome:
    """With credentials vended for one tenant's queued work, reach another tenant's parks and topics."""
    at = _scene(world)
    me = Owner(tenant=at.attacker.tenant, user=at.attacker.user_id)
    topic = f"arn:aws:sns:{world.target.aws.region}:{world.account}:{world.target.app}-parks-{{}}_{PRIZE}_park-closed"
    steps = []
    for layers in IsolationLayers:
        aws = Sessions.of(world).act(_PURPOSE, layers, me)
        steps.append(allowed(partial(_update, world, aws, at.attacker.tenant, OWN), "setting its own park"))
        steps += [denied(call, codes=_CODES) for call in _reaching(world, aws, at, topic)]
    return together(*steps, at.untouched())


def _update(world: World, aws: Aws, tenant: str, park: str) -> object:
    request: Any = {
        "TableName": world.target.parks_table,
        "Key": park_key(tenant, PARK, park),
        "UpdateExpression": "SET touched = :t",
        "ExpressionAttributeValues": {":t": {"S": "x"}},
    }
    return aws.dynamodb.update_item(**request)


def _reaching(world: World, aws: Aws, at: ParksScenario, topic: str) -> list[Callable[[], object]]:
    table, victim = world.target.parks_table, at.victim.tenant
    key = park_key(victim, PARK, PRIZE)
    condition: Any = {
        "KeyConditionExpression": "pk = :pk",
        "ExpressionAttributeValues": {":pk": {"S": f"{victim}#park"}},
    }
    longer = f"{at.attacker.tenant}-2"  # begins as one's own does
    return [
        lambda: _update(world, aws, victim, PRIZE),
        lambda: _update(world, aws, longer, PRIZE),
        lambda: aws.dynamodb.get_item(TableName=table, Key=key),
        lambda: aws.dynamodb.put_item(TableName=table, Item=key),
        lambda: aws.dynamodb.delete_item(TableName=table, Key=key),
        lambda: aws.dynamodb.query(TableName=table, **condition),
        lambda: aws.dynamodb.query(TableName=table, IndexName="by-status", **condition),
        lambda: aws.dynamodb.scan(TableName=table),
        lambda: aws.sns.publish(TopicArn=topic.format(victim), Message="{}"),
        lambda: aws.sns.publish(TopicArn=topic.format(longer), Message="{}"),
        lambda: aws.sns.create_topic(Name=topic.format(at.attacker.tenant).rsplit(":", 1)[-1]),
    ]
