"""Bundling of functions: pinned hashes, the target's architecture, reproducible output, clear errors."""

from __future__ import annotations

import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tenantry.functions import (
    AWS_ARM64,
    RUNTIME,
    BundleError,
    bundle,
    bundle_hash,
    function_sources,
    host_target,
    package_folder,
)
from tests.synthesized import ROOT, assembly

if TYPE_CHECKING:
    from pathlib import Path

_FUNCTIONS = sorted(path.parent for path in (ROOT / "lambdas").rglob("handler.py"))
_IMPORT = "import sys, importlib; _, name, *sys.path[:0] = sys.argv; importlib.import_module(name).handler"
# Lambda's Python has boto3 and nothing else of what we use.
# What functions share beside the runtime, as `stacks.application_plane.parks.webhook_functions` says.
_SHARED = dict.fromkeys(("park_statuses", "webhook_pauses", "webhook_publication"), ("park_webhooks",))
_RUNTIME_PACKAGES = ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "six", "urllib3")


@pytest.fixture
def package(tmp_path: Path) -> Path:
    folder = tmp_path / "sources" / "greet"
    folder.mkdir(parents=True)
    (folder / "__init__.py").touch()
    (folder / "handler.py").write_text("def handler(event, context): return 'hello'\n")
    (folder / "requirements.txt").write_text("")
    return folder


@pytest.mark.parametrize("function", _FUNCTIONS, ids=lambda path: path.name)
def test_every_function_imports_from_its_bundle_alone(function: Path, tmp_path: Path) -> None:
    output = tmp_path / "bundle"
    output.mkdir()
    bundle(function_sources(function, (*RUNTIME, *_SHARED.get(function.name, ()))), host_target(), output)
    _link_runtime_packages(tmp_path / "runtime")

    done = subprocess.run(
        [
            sys.executable,
            "-S",
            "-c",
            f"import sys; sys.path[:0] = sys.argv[1:]; import {function.name}.handler as h; h.handler",
            str(output),
            str(tmp_path / "runtime"),
        ],
        env=_deployed_environment(function.name),
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr


def test_bundle_is_built_for_the_target_architecture(tmp_path: Path) -> None:
    bundle(function_sources(package_folder("tenantry.handlers.authorizer")), AWS_ARM64, tmp_path)

    libraries = {path.name for path in tmp_path.rglob("*.so")}
    assert any("aarch64" in name for name in libraries)
    assert not any("x86_64" in name for name in libraries)
    assert not list(tmp_path.glob("boto*"))


def test_hash_depends_on_contents_not_on_location(package: Path, tmp_path: Path) -> None:
    copy = tmp_path / "elsewhere" / "greet"
    shutil.copytree(package, copy)
    (copy / "__pycache__").mkdir()
    (copy / "__pycache__" / "handler.pyc").touch()

    assert bundle_hash(function_sources(copy, ()), AWS_ARM64) == bundle_hash(function_sources(package, ()), AWS_ARM64)


@pytest.mark.parametrize("name", ["handler.py", "requirements.txt", "new.py"])
def test_hash_changes_with_each_source_and_with_the_lock(package: Path, tmp_path: Path, name: str) -> None:
    copy = tmp_path / "changed" / "greet"
    shutil.copytree(package, copy)
    (copy / name).write_text("# changed\n")

    assert bundle_hash(function_sources(copy, ()), AWS_ARM64) != bundle_hash(function_sources(package, ()), AWS_ARM64)


def test_hash_changes_with_the_target(package: Path) -> None:
    assert bundle_hash(function_sources(package, ()), host_target()) != bundle_hash(
        function_sources(package, ()), AWS_ARM64
    )


def test_missing_lock_is_an_error_with_a_remedy(package: Path, tmp_path: Path) -> None:
    (package / "requirements.txt").unlink()

    with pytest.raises(BundleError, match=r"greet: no requirements.txt.*make lock"):
        bundle(function_sources(package, ()), AWS_ARM64, tmp_path)


def test_package_with_wrong_hash_is_refused(package: Path, tmp_path: Path) -> None:
    (package / "requirements.txt").write_text(f"six==1.17.0 --hash=sha256:{'0' * 64}\n")

    with pytest.raises(BundleError, match=r"(?i)hash"):
        bundle(function_sources(package, ()), AWS_ARM64, tmp_path)


def _deployed_environment(function: str) -> dict[str, str]:
    """Return the function's environment as the templates have it, with "x" and ARNs in the place of references."""
    found = next(
        resource["Properties"]
        for template in assembly("prod").templates.values()
        for resource in template["Resources"].values()
        if resource["Type"] == "AWS::Lambda::Function" and resource["Properties"]["Handler"].startswith(f"{function}.")
    )
    variables = {name: _text(value) for name, value in found["Environment"]["Variables"].items()}
    region = {"AWS_REGION": "eu-north-1", "AWS_DEFAULT_REGION": "eu-north-1"}
    return {**variables, **region, "POWERTOOLS_TRACE_DISABLED": "true"}


def _text(value: object) -> str:
    match value:
        case str():
            return value
        case {"Fn::Join": [separator, parts]}:
            return str(separator).join(_text(part) for part in parts)
        case {"Fn::GetAtt": [_, "Arn"]}:
            return "arn:aws:iam::123456789012:role/x"
        case _:
            return "x"


def _link_runtime_packages(folder: Path) -> None:
    folder.mkdir()
    for name in _RUNTIME_PACKAGES:
        module = __import__(name)
        source = module.__file__ or ""
        path = source.removesuffix("/__init__.py")
        (folder / path.rpartition("/")[2]).symlink_to(path)
