"""Jars from Maven Central, pinned by hash, fetched once a machine and never committed.

`python -m tenantry.flink.jars` fetches them all.
"""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
import time
import tomllib
import urllib.error
import urllib.request
from dataclasses import dataclass
from enum import Enum
from importlib.resources import files
from pathlib import Path
from typing import Final
from xml.etree import ElementTree as ET

MAVEN_VARIABLE: Final = "TENANTRY_MAVEN_URL"
"""Names another repository than Maven Central, for machines that reach that one only."""

_PINS: Final = Path(str(files("tenantry.streaming_job"))) / "jars.toml"
_CENTRAL: Final = "https://repo1.maven.org/maven2"
_MIRRORED: Final = ("*", "central", "external:*")
_TRIES: Final = 4
# Without a byte: a slow download goes on as long as something arrives.
_SILENCE_SECONDS: Final = 20
_PAUSE_SECONDS: Final = 1


class JarError(RuntimeError):
    """A jar cannot be had, or is not the one that was pinned; the message says which."""


class Use(Enum):
    """What a jar is for; see `jars.toml`."""

    PACKAGE = "package"
    COMPILE = "compile"
    SERVICE = "service"
    TOOL = "tool"


@dataclass(frozen=True, kw_only=True)
class Jar:
    """A pinned jar.

    Attributes
    ----------
    artifact
        Its coordinates, `group:artifact:version`.
    sha256
        What its bytes hash to.
    use
        What it is for.
    keep
        Beginnings of the paths in it that are packaged; empty for all.
    leave_out
        Beginnings of those that are not.
    """

    artifact: str
    sha256: str
    use: Use
    keep: tuple[str, ...] = ()
    leave_out: tuple[str, ...] = ()

    @property
    def path(self) -> str:
        """Its path in a Maven repository."""
        group, artifact, version = self.artifact.split(":")
        return f"{group.replace('.', '/')}/{artifact}/{version}/{artifact}-{version}.jar"


def pinned(path: Path = _PINS) -> tuple[Jar, ...]:
    """Return every pinned jar."""
    return tuple(
        Jar(
            artifact=entry["artifact"],
            sha256=entry["sha256"],
            use=Use(entry["use"]),
            keep=tuple(entry.get("keep", ())),
            leave_out=tuple(entry.get("leave_out", ())),
        )
        for entry in tomllib.loads(path.read_text())["jar"]
    )


def cache_folder() -> Path:
    """Return the folder of this user's cache."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tenantry"


def fetch(jar: Jar) -> Path:
    """Return the file of a jar, fetched if this machine does not have it yet.

    Raises
    ------
    JarError
        It cannot be fetched, or what comes is not what was pinned.
    """
    cached = cache_folder() / "jars" / jar.sha256 / Path(jar.path).name
    if cached.is_file():
        return cached
    cached.parent.mkdir(parents=True, exist_ok=True)
    own = Path.home() / ".m2" / "repository" / jar.path  # what Maven has fetched on this machine before
    content = own.read_bytes() if own.is_file() and _hash(own.read_bytes()) == jar.sha256 else _download(jar)
    descriptor, staging = tempfile.mkstemp(dir=cached.parent)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    Path(staging).replace(cached)
    return cached


def _download(jar: Jar) -> bytes:
    url = f"{repository()}/{jar.path}"
    for attempt in range(_TRIES):
        try:
            with urllib.request.urlopen(url, timeout=_SILENCE_SECONDS) as reply:  # noqa: S310 - https, or what its owner set
                content: bytes = reply.read()
            break
        except (urllib.error.URLError, OSError) as error:
            refused = isinstance(error, urllib.error.HTTPError) and error.code < 500  # noqa: PLR2004 - the client's
            if refused or attempt == _TRIES - 1:
                raise JarError(f"Cannot fetch {jar.artifact} from {url}: {error}") from error
            sys.stderr.write(f"Waiting for {jar.artifact} from {url} ({error}): try {attempt + 2} of {_TRIES}\n")
            time.sleep(_PAUSE_SECONDS * 2**attempt)
    if (found := _hash(content)) != jar.sha256:
        raise JarError(f"{jar.artifact} has the SHA-256 {found}; {jar.sha256} is pinned.")
    return content


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def repository() -> str:
    """Return the URL of Maven Central, or of what this machine has instead: our variable, or a mirror in Maven's."""
    if configured := os.environ.get(MAVEN_VARIABLE):
        return configured.rstrip("/")
    settings = Path.home() / ".m2" / "settings.xml"
    if settings.is_file():
        for mirror in ET.parse(settings).getroot().iter():  # noqa: S314 - the person's own file
            if mirror.tag.rpartition("}")[2] == "mirror":
                values = {part.tag.rpartition("}")[2]: (part.text or "").strip() for part in mirror}
                if any(name in _MIRRORED for name in values.get("mirrorOf", "").split(",")) and "url" in values:
                    return values["url"].rstrip("/")
    return _CENTRAL


def main() -> int:
    """Fetch every jar and return the exit status."""
    for jar in pinned():
        try:
            sys.stdout.write(f"{fetch(jar)}\n")
        except JarError as error:
            sys.stderr.write(f"{error}\n")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
