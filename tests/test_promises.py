"""Every sentence of the documents that promises isolation has attacks or tests that fail if it is not true."""

from __future__ import annotations

import ast
import re
import tomllib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from tenantry.attacks.surfaces import REGISTRY

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT: Final = Path(__file__).parents[1]
# What a sentence is a promise by, or looks like one.
WORDS: Final = re.compile(
    r"\b(never|nobody|no one|no other|no (tenant|session|token|role|policy|hook|code)|cannot|only|nothing else"
    r"|another tenant|other tenants?|isolat\w*|seconds at most|within (\d+ )?seconds|at the next call)\b",
    re.IGNORECASE,
)
DOCUMENTS: Final = ("README.md", "SECURITY.md", *(f"docs/{path.name}" for path in sorted((ROOT / "docs").glob("*.md"))))
_CODE: Final = re.compile(r"^\s*```.*?^\s*```[^\n]*$", re.DOTALL | re.MULTILINE)
# What the attacks try, and what is proven of whom, is no promise; `make docs` writes it.
_SURFACES: Final = re.compile(r"<!-- (surfaces|proof): make docs -->.*?<!-- end of \1 -->", re.DOTALL)
_COMMENT: Final = re.compile(r"<!--.*?-->", re.DOTALL)
_ITEM: Final = re.compile(r"^\s*([-*]|\d+\.|#+)\s+")
_RULE: Final = re.compile(r"[|\-: ]+")
_END: Final = re.compile(r"(?<=[.!?])\s+(?=[A-Z`*\[\"(])")

_PROMISES: Final[dict[str, dict[str, Any]]] = tomllib.loads((ROOT / "tests" / "promises.toml").read_text())


def sentences(page: str) -> Iterator[str]:
    """Yield the sentences of a page in Markdown, each on one line; a cell of a table is a text of its own."""
    for text in _texts(_COMMENT.sub("\n\n", _SURFACES.sub("\n\n", _CODE.sub("\n\n", page)))):
        yield from filter(None, _END.split(re.sub(r"\s+", " ", text).strip()))


def _texts(page: str) -> Iterator[str]:
    for block in re.split(r"\n\s*\n", page):
        lines: list[str] = []
        for line in block.strip("\n").split("\n"):
            in_table = line.lstrip().startswith("|")
            if in_table or _ITEM.match(line):
                yield " ".join(lines)
                lines = []
            if not in_table:
                lines.append(_ITEM.sub("", line).strip())
            elif not _RULE.fullmatch(line.strip()):
                yield from line.strip().strip("|").split("|")
        yield " ".join(lines)


def _promising(document: str) -> list[str]:
    page = (ROOT / document).read_text()
    return [sentence for sentence in dict.fromkeys(sentences(page)) if WORDS.search(sentence)]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_no_promise_goes_without_its_tests(document: str) -> None:
    known = _PROMISES.get(document, {})
    new = [sentence for sentence in _promising(document) if sentence not in known]
    assert new == [], f"Say in tests/promises.toml what shows that this is so, or what it is about: {new}"


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_promise_is_still_made(document: str) -> None:
    gone = sorted(_PROMISES.get(document, {}).keys() - set(_promising(document)))
    assert gone == [], f"{document} does not say this any more: {gone}"


def test_no_document_is_made_up() -> None:
    assert _PROMISES.keys() - set(DOCUMENTS) == {"docstrings"}


def test_every_construct_that_promises_isolation_has_its_tests() -> None:
    assert sorted(_PROMISES["docstrings"]) == sorted(_isolating())


def test_every_proof_is_there() -> None:
    missing = {
        (sentence, proof)
        for promises in _PROMISES.values()
        for sentence, proofs in promises.items()
        if isinstance(proofs, list)
        for proof in proofs
        if not _exists(proof)
    }
    assert missing == set()


def test_every_promise_has_a_proof_or_a_reason() -> None:
    empty = [sentence for promises in _PROMISES.values() for sentence, proofs in promises.items() if not proofs]
    assert empty == []


def test_sentences_are_found_wherever_they_stand() -> None:
    page = """# A heading that never ends

A first sentence. `Second` one
over two lines.

- An item. And more
  of it.
2. A step

| Who | May |
|---|---|
| nobody | read, never write |

```sh
echo "never"   # a command
```
<!-- never -->
The **end** is near. "So" they say.
"""
    assert list(sentences(page)) == [
        "A heading that never ends",
        "A first sentence.",
        "`Second` one over two lines.",
        "An item.",
        "And more of it.",
        "A step",
        "Who",
        "May",
        "nobody",
        "read, never write",
        "The **end** is near.",
        '"So" they say.',
    ]


@pytest.mark.parametrize(
    ("proof", "there"),
    [
        ("attack roles-scan", True),
        ("attack roles", False),
        ("surface roles", True),
        ("surface nowhere", False),
        ("test test_promises.py::test_every_proof_is_there", True),
        ("test lambdas/test_authorizer.py::TestHandler::test_context_follows_the_contract", True),
        ("test lambdas/test_authorizer.py::test_context_follows_the_contract", False),
        ("test lambdas/test_nothing.py::test_context_follows_the_contract", False),
        ("someone says so", False),
    ],
)
def test_a_proof_is_one_that_runs(proof: str, there: bool) -> None:  # noqa: FBT001 - a parameter of the test
    assert _exists(proof) == there


def _exists(proof: str) -> bool:
    kind, _, name = proof.partition(" ")
    match kind:
        case "attack":
            return any(attack.id == name for attack in REGISTRY)
        case "surface":
            return name in REGISTRY.surfaces()
        case "test":
            file, _, path = name.partition("::")
            return path in _tests(file)
        case _:
            return False


@cache
def _tests(file: str) -> frozenset[str]:
    path = ROOT / "tests" / file
    if not path.exists():
        return frozenset()
    found: set[str] = set()
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.FunctionDef):
            found.add(node.name)
        elif isinstance(node, ast.ClassDef):
            found.update(f"{node.name}::{part.name}" for part in node.body if isinstance(part, ast.FunctionDef))
    return frozenset(name for name in found if name.rpartition("::")[2].startswith("test_"))


def _isolating() -> Iterator[str]:
    """Yield the constructs whose docstring has a paragraph "Isolation:"."""
    root = ROOT / "constructs"
    for path in sorted(root.rglob("*.py")):
        for node in ast.parse(path.read_text()).body:
            yield from _within(node, ".".join(path.parent.relative_to(root).parts))


def _within(node: ast.AST, where: str) -> Iterator[str]:
    if isinstance(node, ast.ClassDef | ast.FunctionDef):
        name = f"{where}.{node.name}"
        if "Isolation:" in (ast.get_docstring(node) or ""):
            yield name
        for part in node.body if isinstance(node, ast.ClassDef) else ():
            yield from _within(part, name)
