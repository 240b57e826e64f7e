"""Whether a request to DynamoDB is about rows of the request's tenant alone.

Source: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Operations.html
"""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Final

from tenantry.model.placeholders import TENANT_IN_NAME
from tenantry.model.stores import By as StoredBy
from tenantry.prove.calls import Call, as_text, unnamed, whole, within
from tenantry.prove.keys import Fault, named_by
from tenantry.prove.structures import Array, Object, Value
from tenantry.prove.texts import By, Json, Text, givers, is_literal, literal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from tenantry.model.stores import Store
    from tenantry.prove.assembly import Resource
    from tenantry.prove.declared_stores import DeclaredStores

_CONJUNCTION: Final = re.compile(r"\s+AND\s+", re.IGNORECASE)
_EQUALS: Final = re.compile(r"\(*\s*(#?\w+)\s*=\s*(:\w+)\s*\)*")
NO_TENANTS: Final = frozenset({StoredBy.NONE, StoredBy.PERSON})
"""How stores are declared that hold nothing of one tenant alone."""

_IN_TRANSACTION: Final = {"Put": "PutItem", "Update": "UpdateItem", "Delete": "DeleteItem", "ConditionCheck": "GetItem"}
_WHOLE_TABLE: Final = frozenset(
    {"Scan", "ExecuteStatement", "BatchExecuteStatement", "ExecuteTransaction", "ExportTableToPointInTime"}
)
_SETS: Final = re.compile(
    r"(?:SET|,)\s*(#?\w+)\s*=\s*(?:if_not_exists\s*\([^,]+,\s*)?(:\w+)\s*\)?(?=\s*(?:,|$|REMOVE|ADD|DELETE))"
)
_ASSIGNED: Final = re.compile(r"(#?\w+)\s*=")


def on_rows(call: Call, stores: DeclaredStores) -> Iterator[Fault | None]:
    """Yield what is wrong with a request to DynamoDB."""
    match call.action:
        case "TransactWriteItems" | "TransactGetItems":
            yield from _transaction(call, stores)
        case "GetItem" | "DeleteItem" | "UpdateItem" | "PutItem":
            yield from _on_table(call, stores, partial(_item, call))
        case "Query":
            yield from _on_table(call, stores, partial(_query, call))
        case action if action in _WHOLE_TABLE:
            yield Fault(f"{action} reads rows of every tenant", sends={})
        case action:
            yield Fault(f"dynamodb:{action} is not known to the prover")


def _transaction(call: Call, stores: DeclaredStores) -> Iterator[Fault | None]:
    items = call.member("TransactItems")
    if not isinstance(items, Array):
        yield Fault("the items of the transaction are not written in the template")
        return
    for item in items.items:
        kinds = list(item.members.items()) if isinstance(item, Object) else []
        for kind, request in kinds or [("", item)]:
            if kind not in {*_IN_TRANSACTION, "Get"} or not isinstance(request, Object):
                yield Fault(f"{kind or 'an item'} of a transaction is not known to the prover")
                continue
            yield from on_rows(call.of(_IN_TRANSACTION.get(kind, "GetItem"), request), stores)


def _on_table(
    call: Call, stores: DeclaredStores, keys: Callable[[Resource, Store], Iterator[Fault | None]]
) -> Iterator[Fault | None]:
    name = call.member("TableName")
    table = stores.table(literal(name) if isinstance(name, tuple) else None)
    if table is None:
        yield unnamed("TableName", name)
        return
    declared = stores.of(table)
    if not declared:
        yield Fault(f"nobody has declared whose the rows of {table.path} are")
    for store in declared:
        match store.by:
            case StoredBy.PARTITION_KEY:
                yield from keys(table, store)
            case StoredBy.ATTRIBUTE:
                yield from _attributes(call, store)
            case by if by not in NO_TENANTS:
                yield Fault(f"rows of {table.path} are found by {by}, which is not known of a table")


def _item(call: Call, table: Resource, store: Store) -> Iterator[Fault | None]:
    field = "Item" if call.action == "PutItem" else "Key"
    key = call.member(field)
    if key is None:
        return  # the service requires it
    yield from _own_row(call, table, store, field, key)


def _own_row(call: Call, table: Resource, store: Store, field: str, row: Value) -> Iterator[Fault | None]:
    if not isinstance(row, Object):
        yield whole(field, row, store.key)
        return
    if store.key != _partition_key(table):
        yield Fault(f"the partition key of {table.path} is not {store.key}, which is declared to say whose a row is")
    value = row.members.get(store.key)
    if value is None:
        return  # the service requires it
    yield within(f"{field}.{store.key}", _typed(call, value, store))


def _typed(call: Call, value: Value, store: Store) -> Fault | None:
    """Return what is wrong with an attribute's value, such as ``{"S": ...}``, that must begin with the tenant."""
    match value:
        case Object(members={"S": inner, **others}) if not others and (text := as_text(inner)) is not None:
            return named_by(text, store.forms, call.tenants, call.facts)
        case Json():
            return whole("", value, "S")
    return Fault("is no string")


