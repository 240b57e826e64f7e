"""Publishes events of parks to the webhooks whose owners still have the required role."""

from __future__ import annotations

import json
import time
from contextlib import suppress
from dataclasses import KW_ONLY, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from park_webhooks.webhooks import Webhooks

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from park_webhooks.owners import Owners
    from park_webhooks.pausing import Pauser
    from park_webhooks.webhooks import Webhook
    from tenantry.model.identifiers import TenantId
    from tenantry.runtime.vending import TenantSession

# A webhook is kept a moment after its subscription was made.
_GRACE_SECONDS: Final = 2.0


@dataclass
class Publication:
    """One tenant's events.

    Isolation: the session reaches the rows and the topics of the tenant that it was vended for, and no others. Before a
    topic is told, the directory is asked about everybody who made one of its webhooks, and what lapsed is paused; a
    subscription of which no row knows is ended. Whether the event of a removal arrived does not matter.

    Attributes
    ----------
    session
        Vended for the tenant.
    tenant
        The tenant.
    owners
        Knows who may have webhooks.
    pauser
        Pauses those of the others.
    table
        Name of the table.
    topics
        What the ARN of every topic begins with.
    sleep
        Waits; for tests.
    """

    session: TenantSession
    tenant: TenantId
    _: KW_ONLY
    owners: Owners
    pauser: Pauser
    table: str
    topics: str
    sleep: Callable[[float], None] = time.sleep

    def __post_init__(self) -> None:
        """Make what works with the session."""
        self._webhooks = Webhooks(self.session, self.tenant, table=self.table)
        self._sns: Any = self.session.client("sns")

    def publish(self, park: str, event_type: str, at: str) -> bool:
        """Publish an event to a park's webhooks; return whether it has any.

        Parameters
        ----------
        park, event_type
            What has happened, and to which park.
        at
            When it was asked for, in milliseconds since 1970.
        """
        listening = self._listening(park, event_type)
        if not listening:
            return False
        topic = f"{self.topics}{self.tenant}_{park}_{event_type}"
        moment = datetime.fromtimestamp(int(at) / 1000, UTC).isoformat(timespec="milliseconds")
        message = {
            "tenantId": self.tenant,
            "parkId": park,
            "eventType": event_type,
            "time": moment.replace("+00:00", "Z"),
        }
        with suppress(self._sns.exceptions.NotFoundException):  # somebody is subscribing for the first time just now
            self._end_unknown(topic, park, event_type, listening)
            self._sns.publish(TopicArn=topic, Message=json.dumps(message, separators=(",", ":")))
        return True

    def _listening(self, park: str, event_type: str) -> Collection[Webhook]:
        found = self._webhooks.of_park(park, event_type)
        lapsed = self.owners.lapsed(self.tenant, {webhook.owner for webhook in found if webhook.owner})
        for owner, reason in lapsed.items():
            self.pauser.pause(self._webhooks, self.tenant, owner, reason)
        return [webhook for webhook in found if webhook.owner not in lapsed]

    def _end_unknown(self, topic: str, park: str, event_type: str, listening: Iterable[Webhook]) -> None:
        """End subscriptions without a row: of webhooks that were removed or paused before their endpoint confirmed."""
        confirmed = set(self._confirmed(topic))
        if not confirmed - _subscriptions(listening):
            return
        self.sleep(_GRACE_SECONDS)
        for subscription in confirmed - _subscriptions(self._webhooks.of_park(park, event_type)):
            self.pauser.end(subscription)

    def _confirmed(self, topic: str) -> Iterable[str]:
        pages = self._sns.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic)
        for page in pages:
            for subscription in page["Subscriptions"]:
                if subscription["SubscriptionArn"].startswith("arn:"):  # else it waits to be confirmed
                    yield subscription["SubscriptionArn"]


def _subscriptions(webhooks: Iterable[Webhook]) -> set[str]:
    return {webhook.subscription for webhook in webhooks}
