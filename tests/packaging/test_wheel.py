"""What is in the wheel."""

from __future__ import annotations

import csv
import zipfile
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import pytest

from tenantry.functions import RuntimeLock
from tests.packaging.imports import SOURCE_ROOTS
from tests.packaging.project import ROOT, build

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def recorded(wheel: Path) -> set[PurePosixPath]:
    """Return the files that the wheel's RECORD lists, without its own metadata."""
    with zipfile.ZipFile(wheel) as archive:
        (record,) = (name for name in archive.namelist() if name.endswith(".dist-info/RECORD"))
        rows = csv.reader(archive.read(record).decode().splitlines())
        paths = [PurePosixPath(row[0]) for row in rows]
    return {path for path in paths if not path.parts[0].endswith(".dist-info")}


def test_top_level_is_tenantry_alone(recorded: set[PurePosixPath]) -> None:
    assert {path.parts[0] for path in recorded} == {"tenantry"}


def test_functions_are_those_that_constructs_deploy(recorded: set[PurePosixPath]) -> None:
    deployed = {path.parent.name for path in (ROOT / "lambdas" / "tenantry" / "handlers").glob("*/handler.py")}
    packed = [path for path in recorded if path.name == "handler.py"]

    assert deployed
    assert {path.parent.as_posix() for path in packed} == {f"tenantry/handlers/{name}" for name in deployed}


def test_all_below_tenantry_is_packed_and_nothing_else(recorded: set[PurePosixPath]) -> None:
    sources = {
        PurePosixPath(path.relative_to(ROOT / root))
        for root in SOURCE_ROOTS
        for path in (ROOT / root / "tenantry").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }

    assert recorded == sources


def test_kinds_of_files(recorded: set[PurePosixPath]) -> None:
    """No tool's, test's or editor's file: sources, their types, locks, and data that the code reads."""
    assert {path.suffix for path in recorded} == {".py", ".typed", ".txt", ".in", ".toml", ".java", ".js"}
    assert [path for path in recorded if {"tests", "tools", "stacks"} & set(path.parts)] == []


def test_types_and_licence_are_packed(wheel: Path, recorded: set[PurePosixPath]) -> None:
    for package in ("functions", "isolation", "model", "runtime", "streaming", "web"):
        assert PurePosixPath("tenantry", package, "py.typed") in recorded
    assert any(name.endswith("licenses/LICENSE") for name in zipfile.ZipFile(wheel).namelist())


def test_data_that_the_code_reads_is_packed(recorded: set[PurePosixPath]) -> None:
    locks = {f"runtime/locks/{lock}.txt" for lock in RuntimeLock}
    for name in ("local/flink/requirements.txt", "streaming_job/jars.toml", "streaming_job/main.py", *locks):
        assert PurePosixPath("tenantry", name) in recorded


def test_sdist_builds_the_same_wheel(wheel: Path, tmp_path: Path) -> None:
    """`uv build` makes the sdist and builds the wheel from it."""
    other = build(tmp_path)

    assert len(list(tmp_path.glob("*.tar.gz"))) == 1
    assert _contents(other) == _contents(wheel)


def _contents(wheel: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}
