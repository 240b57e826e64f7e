"""Pauses webhooks: ends the subscription, keeps the row with the reason, and publishes an event."""

from __future__ import annotations

import hashlib
import time
from contextlib import suppress
from dataclasses import KW_ONLY, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec

from tenantry.model.event_types import TENANT, WEBHOOK_PAUSED

if TYPE_CHECKING:
    from collections.abc import Callable

    from park_webhooks.owners import Reason
    from park_webhooks.webhooks import Webhook, Webhooks
    from tenantry.model.identifiers import TenantId
    from tenantry.runtime.events import Publisher


class WebhookPaused(msgspec.Struct, kw_only=True, frozen=True):
    """Detail of ``webhookPaused``. Delivered again, it has the same `changeId`."""

    changeId: str  # noqa: N815 - the contract's spelling
    at: datetime
    tenantId: str  # noqa: N815 - as above
    parkId: str  # noqa: N815 - as above
    webhookId: str  # noqa: N815 - as above
    userName: str  # noqa: N815 - as above
    reason: str


@dataclass
class Pauser:
    """Pauses the webhooks of users who may have none any more.

    Isolation: what is read and written are rows of one tenant, by its session. SNS knows no resource for ending a
    subscription; the ARNs are from these rows.

    It may be done again, at any point: a row is marked before its subscription is ended, and what was not published is
    published at the next time.

    Attributes
    ----------
    sns
        SNS, with the function's own credentials.
    publisher
        Publishes each pause.
    clock
        Seconds since 1970; for tests.
    """

    sns: Any
    publisher: Publisher
    _: KW_ONLY
    clock: Callable[[], float] = time.time

    def pause(self, webhooks: Webhooks, tenant: TenantId, owner: str, reason: Reason) -> int:
        """Pause all webhooks of an owner in a tenant; return how many."""
        at, count = int(self.clock() * 1000), 0
        for webhook in webhooks.of_owner(owner):
            marked = webhooks.pause(webhook, reason, at)
            if marked is None:
                continue
            self.end(webhook.subscription)
            self._publish(tenant, marked, reason)
            webhooks.mark_published(marked)
            count += 1
        return count

    def end(self, subscription: str) -> None:
        """End a subscription. SNS removes one that was never confirmed by itself, and delivers nothing to it."""
        errors = self.sns.exceptions
        with suppress(errors.NotFoundException, errors.InvalidParameterException):
            self.sns.unsubscribe(SubscriptionArn=subscription)

    def _publish(self, tenant: TenantId, webhook: Webhook, reason: Reason) -> None:
        change = f"{tenant} {webhook.park} {webhook.id} {webhook.subscription} {webhook.paused_at}"
        detail = WebhookPaused(
            changeId=hashlib.sha256(change.encode()).hexdigest()[:32],
            at=datetime.fromtimestamp(int(webhook.paused_at) / 1000, UTC),
            tenantId=tenant,
            parkId=webhook.park,
            webhookId=webhook.id,
            userName=webhook.owner,
            reason=reason,
        )
        self.publisher.publish(TENANT, WEBHOOK_PAUSED, detail)
