"""Probes of `dynamodb.leading_keys`."""

from typing import Any

from tests.local.emulator import Emulator, allow, outcome
from tests.local.probes import probe


def get_item(session: Any, table: str, key: str) -> object:  # noqa: ANN401
    return session.client("dynamodb").get_item(TableName=table, Key={"id": {"S": key}})


@probe(aws=["done", "AccessDeniedException"], ministack=["done", "done"])
def rows_of_one_partition_key(emulator: Emulator) -> list[str]:
    table = emulator.table()
    condition = {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["a"]}}
    user = emulator.user(allow("dynamodb:GetItem", condition=condition))
    return [outcome(lambda key=key: get_item(user, table, key)) for key in ("a", "b")]  # type: ignore[misc]


@probe(aws=["AccessDeniedException"] * 3, ministack=["done"] * 3)
def rows_of_another_by_batch_query_and_transaction(emulator: Emulator) -> list[str]:
    table = emulator.table()
    condition = {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["a"]}}
    client = emulator.user(allow("dynamodb:*", condition=condition)).client("dynamodb")
    keys = [{"id": {"S": "a"}}, {"id": {"S": "b"}}]
    calls = [
        lambda: client.batch_get_item(RequestItems={table: {"Keys": keys}}),
        lambda: client.query(
            TableName=table, KeyConditionExpression="id = :b", ExpressionAttributeValues={":b": {"S": "b"}}
        ),
        lambda: client.transact_get_items(TransactItems=[{"Get": {"TableName": table, "Key": key}} for key in keys]),
    ]
    return [outcome(call) for call in calls]
