"""The functions' models of what comes from outside."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

import pytest

from tests.synthesized import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator


def _models() -> Iterator[tuple[str, ast.ClassDef]]:
    """Return every class that is a model of pydantic's without being one of another model's, by where it is."""
    for path in sorted((ROOT / "lambdas").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef) and any(ast.unparse(base) == "BaseModel" for base in node.bases):
                yield f"{path.relative_to(ROOT).as_posix()}:{node.name}", node


_MODELS = dict(_models())


def test_models_are_found() -> None:
    assert "lambdas/tenantry/runtime/events.py:SignUpData" in _MODELS


@pytest.mark.parametrize("model", _MODELS.values(), ids=_MODELS)
def test_validation_errors_hold_no_input(model: ast.ClassDef) -> None:
    """An error that is logged must not hold a name, an address or a secret."""
    settings = [ast.unparse(line.value) for line in model.body if isinstance(line, ast.Assign)]
    assert any("hide_input_in_errors=True" in each for each in settings)