def _query(call: Call, table: Resource, store: Store) -> Iterator[Fault | None]:
    index = call.member("IndexName")
    if index is not None:
        name = literal(index) if isinstance(index, tuple) else None
        if name is None:
            yield unnamed("IndexName", index)
            return
        if _partition_of(table, name) != store.key:
            yield Fault(f"the index {name} of {table.path} is not partitioned by {store.key}")
    start = call.member("ExclusiveStartKey")
    if start is not None:
        yield from _own_row(call, table, store, "ExclusiveStartKey", start)
    condition = call.member("KeyConditionExpression")
    if condition is None:
        if call.member("KeyConditions") is not None:
            yield Fault("KeyConditions is not known to the prover: use KeyConditionExpression")
        return  # the service requires one of them
    written = literal(condition) if isinstance(condition, tuple) else None
    if written is None:
        yield whole("KeyConditionExpression", condition)
        return
    yield _condition(call, store, written)


def _condition(call: Call, store: Store, condition: str) -> Fault | None:
    """Return what is wrong with a key condition, which must say what the partition key is."""
    names, values = call.member("ExpressionAttributeNames"), call.member("ExpressionAttributeValues")
    for conjunct in _CONJUNCTION.split(condition):
        match = _EQUALS.fullmatch(conjunct.strip())
        if match and _aliased(match[1], names) == store.key:
            value = values.members.get(match[2]) if isinstance(values, Object) else None
            if value is None:
                return None  # the service refuses an expression with a value that is not given
            return within(f"ExpressionAttributeValues.{match[2]}", _typed(call, value, store))
    return Fault(f"KeyConditionExpression {condition!r} does not say what {store.key} is")


def _aliased(name: str, names: Value | None) -> str:
    if not name.startswith("#") or not isinstance(names, Object):
        return name
    value = names.members.get(name)
    return (literal(value) if isinstance(value, tuple) else None) or ""


def _attributes(call: Call, store: Store) -> Iterator[Fault | None]:
    """Yield what is wrong with a row that is nobody's alone, and has attributes such as ``roles:{tenant}``."""
    if TENANT_IN_NAME not in store.key:
        yield Fault(f"rows are found by the attribute {store.key}, which no request shows")
        return
    row = call.member("Item" if call.action == "PutItem" else "Key")
    for value in row.members.values() if isinstance(row, Object) else ():
        typed = next(iter(value.members.values()), ()) if isinstance(value, Object) else value
        if any(giver.by in {By.CALLER, By.PATH} for giver in givers(as_text(typed) or ())):
            yield whole("the row", typed)
    beginning = store.key.partition(TENANT_IN_NAME)[0]
    for name, value in call.request.members.items() if isinstance(call.request, Object) else ():
        if name.endswith("Expression") and literal(as_text(value) or ()) is None:
            yield whole(name, value)
    for field in ("ExpressionAttributeNames", "Item"):
        named = call.member(field)
        if named is not None and not isinstance(named, Object):
            yield whole(field, named)
    names = call.member("ExpressionAttributeNames")
    for alias, value in names.members.items() if isinstance(names, Object) else ():
        text = as_text(value) or ()
        if not is_literal(text) or (literal(text) or "").startswith(beginning):
            yield within(f"ExpressionAttributeNames.{alias}", named_by(text, [store.key], call.tenants, call.facts))


def _partition_key(table: Resource) -> str:
    """Return a table's partition key."""
    return _hash_key(table.properties.get("KeySchema", []))


def _partition_of(table: Resource, index: str) -> str:
    found = [
        one
        for kind in ("GlobalSecondaryIndexes", "LocalSecondaryIndexes")
        for one in table.properties.get(kind, [])
        if one.get("IndexName") == index
    ]
    return _hash_key(found[0].get("KeySchema", [])) if len(found) == 1 else ""


def _hash_key(schema: Sequence[Mapping[str, str]]) -> str:
    return next((str(key["AttributeName"]) for key in schema if key.get("KeyType") == "HASH"), "")


def written(call: Call) -> Iterator[tuple[str, str, Text | None]]:
    """Yield what a call writes into attributes of rows: table, attribute, text; None where it is not known."""
    if call.service != "dynamodb":
        return
    if call.action == "TransactWriteItems":
        items = call.member("TransactItems")
        for item in items.items if isinstance(items, Array) else ():
            for kind, request in item.members.items() if isinstance(item, Object) else ():
                yield from written(call.of(_IN_TRANSACTION.get(kind, ""), request))
        return
    name = call.member("TableName")
    table = (literal(name) if isinstance(name, tuple) else None) or ""
    if call.action == "PutItem":
        row = call.member("Item")
        for attribute, value in row.members.items() if isinstance(row, Object) else ():
            yield table, attribute, _string(value)
    if call.action == "UpdateItem":
        expression = literal(as_text(call.member("UpdateExpression")) or ()) or ""
        names, values = call.member("ExpressionAttributeNames"), call.member("ExpressionAttributeValues")
        known = dict(_SETS.findall(expression))
        for alias in _ASSIGNED.findall(expression):
            given = values.members.get(known.get(alias, "")) if isinstance(values, Object) else None
            yield table, _aliased(alias, names), _string(given)


def _string(value: Value | None) -> Text | None:
    match value:
        case Object(members={"S": inner}):
            return as_text(inner)
    return None
