"""CloudFormation creates the archive of an event bus.

AWS: `AWS::Events::Archive` keeps a bus's events for a number of days.
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-events-archive.html

MiniStack: has archives, but CloudFormation refuses the type.

Here: the type is known.
"""

import json

from ministack.services import eventbridge

from tenantry.local.patching import Fields, Original, cloudformation, require


def close() -> None:
    """Close the gap."""
    require(eventbridge, "_create_archive", "_update_archive", "_delete_archive")
    cloudformation.add("AWS::Events::Archive", create=_create, update=_update, delete=_delete)


def _create(logical_id: str, properties: Fields, stack: str) -> cloudformation.Created:
    name = properties.get("ArchiveName") or f"{stack}-{logical_id}"[:48]
    return _written(eventbridge._create_archive, name, properties)


def _update(physical_id: str, _: Fields, new: Fields, __: str) -> cloudformation.Created:
    return _written(eventbridge._update_archive, physical_id, new)


def _written(write: Original, name: str, properties: Fields) -> cloudformation.Created:
    pattern = properties.get("EventPattern", "")
    request = {
        "ArchiveName": name,
        "EventSourceArn": properties["SourceArn"],
        "Description": properties.get("Description", ""),
        "EventPattern": json.dumps(pattern) if isinstance(pattern, dict) else pattern,
        "RetentionDays": int(properties.get("RetentionDays", 0)),
    }
    return name, {"Arn": cloudformation.checked(write(request))["ArchiveArn"], "ArchiveName": name}


def _delete(physical_id: str, _: Fields) -> None:
    eventbridge._delete_archive({"ArchiveName": physical_id})
