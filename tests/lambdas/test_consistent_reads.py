"""What was written a moment ago counts: every read of a table, but not of an index, is strongly consistent."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from tenantry.runtime.batches import get, read_all, request

if TYPE_CHECKING:
    from collections.abc import Iterator

_LAMBDAS: Final = Path(__file__).parents[2] / "lambdas"
# Both spellings of each call: of boto3, and of `tenantry.runtime.batches`.
_ONE_BY_ONE: Final = frozenset({"get_item", "query", "scan"})
_MANY: Final = frozenset({"read_all", "request"})
# Reads that may lag, and why.
_MAY_LAG: Final = {
    ("employees/store.py", "query"): "a list of a tenant's own rows, by vended credentials: it decides nothing",
    ("tenantry/runtime/membership.py", "read_all"): "names of tenants, for people",
}


class _Client:
    """A client of DynamoDB that remembers what it is asked for."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []

    def get_item(self, **asked: Any) -> dict[str, Any]:  # noqa: ANN401 - boto3's
        self.asked.append(asked)
        return {}

    def batch_get_item(self, *, RequestItems: dict[str, Any]) -> dict[str, Any]:  # noqa: N803 - boto3's
        self.asked += RequestItems.values()
        return {"Responses": {table: [{}] for table in RequestItems}}


def test_items_are_read_consistently_unless_the_caller_says_otherwise() -> None:
    client: Any = _Client()

    get(client, "table", {"id": {"S": "x"}})
    read_all(client, "table", [{"id": {"S": "x"}}])
    client.asked.append(request([{"id": {"S": "x"}}]))
    assert [asked["ConsistentRead"] for asked in client.asked] == [True] * 3

    read_all(client, "table", [{"id": {"S": "x"}}], consistent=False)
    assert client.asked[-1]["ConsistentRead"] is False


def test_every_read_of_a_table_is_consistent() -> None:
    found = list(_reads())

    assert {name for _, name, _ in found} >= {"get_item", "query", "scan", "read_all"}
    lagging = {(file, name) for file, name, consistent in found if not consistent}
    assert lagging == _MAY_LAG.keys()


@pytest.mark.parametrize(
    ("code", "consistent"),
    [
        ("client.get_item(TableName=t, Key=k)", False),
        ("client.get_item(TableName=t, Key=k, ConsistentRead=False)", False),
        ("client.get_item(TableName=t, Key=k, ConsistentRead=True)", True),
        ("query(client, TableName=t, IndexName=i)", True),
        ("self.client.scan(TableName=t, **more)", False),
        ("read_all(client, t, keys)", True),
        ("read_all(client, t, keys, consistent=False)", False),
    ],
)
def test_inconsistent_read_is_found(code: str, consistent: bool) -> None:  # noqa: FBT001 - a case
    (call,) = [node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Call)]

    assert _is_consistent(call, _name(call)) is consistent


def _reads() -> Iterator[tuple[str, str, bool]]:
    """Yield the calls that read a table or an index: the file, the call's name, and whether nothing lags."""
    for file in sorted(_LAMBDAS.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and (name := _name(node)) in _ONE_BY_ONE | _MANY:
                yield str(file.relative_to(_LAMBDAS)), name, _is_consistent(node, name)


def _name(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def _is_consistent(call: ast.Call, name: str) -> bool:
    given = {each.arg: ast.unparse(each.value) for each in call.keywords}
    if name in _MANY:
        return given.get("consistent", "True") in {"True", "consistent"}
    return "IndexName" in given or given.get("ConsistentRead") == "True"
