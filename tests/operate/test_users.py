"""`tenantry users`: exit statuses, and calls of the control API."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tenantry.cli.main import main
from tenantry.operate.control import ControlApi, ControlApiError, UnfinishedError
from tenantry.operate.environment import Environment

if TYPE_CHECKING:
    from collections.abc import Callable

_CHANGED = {
    "userId": "ada",
    "change": "block",
    "changed": True,
    "by": "arn",
    "at": "2026-11-30T12:00:00+00:00",
    "tenants": ["texas"],
    "tenantsWithoutAdmin": ["texas"],
}
_USER = {"userId": "ada", "email": "ada@example.com", "name": "Ada", "state": "active"}


class _Api:
    """The control API: what it was asked, and what it answers."""

    def __init__(self) -> None:
        self.asked: list[tuple[Any, ...]] = []
        self.answers: list[Any] = []

    def call(self, method: str, *path: str, query: Any = None, body: Any = None) -> Any:  # noqa: ANN401 - JSON
        self.asked.append((method, path, query, body))
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> _Api:
    made = _Api()
    monkeypatch.setattr(Environment, "load", lambda *_, **__: None)
    monkeypatch.setattr(ControlApi, "call", lambda _, *arguments, **named: made.call(*arguments, **named))
    return made


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str]) -> Callable[[], str]:
    def read() -> str:
        printed = capsys.readouterr()
        return printed.out + printed.err

    return read


@pytest.mark.parametrize(
    ("command", "method", "path", "body"),
    [
        (["block", "ada", "--reason", "x"], "PUT", ("users", "ada", "block"), {"reason": "x"}),
        (["unblock", "ada"], "DELETE", ("users", "ada", "block"), None),
        (["sign-out", "ada"], "DELETE", ("users", "ada", "sessions"), None),
        (["delete", "ada", "--confirm", "ada"], "DELETE", ("users", "ada"), None),
    ],
)
def test_change_is_requested_once(
    api: _Api, command: list[str], method: str, path: tuple[str, ...], body: object
) -> None:
    api.answers = [_CHANGED]

    assert main(["users", *command]) == 0
    assert api.asked == [(method, path, None, body)]


def test_change_reports_tenants_without_admin(api: _Api, said: Callable[[], str]) -> None:
    api.answers = [_CHANGED, {**_CHANGED, "changed": False}, _CHANGED]

    main(["users", "block", "ada", "--reason", "x"])
    assert "texas has no active admin" in said()
    main(["users", "block", "ada", "--reason", "x"])
    assert "was already blocked" in said()
    main(["users", "block", "ada", "--reason", "x", "--json"])
    assert json.loads(said()) == _CHANGED


@pytest.mark.parametrize(
    ("error", "status"), [(ControlApiError("Account not found"), 2), (UnfinishedError("not finished"), 1)]
)
def test_exit_status_shows_completion(api: _Api, said: Callable[[], str], error: Exception, status: int) -> None:
    api.answers = [error]

    assert main(["users", "unblock", "ada"]) == status
    assert str(error) in said()


@pytest.mark.parametrize("confirm", [[], ["--confirm", "eve"]])
def test_deletion_requires_confirmation(api: _Api, said: Callable[[], str], confirm: list[str]) -> None:
    assert main(["users", "delete", "ada", *confirm]) == 2
    assert api.asked == []
    assert "--confirm ada" in said()


def test_block_requires_a_reason() -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["users", "block", "ada"])

    assert stopped.value.code == 2


def test_list_reads_pages_up_to_the_limit(api: _Api, said: Callable[[], str]) -> None:
    api.answers = [{"users": [_USER] * 60, "next": "more"}, {"users": [_USER] * 10, "next": "more"}]

    assert main(["users", "list", "--limit", "70", "--json"]) == 0

    assert len(json.loads(said())) == 70
    assert [asked[2] for asked in api.asked] == [
        {"email": None, "limit": "60", "after": None},
        {"email": None, "limit": "10", "after": "more"},
    ]


def test_show_reports_missing_records(api: _Api, said: Callable[[], str]) -> None:
    tenant = {"tenantId": "texas", "roles": ["admin"], "withoutAdmin": True}
    api.answers = [{**_USER, "pool": {"enabled": True}, "tenants": [tenant]}]

    assert main(["users", "show", "ada"]) == 0

    shown = said()
    assert "directory: nothing" in shown
    assert "no active admin" in shown


_GONE = {"kind": "goneFromPool", "userId": "ada", "repaired": True}
_LEFT = {
    "kind": "withoutAdmin",
    "tenantId": "texas",
    "repaired": False,
    "remedy": "The tenant has no active admin: an operator must choose",
}


def _part(*differences: object, place: object = None) -> dict[str, Any]:
    part = {"dryRun": False, "users": 1, "tenants": 1, "differences": list(differences)}
    return {**part, **({"next": place} if place else {})}


@pytest.mark.parametrize(
    ("answers", "status"),
    [
        ([_part()], 0),
        ([_part(_GONE)], 0),
        ([_part(_GONE, place={"phase": "tenants", "after": None}), _part(_LEFT)], 1),
        ([_part(_GONE, place={"phase": "tenants", "after": None}), UnfinishedError("failed")], 1),
        ([ControlApiError("refused")], 2),
    ],
)
def test_reconciliation_runs_all_parts(api: _Api, answers: list[Any], status: int) -> None:
    parts = len(answers)
    api.answers = answers

    assert main(["users", "reconcile"]) == status

    assert len(api.asked) == parts
    if parts > 1:
        assert api.asked[1][3] == {"dryRun": False, "next": {"phase": "tenants", "after": None}}


def test_reconciliation_prints_each_difference(api: _Api, said: Callable[[], str]) -> None:
    api.answers = [_part(_GONE, _LEFT), _part(_GONE, _LEFT)]

    main(["users", "reconcile", "--dry-run"])
    told = said()
    assert api.asked[0][3] == {"dryRun": True}
    assert "goneFromPool  ada" in told
    assert "withoutAdmin  texas: The tenant has no active admin" in told
    assert "2 differ, 1 left" in told
    main(["users", "reconcile", "--json"])
    assert json.loads(said())["differences"] == [_GONE, _LEFT]
