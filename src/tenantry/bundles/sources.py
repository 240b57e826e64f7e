"""Where the sources of packages are that go into bundles: found as Python finds them, installed or in a checkout."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

RUNTIME: Final = ("tenantry.model", "tenantry.runtime")
"""The packages that Tenantry's own functions share; yours may import them too."""


@dataclass(frozen=True)
class Source:
    """A package that goes into a bundle.

    Attributes
    ----------
    folder
        Where it is.
    place
        Its path in the bundle, such as ``tenantry/runtime``.
    """

    folder: Path
    place: str


def package_folder(name: str) -> Path:
    """Return the folder of an importable package, without importing it.

    Raises
    ------
    ValueError
        There is no such package where Python looks for packages.
    """
    try:
        spec = find_spec(name)
    except ModuleNotFoundError:
        spec = None
    if spec is None or not spec.submodule_search_locations:
        raise ValueError(f"{name!r} is not an importable package: install it, or put its parent folder on the path.")
    return Path(next(iter(spec.submodule_search_locations)))


def function_sources(entry: Path, shared: Sequence[str] = RUNTIME) -> tuple[Source, ...]:
    """Return what a function's bundle holds beside its dependencies: its own package first, then those it shares."""
    return (Source(entry, entry.name), *(Source(package_folder(name), name.replace(".", "/")) for name in shared))
