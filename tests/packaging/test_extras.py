"""Each extra brings what its commands import; a command without its extra says which to install."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from importlib.metadata import PackageNotFoundError
from typing import TYPE_CHECKING, Final

import pytest

from tenantry import extras
from tests.packaging.project import ROOT, clean_shell, environment, run, uv

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.timeout(600)

# What an extra is for: all modules below these packages must be importable with it.
_SERVES: Final = {
    "runtime": ("tenantry.runtime",),
    "operate": ("tenantry.cli", "tenantry.operate", "tenantry.ingest_client"),
    "attack": ("tenantry.attacks", "tenantry.testing"),
    "local": ("tenantry.local",),
    "streaming": ("tenantry.flink",),
}
# Runs MiniStack, or reads variables that the emulator's own process has.
_NOT_IMPORTED: Final = ("tenantry.local.worker.tenantry_local_cloud",)
_IMPORT_ALL: Final = """
import importlib, pkgutil, sys
for name in sys.argv[1].split(","):
    package = importlib.import_module(name)
    for module in pkgutil.walk_packages(package.__path__, name + "."):
        if not module.name.endswith("__main__") and module.name not in sys.argv[2].split(","):
            importlib.import_module(module.name)
"""


@pytest.fixture(scope="module")
def bare(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the `bin` of an environment that holds the wheel without one extra, and without the CDK."""
    folder = tmp_path_factory.mktemp("bare") / "venv"
    uv("venv", "--quiet", "--python", sys.executable, folder, cwd=folder.parent)
    uv("pip", "install", "--quiet", "--no-deps", "--python", folder / "bin" / "python", wheel, cwd=folder.parent)
    return folder / "bin"


def _refused(*command: str | Path, cwd: Path) -> tuple[int, str]:
    done = subprocess.run(command, cwd=cwd, env=clean_shell(), check=False, capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


def test_help_works_without_an_extra(bare: Path, tmp_path: Path) -> None:
    said = run(bare / "tenantry", "--help", cwd=tmp_path, env=clean_shell())

    for topic in ("dead-letters", "devices", "users", "streaming", "preflight", "smoke", "teardown", "openapi"):
        assert re.search(rf"^    {topic}\b", said, re.MULTILINE)


@pytest.mark.parametrize(
    ("command", "extra"),
    [
        (("tenantry", "preflight"), "operate"),
        (("tenantry", "smoke", "--env", "dev"), "operate"),
        (("python", "-m", "tenantry.attacks"), "attack"),
        (("python", "-m", "tenantry.local", "up"), "local"),
    ],
)
def test_command_names_its_missing_extra(bare: Path, tmp_path: Path, command: tuple[str, ...], extra: str) -> None:
    status, said = _refused(bare / command[0], *command[1:], cwd=tmp_path)

    assert status == 2
    assert len(said.splitlines()) == 1
    assert said.endswith(f"Run: pip install 'tenantry[{extra}]'\n")


@pytest.mark.parametrize(
    ("source", "extra"),
    [
        ("import tenantry.runtime.rest", "runtime"),
        ("import tenantry.flink; tenantry.flink.java()", "streaming"),
    ],
)
def test_import_names_its_missing_extra(bare: Path, tmp_path: Path, source: str, extra: str) -> None:
    status, said = _refused(bare / "python", "-c", source, cwd=tmp_path)

    assert status == 1
    assert f"pip install 'tenantry[{extra}]'" in said.splitlines()[-1]


@pytest.mark.parametrize("extra", _SERVES)
def test_extra_brings_all_that_its_modules_import(wheel: Path, tmp_path: Path, extra: str) -> None:
    python = environment(tmp_path / "venv", wheel, extra=extra)

    run(python, "-c", _IMPORT_ALL, ",".join(_SERVES[extra]), ",".join(_NOT_IMPORTED), cwd=tmp_path, env=clean_shell())


def test_every_extra_is_tested() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

    assert project["optional-dependencies"].keys() == _SERVES.keys()


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Return a function that says what the metadata lists and which of it is installed."""

    def given(requirements: list[str] | None, *names: str) -> None:
        def distribution(name: str) -> str:
            if name not in names:
                raise PackageNotFoundError(name)
            return name

        monkeypatch.setattr(extras, "requires", lambda _: requirements)
        monkeypatch.setattr(extras, "distribution", distribution)

    return given


def test_missing_packages_are_those_of_the_extra(installed: Callable[..., None]) -> None:
    installed(
        [
            "aws-cdk-lib>=2",
            "rich>=14; extra == 'operate'",
            "boto3>=1; (python_version > '3') and extra == 'operate'",
            'PyJWT[crypto]>=2; extra == "attack"',
        ],
        "boto3",
    )

    assert extras.missing("operate") == ["rich"]
    assert extras.missing("attack") == ["PyJWT"]
    assert extras.missing("streaming") == []


def test_checkout_without_installation_lacks_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def requires(name: str) -> list[str]:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(extras, "requires", requires)

    assert extras.missing("operate") == []
