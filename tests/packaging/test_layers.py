"""Imports go downwards: the layers of the whole, and no circle between modules or packages."""

from __future__ import annotations

import ast
import sys
from typing import TYPE_CHECKING, Final

import pytest

from tests.packaging.imports import SOURCE_ROOTS, Module, circle, modules, read
from tests.packaging.project import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

_CDK: Final = frozenset({"aws_cdk", "constructs", "jsii", "cdk_nag"})
_MODEL: Final = "tenantry.model"
_FUNCTIONS: Final = "lambdas/*"

# What each part may import of ours, beside itself. A new part gets a line here.
_MAY_IMPORT: Final[Mapping[str, frozenset[str]]] = {
    part: frozenset(targets)
    for part, targets in {
        # The app and its constructs.
        "app": {"stacks"},
        "stacks": {"tenantry.isolation", "tenantry.streaming", "tenantry.web", "tenantry.functions", _MODEL},
        "tenantry.streaming": {"tenantry.isolation", "tenantry.functions", "tenantry.flink", _MODEL},
        "tenantry.web": {"tenantry.isolation", "tenantry.functions", _MODEL},
        "tenantry.isolation": {"tenantry.functions", _MODEL},
        "tenantry.functions": {"tenantry.bundles", "tenantry.flink", "tenantry.prove", _MODEL},
        "tenantry.bundles": set(),
        "tenantry.flink": {_MODEL},
        # What runs on AWS.
        _FUNCTIONS: {"tenantry.runtime", _MODEL},
        "tenantry.handlers": {"tenantry.runtime", _MODEL},
        "tenantry.runtime": {_MODEL},
        "tenantry.streaming_job": {_MODEL},
        # What runs beside a deployment: it knows outputs and the model, not constructs.
        "tenantry.cli": {
            "tenantry.operate",
            "tenantry.attacks",
            "tenantry.local",
            "tenantry.prove",
            "tenantry.extras",
            _MODEL,
        },
        "tenantry.attacks": {
            "tenantry.operate",
            "tenantry.ingest_client",
            "tenantry.testing",
            "tenantry.extras",
            _MODEL,
        },
        "tenantry.operate": {"tenantry.ingest_client", "tenantry.extras", _MODEL},
        "tenantry.local": {"tenantry.bundles", "tenantry.flink", "tenantry.extras", _MODEL},
        "tenantry.testing": {"tenantry.prove", _MODEL},
        "tenantry.prove": {_MODEL},
        # What knows nothing.
        "tenantry.ingest_client": set(),
        "tenantry.extras": set(),
        _MODEL: set(),
    }.items()
}
_KNOW_THE_CDK: Final = frozenset(
    {"app", "stacks", "tenantry.isolation", "tenantry.streaming", "tenantry.web", "tenantry.functions"}
)
_STANDARD_LIBRARY_ONLY: Final = (
    _MODEL,
    "tenantry.prove",
    "tenantry.extras",
    "tenantry.cli.main",
    "tenantry.flink.jars",
)
# Inside a part, from top to bottom; those of one line do not know each other.
_LAYERS: Final = {
    "stacks": (
        ("application",),
        ("web", "application_plane"),
        ("control_plane",),
        ("platform",),
        ("environments",),
        ("names",),
    ),
    "tenantry.isolation": (
        ("devices",),
        ("api",),
        ("data",),  # a table makes a saga's tasks
        ("events",),
        ("direct",),
        ("documentation", "metering", "vending"),
        ("alarms", "validation", "_imported"),
    ),
}
# `__file__` and `parents[...]` find what lies beside a source; a wheel may lie elsewhere.
_PATHS: Final = {
    "stacks/web/dashboard/stack.py": "the app's own page, in the app's own checkout; no part of the wheel",
    "streaming/tenantry/streaming_job/main.py": "a script in the folder that the service unpacks, not an import",
}


def _part(name: str) -> str:
    """Return the part that a module belongs to."""
    words = name.split(".")
    if words[0] == "tenantry":
        return ".".join(words[:2])
    return words[0] if words[0] in _MAY_IMPORT else _FUNCTIONS


def _is_function(name: str, known: Mapping[str, Module]) -> bool:
    """Return whether a module belongs to a package that Lambda runs; what functions share has no handler."""
    return _part(name) == _FUNCTIONS and f"{name.partition('.')[0]}.handler" in known


def _upwards(known: Mapping[str, Module]) -> list[str]:
    """Return the imports that no layer allows."""
    wrong = []
    for module in known.values():
        part = _part(module.name)
        for target in module.own:
            aim = _part(target)
            if (part != aim and aim not in _MAY_IMPORT[part]) or (
                _is_function(target, known) and module.name.partition(".")[0] != target.partition(".")[0]
            ):
                wrong.append(f"{module.name} -> {target}")
        if part not in _KNOW_THE_CDK:
            wrong += [f"{module.name} -> {name}" for name in module.foreign & _CDK]
    return sorted(wrong)


def _against_layers(known: Mapping[str, Module], part: str, layers: Iterable[tuple[str, ...]]) -> list[str]:
    """Return the imports inside a part that go upwards or sideways."""
    level = {f"{part}.{name}": number for number, names in enumerate(layers) for name in names}

    def child(name: str) -> str:
        return ".".join(name.split(".")[: part.count(".") + 2])

    inside = [module for module in known.values() if module.name.startswith(f"{part}.")]
    assert {child(module.name) for module in inside} == level.keys(), "each has its layer"
    return sorted(
        f"{module.name} -> {target}"
        for module in inside
        for target in module.own
        if target.startswith(f"{part}.")
        and child(target) != child(module.name)
        and level[child(target)] <= level[child(module.name)]
    )


