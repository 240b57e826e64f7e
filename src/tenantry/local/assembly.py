"""A cloud assembly on this machine: its stacks, and its functions bundled again without synthesizing the app."""

import hashlib
import json
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tenantry.bundles import METADATA, BundleError, Recorded, asset_hash
from tenantry.local.errors import LocalCloudError
from tenantry.local.settings import read_json

_STACK = "aws:cloudformation:stack"
_NESTED = "cdk:cloud-assembly"
# Its logical id depends on the function's code.
_OF_THE_CODE = '"AWS::Lambda::Version"'


@dataclass(frozen=True, kw_only=True)
class Stack:
    """A stack of an assembly.

    Attributes
    ----------
    name
        Its name in CloudFormation.
    selector
        What the CDK CLI calls it.
    digest
        Another one whenever the stack would be deployed differently: it covers template, assets and tags.
    """

    name: str
    selector: str
    digest: str


def stacks(assembly: Path) -> list[Stack]:
    """Return the stacks of a cloud assembly, those of its stages among them."""
    manifest: dict[str, Any] = read_json(assembly / "manifest.json") or {}
    found = []
    for name, artifact in manifest.get("artifacts", {}).items():
        properties = artifact.get("properties", {})
        if artifact["type"] == _NESTED:
            found += stacks(assembly / properties["directoryName"])
        elif artifact["type"] == _STACK:
            template = (assembly / properties["templateFile"]).read_bytes()
            content = json.dumps([artifact, hashlib.sha256(template).hexdigest()], sort_keys=True)
            digest = hashlib.sha256(content.encode()).hexdigest()
            selector = artifact.get("displayName", name)
            found.append(Stack(name=properties.get("stackName", name), selector=selector, digest=digest))
    return found


def functions_only(assembly: Path) -> set[Path]:
    """Return the files that nothing in the assembly depends on but the bundles of functions, as it was synthesized."""
    return {Path(path) for recorded in _records(assembly) for path in recorded["own"]}


def bundle_again(assembly: Path) -> bool:
    """Bundle the functions whose files have changed, and refer to the new bundles.

    Everything that is deployed is named as the CDK would name it, so that the next synthesis changes nothing.

    Parameters
    ----------
    assembly
        The assembly.

    Returns
    -------
    bool
        False, and nothing has changed, when the CDK would name something in another way than this does.

    Raises
    ------
    LocalCloudError
        A function cannot be bundled.
    """
    names: dict[str, str] = {}
    for metadata in _records(assembly):
        recorded, old = Recorded.of(metadata), metadata["hash"]
        if old not in names and (new := recorded.hash()) != old:
            before, after = asset_hash(old), asset_hash(new)
            if not (assembly / f"asset.{before}").is_dir():
                return False
            _make(recorded, assembly / f"asset.{after}")
            names |= {old: new, before: after}
    texts = {path: path.read_text() for path in assembly.rglob("*.json") if not _in_asset(path, assembly)}
    renamed = {path: _renamed(text, names) for path, text in texts.items()}
    manifest = "".join(text for path, text in texts.items() if path.name == "manifest.json")
    for path, text in texts.items():
        if path.name.endswith(".template.json") and renamed[path] != text:
            digest = hashlib.sha256(text.encode()).hexdigest()
            if digest not in manifest or _OF_THE_CODE in text:  # a nested stack, say, is an asset of its parent
                return False
            names[digest] = hashlib.sha256(renamed[path].encode()).hexdigest()
    for path, text in texts.items():
        path.write_text(_renamed(text, names))
    return True


def _records(assembly: Path) -> Iterator[Mapping[str, Any]]:
    for path in assembly.rglob("*.metadata.json"):
        if not _in_asset(path, assembly):
            for entries in (read_json(path) or {}).values():
                yield from (entry["data"] for entry in entries if entry["type"] == METADATA)


def _in_asset(path: Path, assembly: Path) -> bool:
    return any(part.startswith("asset.") for part in path.relative_to(assembly).parts)


def _make(recorded: Recorded, asset: Path) -> None:
    """Make a bundle in an assembly, whole or not at all."""
    if asset.is_dir():
        return
    with TemporaryDirectory(dir=asset.parent, prefix="asset.new-") as unfinished:
        made = Path(unfinished) / "bundle"
        made.mkdir()
        try:
            recorded.make(made)
        except BundleError as error:
            raise LocalCloudError(str(error)) from error
        shutil.move(made, asset)


def _renamed(text: str, names: Mapping[str, str]) -> str:
    for old, new in names.items():
        text = text.replace(old, new)
    return text
