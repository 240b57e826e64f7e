"""Which attributes a request names: whatever cannot be read satisfies no condition."""

from typing import Any

import pytest

from tenantry.local.gaps.dynamodb.attributes import keys_of

_KEY = {"id": {"S": "a"}}
_UNREADABLE = "\ue002unreadable"


def _attributes(**request: object) -> list[str]:
    return list(keys_of("UpdateItem", request).get("dynamodb:Attributes", []))


@pytest.mark.parametrize(
    ("expression", "named"),
    [
        ("SET color = :v", ["color"]),
        ("SET #c = if_not_exists(#c, :v), size = size + :v REMOVE weight ADD tags :v DELETE marks :v", [
            "red",
            "size",
            "weight",
            "tags",
            "marks",
        ]),
        ("SET color.#c.deep[3].deeper = :v", ["color"]),
        ("SET #c . deep = :v", ["red"]),
        ("SET marks = list_append(marks, :v)", ["marks"]),
        ("set color=:v remove  size", ["color", "size"]),
        # A word of the language is no attribute, and an attribute that looks like a function is one.
        ("SET contains = :v", ["contains"]),
    ],
)  # fmt: skip
def test_attributes_of_an_update_expression(expression: str, named: list[str]) -> None:
    assert _attributes(UpdateExpression=expression, ExpressionAttributeNames={"#c": "red"}) == named


@pytest.mark.parametrize(
    ("expression", "named"),
    [
        ("attribute_not_exists(color) AND (size <> :v OR NOT contains(#c, :v))", ["color", "size", "red"]),
        ("size(marks) > :v", ["marks"]),
        ("color IN (:a, :b) AND size BETWEEN :a AND :b", ["color", "size"]),
        ("begins_with(color, :v) AND attribute_type(size, :v) AND attribute_exists(weight.deep)", [
            "color",
            "size",
            "weight",
        ]),
    ],
)  # fmt: skip
def test_attributes_of_a_condition_expression(expression: str, named: list[str]) -> None:
    assert _attributes(ConditionExpression=expression, ExpressionAttributeNames={"#c": "red"}) == named


@pytest.mark.parametrize(
    "request_",
    [
        {"UpdateExpression": "SET #undefined = :v"},
        {"UpdateExpression": "SET color = :v; DROP"},
        {"UpdateExpression": "SET `color` = :v"},
        {"UpdateExpression": "SET \u00e9 = :v"},
        {"UpdateExpression": ["SET color = :v"]},
        {"UpdateExpression": "SET #c = :v", "ExpressionAttributeNames": {"#c": 1}},
        {"UpdateExpression": "SET #c = :v", "ExpressionAttributeNames": "#c"},
        {"Key": "id"},
        {"Statement": "UPDATE things SET color = 'red' WHERE id = 'a'"},
        {"TransactItems": [{"Update": "SET color = :v"}]},
        {"RequestItems": {"things": [{"PutRequest": "color"}]}},
    ],
)
def test_an_unreadable_request_satisfies_no_condition(request_: dict[str, Any]) -> None:
    assert _UNREADABLE in keys_of("UpdateItem", request_)["dynamodb:Attributes"]


def test_attributes_of_other_request_members() -> None:
    request = {
        "Key": _KEY,
        "Item": {"one": {"S": "1"}},
        "AttributeUpdates": {"two": {}},
        "Expected": {"three": {}},
        "KeyConditions": {"four": {}},
        "QueryFilter": {"five": {}},
        "ScanFilter": {"six": {}},
        "ExclusiveStartKey": {"seven": {"S": "7"}},
        "AttributesToGet": ["eight"],
        "ProjectionExpression": "nine, ten.deep",
        "KeyConditionExpression": "eleven = :v",
        "FilterExpression": "twelve = :v",
    }
    assert set(keys_of("Query", request)["dynamodb:Attributes"]) == {
        "id",
        *("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"),
    }


def test_a_batch_has_the_attributes_of_all_its_parts() -> None:
    request = {
        "RequestItems": {
            "things": {"Keys": [_KEY], "ProjectionExpression": "#c", "ExpressionAttributeNames": {"#c": "color"}},
            "others": [
                {"PutRequest": {"Item": {"key": {"S": "b"}, "size": {"N": "1"}}}},
                {"DeleteRequest": {"Key": _KEY}},
            ],
        }
    }
    assert set(keys_of("BatchGetItem", request)["dynamodb:Attributes"]) == {"id", "color", "key", "size"}


@pytest.mark.parametrize(
    ("operation", "request_", "selected"),
    [
        ("GetItem", {"Key": _KEY}, "ALL_ATTRIBUTES"),
        ("GetItem", {"Key": _KEY, "ProjectionExpression": "color"}, "SPECIFIC_ATTRIBUTES"),
        ("Query", {"IndexName": "by-color"}, "ALL_PROJECTED_ATTRIBUTES"),
        ("Query", {"Select": "COUNT"}, "COUNT"),
        ("BatchGetItem", {"RequestItems": {"a": {"AttributesToGet": ["x"]}, "b": {"Keys": []}}}, "ALL_ATTRIBUTES"),
        ("UpdateItem", {"Key": _KEY}, None),
    ],
)
def test_select_is_set_for_reads_only(operation: str, request_: dict[str, Any], selected: str | None) -> None:
    assert keys_of(operation, request_).get("dynamodb:Select") == selected


@pytest.mark.parametrize(
    ("request_", "returned"),
    [
        ({}, None),
        ({"ReturnValues": "NONE"}, "NONE"),
        ({"ReturnValues": "ALL_NEW"}, "ALL_NEW"),
        ({"ReturnValues": "NONE", "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}, "ALL_OLD"),
        ({"ReturnValues": ["NONE"]}, "['NONE']"),
    ],
)
def test_return_values_of_a_write(request_: dict[str, Any], returned: str | None) -> None:
    assert keys_of("UpdateItem", request_).get("dynamodb:ReturnValues") == returned
