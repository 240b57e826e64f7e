"""The tables of the directory, as the stacks make them, on a DynamoDB that moto plays."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mypy_boto3_dynamodb import DynamoDBClient


def serialize_transactions(client: DynamoDBClient) -> None:
    """Let no two transactions overlap, as DynamoDB does: moto checks all conditions first and writes after that."""
    lock, write = threading.Lock(), client.transact_write_items

    def transact_write_items(**request: Any) -> Any:  # noqa: ANN401 - boto3's
        with lock:
            return write(**request)

    client.transact_write_items = transact_write_items  # type: ignore[method-assign]


def create_directory(client: DynamoDBClient) -> None:
    """Make them, empty."""
    _create(client, "app-users", "userid")
    _create(client, "app-tenants", "tenantid")
    _create(client, "app-tenant-users", "tenantid", "userid", index=("user-index", "userid", "tenantid"))
    _create(client, "app-invitations", "tenantid", "invitationid", index=("invitee-index", "email"))


def join(client: DynamoDBClient, tenant: str, user: str, *roles: str, active: bool = False) -> None:
    """Write that somebody belongs to a tenant, wherever the application writes it."""
    mapping: dict[str, Any] = {"tenantid": {"S": tenant}, "userid": {"S": user}, "email": {"S": f"{user}@example.com"}}
    client.put_item(
        TableName="app-tenant-users", Item={**mapping, "name": {"S": user.title()}, "roles": {"SS": list(roles)}}
    )
    client.update_item(
        TableName="app-users",
        Key={"userid": {"S": user}},
        UpdateExpression="SET #roles = :roles" + (", activetenantid = :tenant" if active else ""),
        ExpressionAttributeNames={"#roles": f"roles:{tenant}"},
        ExpressionAttributeValues={":roles": {"SS": list(roles)}, **({":tenant": {"S": tenant}} if active else {})},
    )
    if "admin" in roles:
        client.update_item(
            TableName="app-tenants",
            Key={"tenantid": {"S": tenant}},
            UpdateExpression="ADD admins :users",
            ExpressionAttributeValues={":users": {"SS": [user]}},
        )


def leave(client: DynamoDBClient, tenant: str, user: str) -> None:
    """Write that somebody does not belong to a tenant any more."""
    client.update_item(
        TableName="app-users",
        Key={"userid": {"S": user}},
        UpdateExpression="REMOVE #roles",
        ExpressionAttributeNames={"#roles": f"roles:{tenant}"},
    )
    client.delete_item(TableName="app-tenant-users", Key={"tenantid": {"S": tenant}, "userid": {"S": user}})


def _create(client: DynamoDBClient, name: str, *keys: str, index: tuple[str, ...] = ()) -> None:
    more: Any = {
        "GlobalSecondaryIndexes": [
            {"IndexName": own, "KeySchema": _schema(index[1:]), "Projection": {"ProjectionType": "ALL"}}
            for own in index[:1]
        ]
    }
    client.create_table(
        TableName=name,
        KeySchema=_schema(keys),
        AttributeDefinitions=[
            {"AttributeName": key, "AttributeType": "S"} for key in dict.fromkeys((*keys, *index[1:]))
        ],
        BillingMode="PAY_PER_REQUEST",
        **(more if index else {}),
    )


def _schema(keys: Iterable[str]) -> Any:  # noqa: ANN401 - boto3's list of keys
    return [{"AttributeName": key, "KeyType": kind} for key, kind in zip(keys, ("HASH", "RANGE"), strict=False)]
