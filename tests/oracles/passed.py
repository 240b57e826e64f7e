"""Checks that an oracle has passed are not repeated on this machine while their input is the same."""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING

from tests.oracles.templates import digest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


class PassedChecks:
    """Results of oracles, one empty file each; a clean clone has none.

    Parameters
    ----------
    folder
        Where they are; None keeps nothing.
    test
        The module that asks: what it accepts is a part of the question, and so is what stands beside it and is no
        test, such as how templates are read.
    """

    def __init__(self, folder: Path | None, test: Path) -> None:
        self._folder = folder
        self._test = test

    def unless_sound(self, oracle: str, subject: object, ask: Callable[[], None], *sources: Path) -> None:
        """Ask an oracle about something, unless a run before found nothing in the very same.

        Parameters
        ----------
        oracle
            The package, whose version is a part of the question.
        subject
            What is asked about, as JSON.
        ask
            Raises where the oracle finds something.
        sources
            Other files that decide what is asked.
        """
        beside = sorted(path for path in self._test.parent.glob("*.py") if not path.name.startswith("test_"))
        texts = [path.read_text() for path in (self._test, *beside, *sources)]
        kept = self._folder and self._folder / digest(oracle, version(oracle), texts, subject)
        if kept and kept.exists():
            return
        ask()
        if kept:
            kept.touch()
