"""Policies can restrict a caller to the items of one partition key.

AWS: `dynamodb:LeadingKeys` holds the partition keys that a request names; `Scan` names none.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html

MiniStack: does not have the key, so that `ForAllValues` on it always holds; and a `TableName` beside `RequestItems`,
which the API ignores, hides the tables that a batch is about.

Here: the key is present. Where a request's keys cannot be read, it holds a value that satisfies no condition.
"""

import json
from collections.abc import Iterator
from typing import Any

from ministack.core import iam_actions
from ministack.services import dynamodb

from tenantry.local.patching import Fields, Original, read_object, require, wrap

_UNREADABLE = "\ue002unreadable"
_KEY = "dynamodb:LeadingKeys"


def close() -> None:
    """Close the gap."""
    require(dynamodb, "_tables", "_normalize_table_name", "_resolve_index_keys")
    require(dynamodb, "_extract_pk_from_condition", "_extract_pk_from_key_conditions")
    wrap(iam_actions, "dynamodb_service_context", _with_leading_keys)
    wrap(iam_actions, "dynamodb_resource_arns", _of_items_only)


def _with_leading_keys(context_of: Original, body: bytes) -> Fields:
    context = context_of(body)
    keys = list(dict.fromkeys(leading_keys(read_object(body))))
    return {**context, _KEY: keys} if keys else context


def _of_items_only(arns_of: Original, body: bytes, region: str, account: str) -> Any:
    items = read_object(body).get("RequestItems")
    return arns_of(json.dumps({"RequestItems": items}).encode() if isinstance(items, dict) else body, region, account)


def leading_keys(data: Fields) -> Iterator[str]:
    """Yield every partition key that the request names."""
    table = data.get("TableName")
    for member in ("Key", "Item"):
        yield from _of_attributes(table, data.get(member))
    if "KeyConditionExpression" in data or "KeyConditions" in data:
        yield _of_query(data)
    yield from _of_batch(data.get("RequestItems"))
    for item in data.get("TransactItems") or []:
        for kind, detail in item.items() if isinstance(item, dict) else ():
            if isinstance(detail, dict):
                yield from _of_attributes(detail.get("TableName"), detail.get("Item" if kind == "Put" else "Key"))
    if any(member in data for member in ("Statement", "Statements", "TransactStatements")):
        yield _UNREADABLE  # PartiQL


def _of_batch(request_items: Any) -> Iterator[str]:
    for table, requests in request_items.items() if isinstance(request_items, dict) else ():
        for key in requests.get("Keys") or [] if isinstance(requests, dict) else []:
            yield from _of_attributes(table, key)
        for request in requests if isinstance(requests, list) else []:
            for kind, member in (("PutRequest", "Item"), ("DeleteRequest", "Key")):
                if isinstance(request, dict) and isinstance(request.get(kind), dict):
                    yield from _of_attributes(table, request[kind].get(member))


def _of_attributes(table: Any, attributes: Any) -> Iterator[str]:
    if isinstance(attributes, dict):
        yield _text(attributes.get(_partition_key(table)))


def _of_query(data: Fields) -> str:
    partition_key = _partition_key(data.get("TableName"), data.get("IndexName"))
    try:
        if data.get("KeyConditionExpression"):
            value = dynamodb._extract_pk_from_condition(
                data["KeyConditionExpression"],
                data.get("ExpressionAttributeValues") or {},
                data.get("ExpressionAttributeNames") or {},
                partition_key,
            )
        else:
            value = dynamodb._extract_pk_from_key_conditions(data.get("KeyConditions"), partition_key)
    except Exception:  # noqa: BLE001 - whatever MiniStack cannot parse has no key to trust
        return _UNREADABLE
    return value if isinstance(value, str) and value else _text(value)


def _partition_key(name: Any, index: Any = None) -> str | None:
    table = dynamodb._tables.get(dynamodb._normalize_table_name(name)) if isinstance(name, str) else None
    return dynamodb._resolve_index_keys(table, index)[0] if table else None


def _text(value: Any) -> str:
    """Return the text of an attribute value, `{"S": "t1"}`."""
    if isinstance(value, dict) and len(value) == 1:
        kind, content = next(iter(value.items()))
        if kind in ("S", "N", "B") and isinstance(content, str):
            return content
    return _UNREADABLE
