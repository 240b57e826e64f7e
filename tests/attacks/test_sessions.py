"""What vends for a purpose, and what sessions of one purpose try between purposes."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from unittest.mock import MagicMock

import pytest
from botocore.exceptions import ClientError

from tenantry.attacks.accounts import SetupError
from tenantry.attacks.outcome import AttackResult, held
from tenantry.attacks.sessions import IsolationLayers, Sessions, Vendor
from tenantry.attacks.storage import MODES, Owner, Storage
from tenantry.attacks.surfaces import tenant_api_usage, vending_purposes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

_ALICE = Owner(tenant="alice", user="a")
_BOB = Owner(tenant="bob", user="b")


def _world(**vendors: tuple[str, Iterable[str]]) -> Any:  # noqa: ANN401 - of mocks
    """Return a run against functions, each with a role and the purposes that it vends for."""
    world = MagicMock()
    world.once = lambda _, make: make()
    world.ids_of = lambda _: list(vendors)

    def configuration(FunctionName: str) -> object:  # noqa: N803 - boto3's
        role, purposes = vendors[FunctionName]
        given = {"role": f"arn:aws:iam::000000000000:role/{role}", "policies": {purpose: [] for purpose in purposes}}
        return {"Environment": {"Variables": {"TOKEN_VENDOR": json.dumps(given)}}}

    world.target.aws.functions.get_function_configuration = configuration
    return world


def test_functions_of_one_vendor_share_purposes() -> None:
    sessions = Sessions(_world(pause=("parks", ["webhooks"]), queue=("parks", ["webhooks", "park-statuses"])))

    assert sessions.purposes == ["park-statuses", "webhooks"]
    assert sessions.vendor("webhooks").role == "parks"


def test_second_vendor_of_a_purpose_hides_no_other() -> None:
    sessions = Sessions(_world(one=("first-role", ["prefix"]), two=("second-role", ["prefix", "tag"])))

    with pytest.raises(SetupError, match=r"first-role and second-role .*'prefix'"):
        _ = sessions.purposes


class _S3:
    """S3 that denies every call, and keeps what was asked for."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []

    def __getattr__(self, name: str) -> Callable[..., object]:
        def call(**given: Any) -> object:  # noqa: ANN401 - boto3's
            self.asked.append(given)
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": ""}}, name)

        return call


@pytest.mark.parametrize("layers", IsolationLayers)
def test_counters_reach_for_what_is_their_own_tenants_with_each_layer(
    monkeypatch: pytest.MonkeyPatch, layers: IsolationLayers
) -> None:
    world, s3 = _world(), _S3()
    world.target.lake, world.users.alice.tenant = "lake", "alice"
    api = MagicMock(shared_bucket=lambda _: "shared", bucket=lambda *_: "bucket")
    monkeypatch.setattr(tenant_api_usage, "prize", lambda _: SimpleNamespace(alice=_ALICE, bob=_BOB, key="k"))
    monkeypatch.setattr(Storage, "of", lambda _: api)
    monkeypatch.setattr(tenant_api_usage, "_victims", lambda _: {"bob": "aggregates/bob/x"})
    for control in ("_can_count", "_can_read"):
        monkeypatch.setattr(tenant_api_usage, control, lambda *_: held("it can"))
    monkeypatch.setattr(Sessions, "act", lambda *_: SimpleNamespace(s3=s3))

    assert tenant_api_usage._counting(world, layers).result is AttackResult.HELD  # noqa: SLF001 - what runs
    assert {"Bucket": "lake", "Prefix": "aggregates/tenantid=alice/"} in s3.asked
    assert tenant_api_usage._reading(world, layers).result is AttackResult.HELD  # noqa: SLF001 - as above
    assert {"Bucket": "shared", "Prefix": "alice/"} in s3.asked


class _Session:
    """A session whose calls work where a purpose's are granted."""

    def __init__(self, granted: Mapping[str, set[str]], purpose: str) -> None:
        self._granted = granted[purpose]

    def call(self, what: str) -> object:
        if what not in self._granted:
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": ""}}, what)
        return what


def _between(monkeypatch: pytest.MonkeyPatch, purpose: str, granted: Mapping[str, set[str]]) -> AttackResult:
    needs = {"prefix": {"prefix", "both"}, "tag": {"tag", "both"}, "employees": {"rows"}}
    roles = {"prefix": "storage", "tag": "storage", "employees": "employees"}
    monkeypatch.setattr(vending_purposes, "prize", lambda _: SimpleNamespace(alice=_ALICE))
    monkeypatch.setattr(Sessions, "purposes", sorted(needs))
    monkeypatch.setattr(Sessions, "vendor", lambda _, name: Vendor(roles[name], {}))
    monkeypatch.setattr(Sessions, "of", lambda _: Sessions(_world()))
    monkeypatch.setattr(Sessions, "act", lambda _, name, *__: _Session(granted, name))
    monkeypatch.setattr(
        vending_purposes,
        "_own",
        lambda _, aws, name: {what: (lambda what=what: aws.call(what)) for what in needs[name]},
    )
    return vending_purposes._other_purposes(_world(), purpose).result  # noqa: SLF001 - what the attacks run


_RIGHT = {"prefix": {"prefix", "both"}, "tag": {"tag", "both"}, "employees": {"rows"}}


@pytest.mark.parametrize(
    ("purpose", "granted", "result"),
    [
        ("prefix", _RIGHT, AttackResult.HELD),
        ("prefix", {**_RIGHT, "prefix": {"prefix", "tag", "both"}}, AttackResult.BREACHED),
        ("prefix", {**_RIGHT, "prefix": {"both"}}, AttackResult.INCONCLUSIVE),
        ("prefix", {**_RIGHT, "tag": set()}, AttackResult.INCONCLUSIVE),
        ("employees", _RIGHT, AttackResult.INCONCLUSIVE),
    ],
    ids=["bound", "not bound to the purpose", "own denied", "other purpose's own denied", "alone"],
)
def test_purposes_of_one_vendor_are_kept_apart(
    monkeypatch: pytest.MonkeyPatch, purpose: str, granted: Mapping[str, set[str]], result: AttackResult
) -> None:
    assert _between(monkeypatch, purpose, granted) is result


def test_purpose_of_an_attacked_vendor_must_be_known() -> None:
    with pytest.raises(SetupError, match="'new'"):
        vending_purposes._own(_world(), MagicMock(), "new")  # noqa: SLF001 - what it does
    assert set(MODES) <= set(vending_purposes._PURPOSES)  # noqa: SLF001 - as above
