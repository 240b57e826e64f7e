"""A changed function is bundled again, and the assembly is what a synthesis of the app would have written."""

import importlib
import re
import shutil
import sys
from pathlib import Path

import pytest
from aws_cdk import App, Stack

from tenantry.functions import FunctionDefaults, PythonFunction
from tenantry.local import assembly


@pytest.fixture
def entry(tmp_path: Path) -> Path:
    folder = tmp_path / "changing"
    folder.mkdir()
    (folder / "__init__.py").touch()
    (folder / "handler.py").write_text("one = 1\n")
    return folder


def _synth(tmp_path: Path, entry: Path, *, with_version: bool = False) -> Path:
    """Synthesize an app with a changing function beside one that does not change, into an empty folder."""
    other = tmp_path / "other"
    other.mkdir(exist_ok=True)
    (other / "handler.py").touch()
    nothing = tmp_path / "nothing.txt"
    nothing.touch()
    output = tmp_path / "cdk.out"
    shutil.rmtree(output, ignore_errors=True)
    app = App(outdir=str(output))
    for name in ("first", "second"):
        stack, defaults = Stack(app, name), FunctionDefaults(namespace="test")
        # The same function twice in the first stack, and not at all in the second.
        for construct_id, package in {
            "first": (("A", entry), ("B", entry), ("C", other)),
            "second": (("C", other),),
        }[name]:
            made = PythonFunction(stack, construct_id, entry=package, shared=(), lock=nothing, defaults=defaults)
            if with_version:
                _ = made.current_version
    app.synth()
    return output


def _content(folder: Path) -> dict[str, str]:
    """Return the text of each file, without the labels that asset manifests have for the CLI's log."""
    files = {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}
    return {name: re.sub(r"(-current_region)-[0-9a-f]{8}", r"\1", text) for name, text in files.items()}


def test_a_changed_function_gives_the_assembly_that_a_synthesis_gives(tmp_path: Path, entry: Path) -> None:
    output = _synth(tmp_path, entry)
    before = {stack.name: stack.digest for stack in assembly.stacks(output)}
    old = {path.name for path in output.glob("asset.*")}
    (entry / "handler.py").write_text("two = 2\n")
    assert assembly.bundle_again(output)
    after = {stack.name: stack.digest for stack in assembly.stacks(output)}
    assert {name for name, digest in after.items() if digest != before[name]} == {"first"}
    for name in old - {path.name for path in _synth_beside(tmp_path, entry).glob("asset.*")}:
        shutil.rmtree(output / name)  # a synthesis leaves the bundles of earlier ones, too
    assert _content(output) == _content(tmp_path / "beside")


def _synth_beside(tmp_path: Path, entry: Path) -> Path:
    kept = (tmp_path / "cdk.out").rename(tmp_path / "kept")
    made = _synth(tmp_path, entry).rename(tmp_path / "beside")
    kept.rename(tmp_path / "cdk.out")
    return made


def test_nothing_changed_changes_nothing(tmp_path: Path, entry: Path) -> None:
    output = _synth(tmp_path, entry)
    before = _content(output)
    assert assembly.bundle_again(output)
    assert _content(output) == before


def test_a_version_of_the_function_needs_a_synthesis(tmp_path: Path, entry: Path) -> None:
    output = _synth(tmp_path, entry, with_version=True)
    before = (output / "first.template.json").read_text()
    (entry / "handler.py").write_text("two = 2\n")
    assert not assembly.bundle_again(output)
    assert (output / "first.template.json").read_text() == before


def test_names_that_are_not_as_expected_need_a_synthesis(
    tmp_path: Path, entry: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = _synth(tmp_path, entry)
    (entry / "handler.py").write_text("two = 2\n")
    monkeypatch.setattr(assembly, "asset_hash", lambda hash_: hash_)
    assert not assembly.bundle_again(output)


def test_a_file_that_the_synthesis_has_imported_is_not_the_functions_only(
    tmp_path: Path, entry: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(entry.parent)
    importlib.import_module("changing")
    try:
        output = _synth(tmp_path, entry)
    finally:
        sys.modules.pop("changing")
    assert assembly.functions_only(output) == {entry / "handler.py", tmp_path / "other" / "handler.py"}
