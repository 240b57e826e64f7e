"""The streaming application's package: pinned jars, one merged jar, a reproducible hash."""

from __future__ import annotations

import hashlib
import socket
import sys
import zipfile
from typing import TYPE_CHECKING

import pytest

from tenantry.flink import ENTRY, JAR, Jar, JarError, Use, fetch, jars, package, package_hash, pinned
from tenantry.flink.jars import repository
from tenantry.functions import package_folder

if TYPE_CHECKING:
    from pathlib import Path

_CONTENT = b"a jar"
_SOME = Jar(artifact="org.example:some:1.0", sha256=hashlib.sha256(_CONTENT).hexdigest(), use=Use.PACKAGE)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a home folder without anything, and a repository in it instead of Maven Central."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv(jars.MAVEN_VARIABLE, (tmp_path / "central").as_uri())
    monkeypatch.setattr(jars, "_TRIES", 1)
    return tmp_path


def _offer(home: Path, content: bytes, folder: str = "central") -> None:
    path = home / folder / _SOME.path
    path.parent.mkdir(parents=True)
    path.write_bytes(content)


def test_jar_is_downloaded_once(home: Path) -> None:
    _offer(home, _CONTENT)
    assert fetch(_SOME).read_bytes() == _CONTENT
    (home / "central" / _SOME.path).unlink()
    assert fetch(_SOME).read_bytes() == _CONTENT


def test_jar_with_wrong_hash_is_refused_and_not_cached(home: Path) -> None:
    _offer(home, b"another jar")
    for _ in range(2):
        with pytest.raises(JarError, match="is pinned"):
            fetch(_SOME)


def test_missing_jar_is_named_in_the_error(home: Path) -> None:
    assert home.is_dir()
    with pytest.raises(JarError, match=r"org\.example:some:1\.0"):
        fetch(_SOME)


def test_a_silent_repository_is_named_before_each_further_try(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert home.is_dir()
    with socket.create_server(("127.0.0.1", 0)) as silent:  # it accepts, and never answers
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        monkeypatch.setenv(jars.MAVEN_VARIABLE, url)
        monkeypatch.setattr(jars, "_TRIES", 3)
        monkeypatch.setattr(jars, "_SILENCE_SECONDS", 0.05)
        monkeypatch.setattr(jars, "_PAUSE_SECONDS", 0)
        with pytest.raises(JarError, match=url):
            fetch(_SOME)
    said = capsys.readouterr().err.splitlines()
    assert [line.rpartition(": ")[2] for line in said] == ["try 2 of 3", "try 3 of 3"]
    assert all(line.startswith(f"Waiting for org.example:some:1.0 from {url}") for line in said)


def test_jar_of_the_local_maven_repository_is_used_if_pinned(home: Path) -> None:
    _offer(home, _CONTENT, ".m2/repository")
    assert fetch(_SOME).read_bytes() == _CONTENT


def test_maven_mirror_settings_are_used(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(jars.MAVEN_VARIABLE)
    assert repository() == "https://repo1.maven.org/maven2"
    (home / ".m2").mkdir()
    mirror = "<mirror><id>m</id><mirrorOf>central</mirrorOf><url>https://mirror.example/maven/</url></mirror>"
    (home / ".m2" / "settings.xml").write_text(
        f'<settings xmlns="http://maven.apache.org/SETTINGS/1.2.0"><mirrors>{mirror}</mirrors></settings>'
    )
    assert repository() == "https://mirror.example/maven"


def test_every_pin_has_a_hash_and_a_purpose() -> None:
    assert {jar.use for jar in pinned()} == set(Use)
    assert all(len(bytes.fromhex(jar.sha256)) == hashlib.sha256().digest_size for jar in pinned())


@pytest.fixture(scope="module")
def packaged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the package."""
    folder = tmp_path_factory.mktemp("package")
    package(folder)
    return folder


def test_package_has_the_layout_of_the_service(packaged: Path) -> None:
    assert (packaged / ENTRY).is_file()
    found = {path.relative_to(packaged).as_posix() for path in packaged.rglob("*.py")}
    assert {"main.py", "tenantry/streaming_job/job.py", "tenantry/model/identifiers.py"} <= found
    assert not any("__pycache__" in path for path in found)


def test_jar_contains_our_classes_and_their_dependencies(packaged: Path) -> None:
    with zipfile.ZipFile(packaged / JAR) as jar:
        names = jar.namelist()
        assert jar.testzip() is None
    assert len(names) == len(set(names))
    assert {
        "tenantry/streaming/Records.class",
        "org/apache/flink/streaming/connectors/kinesis/FlinkKinesisConsumer.class",
        "org/apache/flink/formats/parquet/row/ParquetRowDataBuilder.class",
        "META-INF/NOTICE-flink-connector-kinesis",
    } <= set(names)
    assert not [name for name in names if "native-binaries" in name or name.endswith((".SF", ".RSA"))]
    # What the service has itself must not be there twice.
    assert not [name for name in names if name.startswith(("org/apache/flink/core/", "org/apache/flink/api/"))]


def test_package_is_reproducible(packaged: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cached = jars.cache_folder() / "jars"
    (tmp_path / "tenantry").mkdir()
    (tmp_path / "tenantry" / "jars").symlink_to(cached)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    (tmp_path / "again").mkdir()
    package(tmp_path / "again")
    assert (tmp_path / "again" / JAR).read_bytes() == (packaged / JAR).read_bytes()


def test_hash_changes_with_packaged_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in sys.modules["tenantry.flink.package"]._MODEL:  # noqa: SLF001 - the files that are packaged
        (tmp_path / name).write_bytes((package_folder("tenantry.model") / name).read_bytes())
    of_the_checkout = package_hash()
    monkeypatch.setattr(sys.modules["tenantry.flink.package"], "_MODEL_FOLDER", tmp_path)
    package_hash.cache_clear()
    assert package_hash() == of_the_checkout
    package_hash.cache_clear()
    (tmp_path / "identifiers.py").write_text("# another rule for ids\n")
    assert package_hash() != of_the_checkout
    package_hash.cache_clear()
