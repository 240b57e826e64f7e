"""Probes of `dynamodb.attributes`."""

from typing import Any

from tenantry.local.settings import ACCOUNT, REGION
from tests.local.emulator import Emulator, allow, outcome
from tests.local.probes import probe


def _writes(*attributes: str, **conditions: object) -> dict[str, object]:
    """Return the condition that a request names these attributes, and some."""
    bound = {"ForAllValues:StringLike": {"dynamodb:Attributes": list(attributes)}, **conditions}
    return {"Null": {"dynamodb:Attributes": "false"}, **bound}


def _update(table: str, expression: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401
    return {"TableName": table, "Key": {"id": {"S": "a"}}, "UpdateExpression": expression, **more}


@probe(
    aws=["done"] * 6 + ["AccessDeniedException"] * 5,
    ministack=["AccessDeniedException"] * 11,
)
def writes_of_some_attributes(emulator: Emulator) -> list[str]:
    table = emulator.table()
    client = emulator.user(allow("dynamodb:*", condition=_writes("id", "color", "roles:*"))).client("dynamodb")
    one = {":one": {"S": "1"}}
    color, size = {"#name": "color"}, {"#name": "size"}
    calls = [
        lambda: client.update_item(**_update(table, "SET color = :one", ExpressionAttributeValues=one)),
        lambda: client.update_item(
            **_update(table, "SET #name = :one", ExpressionAttributeNames=color, ExpressionAttributeValues=one)
        ),
        lambda: client.update_item(
            **_update(
                table,
                "SET #r = if_not_exists(#r, :one)",
                ExpressionAttributeNames={"#r": "roles:t1"},
                ExpressionAttributeValues=one,
            )
        ),
        lambda: client.put_item(TableName=table, Item={"id": {"S": "a"}, "color": {"S": "1"}}),
        lambda: client.update_item(TableName=table, Key={"id": {"S": "a"}}),
        lambda: client.delete_item(TableName=table, Key={"id": {"S": "a"}}),
        # Not these: by a placeholder, in a condition, in a path of several steps, in an item, in the old form.
        lambda: client.update_item(
            **_update(table, "SET #name = :one", ExpressionAttributeNames=size, ExpressionAttributeValues=one)
        ),
        lambda: client.delete_item(
            TableName=table,
            Key={"id": {"S": "a"}},
            ConditionExpression="attribute_not_exists(weight)",
        ),
        lambda: client.update_item(**_update(table, "SET weight.color = :one", ExpressionAttributeValues=one)),
        lambda: client.put_item(TableName=table, Item={"id": {"S": "a"}, "weight": {"S": "1"}}),
        lambda: client.update_item(
            TableName=table, Key={"id": {"S": "a"}}, AttributeUpdates={"weight": {"Value": {"S": "1"}}}
        ),
    ]
    return [outcome(call) for call in calls]


@probe(
    aws=["done", "AccessDeniedException", "AccessDeniedException"],
    ministack=["AccessDeniedException"] * 3,
)
def each_part_of_a_transaction_by_itself(emulator: Emulator) -> list[str]:
    colors, sizes = emulator.table(), emulator.table()
    inside = {"ForAnyValue:StringEquals": {"dynamodb:EnclosingOperation": ["TransactWriteItems"]}}

    def own(table: str, attribute: str) -> dict[str, object]:
        statement = allow("dynamodb:UpdateItem", f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{table}")
        return {**statement, "Condition": _writes("id", attribute, **inside)}

    client = emulator.user(own(colors, "color"), own(sizes, "size")).client("dynamodb")

    def transaction(*parts: tuple[str, str]) -> object:
        return client.transact_write_items(
            TransactItems=[
                {
                    "Update": _update(
                        table,
                        "SET #name = :one",
                        ExpressionAttributeNames={"#name": attribute},
                        ExpressionAttributeValues={":one": {"S": "1"}},
                    )
                }
                for table, attribute in parts
            ]
        )

    return [
        outcome(lambda: transaction((colors, "color"), (sizes, "size"))),
        outcome(lambda: transaction((colors, "color"), (sizes, "color"))),
        outcome(lambda: client.update_item(**_update(colors, "REMOVE color"))),
    ]


@probe(aws=["done", "done"] + ["AccessDeniedException"] * 3, ministack=["done"] * 5)
def what_a_write_returns(emulator: Emulator) -> list[str]:
    table = emulator.table()
    emulator.client("dynamodb").put_item(TableName=table, Item={"id": {"S": "a"}, "color": {"S": "red"}})
    silent = {"StringEqualsIfExists": {"dynamodb:ReturnValues": ["NONE"]}}
    client = emulator.user(allow("dynamodb:*", condition=silent)).client("dynamodb")
    check = {"TableName": table, "Key": {"id": {"S": "a"}}, "ConditionExpression": "attribute_exists(id)"}
    calls = [
        lambda: client.update_item(**_update(table, "REMOVE size")),
        lambda: client.update_item(**_update(table, "REMOVE size", ReturnValues="NONE")),
        lambda: client.update_item(**_update(table, "REMOVE size", ReturnValues="ALL_NEW")),
        lambda: client.transact_write_items(
            TransactItems=[{"ConditionCheck": {**check, "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}}]
        ),
        lambda: client.delete_item(TableName=table, Key={"id": {"S": "a"}}, ReturnValues="ALL_OLD"),
    ]
    return [outcome(call) for call in calls]


@probe(
    aws=["done", "done", "AccessDeniedException", "AccessDeniedException"],
    ministack=["AccessDeniedException", "done", "AccessDeniedException", "AccessDeniedException"],
)
def what_a_read_selects(emulator: Emulator) -> list[str]:
    table = emulator.table()
    # As in AWS's own example, which is about reads and writes: a write selects nothing.
    bound = {
        "ForAllValues:StringEquals": {"dynamodb:Attributes": ["id", "color"]},
        "StringEqualsIfExists": {"dynamodb:Select": "SPECIFIC_ATTRIBUTES"},
    }
    client = emulator.user(allow("dynamodb:*", condition=bound)).client("dynamodb")
    key = {"id": {"S": "a"}}
    calls = [
        lambda: client.put_item(TableName=table, Item={**key, "color": {"S": "red"}}),
        lambda: client.get_item(TableName=table, Key=key, ProjectionExpression="color"),
        lambda: client.get_item(TableName=table, Key=key, ProjectionExpression="size"),
        lambda: client.get_item(TableName=table, Key=key),
    ]
    return [outcome(call) for call in calls]
