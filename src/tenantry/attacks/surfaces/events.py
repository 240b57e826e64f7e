"""The event bus: who may publish on it, and with which source."""

from __future__ import annotations

import uuid
from functools import partial
from typing import TYPE_CHECKING, Final

from tenantry.attacks import threats
from tenantry.attacks.assertions import denied, require, together
from tenantry.attacks.outcome import AttackResult, Outcome, held, inconclusive
from tenantry.attacks.registry import REGISTRY
from tenantry.attacks.saga import Newcomer, entry, put, settle
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
    calls: dict[str, Callable[[], object]] = {
        "PutRule": lambda: aws.events.put_rule(Name=world.run, EventBusName=target.bus, EventPattern=pattern),
        "PutPermission": lambda: aws.events.put_permission(
            EventBusName=target.bus, Action="events:PutEvents", Principal="*", StatementId=world.run
        ),
        **{
            f"StartExecution {arn}": partial(aws.stepfunctions.start_execution, stateMachineArn=arn) for arn in machines
        },
        **{f"ReceiveMessage {url}": partial(aws.sqs.receive_message, QueueUrl=url) for url in queues},
        **{f"SendMessage {url}": partial(aws.sqs.send_message, QueueUrl=url, MessageBody="{}") for url in queues},
    }
    outcome = together(*((name, denied(call)) for name, call in calls.items()))
    return (
        held(f"{len(calls)} calls, all denied")
        if machines and queues and outcome.result is AttackResult.HELD
        else outcome
    )


# In whose name

_PUBLISHERS: Final = {
    "SignUpHook": ("APP.idp", SIGN_UP),
    "TokenClaimsHook": ("APP.idp", SIGN_UP),
    "UserSaga": ("APP.user", "created"),
    "TenantSaga": ("APP.tenant", "created"),
    "AdminSaga": ("APP.tenant", ADMIN_ADDED),
}


def _role_of(world: World, publisher: str) -> str:
    """Return the name of the role of a function or state machine, by how its logical id begins."""
    aws = world.target.aws
    for resource in world.resources:
        if not resource.logical_id.startswith(publisher):
            continue
        if resource.kind == "AWS::Lambda::Function":
            return aws.functions.get_function_configuration(FunctionName=resource.id)["Role"].rsplit("/", 1)[-1]
        if resource.kind == "AWS::StepFunctions::StateMachine":
            return aws.stepfunctions.describe_state_machine(stateMachineArn=resource.id)["roleArn"].rsplit("/", 1)[-1]
    raise LookupError(f"The stacks have no {publisher}.")


def _publishes(world: World, publisher: str) -> Outcome:
    """Put every kind of event with a publisher's own grants: its own must pass, all others must not."""
    aws = world.clone_role(_role_of(world, publisher))
    newcomer = Newcomer.of(world, f"heard-{publisher.lower()}")
    detail = {"tenantId": str(uuid.uuid4()), **newcomer.fields(), "role": "admin"}

    def said(source: str, detail_type: str) -> PutEventsRequestEntryTypeDef:
        return entry(world, source.replace("APP", world.target.app), detail_type, detail)

    own = _PUBLISHERS[publisher]
    accepted = put(world, said(*own), aws=aws)
    steps = [("its own event", held("accepted") if accepted else inconclusive("refused"))]
    others = {*_PUBLISHERS.values(), (own[0], "deleted"), (f"{own[0]}.x", own[1]), ("APP", own[1]), ("APP.*", own[1])}
    steps += [("/".join(other), denied(partial(put, world, said(*other), aws=aws))) for other in sorted(others - {own})]
    both = partial(put, world, said(*own), said("APP.attack", "created"), aws=aws)
    steps.append(("its own and another in one call", denied(both)))
    return together(*steps)


for _publisher, _event in _PUBLISHERS.items():
    events.add(
        f"voice-{_publisher.lower()}",
        threat=threats.EVENT_DELIVERY,
        tries=f"Put every kind of event on the bus with the grants of {_publisher}.",
        must=f"Its own, {_event[0].replace('APP', 'App')}/{_event[1]}, is accepted; every other is denied.",
        run=partial(_publishes, publisher=_publisher),
    )


def _unheard(world: World, source: str, detail_type: str) -> Outcome:
    """Put a forgery that resembles a real event on the bus, with the operator's credentials."""
    taken = put(world, _forgery(world, source, detail_type))
    settle(world)
    return together((f"{taken} taken", _not_admitted(world)))


for _slug, _source, _type in (
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
):
    events.add(
        f"source-{_slug}",
        threat=threats.EVENT_DELIVERY,
        tries=f"Publish, as {_source.replace('APP', 'App')}/{_type}, that another's tenant is the attacker's.",
        must="Nobody acts on it: rules match source and type exactly.",
        run=partial(_unheard, source=_source, detail_type=_type),
    )


@events.attack("default-bus", threat=threats.EVENT_DELIVERY, must="Nobody acts on it.")
def _(world: World) -> Outcome:
    """Put a forged event on the account's default bus."""
    put(world, _forgery(world, "APP.tenant", bus="default"))
    settle(world)
    return _not_admitted(world)
