"""CloudFormation creates the archive of an event bus.

AWS: `AWS::Events::Archive` keeps a bus's events for a number of days.
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-events-archive.html

MiniStack: has archives, but CloudFormation refuses the type.

Here: the type is known.
"""

import json
from typing import Any

from ministack.services import eventbridge

from tenantry.local.patching import cloudformation, require


def close() -> None:
    """Close the gap."""
    require(eventbridge, "_create_archive", "_update_archive", "_delete_archive")
    cloudformation.add("AWS::Events::Archive", create=_create, update=_update, delete=_delete)


def _request(name: str, properties: cloudformation.Properties) -> dict[str, Any]:
    pattern = properties.get("EventPattern", "")
    return {
        "ArchiveName": name,
        "EventSourceArn": properties["SourceArn"],
        "Description": properties.get("Description", ""),
        "EventPattern": json.dumps(pattern) if isinstance(pattern, dict) else pattern,
        "RetentionDays": int(properties.get("RetentionDays", 0)),
    }


def _create(logical_id: str, properties: cloudformation.Properties, stack: str) -> cloudformation.Created:
    name = properties.get("ArchiveName") or f"{stack}-{logical_id}"[:48]
    made = cloudformation.checked(eventbridge._create_archive(_request(name, properties)))
    return name, {"Arn": made["ArchiveArn"], "ArchiveName": name}


def _update(
    physical_id: str, _: cloudformation.Properties, new: cloudformation.Properties, __: str
) -> cloudformation.Created:
    made = cloudformation.checked(eventbridge._update_archive(_request(physical_id, new)))
    return physical_id, {"Arn": made["ArchiveArn"], "ArchiveName": physical_id}


def _delete(physical_id: str, _: cloudformation.Properties) -> None:
    eventbridge._delete_archive({"ArchiveName": physical_id})
