"""The workflow that sets a park's status. The API's template starts it, with the authorizer's tenant as an input."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stacks.application_plane.parks.workflow_states import (
    INPUT,
    NO_PARK,
    choice,
    end,
    given,
    invoke,
    machine,
    partition,
    row,
    task,
    text,
)
from tenantry.model.tenant_tables import PARK, WEBHOOK

if TYPE_CHECKING:
    from collections.abc import Mapping


def set_status(*, table: str, publish: str) -> Mapping[str, Any]:
    """Set a park's status, and have its webhooks told of it if it has any for that.

    Parameters
    ----------
    table
        Name of the parks table.
    publish
        Name of the function that publishes.
    """
    return machine(
        {
            "Set the status": task(
                "dynamodb:updateItem",
                {
                    "TableName": table,
                    "Key": row(PARK, f"{INPUT}.id"),
                    "ConditionExpression": "attribute_exists(pk)",
                    "UpdateExpression": "SET #status = :status, statuskey = :statuskey, statusat = :at",
                    "ExpressionAttributeNames": {"#status": "status"},
                    "ExpressionAttributeValues": {
                        ":status": {"S": given("status")},
                        ":statuskey": {"S": text(f"{INPUT}.status & '#' & {INPUT}.id")},
                        ":at": {"N": given("at")},
                    },
                },
                then="Count who listens",
                caught={"DynamoDb.ConditionalCheckFailedException": "No park"},
            ),
            "Count who listens": task(
                "dynamodb:query",
                {
                    "TableName": table,
                    "ConsistentRead": True,
                    "KeyConditionExpression": "pk = :pk AND begins_with(sk, :park)",
                    "FilterExpression": "eventtype = :event AND attribute_not_exists(pausedat)",
                    "ExpressionAttributeValues": {
                        ":pk": {"S": partition(WEBHOOK)},
                        ":park": {"S": text(f"{INPUT}.id & '#'")},
                        ":event": {"S": given("status")},
                    },
                },
                then="Does anybody listen?",
                assign={"listening": "{% $count($states.result.Items) %}"},
            ),
            "Does anybody listen?": choice("$listening > 0", then="Publish", otherwise="Done"),
            "Publish": invoke(
                publish,
                {name: given(name) for name in ("tenantId", "userId", "id", "status", "at")},
                then="Done",
            ),
            "Done": end(204),
            "No park": NO_PARK,
        }
    )
