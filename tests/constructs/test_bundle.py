"""Bundling of functions: pinned hashes, the target's architecture, reproducible output, clear errors."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from tenantry.functions import (
    AWS_ARM64,
    RUNTIME,
    BundleError,
    BundleTarget,
    RuntimeLock,
    bundle,
    bundle_hash,
    find_lock,
    function_sources,
    host_target,
    package_folder,
)
from tests.synthesized import ROOT, assembly

if TYPE_CHECKING:
    from pathlib import Path

_FUNCTIONS = sorted(path.parent for path in (ROOT / "lambdas").rglob("handler.py"))
_IMPORT = "import sys, importlib; _, name, *sys.path[:0] = sys.argv; importlib.import_module(name).handler"
# What functions share beside the runtime, as `stacks.application_plane.parks.webhook_functions` says.
_SHARED = dict.fromkeys(("park_statuses", "webhook_pauses", "webhook_publication"), ("park_webhooks",))
# The locks of those that need another one than the base, as their stacks have it.
_LOCKS = {
    "authorizer": RuntimeLock.TOKENS,
    "token_claims_hook": RuntimeLock.SIGNED_REQUESTS,
    "token_issuer": RuntimeLock.TOKENS,
}
# Lambda's Python has boto3 and nothing else of what we use.
_RUNTIME_PACKAGES = ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "six", "urllib3")


@pytest.fixture
def package(tmp_path: Path) -> Path:
    folder = tmp_path / "sources" / "greet"
    folder.mkdir(parents=True)
    (folder / "__init__.py").touch()
    (folder / "handler.py").write_text("def handler(event, context): return 'hello'\n")
    (folder / "requirements.txt").touch()
    return folder


@pytest.mark.parametrize("function", _FUNCTIONS, ids=lambda path: path.name)
def test_every_function_imports_from_its_bundle_alone(function: Path, tmp_path: Path) -> None:
    output = tmp_path / "bundle"
    output.mkdir()
    sources = function_sources(function, (*RUNTIME, *_SHARED.get(function.name, ())))
    bundle(sources, host_target(), find_lock(function, _LOCKS.get(function.name)), output)
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
    sources = function_sources(package_folder("tenantry.handlers.authorizer"))
    bundle(sources, AWS_ARM64, RuntimeLock.TOKENS.path, tmp_path)

    libraries = {path.name for path in tmp_path.rglob("*.so")}
    assert any("aarch64" in name for name in libraries)
    assert not any("x86_64" in name for name in libraries)
    assert not list(tmp_path.glob("boto*"))
    assert not list(tmp_path.rglob("locks"))


def test_hash_depends_on_contents_not_on_location(package: Path, tmp_path: Path) -> None:
    copy = tmp_path / "elsewhere" / "greet"
    shutil.copytree(package, copy)
    (copy / "__pycache__").mkdir()
    (copy / "__pycache__" / "handler.pyc").touch()

    assert _hash(copy) == _hash(package)


@pytest.mark.parametrize("name", ["handler.py", "requirements.txt", "new.py"])
def test_hash_changes_with_each_source_and_with_the_lock(package: Path, tmp_path: Path, name: str) -> None:
    copy = tmp_path / "changed" / "greet"
    shutil.copytree(package, copy)
    (copy / name).write_text("# changed\n")

    assert _hash(copy) != _hash(package)


def test_hash_changes_with_the_target(package: Path) -> None:
    assert _hash(package, host_target()) != _hash(package)


def test_hash_depends_on_no_lock_but_the_functions_own(package: Path, tmp_path: Path) -> None:
    runtime = tmp_path / "tenantry" / "runtime"
    shutil.copytree(package_folder("tenantry.runtime"), runtime)
    (runtime / "locks").rename(tmp_path / "locks")
    lock = find_lock(package)
    sources = function_sources(package, ["tenantry.runtime"])
    elsewhere = (sources[0], replace(sources[1], folder=runtime))

    assert bundle_hash(elsewhere, AWS_ARM64, lock) == bundle_hash(sources, AWS_ARM64, lock)


def test_own_lock_comes_first_and_the_base_lock_last(package: Path) -> None:
    assert find_lock(package) == package / "requirements.txt"
    assert find_lock(package, RuntimeLock.TOKENS) == RuntimeLock.TOKENS.path
    (package / "requirements.txt").unlink()
    assert find_lock(package) == RuntimeLock.BASE.path


def test_missing_lock_is_an_error_with_a_remedy(package: Path) -> None:
    with pytest.raises(ValueError, match=r"lock: .*/other\.txt does not exist.*uv pip compile"):
        find_lock(package, package / "other.txt")


def test_functions_with_one_lock_share_what_was_unpacked(
    package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = tmp_path / "lock.txt"
    lock.write_text(f"# {uuid4()}\n")
    installed: list[object] = []
    run = subprocess.run

    def counted(command: list[str], **options: Any) -> subprocess.CompletedProcess[str]:  # noqa: ANN401
        installed.append(command)
        return run(command, **options)

    monkeypatch.setattr(subprocess, "run", counted)
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        bundle(function_sources(package, ()), AWS_ARM64, lock, tmp_path / name)

    assert len(installed) == 1
    assert (tmp_path / "two" / "greet" / "handler.py").is_file()


def test_package_with_wrong_hash_is_refused(package: Path, tmp_path: Path) -> None:
    (package / "requirements.txt").write_text(f"six==1.17.0 --hash=sha256:{'0' * 64}\n")

    with pytest.raises(BundleError, match=r"(?i)hash"):
        bundle(function_sources(package, ()), AWS_ARM64, find_lock(package), tmp_path)


def _hash(package: Path, target: BundleTarget = AWS_ARM64) -> str:
    return bundle_hash(function_sources(package, ()), target, find_lock(package))


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
    return {**variables, **region}


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
