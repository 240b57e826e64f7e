"""CloudFormation sets a table's time to live and point-in-time recovery.

AWS: both are properties of the table.
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-dynamodb-table.html

MiniStack: has both settings, but CloudFormation drops the properties.

Here: CloudFormation applies them.
"""

from ministack.services import dynamodb

from tenantry.local.patching import Fields, cloudformation, require


def close() -> None:
    """Close the gap."""
    require(dynamodb, "_update_ttl", "_update_continuous_backups")
    cloudformation.also("AWS::DynamoDB::Table", _apply)


def _apply(name: str, properties: Fields) -> None:
    if ttl := properties.get("TimeToLiveSpecification"):
        enabled = cloudformation.boolean(ttl.get("Enabled"))
        specification = {"Enabled": enabled, "AttributeName": ttl.get("AttributeName")}
        reply = dynamodb._update_ttl({"TableName": name, "TimeToLiveSpecification": specification})
        # An update of another property finds the setting unchanged, which the API refuses.
        if not (reply[0] >= 400 and b"already" in bytes(reply[2])):  # noqa: PLR2004 - HTTP's first error
            cloudformation.checked(reply)
    if recovery := properties.get("PointInTimeRecoverySpecification"):
        enabled = cloudformation.boolean(recovery.get("PointInTimeRecoveryEnabled"))
        request = {"TableName": name, "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": enabled}}
        cloudformation.checked(dynamodb._update_continuous_backups(request))
