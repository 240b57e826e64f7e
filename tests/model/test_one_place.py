"""What the model has stands nowhere else in what ships: a second copy would drift from the first."""

from __future__ import annotations

import ast
import re
import sys
from functools import cache
from typing import TYPE_CHECKING, Final

import pytest

from tenantry.model import directory_tables, event_types, placeholders, tags, variables
from tenantry.model.identifiers import RESERVED_WORDS, TENANT_SHAPE, USER_SHAPE
from tenantry.model.roles import ALL_ROLES, WRITERS
from tests.synthesized import ROOT

if TYPE_CHECKING:
    from pathlib import Path

_MODEL: Final = ROOT / "src/tenantry/model"
_SHIPPED: Final = sorted(
    path
    for folder in ("constructs", "ingest_client", "lambdas", "src", "stacks", "streaming")
    for path in (ROOT / folder).rglob("*.py")
    if _MODEL not in path.parents
)
_PLACEHOLDERS: Final = (placeholders.TENANT, placeholders.TENANT_NAME, placeholders.USER)


def _word(*texts: str) -> re.Pattern[str]:
    """Return what finds one of these as a whole word."""
    return re.compile(rf"(?<![\w-])(?:{'|'.join(map(re.escape, texts))})(?![\w-])")


FACTS: Final = {
    "id pattern": re.compile("|".join(map(re.escape, (TENANT_SHAPE, USER_SHAPE)))),
    "table or index": re.compile(
        rf"(?<!\w){directory_tables.MEMBERSHIPS}(?!\w)"
        rf"|{_word(directory_tables.USER_INDEX, directory_tables.INVITEE_INDEX).pattern}"
    ),
    "attribute": _word(directory_tables.TENANT_ID, directory_tables.USER_ID, directory_tables.ACTIVE_TENANT_ID),
    "roles attribute": re.compile(rf"^{directory_tables.ROLES_PREFIX}|'{directory_tables.ROLES_PREFIX}"),
    "session tag": re.compile(rf"^{tags.TENANT_ID_TAG}$|^{tags.TENANT_NAME_TAG}$|Tag/Tenant(Id|Name)"),
    "placeholder": re.compile("|".join(map(re.escape, _PLACEHOLDERS))),
    "placeholder in a name": re.compile(re.escape(placeholders.TENANT_IN_NAME)),
    "event": _word(
        event_types.ADMIN_ADDED, event_types.WEBHOOK_PAUSED, event_types.SESSIONS_ENDED, *event_types.MEMBERSHIP
    ),
    "variable": re.compile(
        f"^({'|'.join(value for value in vars(variables).values() if isinstance(value, str) and value.isupper())})$"
    ),
}
"""Each kind of fact, and how a text would repeat it."""

EXCEPTIONS: Final = {
    ("src/tenantry/attacks/surfaces/", "placeholder"): "hostile text, sent as it stands",
    ("src/tenantry/attacks/surfaces/", "placeholder in a name"): "hostile text, sent as it stands",
    ("src/tenantry/attacks/surfaces/", "session tag"): "hostile text, sent as it stands",
    ("src/tenantry/attacks/surfaces/", "attribute"): "hostile text, sent as it stands",
    ("constructs/tenantry/isolation/devices/ingest_api.py", "attribute"): "a description for people",
}
"""Where a fact may stand again, by the beginning of the path, and why."""


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


@cache
def _texts(path: Path) -> list[tuple[int, str]]:
    """Return the texts in a module with their lines, without docstrings."""
    tree = _tree(path)
    documentation = {id(statement.value) for statement in ast.walk(tree) if isinstance(statement, ast.Expr)}
    return [
        (node.lineno, node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documentation
    ]


def _found(kind: str) -> list[str]:
    return [
        f"{path.relative_to(ROOT)}:{line}: {text!r}"
        for path in _SHIPPED
        for line, text in _texts(path)
        if FACTS[kind].search(text)
    ]


@pytest.mark.parametrize("kind", FACTS)
def test_fact_stands_in_the_model_alone(kind: str) -> None:
    allowed = tuple(where for where, what in EXCEPTIONS if what == kind)

    assert [found for found in _found(kind) if not found.startswith(allowed)] == []


@pytest.mark.parametrize(("where", "kind"), EXCEPTIONS)
def test_exception_is_needed(where: str, kind: str) -> None:
    assert any(found.startswith(where) for found in _found(kind))


def test_reserved_words_stand_in_the_model_alone() -> None:
    """No list, tuple or set holds three of them, and no text does."""
    copies = []
    for path in _SHIPPED:
        for node in ast.walk(_tree(path)):
            match node:
                case ast.Tuple() | ast.List() | ast.Set():
                    words = {part.value for part in node.elts if isinstance(part, ast.Constant)}
                case ast.Constant(value=str(text)):
                    words = set(re.findall(r"\w+", text)) if "dbns" in text else set()
                case _:
                    continue
            if len(words.intersection(RESERVED_WORDS)) > 2:
                copies.append(f"{path.relative_to(ROOT)}:{node.lineno}")

    assert copies == []


def test_dashboard_has_the_same_roles() -> None:
    """TypeScript cannot import the model."""
    source = (ROOT / "dashboard/src/data/api.ts").read_text()

    for name, roles in (("ROLES", ALL_ROLES), ("WRITERS", WRITERS)):
        found = re.search(rf"export const {name}\b.*? = \[(.*?)\]", source)
        assert found
        assert re.findall(r'"(\w+)"', found[1]) == list(roles)


@pytest.mark.parametrize("path", sorted(_MODEL.glob("*.py")), ids=lambda path: path.stem)
def test_model_needs_the_standard_library_alone(path: Path) -> None:
    """Constructs, functions, the streaming job and the tools all import it, each with packages of its own."""
    imported = set()
    for node in ast.walk(ast.parse(path.read_text())):
        match node:
            case ast.Import(names=names):
                imported |= {name.name for name in names}
            case ast.ImportFrom(module=str(module)):
                imported.add(module)
    others = {name for name in imported if name.partition(".")[0] not in sys.stdlib_module_names}

    assert {name for name in others if name.split(".")[:2] != ["tenantry", "model"]} == set()
