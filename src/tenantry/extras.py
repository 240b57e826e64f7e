"""Which packages an extra of Tenantry brings, and what a command says when they are not installed.

The package's own metadata says what belongs to an extra, so `pyproject.toml` is the one list.
"""

from __future__ import annotations

import re
import sys
from importlib import import_module
from importlib.metadata import PackageNotFoundError, distribution, requires
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

EXIT_USAGE: Final = 2
_NAME: Final = re.compile(r"[\w.-]+")


def missing(extra: str) -> list[str]:
    """Return the names of the packages of an extra that are not installed."""
    return sorted({name for name in _packages(extra) if not _is_installed(name)})


def remedy(what: str, extra: str, absent: list[str]) -> str:
    """Return the line that says which extra to install."""
    return f"{what} needs packages that are not installed ({', '.join(absent)}). Run: pip install 'tenantry[{extra}]'"


def run(command: str, extra: str, module: str) -> int:
    """Run a module's `main`, or say which extra is missing.

    Parameters
    ----------
    command
        The command as it is typed, for the message.
    extra
        The extra that it needs.
    module
        The module whose `main` takes no argument and returns the exit status.

    Returns
    -------
    int
        The command's own exit status, or 2 when the extra is missing.
    """
    if absent := missing(extra):
        sys.stderr.write(f"{remedy(command, extra, absent)}\n")
        return EXIT_USAGE
    return int(import_module(module).main())


def _packages(extra: str) -> Iterator[str]:
    try:
        requirements = requires("tenantry") or []
    except PackageNotFoundError:  # a checkout on the path, without an installation
        return
    for line in requirements:
        requirement, _, marker = line.partition(";")
        if f"extra == '{extra}'" in marker.replace('"', "'") and (name := _NAME.match(requirement)):
            yield name[0]


def _is_installed(name: str) -> bool:
    try:
        distribution(name)
    except PackageNotFoundError:
        return False
    return True
