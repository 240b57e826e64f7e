"""The webhooks of one tenant, as they are stored."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from tenantry.model.tenant_tables import SORT_KEY, WEBHOOK, of_kind, park_key
from tenantry.runtime.batches import query

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from park_webhooks.owners import Reason
    from tenantry.model.identifiers import TenantId
    from tenantry.runtime.vending import TenantSession


@dataclass(frozen=True, kw_only=True)
class Webhook:
    """One of a park's webhooks.

    Attributes
    ----------
    park, id
        The park, and the id that the API shows.
    event_type
        What it is told of.
    subscription
        ARN of its subscription.
    owner
        Who made it, or has taken it over; empty if it is not known.
    paused_at
        When it was paused, in milliseconds since 1970; empty if it is not.
    """

    park: str
    id: str
    event_type: str
    subscription: str
    owner: str
    paused_at: str

    @classmethod
    def of(cls, item: Mapping[str, Any]) -> Self:
        """Read a row."""
        park, _, webhook = item[SORT_KEY]["S"].partition("#")
        return cls(
            park=park,
            id=webhook,
            event_type=item["eventtype"]["S"],
            subscription=item["subscription"]["S"],
            owner=item.get("createdby", {}).get("S", ""),
            paused_at=item.get("pausedat", {}).get("N", ""),
        )


class Webhooks:
    """One tenant's rows.

    Isolation: a session reaches the rows of the tenant that it was vended for, and no others. Reads are strongly
    consistent, and by the table's own partition, so that a webhook that was made a moment ago is found; an index would
    be late.

    Parameters
    ----------
    session
        Vended for the tenant.
    tenant
        The tenant.
    table
        Name of the table.
    """

    def __init__(self, session: TenantSession, tenant: TenantId, *, table: str) -> None:
        self._dynamodb: Any = session.client("dynamodb")
        self._tenant = tenant
        self._pk = {"S": tenant + of_kind(WEBHOOK)}
        self._table = table

    def of_park(self, park: str, event_type: str) -> list[Webhook]:
        """Return the webhooks to notify of an event of a park: all but the paused ones."""
        found = self._query(
            KeyConditionExpression="pk = :pk AND begins_with(sk, :park)",
            FilterExpression="eventtype = :event AND attribute_not_exists(pausedat)",
            ExpressionAttributeValues={":pk": self._pk, ":park": {"S": f"{park}#"}, ":event": {"S": event_type}},
        )
        return list(found)

    def of_owner(self, owner: str) -> list[Webhook]:
        """Return an owner's webhooks, but for those whose pause was published."""
        found = self._query(
            KeyConditionExpression="pk = :pk",
            FilterExpression="createdby = :owner AND attribute_not_exists(pausetold)",
            ExpressionAttributeValues={":pk": self._pk, ":owner": {"S": owner}},
        )
        return list(found)

    def pause(self, webhook: Webhook, reason: Reason, at: int) -> Webhook | None:
        """Mark a webhook as paused; None if it was removed or has another owner. An earlier mark stays."""
        try:
            answer = self._dynamodb.update_item(
                TableName=self._table,
                Key=self._key(webhook),
                ConditionExpression="createdby = :owner",
                UpdateExpression="SET pausedat = if_not_exists(pausedat, :at), "
                "pausedreason = if_not_exists(pausedreason, :reason)",
                ExpressionAttributeValues={
                    ":owner": {"S": webhook.owner},
                    ":at": {"N": str(at)},
                    ":reason": {"S": reason},
                },
                ReturnValues="ALL_NEW",
            )
        except self._dynamodb.exceptions.ConditionalCheckFailedException:
            return None
        return Webhook.of(answer["Attributes"])

    def mark_published(self, webhook: Webhook) -> None:
        """Record that the pause of a webhook was published, unless the webhook was replaced since."""
        with suppress(self._dynamodb.exceptions.ConditionalCheckFailedException):
            self._dynamodb.update_item(
                TableName=self._table,
                Key=self._key(webhook),
                ConditionExpression="pausedat = :at",
                UpdateExpression="SET pausetold = :yes",
                ExpressionAttributeValues={":at": {"N": webhook.paused_at}, ":yes": {"BOOL": True}},
            )

    def _key(self, webhook: Webhook) -> Mapping[str, Any]:
        return park_key(self._tenant, WEBHOOK, f"{webhook.park}#{webhook.id}")

    def _query(self, **asked: Any) -> Iterator[Webhook]:  # noqa: ANN401 - parts of a request
        return map(Webhook.of, query(self._dynamodb, TableName=self._table, ConsistentRead=True, **asked))
