"""Parks, through a session of one tenant."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tenantry.model.tenant_tables import PARK, park_key

if TYPE_CHECKING:
    from park_webhooks.publication import Publication
    from tenantry.model.caller import TenantCaller
    from tenantry.runtime.vending import TenantSession


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
    publication
        Tells the tenant's webhooks.
    """

    def __init__(self, session: TenantSession, caller: TenantCaller, *, table: str, publication: Publication) -> None:
        self._dynamodb: Any = session.client("dynamodb")
        self._tenant = caller.tenant_id
        self._table = table
        self._publication = publication

    def set_status(self, park: str, status: str, at: str) -> bool:
        """Set a park's status as of a time, and notify its webhooks.

        It may be done again. Nothing is done where there is no such park, or where it was set since.

        Returns
        -------
        bool
            Whether it was done.
        """
        try:
            self._dynamodb.update_item(
                TableName=self._table,
                Key=park_key(self._tenant, PARK, park),
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
        self._publication.publish(park, status, at)
        return True
