"""Policies can restrict a caller to attributes of items, and to what a write returns.

AWS: `dynamodb:Attributes` holds the top-level attributes that a request names: its keys, its item, the paths in its
expressions with their placeholders replaced. `dynamodb:ReturnValues` is what a write asks to get back,
`dynamodb:Select` what a read asks for. Each part of a transaction is authorized by itself.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazondynamodb.html

AWS's list gives `dynamodb:ReturnValues` to `ConditionCheckItem` too, whose one such parameter is
`ReturnValuesOnConditionCheckFailure`: here the key holds that one where `ReturnValues` asks for nothing. Whether a
batch is authorized by the attributes of each table or of all AWS does not say: here, of all.

MiniStack: has `dynamodb:Attributes` of a projection only, so that `ForAllValues` on it holds for every write; does
not know `dynamodb:ReturnValues`; has `dynamodb:Select` on writes; and gives each part of a transaction the keys of all.

Here: the keys are present, separately for each part of a transaction. Where a request cannot be read,
`dynamodb:Attributes` holds a value that satisfies no condition.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from ministack.core import iam_actions, iam_evaluator

from tenantry.local.gaps.dynamodb import leading_keys
from tenantry.local.patching import Fields, Original, read_object, replace, require, wrap

#: Each replaces the same as this one: iam_actions.dynamodb_service_context, iam_evaluator.enforce.
AFTER = ("dynamodb.leading_keys", "eventbridge.condition_keys")

_UNREADABLE = "\ue002unreadable"
_ATTRIBUTES, _LEADING_KEYS = "dynamodb:Attributes", "dynamodb:LeadingKeys"
_REQUEST = "localcloud:dynamodb-request"  # carries the request from where it is read to where it is authorized
_READS = {"GetItem", "BatchGetItem", "Query", "Scan"}
_RETURNING_WRITES = {"PutItem", "UpdateItem", "DeleteItem", "ConditionCheckItem"}

_EXPRESSIONS = (
    "UpdateExpression",
    "ConditionExpression",
    "KeyConditionExpression",
    "FilterExpression",
    "ProjectionExpression",
)
_ITEMS = ("Key", "Item", "ExclusiveStartKey", "AttributeUpdates", "Expected", "KeyConditions", "QueryFilter")
_PARTIQL = ("Statement", "Statements", "TransactStatements")
# Reserved words of the expression language, so no attribute is named so without a placeholder.
_WORDS = {"SET", "REMOVE", "ADD", "DELETE", "AND", "OR", "NOT", "BETWEEN", "IN"}
_TOKEN = re.compile(
    r"\s+"
    r"|:\w+"
    r"|\.\s*[#\w]\w*"  # a step into a map
    r"|\[\s*\d+\s*\]"  # a step into a list
    r"|(?:attribute_exists|attribute_not_exists|attribute_type|begins_with|contains|size|if_not_exists|list_append)\s*(?=\()"
    r"|(?P<name>[#A-Za-z_]\w*)"
    r"|[(),=<>+-]"
)


class _Part(str):
    """The ARN of the table of one part of a transaction, which knows that part."""

    __slots__ = ("request",)
    request: Fields


def close() -> None:
    """Close the gap."""
    require(iam_actions, "_DYNAMODB_TRANSACT_ITEM_ACTIONS", "_dynamodb_table_arn")
    wrap(iam_actions, "dynamodb_service_context", _with_request)
    replace(iam_actions, "dynamodb_transaction_checks", _parts)
    wrap(iam_evaluator, "enforce", _with_keys)


def _with_request(context_of: Original, body: bytes) -> Fields:
    return {**context_of(body), _REQUEST: read_object(body)}


def _parts(action: str, body: bytes, region: str, account: str) -> list[tuple[str, str]]:
    """Return the action and the table of each part of a transaction."""
    if action not in ("dynamodb:TransactWriteItems", "dynamodb:TransactGetItems"):
        return []
    items = read_object(body).get("TransactItems")
    checks: list[tuple[str, str]] = []
    for item in items if isinstance(items, list) else []:
        for member, item_action in iam_actions._DYNAMODB_TRANSACT_ITEM_ACTIONS.items():
            detail = item.get(member) if isinstance(item, dict) else None
            table = detail.get("TableName") if isinstance(detail, dict) else None
            if isinstance(detail, dict) and isinstance(table, str) and table:
                part = _Part(iam_actions._dynamodb_table_arn(table, region, account))
                part.request = detail
                checks.append((item_action, part))
    return checks


def _with_keys(enforce: Original, access_key: str, action: str, service: str, *arguments: Any, **named: Any) -> Any:
    context = named.get("service_context")
    if service == "dynamodb" and isinstance(context, dict) and _REQUEST in context:
        known = {key: value for key, value in context.items() if key not in (_REQUEST, _ATTRIBUTES)}
        known.pop("dynamodb:Select", None)
        arn, request = named.get("resource_arn"), context[_REQUEST]
        if isinstance(arn, _Part):
            request = arn.request
            if _LEADING_KEYS in known:
                known[_LEADING_KEYS] = list(dict.fromkeys(leading_keys.leading_keys(request)))
        named["service_context"] = {**known, **keys_of(action.rsplit(":", 1)[-1], request)}
    return enforce(access_key, action, service, *arguments, **named)


def keys_of(operation: str, request: Fields) -> Fields:
    """Return the condition keys of an operation's request, or of a part of a transaction."""
    keys: Fields = {}
    if attributes := list(dict.fromkeys(_attributes(request))):
        keys[_ATTRIBUTES] = attributes
    if operation in _READS:
        keys["dynamodb:Select"] = _select(request)
    if operation in _RETURNING_WRITES and (returned := _returned(request)):
        keys["dynamodb:ReturnValues"] = returned
    return keys


