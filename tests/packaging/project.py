"""The checkout that the tests of this folder install from."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

from uv import find_uv_bin

ROOT: Final = Path(__file__).parents[2]


def clone(folder: Path) -> Path:
    """Copy what git tracks, as it is in the working tree: a clean clone with the changes of now."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],  # noqa: S607 - as a person does
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    return folder


def run(*command: str | Path, cwd: Path, env: dict[str, str] | None = None) -> str:
    """Run a command; return its output, or fail with all that it has said."""
    done = subprocess.run(command, cwd=cwd, env=env, check=False, capture_output=True, text=True)
    assert done.returncode == 0, f"{' '.join(map(str, command))}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def uv(*arguments: str | Path, cwd: Path, env: dict[str, str] | None = None) -> str:
    """Run uv; return its output, or fail with all that it has said."""
    return run(find_uv_bin(), *arguments, cwd=cwd, env=env)


def build(folder: Path, *options: str) -> Path:
    """Build the wheel with the build backend of this environment and return its path."""
    uv(
        "build",
        "--quiet",
        "--offline",
        "--no-build-isolation",
        "--out-dir",
        folder,
        *options,
        ROOT,
        cwd=folder,
        env=_here(),
    )
    (wheel,) = folder.glob("*.whl")
    return wheel


def environment(folder: Path, wheel: Path, *, extra: str = "", python: str = sys.executable) -> Path:
    """Make a clean environment, install the wheel into it as a person would, and return its interpreter."""
    uv("venv", "--quiet", "--python", python, folder, cwd=folder.parent)
    interpreter = folder / "bin" / "python"
    wanted = f"{wheel}[{extra}]" if extra else str(wheel)
    versions = ("--constraint", ROOT / "requirements-dev.txt")
    uv("pip", "install", "--quiet", "--python", interpreter, *versions, wanted, cwd=folder.parent)
    return interpreter


def clean_shell() -> dict[str, str]:
    """Return this process's environment variables without what leads back to this checkout."""
    kept = {name: value for name, value in os.environ.items() if name not in {"VIRTUAL_ENV", "PYTHONPATH"}}
    path = [folder for folder in os.environ["PATH"].split(os.pathsep) if not Path(folder).is_relative_to(ROOT)]
    return {**kept, "PATH": os.pathsep.join(path)}


def _here() -> dict[str, str]:
    return {**os.environ, "VIRTUAL_ENV": sys.prefix}
