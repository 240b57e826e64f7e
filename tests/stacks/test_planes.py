"""The control plane synthesizes without any other stack, and deploys before all of them."""

from __future__ import annotations

import json
import re
import tempfile
from pathlib import Path
from typing import Any, Final

import pytest
from aws_cdk import App, Stack

from stacks.application import compose, compose_control_plane
from stacks.environments import environment
from stacks.names import CONTROL_PLANE, STACKS
from tests.synthesized import assembly, new_app

_OTHERS: Final = set(STACKS) - set(CONTROL_PLANE)


@pytest.fixture(scope="module")
def alone() -> dict[str, Any]:
    """Return the templates of the control plane without the application plane."""
    folder = Path(tempfile.mkdtemp(prefix="tenantry-control-plane-"))
    app = new_app(str(folder))
    compose_control_plane(app, environment("prod"))
    app.synth()
    found = folder.glob("tenantry-*.template.json")
    return {path.name.removeprefix("tenantry-").split(".")[0]: json.loads(path.read_text()) for path in found}


@pytest.fixture(scope="module")
def whole() -> App:
    app = new_app()
    compose(app, environment("prod"))
    app.node.find_child("tenantry-dashboard")
    app.synth()  # which is when references become dependencies
    return app


def test_control_plane_is_built_alone(alone: dict[str, Any]) -> None:
    assert set(alone) == set(CONTROL_PLANE)


@pytest.mark.parametrize("stack", CONTROL_PLANE)
def test_control_plane_imports_nothing_from_other_stacks(alone: dict[str, Any], stack: str) -> None:
    text = json.dumps(alone[stack])
    # Reasons in the metadata have references as text, whose quotes are escaped.
    imported = re.findall(r'\\*"Fn::ImportValue\\*": \\*"tenantry-([a-z]+):', text)

    assert text.count("Fn::ImportValue") == len(imported)
    assert set(imported) <= set(CONTROL_PLANE)


@pytest.mark.parametrize("stack", CONTROL_PLANE)
def test_control_plane_is_the_same_with_and_without_other_stacks(alone: dict[str, Any], stack: str) -> None:
    assert alone[stack]["Resources"] == assembly("prod").templates[stack]["Resources"]


def test_control_plane_deploys_before_all_other_stacks(whole: App) -> None:
    order = {
        child.stack_name.removeprefix("tenantry-"): {
            needed.stack_name.removeprefix("tenantry-") for needed in child.dependencies
        }
        for child in whole.node.children
        if isinstance(child, Stack)
    }

    assert set(order) == set(STACKS)
    for stack in CONTROL_PLANE:
        assert not order[stack] & _OTHERS, stack
    assert "tenant" in order["storage"]
    assert "tenant" in order["ingestion"]
    for index, stack in enumerate(STACKS):  # as the list of stacks promises
        assert order[stack] <= set(STACKS[:index]), stack
