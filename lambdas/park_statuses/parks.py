"""Parks and their topics, through a session of one tenant."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tenancy.caller import TenantCaller
    from tenancy.vending import TenantSession


class Parks:
    """One tenant's parks.

    Parameters
    ----------
    session
        Vended for the tenant: with another tenant's, every call is denied.
    caller
        The tenant.
    table
        Name of the table.
    topics
        What the ARN of every topic begins with.
    """

    def __init__(self, session: TenantSession, caller: TenantCaller, *, table: str, topics: str) -> None:
        self._dynamodb: Any = session.client("dynamodb")
        self._sns: Any = session.client("sns")
        self._tenant = caller.tenant_id
        self._table = table
        self._topics = topics

    def set_status(self, park: str, status: str, at: str) -> bool:
        """Set a park's status as of a time, and tell its webhooks.

        It may be done again. Nothing is done where there is no such park, or where it was set since.

        Returns
        -------
        bool
            Whether it was done.
        """
        try:
            self._dynamodb.update_item(
                TableName=self._table,
                Key={"pk": {"S": f"{self._tenant}#park"}, "sk": {"S": park}},
                ConditionExpression="attribute_exists(pk) AND statusat <= :at",
                UpdateExpression="SET #status = :status, statuskey = :statuskey, statusat = :at",
                ExpressionAttributeNames={"#status": "status"},
                ExpressionAttributeValues={
                    ":status": {"S": status},
                    ":statuskey": {"S": f"{status}#{park}"},
                    ":at": {"N": at},
                },
            )
        except self._dynamodb.exceptions.ConditionalCheckFailedException:
            return False
        self._publish(park, status, at)
        return True

    def _publish(self, park: str, status: str, at: str) -> None:
        moment = datetime.fromtimestamp(int(at) / 1000, UTC).isoformat(timespec="milliseconds")
        message = {
            "tenantId": self._tenant,
            "parkId": park,
            "eventType": status,
            "time": moment.replace("+00:00", "Z"),
        }
        with suppress(self._sns.exceptions.NotFoundException):  # nobody has subscribed
            self._sns.publish(
                TopicArn=f"{self._topics}{self._tenant}_{park}_{status}",
                Message=json.dumps(message, separators=(",", ":")),
            )
