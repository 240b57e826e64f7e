"""Reads items of DynamoDB: one, many in few calls, or what a query finds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from mypy_boto3_dynamodb import DynamoDBClient

    Item = Mapping[str, Any]

_BATCH: Final = 100  # what BatchGetItem takes
_FRUITLESS: Final = 3  # calls in a row that read nothing


def request(keys: Sequence[Item], attributes: Sequence[str] = (), *, consistent: bool = True) -> Mapping[str, Any]:
    """Return what is asked of one table.

    Parameters
    ----------
    keys
        The keys of the items, 100 at most.
    attributes
        The attributes to read; all if there are none.
    consistent
        Whether what was written a moment ago is read.
    """
    return {"Keys": keys, "ConsistentRead": consistent, **_only(attributes)}


def _only(attributes: Sequence[str]) -> dict[str, Any]:
    places = {f"#{number}": name for number, name in enumerate(attributes)}
    return {"ProjectionExpression": ",".join(places), "ExpressionAttributeNames": places} if places else {}


def get(client: DynamoDBClient, table: str, key: Item, attributes: Sequence[str] = ()) -> Item | None:
    """Return an item as it is at this moment, or these attributes of it; None if there is none."""
    return client.get_item(TableName=table, Key=key, ConsistentRead=True, **_only(attributes)).get("Item")


def read(client: DynamoDBClient, requests: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Sequence[Item]]:
    """Return the items that exist, by table. Keys that a call left out are asked for again.

    Raises
    ------
    TimeoutError
        Several calls in a row read nothing.
    """
    found: dict[str, list[Item]] = {table: [] for table in requests}
    fruitless, wanted = 0, dict[str, Any](requests)
    while wanted:
        answer = client.batch_get_item(RequestItems=wanted)
        for table, items in answer["Responses"].items():
            found[table] += items
        fruitless = 0 if any(answer["Responses"].values()) else fruitless + 1
        wanted = dict(answer.get("UnprocessedKeys") or {})
        if wanted and fruitless == _FRUITLESS:
            raise TimeoutError("DynamoDB did not answer for all keys.")
    return found


def read_all(
    client: DynamoDBClient,
    table: str,
    keys: Iterable[Item],
    attributes: Sequence[str] = (),
    *,
    consistent: bool = True,
) -> list[Item]:
    """Return those items of a table that exist, however many calls that takes.

    Raises
    ------
    TimeoutError
        Several calls in a row read nothing.
    """
    wanted = list(keys)
    parts = (wanted[start : start + _BATCH] for start in range(0, len(wanted), _BATCH))
    return [
        item
        for part in parts
        for item in read(client, {table: request(part, attributes, consistent=consistent)})[table]
    ]


def query(client: DynamoDBClient, **request: Any) -> Iterator[Item]:  # noqa: ANN401 - as boto3 takes it
    """Return the items that a query finds, however many pages that takes."""
    return (item for page in client.get_paginator("query").paginate(**request) for item in page["Items"])
