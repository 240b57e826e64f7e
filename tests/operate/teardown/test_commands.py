"""The teardown command: output and exit status when it is interrupted or AWS refuses."""

from __future__ import annotations

import json
import subprocess
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Final

import pytest
from botocore.exceptions import ClientError

from tenantry.cli.main import main
from tenantry.extras import EXIT_USAGE
from tenantry.model.stores import Application
from tenantry.operate.environment import Environment
from tenantry.operate.teardown import commands, log_role, stacks, work
from tenantry.operate.teardown.deployment import Deployment, Stack, TeardownRefusedError
from tenantry.operate.teardown.plan import STACK, Item
from tenantry.operate.teardown.removal import REMOVALS, Hand, Removal
from tenantry.operate.teardown.work import Teardown
from tests.synthesized import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable

_MARK: Final = Application(name="shop", environment="dev", ephemeral=True)
_STACK: Final = Stack(name="shop-data", id="arn:own", status="CREATE_COMPLETE", mark=_MARK, template={})
_REFUSAL: Final = ClientError({"Error": {"Code": "Throttling", "Message": "Rate exceeded"}}, "DescribeStackResources")


class _Account:
    """An account with one stack, which is deleted when it is asked for."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.is_there, self.kept = True, list[Item]()
        aws: Any = SimpleNamespace(sts=SimpleNamespace(get_caller_identity=lambda: {"Account": "1"}))
        self.environment = Environment(name="dev", app="shop", outputs={}, aws=aws)
        self.hand = Hand(aws=aws, account="1", tell=lambda _: None)
        monkeypatch.setattr(Environment, "reach", lambda *_, **__: self.environment)
        for module in (commands, work):
            monkeypatch.setattr(module, "find", lambda *_: self.found())
            monkeypatch.setattr(module, "made_later", lambda *_: ([], []))
            monkeypatch.setattr(module, "left_behind", lambda *_: (list(self.kept), []))
        monkeypatch.setattr(log_role, "hand_over", lambda *_: None)
        monkeypatch.setattr(stacks, "prepare", lambda *_: None)
        monkeypatch.setattr(stacks, "start", lambda *_: None)
        monkeypatch.setattr(stacks, "finish", lambda *_: self.delete())

    def found(self) -> Deployment:
        live = (_STACK,) if self.is_there else ()
        return Deployment(
            mark=_MARK, account="1", region="eu-north-1", partition="aws", live=live, gone=(), neighbours=()
        )

    def delete(self) -> None:
        self.is_there = False


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> _Account:
    return _Account(monkeypatch)


def _refuse_once_deleted(account: _Account, error: Exception) -> Callable[..., Any]:
    def answer(*_: object) -> Any:  # noqa: ANN401 - what the original gives
        if not account.is_there:
            raise error
        return account.found() if isinstance(error, TeardownRefusedError) else ([], [])

    return answer


@pytest.mark.parametrize(
    ("step", "error"),
    [
        ("made_later", _REFUSAL),
        ("left_behind", _REFUSAL),
        ("find", TeardownRefusedError("The stack shop-data is at work")),
    ],
)
def test_removal_ends_with_a_report(
    account: _Account,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    step: str,
    error: Exception,
) -> None:
    monkeypatch.setattr(work, step, _refuse_once_deleted(account, error))

    assert main(["teardown", "--env", "dev", "--confirm", "shop", "--json"]) == 1

    report = json.loads(capsys.readouterr().out)
    assert [one["name"] for one in report["removed"]] == ["shop-data"]
    assert [str(error) in one["why"] for one in report["left"]] == [True]


def test_failed_log_role_handover_does_not_stop_teardown(account: _Account, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise _REFUSAL

    kind, removed = "AWS::DynamoDB::Table", list[str]()

    def remove(_: Hand, name: str) -> None:
        removed.append(name)
        account.kept.clear()

    account.kept.append(Item(kind=kind, id="orders", name="orders"))
    monkeypatch.setattr(log_role, "hand_over", refuse)
    monkeypatch.setattr(work, "REMOVALS", {**REMOVALS, kind: Removal(amount=lambda *_: "", remove=remove)})

    teardown = Teardown(account.hand, app="shop", environment="dev")
    teardown.run()

    assert removed == ["orders"]
    assert [(one.kind, "Rate exceeded" in one.why) for one in teardown.left] == [("AWS::ApiGateway::Account", True)]


def test_first_call_refused_removes_nothing(
    account: _Account, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(*_: object) -> None:
        raise _REFUSAL

    monkeypatch.setattr(work, "made_later", refuse)

    assert main(["teardown", "--env", "dev", "--confirm", "shop"]) == EXIT_USAGE
    assert account.is_there
    assert "Rate exceeded" in capsys.readouterr().err


def _stop(*_: object) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize("arguments", [["--json"], []])
def test_interrupted_teardown_does_not_report_leftovers(
    account: _Account, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    monkeypatch.setattr(stacks, "finish", _stop)

    assert main(["teardown", "--env", "dev", "--confirm", "shop", *arguments]) == 1

    assert account.is_there
    out = capsys.readouterr().out
    if arguments:
        report = json.loads(out)
        assert (report["stopped"], report["left"]) == (True, None)
    else:
        assert "Stopped." in out
        assert " left" not in out


@pytest.mark.parametrize("where", ["_planned", "_confirmed"])
def test_teardown_stopped_before_removal_says_so(
    account: _Account, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], where: str
) -> None:
    monkeypatch.setattr(commands, where, _stop)

    assert main(["teardown", "--env", "dev"]) == EXIT_USAGE
    assert account.is_there
    assert "Nothing was removed" in capsys.readouterr().err


def test_plan_lists_the_stacks(account: _Account, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["teardown", "--env", "dev", "--dry-run", "--json"]) == 0

    report = json.loads(capsys.readouterr().out)
    assert [(one["kind"], one["name"]) for one in report["planned"]] == [(STACK, "shop-data")]
    assert account.is_there


def test_thing_types_are_deprecated_before_deletion(account: _Account, monkeypatch: pytest.MonkeyPatch) -> None:
    kind, done = "AWS::IoT::ThingType", list[str]()

    def remove(_: Hand, name: str) -> None:
        done.append(f"delete {name}")
        account.kept[:] = [item for item in account.kept if item.id != name]

    types = Removal(amount=lambda *_: "", remove=remove, announce=lambda _, name: done.append(f"deprecate {name}"))
    account.kept += [Item(kind=kind, id=name, name=name) for name in ("one", "two")]
    monkeypatch.setattr(work, "REMOVALS", {**REMOVALS, kind: types})

    teardown = Teardown(account.hand, app="shop", environment="dev")
    teardown.run()

    assert teardown.left == []
    assert done == ["deprecate one", "deprecate two", "delete one", "delete two"]
    assert REMOVALS[kind].announce


def test_make_refuses_unused_context() -> None:
    command = ["make", "--dry-run", "teardown", "ENV=dev", "CONTEXT=--context app=shop"]

    made = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert made.returncode != 0
    assert "APP_NAME" in made.stderr
