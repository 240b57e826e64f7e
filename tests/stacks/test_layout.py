"""The layout of `stacks/`: a `stack.py` only wires, and there is one list of stacks."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

import pytest
from aws_cdk import App, Stack

from stacks.application import compose
from stacks.environments import environment
from stacks.names import STACKS
from tenantry.operate.environment import STACKS as OPERATED
from tests.synthesized import ROOT, assembly, new_app

if TYPE_CHECKING:
    from pathlib import Path

_MODULES = sorted((ROOT / "stacks").rglob("stack.py"))
_MOST_LINES = 99


def _classes(path: Path) -> list[ast.ClassDef]:
    return [node for node in ast.parse(path.read_text()).body if isinstance(node, ast.ClassDef)]


@pytest.fixture(scope="module")
def app() -> App:
    built = new_app()
    compose(built, environment("prod"))
    return built


@pytest.mark.parametrize("path", _MODULES, ids=lambda path: path.parent.name)
def test_stack_module_is_short_and_only_wires(path: Path) -> None:
    tree = ast.parse(path.read_text())
    functions = [node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]

    assert len(path.read_text().splitlines()) <= _MOST_LINES
    assert len(_classes(path)) == 1
    assert functions == ["__init__"], "Move it to a module beside stack.py, such as functions.py."


def test_every_stack_module_is_in_the_list() -> None:
    named = [
        ast.literal_eval(statement.value)
        for path in _MODULES
        for stack in _classes(path)
        for statement in stack.body
        if isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == "name"
    ]

    assert sorted(named) == sorted(STACKS)


def test_all_listed_stacks_are_built(app: App) -> None:
    built = [child.stack_name for child in app.node.children if isinstance(child, Stack)]

    assert sorted(built) == sorted(f"tenantry-{stack}" for stack in STACKS)


def test_operators_commands_know_every_stack() -> None:
    assert sorted(OPERATED) == sorted(STACKS)


def test_authorizers_trust_the_issuer_of_the_platform(app: App) -> None:
    user: Any = app.node.find_child("tenantry-user")
    templates = assembly("prod").templates
    exports = {
        output["Export"]["Name"]: output["Value"]
        for output in templates["user"]["Outputs"].values()
        if "Export" in output
    }
    issuers = [
        _with_values(function["Properties"]["Environment"]["Variables"]["ISSUER"], exports)
        for template in templates.values()
        for name, function in template["Resources"].items()
        if "AuthorizerFunction" in name and function["Type"] == "AWS::Lambda::Function"
    ]

    assert issuers
    assert all(issuer == user.resolve(user.identity.issuer) for issuer in issuers)


def _with_values(value: Any, exports: dict[str, Any]) -> Any:  # noqa: ANN401 - any part of a template
    match value:
        case {"Fn::ImportValue": name}:
            return exports[name]
        case dict():
            return {key: _with_values(part, exports) for key, part in value.items()}
        case list():
            return [_with_values(part, exports) for part in value]
        case _:
            return value
