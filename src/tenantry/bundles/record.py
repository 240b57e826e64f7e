"""What a function's bundle was made of, as the cloud assembly records it beside the templates.

With the record, the local cloud bundles a changed function again without synthesizing the app. It never leaves the
machine: the CDK CLI deploys templates and assets, not the metadata of an assembly.
"""

from __future__ import annotations

import hashlib
import os
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tenantry.bundles.bundle import BundleTarget, bundle, bundle_hash
from tenantry.bundles.sources import Source

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

METADATA: Final = "tenantry:bundle"
"""The type of the metadata that has the record."""
IMAGE: Final = "docker-is-not-used"
"""The image that the CDK is told to bundle in if a bundle is not made on this machine, which it always is."""


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """What a bundle is made of.

    Attributes
    ----------
    sources
        The function's package first, then the packages that it shares.
    target
        What it is made for.
    lock
        The lock file.
    """

    sources: tuple[Source, ...]
    target: BundleTarget
    lock: Path

    def hash(self) -> str:
        """Return the hash of what the files hold now."""
        return bundle_hash(self.sources, self.target, self.lock)

    def make(self, output: Path) -> None:
        """Put the bundle of what the files hold now into a folder, which exists."""
        bundle(self.sources, self.target, self.lock, output)

    def own_files(self) -> Iterator[Path]:
        """Return the Python files of the function's own package that this process has not imported.

        Called at the end of a synthesis, these are the files that a bundle holds and that no template depends on.
        """
        files = sorted(self.sources[0].folder.rglob("*.py"))
        names = {path.name for path in files}
        modules = (getattr(module, "__file__", None) or "" for module in [*sys.modules.values()])
        # Most modules are not this package's: their paths are not worth making.
        imported = {Path(file).resolve() for file in modules if file.rpartition(os.sep)[2] in names}
        yield from (path for path in files if path.resolve() not in imported)

    def metadata(self, hash_: str) -> dict[str, Any]:
        """Return the record as JSON, with the hash that the bundle has."""
        return {
            "hash": hash_,
            "sources": [[str(source.folder), source.place] for source in self.sources],
            "target": asdict(self.target),
            "lock": str(self.lock),
            "own": [str(path) for path in self.own_files()],
        }

    @classmethod
    def of(cls, metadata: Mapping[str, Any]) -> Recorded:
        """Return what `metadata` has written."""
        return cls(
            sources=tuple(Source(Path(folder), place) for folder, place in metadata["sources"]),
            target=BundleTarget(**metadata["target"]),
            lock=Path(metadata["lock"]),
        )


def asset_hash(hash_: str) -> str:
    """Return the hash by which the CDK names the asset of a bundle with this hash.

    The CDK adds how the asset is bundled. Whoever uses this compares it with an asset that the CDK has named.
    """
    return hashlib.sha256(f'{hash_}{{"image":"{IMAGE}","local":{{}}}}'.encode()).hexdigest()
