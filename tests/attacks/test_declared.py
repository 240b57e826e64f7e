"""Attacks on declared tables: the keys that they try, and what shows that these keys are tenants'."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from tenantry.attacks.outcome import AttackResult
from tenantry.attacks.sessions import IsolationLayers, Sessions
from tenantry.attacks.storage import Owner
from tenantry.attacks.surfaces import declared
from tenantry.attacks.world import World
from tests.attacks import fakes

if TYPE_CHECKING:
    from collections.abc import Mapping

_ALICE = Owner(tenant="alice", user="a")
_BOB = Owner(tenant="bob", user="b")


class _Rows:
    """DynamoDB that serves queries of one tenant, and denies all else."""

    def __init__(self, rows: Mapping[str, list[object]]) -> None:
        self.rows = rows
        self.tried: set[str] = set()

    def query(self, **given: Any) -> object:  # noqa: ANN401 - boto3's
        key = given["ExpressionAttributeValues"][":value"]["S"]
        self.tried.add(key)
        if not key.startswith("alice#"):
            raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": ""}}, "Query")
        return {"Items": self.rows.get(key, [])}

    def get_item(self, **_: object) -> object:
        raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": ""}}, "GetItem")

    scan = put_item = delete_item = get_item


@pytest.fixture
def world(server: fakes.Server, monkeypatch: pytest.MonkeyPatch) -> World:
    made = World(fakes.target(server), users=fakes.users())
    table = {
        "Properties": {"KeySchema": [{"AttributeName": "pk"}, {"AttributeName": "sk"}]},
        "Metadata": {
            "tenantry:stores": [{"by": "partition-key", "forms": ["{tenant}#*"], "holds": "rows", "key": "pk"}]
        },
    }
    template = SimpleNamespace(get_template=lambda **_: {"TemplateBody": {"Resources": {"Parks": table}}})
    resource = SimpleNamespace(kind="AWS::DynamoDB::Table", stack="parks", logical_id="Parks", id="parks-1")
    made.once("resources", lambda: [resource])
    monkeypatch.setattr(World, "resources", [resource])
    monkeypatch.setattr(type(made.target.aws), "cloudformation", template)
    monkeypatch.setattr(declared, "prize", lambda _: SimpleNamespace(alice=_ALICE, bob=_BOB))
    monkeypatch.setattr(declared, "_own_park", lambda _: None)
    return made


def _attack(world: World, monkeypatch: pytest.MonkeyPatch, rows: _Rows) -> AttackResult:
    monkeypatch.setattr(Sessions, "purposes", ["webhooks"])
    monkeypatch.setattr(Sessions, "act", lambda *_: SimpleNamespace(dynamodb=rows))
    return declared._rows(world, IsolationLayers.BOTH).result  # noqa: SLF001 - what the attacks run


def test_keys_are_those_that_rows_have(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = _Rows({"alice#park": [{}]})

    assert _attack(world, monkeypatch, rows) is AttackResult.HELD
    assert {key for key in rows.tried if key.startswith("bob")} == {"bob#park", "bob#webhook", f"bob#{world.run}"}


def test_attack_is_inconclusive_where_the_attacker_has_no_row(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    assert _attack(world, monkeypatch, _Rows({"alice#*": [{}]})) is AttackResult.INCONCLUSIVE


@pytest.mark.parametrize(
    ("form", "forms"),
    [
        ("{tenant}^{user}", ["{tenant}^{user}"]),
        ("{tenant}#*", ["{tenant}#park", "{tenant}#webhook", "{tenant}#text"]),
        ("{tenant}-*", ["{tenant}-text"]),
    ],
)
def test_pattern_stands_for_each_kind_and_a_text(form: str, forms: list[str]) -> None:
    assert declared._forms(form, "text") == forms  # noqa: SLF001 - what is tried