def _returned(request: Fields) -> str:
    asked = [request[name] for name in ("ReturnValues", "ReturnValuesOnConditionCheckFailure") if name in request]
    return next((str(value) for value in asked if value != "NONE"), "NONE") if asked else ""


def _select(request: Fields) -> str:
    if request.get("Select"):
        return str(request["Select"])
    batches = request.get("RequestItems")
    tables = list(batches.values()) if isinstance(batches, dict) else [request]
    named = [isinstance(table, dict) and bool(_projection(table)) for table in tables]
    if named and all(named):
        return "SPECIFIC_ATTRIBUTES"
    return "ALL_PROJECTED_ATTRIBUTES" if request.get("IndexName") else "ALL_ATTRIBUTES"


def _projection(request: Fields) -> Any:
    return request.get("ProjectionExpression") or request.get("AttributesToGet")


def _attributes(request: Fields) -> Iterator[str]:
    """Yield every top-level attribute that a request names."""
    for member in (*_ITEMS, "ScanFilter"):
        if member in request:
            yield from _names_in(request[member])
    names = request.get("ExpressionAttributeNames")
    for member in _EXPRESSIONS:
        if member in request:
            yield from _in_expression(request[member], names if isinstance(names, dict) else {})
    if "AttributesToGet" in request:
        yield from _names_in(request["AttributesToGet"])
    yield from _in_batches(request.get("RequestItems"))
    for item in request.get("TransactItems") or []:
        for part in item.values() if isinstance(item, dict) else ():
            yield from _attributes(part) if isinstance(part, dict) else [_UNREADABLE]
    if any(member in request for member in _PARTIQL):
        yield _UNREADABLE


def _in_batches(batches: Any) -> Iterator[str]:
    for requests in batches.values() if isinstance(batches, dict) else ():
        if isinstance(requests, dict):
            for key in requests.get("Keys") or []:
                yield from _names_in(key)
            yield from _attributes(requests)
        for request in requests if isinstance(requests, list) else []:
            for part in request.values() if isinstance(request, dict) else ():
                yield from _attributes(part) if isinstance(part, dict) else [_UNREADABLE]


def _names_in(value: Any) -> Iterable[str]:
    if not isinstance(value, dict | list) or not all(isinstance(name, str) for name in value):
        return [_UNREADABLE]
    return list(value)


def _in_expression(expression: Any, names: Fields) -> Iterator[str]:
    """Yield the attributes that an expression's paths begin with."""
    if not isinstance(expression, str):
        yield _UNREADABLE
        return
    position = 0
    while position < len(expression):
        token = _TOKEN.match(expression, position)
        if token is None:
            yield _UNREADABLE
            return
        position = token.end()
        name = token["name"]
        if name is None or name.upper() in _WORDS:
            continue
        found = names.get(name) if name.startswith("#") else name
        yield found if isinstance(found, str) else _UNREADABLE
