"""The files that an app is synthesized from."""

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from fnmatch import fnmatch
from importlib.metadata import version
from pathlib import Path

from tenantry.local.settings import read_json

# Build results are not input, whatever the app says: the page is built during the deployment.
_NEVER = ("__pycache__", "node_modules", "dist", "cdk.out*", "*.egg-info", ".*")


def read(project: Path) -> dict[Path, str]:
    """Return the digest of each file that the app is synthesized from.

    It leaves out the folders and documents that `watch.exclude` in its `cdk.json` names. Python files and locks always
    count outside such folders: the `cdk.json` that `cdk init` writes excludes `**/__init__.py` and `requirements*.txt`.
    """
    settings = read_json(project / "cdk.json")
    watch = settings.get("watch", {}) if isinstance(settings, dict) else {}
    excluded = [pattern.removesuffix("/**") for pattern in watch.get("exclude", [])]
    return {path: hashlib.sha256(path.read_bytes()).hexdigest() for path in _files(project, "", excluded)}


def fingerprint(project: Path, inputs: Mapping[Path, str], *, without: Collection[Path] = ()) -> str:
    """Return a digest of the inputs and of the version of Tenantry.

    Parameters
    ----------
    project
        The folder of the app, which the digest does not depend on.
    inputs
        What `read` has returned.
    without
        Files whose content does not count.
    """
    digest = hashlib.sha256(version("tenantry").encode())
    for path, content in inputs.items():
        digest.update(f"{path.relative_to(project)}\0{'' if path in without else content}\0".encode())
    return digest.hexdigest()


def _files(folder: Path, place: str, excluded: Sequence[str]) -> Iterator[Path]:
    for child in sorted(folder.iterdir()):
        name = f"{place}{child.name}"
        if any(fnmatch(child.name, pattern) for pattern in _NEVER):
            continue
        always = child.is_file() and (child.suffix == ".py" or fnmatch(child.name, "requirements*.txt"))
        if name != "cdk.json" and not always and any(fnmatch(name, pattern) for pattern in excluded):
            continue
        if child.is_dir():
            yield from _files(child, f"{name}/", excluded)
        elif child.is_file():
            yield child
