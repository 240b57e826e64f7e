"""Flink in an environment of its own, made when something first needs it.

It takes 650 MB and pins packages that nothing else here may be held back by.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from uv import find_uv_bin

from tenantry.flink import JarError, PackageError, Use, cache_folder, fetch, java, pinned
from tenantry.local.errors import LocalCloudError

#: The service's Python for this version of Flink.
_PYTHON = "3.11"
_NO_PYTHON = (
    f"It needs Python {_PYTHON} besides the Python that you use, and uv could not download it. Install it "
    f"(`uv python install {_PYTHON}`, or python{_PYTHON} of the system), then: make up"
)
_LOCK = Path(str(files("tenantry.local.flink"))) / "requirements.txt"
_READY = ".ready"


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
    """Return whether Flink's Python environment is installed as the lock says."""
    return os.access(_environment() / _READY, os.F_OK)  # also where the cache cannot be read: it is not


def ensure() -> Installation:
    """Return the installation, installed first if it is missing or broken.

    Raises
    ------
    LocalCloudError
        It cannot be made.
    """
    try:
        return _ensure()
    except (JarError, LocalCloudError, OSError, PackageError) as error:  # a full disk, a cache that is read-only
        raise LocalCloudError(
            f"Apache Flink, which runs the streaming application, cannot be installed into {_environment()}.\n{error}"
        ) from error


def _ensure() -> Installation:
    environment = _environment()
    environment.parent.mkdir(parents=True, exist_ok=True)
    python = environment / "bin" / "python"
    with environment.with_suffix(".lock").open("a") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        if not is_ready():
            shutil.rmtree(environment, ignore_errors=True)
            _make(environment)
            _uv("pip", "sync", "--quiet", "--require-hashes", "--python", str(python), str(_LOCK))
            (environment / _READY).touch()
    home = next(environment.glob("lib/python3*/site-packages/pyflink"))
    file_system = next(fetch(jar) for jar in pinned() if jar.use is Use.SERVICE)
    return Installation(python=python, home=home, java=java(), file_system=file_system)


def _environment() -> Path:
    """Return the folder of what the lock says, one for all checkouts and state folders of this user."""
    return cache_folder() / "flink" / hashlib.sha256(_LOCK.read_bytes()).hexdigest()[:16]


def _make(environment: Path) -> None:
    try:
        _uv("venv", "--quiet", "--python", _PYTHON, str(environment))
    except LocalCloudError as error:
        try:
            _uv("python", "find", "--no-cache", _PYTHON)
        except LocalCloudError:
            raise LocalCloudError(f"{_NO_PYTHON}\n{error}") from error
        raise


def _uv(*arguments: str) -> None:
    done = subprocess.run([find_uv_bin(), *arguments], capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        raise LocalCloudError(done.stderr.strip())
