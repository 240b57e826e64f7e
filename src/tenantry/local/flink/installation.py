"""Flink in an environment of its own, made when something first needs it.

It takes 650 MB and pins packages that nothing else here may be held back by.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from uv import find_uv_bin

from tenantry.flink import JarError, PackageError, Use, fetch, java, pinned
from tenantry.local.errors import LocalCloudError
from tenantry.local.settings import PROJECT

#: The service's Python for this version of Flink.
_PYTHON = "3.11"
_LOCK = PROJECT / "requirements-flink.txt"
_ENVIRONMENT = PROJECT / ".venv-flink"


@dataclass(frozen=True, kw_only=True)
class Installation:
    """An installed Flink.

    Attributes
    ----------
    python
        The interpreter with PyFlink.
    home
        Flink's own folder.
    java
        What runs it.
    file_system
        Flink's file system for S3, which the service has as well.
    """

    python: Path
    home: Path
    java: Path
    file_system: Path

    @property
    def class_path(self) -> str:
        """The jars of Flink and of its Python driver."""
        jars = [*sorted((self.home / "lib").glob("*.jar")), *sorted((self.home / "opt").glob("flink-python*.jar"))]
        return os.pathsep.join(str(jar) for jar in jars)


def is_ready() -> bool:
    """Return whether Flink is installed as the lock says."""
    marker = _ENVIRONMENT / ".ready"
    return marker.is_file() and marker.read_text() == _wanted()


def ensure() -> Installation:
    """Return the installation, installed first if it is missing or broken.

    Raises
    ------
    LocalCloudError
        It cannot be made.
    """
    with (PROJECT / ".venv-flink.lock").open("a") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        if not is_ready():
            shutil.rmtree(_ENVIRONMENT, ignore_errors=True)
            _uv("venv", "--quiet", "--python", _PYTHON, str(_ENVIRONMENT))
            _uv("pip", "sync", "--quiet", "--require-hashes", "--python", str(_python()), str(_LOCK))
            (_ENVIRONMENT / ".ready").write_text(_wanted())
    home = next(_ENVIRONMENT.glob("lib/python3*/site-packages/pyflink"))
    try:
        file_system = next(fetch(jar) for jar in pinned() if jar.use is Use.SERVICE)
        return Installation(python=_python(), home=home, java=java(), file_system=file_system)
    except (JarError, PackageError) as error:
        raise LocalCloudError(str(error)) from error


def _python() -> Path:
    return _ENVIRONMENT / "bin" / "python"


def _wanted() -> str:
    return hashlib.sha256(_LOCK.read_bytes()).hexdigest()


def _uv(*arguments: str) -> None:
    done = subprocess.run([find_uv_bin(), *arguments], capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        raise LocalCloudError(
            f"Apache Flink, which runs the streaming application, cannot be installed into {_ENVIRONMENT.name}. "
            f"It needs Python {_PYTHON}.\n{done.stderr.strip()}"
        )
