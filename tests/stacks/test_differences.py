"""How templates of two environments are compared."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.stacks.differences import differences

if TYPE_CHECKING:
    Json = Any

_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(0, 2) | st.sampled_from(["a", "b"]),
    lambda parts: st.lists(parts, max_size=4) | st.dictionaries(st.sampled_from("xyz"), parts, max_size=3),
    max_leaves=12,
)


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        ({"a": 1}, {"a": 1}, {}),
        ({"a": 1}, {"a": True}, {"changed": {"1 -> true": ["/a"]}}),
        ({"a": {"b": 1}}, {"a": {"b": 1, "c": [2]}}, {"added": {"/a/c": [2]}}),
        ({"a": {"b": 1, "c": [2]}}, {"a": {"b": 1}}, {"removed": {"/a/c": [2]}}),
        ({"old": [1]}, {"new": [1]}, {"renamed": {"/old": "new"}}),
        ({"a": "x", "b": "x"}, {"a": "y", "b": "y"}, {"changed": {'"x" -> "y"': ["/a", "/b"]}}),
        ([1, 2, 3], [1, 3], {"removed": {"/1": 2}}),
        ([1, 3], [1, 2, 3], {"added": {"/1": 2}}),
        ([{"k": 1}, 5], [{"k": 2}, 5], {"changed": {"1 -> 2": ["/0/k"]}}),
        ([1, 2], [2, 1], {"added": {"/0": 2}, "removed": {"/1": 2}}),
    ],
)
def test_differences_are_listed_by_kind_and_path(before: Json, after: Json, found: dict[str, Any]) -> None:
    assert differences(before, after) == found


@given(_VALUES, _VALUES)
def test_differences_are_empty_for_equal_values_only(before: Json, after: Json) -> None:
    assert (differences(before, after) == {}) == _same(before, after)
    assert differences(before, before) == {}


def _same(one: Json, other: Json) -> bool:
    """Compare as JSON does, in which 1 is not true."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    return type(one) is type(other) and bool(one == other)