def _between_packages(known: Mapping[str, Module]) -> list[list[str]]:
    """Return circles between the children of one package."""
    graphs: dict[str, dict[str, set[str]]] = {}
    for module in known.values():
        for target in module.own:
            ours, theirs = module.name.split("."), target.split(".")
            same = next((n for n, (a, b) in enumerate(zip(ours, theirs, strict=False)) if a != b), None)
            if same is not None:
                siblings = graphs.setdefault(".".join(ours[:same]), {})
                siblings.setdefault(ours[same], set()).add(theirs[same])
    return [[package, *found] for package, graph in graphs.items() if (found := circle(graph))]


def test_every_part_has_its_place() -> None:
    assert {_part(name) for name in modules() if name != "tenantry"} == _MAY_IMPORT.keys()


def test_no_import_goes_upwards() -> None:
    assert _upwards(modules()) == []


@pytest.mark.parametrize("part", _LAYERS)
def test_no_import_goes_upwards_inside(part: str) -> None:
    assert _against_layers(modules(), part, _LAYERS[part]) == []


def test_parts_are_in_order() -> None:
    """What a part may import leads to no circle either."""
    assert circle({part: set(targets) for part, targets in _MAY_IMPORT.items()}) == []


def test_modules_have_no_circle() -> None:
    assert circle({module.name: set(module.own) for module in modules().values()}) == []


def test_packages_have_no_circle() -> None:
    assert _between_packages(modules()) == []


@pytest.mark.parametrize("part", _STANDARD_LIBRARY_ONLY)
def test_standard_library_only(part: str) -> None:
    inside = [module for name, module in modules().items() if name == part or name.startswith(f"{part}.")]
    foreign = {name for module in inside for name in module.foreign - sys.stdlib_module_names}

    assert inside
    assert foreign <= {"tenantry"}


def test_namespace_package_has_no_init() -> None:
    roots = [ROOT / root for root in SOURCE_ROOTS]

    assert [
        path for root in roots for path in (root / "__init__.py", root / "tenantry/__init__.py") if path.exists()
    ] == []


def _paths_from_sources(tree: ast.AST) -> list[str]:
    found = []
    for node in ast.walk(tree):
        match node:
            case ast.Name(id="__file__") | ast.Attribute(attr="__file__"):
                found.append("__file__")
            case ast.Subscript(value=ast.Attribute(attr="parents")):
                found.append("parents[...]")
            case ast.Import(names=[ast.alias(name="runpy"), *_]) | ast.ImportFrom(module="runpy"):
                found.append("runpy")
            case ast.Constant(value=str(text)) if "import runpy" in text:
                found.append("runpy")
    return found


def test_nothing_is_found_by_a_path_beside_a_source() -> None:
    found = {
        module.path.relative_to(ROOT).as_posix()
        for module in modules().values()
        if _paths_from_sources(ast.parse(module.path.read_text()))
    }

    assert found == _PATHS.keys()


@pytest.mark.parametrize(
    ("source", "count"),
    [
        ("import runpy", 1),
        ("SCRIPT = 'import runpy; runpy.run_path(1)'", 1),
        ("HERE = Path(__file__).parents[2]", 2),
        ("HERE = Path(module.__file__)", 1),
        ("HERE = files('tenantry.web')", 0),
    ],
)
def test_paths_beside_sources_are_noticed(source: str, count: int) -> None:
    assert len(_paths_from_sources(ast.parse(source))) == count


_TREE: Final = {
    "stacks/platform/words.py": "from stacks.application_plane.parks import stack",
    "stacks/application_plane/parks/stack.py": "import aws_cdk",
    "tenantry/runtime/rest.py": "from aws_cdk import Stack\nfrom tenantry.functions import x",
    "tenantry/functions/x.py": "",
    "one/handler.py": "from two.handler import handler\nfrom shared.words import WORDS",
    "two/handler.py": "",
    "shared/words.py": "if TYPE_CHECKING:\n    from shared.letters import LETTERS",
    "shared/letters.py": "from shared.words import WORDS",
    "tenantry/web/a/b.py": "from tenantry.web.c import d",
    "tenantry/web/c/d.py": "import tenantry.web.a.e",
    "tenantry/web/a/e.py": "",
}


@pytest.fixture
def wrong(tmp_path: Path) -> Mapping[str, Module]:
    for name, source in _TREE.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(source)
    return read([tmp_path], {})


def test_wrong_imports_are_noticed(wrong: Mapping[str, Module]) -> None:
    assert _upwards(wrong) == [
        "one.handler -> two.handler",
        "tenantry.runtime.rest -> aws_cdk",
        "tenantry.runtime.rest -> tenantry.functions.x",
    ]
    layers = (("application_plane",), ("platform",))
    assert _against_layers(wrong, "stacks", layers) == ["stacks.platform.words -> stacks.application_plane.parks.stack"]
    assert set(circle({module.name: set(module.own) for module in wrong.values()})) == {
        "shared.words",
        "shared.letters",
    }
    assert ["tenantry.web", "a", "c", "a"] in _between_packages(wrong) or [
        "tenantry.web",
        "c",
        "a",
        "c",
    ] in _between_packages(wrong)
