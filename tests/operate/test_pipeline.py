"""The pipeline: pinned actions, every environment, no secrets."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from stacks.environments import NAMES
from tests.synthesized import ROOT

if TYPE_CHECKING:
    from pathlib import Path

_WORKFLOWS = sorted((ROOT / ".github").rglob("*.yml"))
_PINNED = re.compile(r"(\./\.github/\S+|[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+)")


@pytest.mark.parametrize("workflow", _WORKFLOWS, ids=lambda path: path.name)
def test_actions_are_pinned_to_commits_with_versions(workflow: Path) -> None:
    uses = re.findall(r"uses: (.+)", workflow.read_text())

    assert [action for action in uses if not _PINNED.fullmatch(action.strip())] == []


def test_every_environment_is_synthesized() -> None:
    text = (ROOT / ".github" / "workflows" / "ci.yml").read_text()

    assert f"environment: [{', '.join(NAMES)}]" in text


def test_deployed_and_attacked_environments() -> None:
    text = (ROOT / ".github" / "workflows" / "deploy.yml").read_text()
    deployed = re.findall(r"environment: (\w+)\n\s+attack: (\w+)", text)

    assert deployed == [(name, str(name != "prod").lower()) for name in NAMES if name != "local"]


def test_pipeline_uses_no_secrets() -> None:
    assert [path.name for path in _WORKFLOWS if "secrets." in path.read_text()] == []
