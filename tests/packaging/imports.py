"""The import graph of what ships, read from the sources: every module and what it imports, for types alone as well.

A parser of our own in place of import-linter: `tenantry` is a namespace package over five source roots, and each
function is a package of the first level. import-linter would have to be told each of them by name, so a new function
would be outside of its contracts until somebody remembers.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from functools import cache
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING, Final

from tests.packaging.project import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

SOURCE_ROOTS: Final = ("constructs", "ingest_client", "lambdas", "src", "streaming")


@dataclass(frozen=True)
class Module:
    """A module of ours.

    Attributes
    ----------
    name
        Its full name.
    path
        Its source.
    own
        The modules of ours that it imports.
    foreign
        The top-level names of all else that it imports, the standard library included.
    """

    name: str
    path: Path
    own: frozenset[str]
    foreign: frozenset[str]


@cache
def modules() -> Mapping[str, Module]:
    """Return every module that ships or is part of the app, by name."""
    return read([*(ROOT / root for root in SOURCE_ROOTS)], {"app": ROOT / "app.py", **_named(ROOT / "stacks", ROOT)})


def read(roots: list[Path], others: Mapping[str, Path]) -> Mapping[str, Module]:
    """Read the modules below some source roots, and others by name."""
    paths = dict(others)
    for root in roots:
        paths |= _named(root, root)
    found = {}
    for name, path in paths.items():
        imported = set(_imported(path, paths))
        own = frozenset(imported & paths.keys()) - {name}
        foreign = frozenset(target.partition(".")[0] for target in imported - paths.keys())
        found[name] = Module(name, path, own, foreign)
    return found


def circle(graph: Mapping[str, set[str]]) -> list[str]:
    """Return the nodes of a circle, or nothing."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        nodes: list[str] = error.args[1]
        return nodes
    return []


def _named(folder: Path, root: Path) -> dict[str, Path]:
    return {
        ".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__"): path
        for path in folder.rglob("*.py")
    }


def _imported(path: Path, known: Mapping[str, Path]) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute (ruff: TID252)"
            module = node.module or ""
            for alias in node.names:
                yield f"{module}.{alias.name}" if f"{module}.{alias.name}" in known else module
