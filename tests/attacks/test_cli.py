"""`python -m tenantry.attacks`."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from tenantry.attacks import cli, threats
from tenantry.attacks.outcome import Outcome, breached, held
from tenantry.attacks.registry import Registry
from tenantry.attacks.runner import run
from tenantry.attacks.surfaces import REGISTRY
from tenantry.attacks.target import Target
from tests.attacks import fakes

if TYPE_CHECKING:
    from pathlib import Path

    from tenantry.attacks.world import World


def _ends_in(_: World, outcome: Outcome) -> Outcome:
    return outcome


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> Registry:
    made = Registry()
    for surface, outcome in (("parks", held("403")), ("queue", breached("200"))):
        made.surface(surface).add(
            "list", threat=threats.NO_TOKEN, tries="List.", must="403.", run=partial(_ends_in, outcome=outcome)
        )
    monkeypatch.setattr(cli, "REGISTRY", made)
    return made


@pytest.fixture
def _reachable(monkeypatch: pytest.MonkeyPatch, server: fakes.Server) -> None:
    monkeypatch.setattr(Target, "named", lambda *_, **__: fakes.target(server))
    monkeypatch.setattr(cli, "run", partial(run, users=fakes.users()))


@pytest.mark.usefixtures("registry", "_reachable")
def test_breach_gives_exit_status_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = tmp_path / "deep" / "told.json"
    assert cli.main(["--state", str(tmp_path), "--json", str(told)]) == 1
    assert "BREACHED queue-list: 200" in capsys.readouterr().out
    assert "queue-list" in (tmp_path / "attacks.html").read_text()
    assert json.loads(told.read_text())["count"]["breached"] == 1


@pytest.mark.usefixtures("registry", "_reachable")
@pytest.mark.parametrize("chosen", [["--surface", "parks"], ["--only", "parks-list"]])
def test_selection_by_surface_or_id(chosen: list[str], tmp_path: Path) -> None:
    html = tmp_path / "page.html"
    assert cli.main(["--state", str(tmp_path), "--html", str(html), *chosen]) == 0
    assert "queue-list" not in html.read_text()


@pytest.mark.usefixtures("registry")
def test_list_attacks_nothing(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli, "run", lambda *_, **__: pytest.fail("attacked"))
    assert cli.main(["--list"]) == 0
    assert "parks-list" in capsys.readouterr().out


def test_table_prints_the_surfaces(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--table"]) == 0
    assert capsys.readouterr().out == f"{REGISTRY.table()}\n"


def test_table_is_written_into_a_document(tmp_path: Path) -> None:
    document = tmp_path / "attacks.md"
    document.write_text("Before.\n<!-- surfaces: make docs -->\nold\n<!-- end of surfaces -->\nAfter.\n")
    assert cli.main(["--table", str(document)]) == 0
    written = document.read_text()
    assert f"\n{REGISTRY.table()}\n" in written
    assert "old" not in written
    assert (written[:7], written[-8:]) == ("Before.", "\nAfter.\n")


def test_document_without_a_place_for_the_table_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    document = tmp_path / "attacks.md"
    document.write_text("Before.\n")
    assert cli.main(["--table", str(document)]) == 2
    assert "Add the lines '<!-- surfaces: make docs -->'" in capsys.readouterr().err
    assert document.read_text() == "Before.\n"


@pytest.mark.usefixtures("registry")
def test_unknown_surface_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--surface", "roof"]) == 2
    assert "There is no surface roof" in capsys.readouterr().err


def test_missing_local_cloud_is_an_error_with_a_remedy(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--state", str(tmp_path)]) == 2
    assert "run `make up` first" in capsys.readouterr().err
    assert not (tmp_path / "attacks.html").exists()


def test_production_needs_confirmation(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(Target, "named", lambda *_, **__: pytest.fail("looked for production"))
    assert cli.main(["--env", "prod"]) == 2
    assert "--yes-production" in capsys.readouterr().err


@pytest.mark.usefixtures("_reachable")
def test_production_is_attacked_with_confirmation(registry: Registry, tmp_path: Path) -> None:
    assert cli.main(["--env", "prod", "--yes-production", "--state", str(tmp_path), "--only", "parks-list"]) == 0
    assert len(registry) == 2


@pytest.mark.usefixtures("_reachable")
def test_interrupted_run_cleans_up(registry: Registry, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    undone: list[str] = []

    def interrupted(world: World) -> Outcome:
        world.cleanup.later("a thing", lambda: undone.append("a thing"))
        raise KeyboardInterrupt

    registry.surface("parks").add(
        "interrupted", threat=threats.NO_TOKEN, tries="Interrupt.", must="403.", run=interrupted
    )
    assert cli.main(["--state", str(tmp_path), "--only", "parks-interrupted"]) == cli.EXIT_INTERRUPTED
    assert undone == ["a thing"]
    assert "Interrupted" in capsys.readouterr().err


def test_sigterm_interrupts() -> None:
    with pytest.raises(KeyboardInterrupt):
        cli._interrupt(15, None)  # noqa: SLF001 - a signal's handler


def test_help_lists_the_options(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        cli.main(["--help"])
    out = capsys.readouterr().out
    options: list[Any] = ["--env", "--surface", "--only", "--list", "--table", "--html", "--json", "--yes-production"]
    assert all(option in out for option in options)
