"""The app of docs/constructs.md in a clean environment of every Python: the wheel, what it requires, and nothing else.

`make test` takes the interpreter at hand, and CI runs it on each; `make soak` takes every one that uv finds or fetches.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Final

import pytest
from packaging.specifiers import SpecifierSet
from uv import find_uv_bin

from tests.packaging import shop
from tests.packaging.project import ROOT, clean_shell, environment, run
from tests.sizes import SOAK

_AT_HAND: Final = f"{sys.version_info.major}.{sys.version_info.minor}"
_VERSIONS: Final = ("3.11", "3.12", "3.13", "3.14")


def _interpreter(version: str) -> str | None:
    """Return an interpreter of a version: this one, one of pyenv, or what uv finds on the PATH or fetches."""
    if version == _AT_HAND:
        return sys.executable
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    if found := next(pyenv.glob(f"versions/{version}.*/bin/python"), None):
        return str(found)
    subprocess.run([find_uv_bin(), "python", "install", "--quiet", version], check=False, capture_output=True)
    done = subprocess.run(
        [find_uv_bin(), "python", "find", version], cwd="/", check=False, capture_output=True, text=True
    )
    return done.stdout.strip() or None


def test_versions_are_those_that_the_package_allows() -> None:
    allowed = SpecifierSet(tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"])

    assert [version for minor in range(30) if (version := f"3.{minor}") in allowed] == list(_VERSIONS)


@pytest.mark.soak
@pytest.mark.timeout(900)
@pytest.mark.parametrize("version", _VERSIONS if SOAK else (_AT_HAND,))
def test_app_is_synthesized_from_the_wheel(version: str, wheel: Path, tmp_path: Path) -> None:
    interpreter = _interpreter(version)
    if interpreter is None:
        pytest.skip(f"uv neither finds nor can fetch Python {version} here; CI has it")
    python = environment(tmp_path / "venv", wheel, python=interpreter)
    shell = {**clean_shell(), "CDK_OUTDIR": str(tmp_path / "cdk.out")}
    folder = tmp_path / "shop"
    shop.write(folder)

    run(python, "app.py", cwd=folder, env=shell)

    template = json.loads((tmp_path / "cdk.out" / "shop.template.json").read_text())
    kinds = {resource["Type"] for resource in template["Resources"].values()}
    assert {"AWS::ApiGateway::Authorizer", "AWS::DynamoDB::Table", "AWS::Lambda::Function"} <= kinds
    assert list((tmp_path / "cdk.out").glob("asset.*/authorizer/handler.py"))
