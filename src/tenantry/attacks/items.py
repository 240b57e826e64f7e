"""Items of DynamoDB's tables, read and written with the operator's credentials, or with others that are tried."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tenantry.operate.aws import Aws


def query(aws: Aws, table: str, key: str, value: str, **more: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - boto3's
    """Return all items of a table or an index that have a partition key."""
    pages = aws.dynamodb.get_paginator("query").paginate(
        TableName=table,
        KeyConditionExpression="#key = :key",
        ExpressionAttributeNames={"#key": key},
        ExpressionAttributeValues={":key": {"S": value}},
        **more,
    )
    return [item for page in pages for item in page["Items"]]


def set_attribute(aws: Aws, table: str, key: Mapping[str, Any], attribute: str, value: Mapping[str, Any]) -> None:
    """Write an attribute of an item."""
    aws.dynamodb.update_item(
        TableName=table,
        Key=key,
        UpdateExpression="SET #name = :value",
        ExpressionAttributeNames={"#name": attribute},
        ExpressionAttributeValues={":value": value},
    )
