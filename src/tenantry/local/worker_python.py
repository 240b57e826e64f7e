"""The interpreter of the Lambda workers: the packages that AWS's Python runtime brings and no others.

A function that forgets to bundle a dependency must fail here as it would on AWS, so its worker cannot be this project's
own interpreter, which has every package there is.
"""

import re
import shutil
import sys
import sysconfig
import venv
from importlib.metadata import Distribution, distribution
from importlib.resources import files
from pathlib import Path

_HOOK = Path(str(files("tenantry.local.worker"))) / "tenantry_local_cloud.py"


def ensure(folder: Path) -> Path:
    """Make the interpreter's folder unless it is there for this Python and these packages.

    Parameters
    ----------
    folder
        Where it belongs.

    Returns
    -------
    Path
        The interpreter.
    """
    packages = _with_requirements("boto3")
    made_of = [sys.version, sys.base_prefix, *(f"{name} {package.version}" for name, package in packages.items())]
    label = "\n".join([*made_of, _HOOK.read_text()])
    stamp, python = folder / "made-of", folder / "bin" / "python"
    if not python.exists() or not stamp.exists() or stamp.read_text(errors="replace") != label:
        shutil.rmtree(folder, ignore_errors=True)
        venv.EnvBuilder(symlinks=True, with_pip=False).create(folder)
        site = Path(sysconfig.get_path("purelib", scheme="venv", vars={"base": str(folder)}))
        for package in packages.values():
            _link(package, site)
        shutil.copy(_HOOK, site)
        (site / f"{_HOOK.stem}.pth").write_text(f"import {_HOOK.stem}\n")
        stamp.write_text(label)
    return python


def _with_requirements(name: str) -> dict[str, Distribution]:
    """Return the distribution and all that it requires, extras left out."""
    found: dict[str, Distribution] = {}
    wanted = [name]
    while wanted:
        name = wanted.pop()
        if name in found:
            continue
        found[name] = distribution(name)
        plain = [line for line in found[name].requires or [] if "extra ==" not in line]
        wanted += [match.group() for line in plain if (match := re.match(r"[\w.-]+", line))]
    return dict(sorted(found.items()))


def _link(package: Distribution, site: Path) -> None:
    """Link the distribution's packages and modules into the folder."""
    for top in {path.parts[0] for path in package.files or [] if path.parts[0] not in ("..", "__pycache__")}:
        (site / top).symlink_to(Path(str(package.locate_file(top))).resolve())
