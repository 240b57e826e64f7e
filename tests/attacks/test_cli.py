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
from tenantry.attacks.target import Target
from tests.attacks import fakes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tenantry.attacks.world import World


@pytest.fixture
def server() -> Iterator[fakes.Server]:
    yield from fakes.serving(200, "{}")


def _ends_in(_: World, outcome: Outcome) -> Outcome:
    return outcome


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> Registry:
    made = Registry()
    for surface, outcome in (("door", held("shut")), ("window", breached("open"))):
        made.surface(surface).add(
            "pull", threat=threats.NO_TOKEN, tries="Pull.", must="Shut.", run=partial(_ends_in, outcome=outcome)
        )
    monkeypatch.setattr(cli, "REGISTRY", made)
    return made


@pytest.fixture
def _reachable(monkeypatch: pytest.MonkeyPatch, server: fakes.Server) -> None:
    monkeypatch.setattr(Target, "named", lambda *_, **__: fakes.target(server))
    monkeypatch.setattr(cli, "run", partial(run, cast=fakes.cast()))


@pytest.mark.usefixtures("registry", "_reachable")
def test_one_attack_that_gets_through_is_a_failure(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = tmp_path / "deep" / "told.json"
    assert cli.main(["--state", str(tmp_path), "--json", str(told)]) == 1
    assert "BREACHED window-pull: open" in capsys.readouterr().out
    assert "window-pull" in (tmp_path / "attacks.html").read_text()
    assert json.loads(told.read_text())["count"]["breached"] == 1


@pytest.mark.usefixtures("registry", "_reachable")
@pytest.mark.parametrize("chosen", [["--surface", "door"], ["--only", "door-pull"]])
def test_only_what_was_chosen_is_tried(chosen: list[str], tmp_path: Path) -> None:
    html = tmp_path / "page.html"
    assert cli.main(["--state", str(tmp_path), "--html", str(html), *chosen]) == 0
    assert "window-pull" not in html.read_text()


@pytest.mark.usefixtures("registry")
def test_the_list_attacks_nothing(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli, "run", lambda *_, **__: pytest.fail("attacked"))
    assert cli.main(["--list"]) == 0
    assert "door-pull" in capsys.readouterr().out


@pytest.mark.usefixtures("registry")
def test_what_does_not_exist_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--surface", "roof"]) == 2
    assert "There is no surface roof" in capsys.readouterr().err


def test_a_cloud_that_is_not_up_is_an_error_that_says_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["--state", str(tmp_path)]) == 2
    assert "run `make up` first" in capsys.readouterr().err
    assert not (tmp_path / "attacks.html").exists()


def test_production_is_left_alone_without_a_word(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(Target, "named", lambda *_, **__: pytest.fail("looked for production"))
    assert cli.main(["--env", "prod"]) == 2
    assert "--yes-production" in capsys.readouterr().err


@pytest.mark.usefixtures("_reachable")
def test_production_is_attacked_if_asked_twice(registry: Registry, tmp_path: Path) -> None:
    assert cli.main(["--env", "prod", "--yes-production", "--state", str(tmp_path), "--only", "door-pull"]) == 0
    assert len(registry) == 2


@pytest.mark.usefixtures("_reachable")
def test_an_interrupted_run_cleans_up(registry: Registry, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    undone: list[str] = []

    def interrupted(world: World) -> Outcome:
        world.cleanup.later("a thing", lambda: undone.append("a thing"))
        raise KeyboardInterrupt

    registry.surface("door").add("break", threat=threats.NO_TOKEN, tries="Break.", must="Shut.", run=interrupted)
    assert cli.main(["--state", str(tmp_path), "--only", "door-break"]) == cli.EXIT_INTERRUPTED
    assert undone == ["a thing"]
    assert "Interrupted" in capsys.readouterr().err


def test_sigterm_is_taken_for_an_interruption() -> None:
    with pytest.raises(KeyboardInterrupt):
        cli._interrupt(15, None)  # noqa: SLF001 - a signal's handler


def test_help_tells_the_options(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        cli.main(["--help"])
    out = capsys.readouterr().out
    options: list[Any] = ["--env", "--surface", "--only", "--list", "--html", "--json", "--yes-production"]
    assert all(option in out for option in options)
