"""Events for the sagas, and what the sagas have made of them."""

from __future__ import annotations

import json
import threading
import time
import uuid
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from tenantry.attacks.accounts import SetupError
from tenantry.attacks.per_run import PerRun
from tenantry.attacks.waiting import until
from tenantry.model.directory_tables import ACTIVE_TENANT_ID
from tenantry.model.event_types import CREATED, IDENTITY, SIGN_UP, TENANT, USER, source
from tenantry.operate.environment import LOCAL

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mypy_boto3_events.type_defs import PutEventsRequestEntryTypeDef

    from tenantry.attacks.world import World
    from tenantry.operate.aws import Aws

_PATIENCE_SECONDS: Final = 60.0
_DEAD_LETTER_SECONDS: Final = 60.0
_LATE_SECONDS: Final = 12.0


def entry(
    world: World, source: str, detail_type: str, detail: Mapping[str, Any], *, bus: str | None = None
) -> PutEventsRequestEntryTypeDef:
    """Return an event as EventBridge takes it."""
    return {
        "Source": source,
        "DetailType": detail_type,
        "Detail": json.dumps(detail),
        "EventBusName": bus or world.target.bus,
    }


def _keep_reconciliation_off(world: World) -> None:
    """Keep the local cloud's schedule from deleting, while the run lasts, those who are in no user pool."""
    environment, aws = world.target.environment, world.target.aws
    if environment is not None and environment.name == LOCAL:
        rule = environment.output("control", "ReconciliationRuleName")
        world.cleanup.later("the schedule", lambda: aws.events.enable_rule(Name=rule))
        aws.events.disable_rule(Name=rule)


def put(world: World, *entries: PutEventsRequestEntryTypeDef, aws: Aws | None = None) -> int:
    """Put events on the bus, with the operator's credentials unless another's is given; return how many were taken."""
    world.run_resources.event_sent()
    answer = (aws or world.target.aws).events.put_events(Entries=list(entries))
    return len(entries) - answer["FailedEntryCount"]


@dataclass(frozen=True, kw_only=True)
class Newcomer:
    """A user who exists in events only.

    Attributes
    ----------
    user_id, email, name
        What the events hold.
    """

    user_id: str
    email: str
    name: str

    @classmethod
    def of(cls, world: World, label: str, *, name: str | None = None, user_id: str | None = None) -> Newcomer:
        """Make up someone, and remember to remove what comes of them."""
        world.once("unhurried", lambda: _keep_reconciliation_off(world))
        user_id = str(uuid.uuid4()) if user_id is None else user_id
        world.run_resources.user(user_id)
        name = f"{world.run} {label} {world.accounts.mark}" if name is None else name
        return cls(user_id=user_id, email=world.accounts.mailbox(label), name=name)

    def fields(self) -> dict[str, str]:
        """Return what the sagas' events have in common."""
        return {"email": self.email, "userName": self.user_id, "name": self.name}

    def signed_up(self, world: World, **data: object) -> PutEventsRequestEntryTypeDef:
        """Return the event of the sign-up."""
        app = world.target.app
        metadata = {"domain": IDENTITY, "application": app, "event_type": SIGN_UP, "version": "1.0"}
        detail = {"metadata": metadata, "data": {**self.fields(), "verified": True, "status": "CONFIRMED", **data}}
        return entry(world, source(app, IDENTITY), SIGN_UP, detail)

    def created(self, world: World) -> PutEventsRequestEntryTypeDef:
        """Return the event that the user is there."""
        return entry(world, source(world.target.app, USER), CREATED, self.fields())

    def founded(self, world: World, tenant: str, **data: object) -> PutEventsRequestEntryTypeDef:
        """Return the event that a tenant is there, and theirs."""
        return entry(world, source(world.target.app, TENANT), CREATED, {"tenantId": tenant, **self.fields(), **data})

    def arrive(self, world: World) -> str:
        """Sign up, and return the tenant that comes of it."""
        put(world, self.signed_up(world))
        tenant = world.accounts.await_tenant(self.user_id)
        world.run_resources.tenant(tenant)
        if not until(lambda: (world.user_row(self.user_id) or {}).get(ACTIVE_TENANT_ID), _PATIENCE_SECONDS):
            raise SetupError("The saga has not made a new tenant active.")
        return tenant


class Settling(PerRun):
    """Lets events that were put earlier have their time: someone who signs up after them has to get a tenant.

    Whoever waits at the same moment waits for the same sign-up, so long as it begins after they have come.
    """

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._begun = self._done = 0
        self._turn = threading.Condition()

    def wait(self) -> None:
        """Wait for a sign-up that begins after this call."""
        with self._turn:
            wanted = self._begun + 1
            while self._done < wanted:
                if self._begun > self._done:
                    self._turn.wait()
                    continue
                self._begun += 1
                self._turn.release()
                try:
                    Newcomer.of(self._world, "latecomer").arrive(self._world)
                finally:
                    self._turn.acquire()
                    self._done = self._begun
                    self._turn.notify_all()


def settle(world: World) -> None:
    """Wait until events that were put earlier have had their time."""
    Settling.of(world).wait()


def state(world: World, user_id: str, tenant: str) -> dict[str, object]:
    """Return all that is stored of a user and their tenant, to be compared."""
    return {
        "user": world.user_row(user_id),
        "tenant": world.tenant_row(tenant),
        "mappings": sorted(world.run_resources.memberships_of(user_id), key=str),
    }


class DeadLetters(PerRun):
    """The dead-letter messages of one run, taken out of the queues as they turn up; those of others stay."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._bodies: dict[str, str] = {}
        self._lock = threading.Lock()
        self._latest = 0.0
        world.cleanup.later("the run's dead-letter messages", self._collect_late, last=True)

    def await_one(self, mark: str, *, unless: Callable[[], bool] = lambda: False) -> bool:
        """Wait until a dead-letter message has a text in it, unless there is another end."""
        self._latest = time.monotonic()
        until(lambda: self.any(mark) or unless(), _DEAD_LETTER_SECONDS)
        return self.any(mark)

    def any(self, mark: str) -> bool:
        """Return whether a dead-letter message has a text in it by now."""
        with self._lock:
            if not self._has(mark):
                self._collect()
            return self._has(mark)

    def _collect(self) -> None:
        """Take the run's messages out of all queues."""
        sqs = self._world.target.aws.sqs
        for url in self._world.ids_of("AWS::SQS::Queue"):
            others = []
            receive = partial(sqs.receive_message, QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=30)
            while found := receive().get("Messages", []):
                for message in found:
                    if self._world.run in message["Body"]:
                        self._bodies[message["MessageId"]] = message["Body"]
                        sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
                    else:
                        others.append(message["ReceiptHandle"])
            for handle in others:
                sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=handle, VisibilityTimeout=0)

    def _collect_late(self) -> None:
        """Take out what comes late: a function that fails on an event is tried again, for minutes on AWS."""
        if self._world.target.aws.endpoint_url:
            time.sleep(max(0.0, self._latest + _LATE_SECONDS - time.monotonic()))
        self._collect()

    def _has(self, mark: str) -> bool:
        return any(mark in body for body in self._bodies.values())
