"""What is mutated, with which tests, and what is known of mutants: the lists that are kept."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tools.mutants import tree
from tools.mutants.operators import mutants, replaced

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tools.mutants.operators import Mutant

_HERE: Final = Path(__file__).parent


@dataclass(frozen=True, kw_only=True)
class Work:
    """The mutants of one file.

    Attributes
    ----------
    path
        The file.
    tests
        The tests that have to notice each of them, as pytest takes them.
    mutants
        The mutants.
    """

    path: str
    tests: Sequence[str]
    mutants: Sequence[Mutant]


def modules() -> Mapping[str, Sequence[str]]:
    """Return the files that are mutated, and their tests."""
    found: dict[str, Sequence[str]] = _read("modules.toml")
    return found


def attackers() -> list[Mutant]:
    """Return the mutants that are written by hand: what an attacker would want changed.

    Raises
    ------
    ValueError
        What one replaces is not in its file, or more than once.
    """
    return [
        replaced(each["file"], _source(each["file"]), each["before"], each["after"])
        for each in _read("attackers.toml")["mutant"]
    ]


def equivalents() -> Mapping[tuple[str, str, str], str]:
    """Return the mutants that change nothing that a test could see, or nothing that matters, with the reason."""
    return {
        (each["file"], each["before"], after): each["reason"]
        for each in _read("equivalents.toml").get("mutant", [])
        for after in ([each["after"]] if isinstance(each["after"], str) else each["after"])
    }


def generated(path: str) -> list[Mutant]:
    """Return all mutants of a file, the equivalent ones included."""
    return mutants(path, _source(path))


def works(*, only: str = "", since: str = "", attackers_only: bool = False) -> list[Work]:
    """Return what is to be run.

    Parameters
    ----------
    only
        A part of the paths of the files.
    since
        A revision: only lines that have changed since then.
    attackers_only
        Whether only the mutants that are written by hand are run.
    """
    by_hand, known = attackers(), equivalents()
    found: list[Work] = []
    for path, tests in modules().items():
        chosen = [mutant for mutant in by_hand if mutant.path == path]
        if not attackers_only:
            chosen += [mutant for mutant in generated(path) if mutant.key not in known]
        if since:
            lines = tree.lines_since(since, path)
            chosen = [mutant for mutant in chosen if mutant.line in lines]
        if chosen and only in path:
            found.append(Work(path=path, tests=tests, mutants=chosen))
    return found


def _source(path: str) -> str:
    return (tree.ROOT / path).read_text()


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads((_HERE / name).read_text())
