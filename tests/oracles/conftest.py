"""What an oracle has found nothing in is not asked again on this machine while it is the same."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.oracles.reading import digest

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def unless_sound(request: pytest.FixtureRequest) -> Callable[..., None]:
    """Return what asks an oracle about something, unless a run before found nothing in the very same.

    `unless_sound("cfn-lint", subject, ask)` calls `ask`, which raises where it finds something. What counts as the
    same: the subject, the oracle's version and the test's own module. A clean clone asks about everything.
    """
    folder = request.config.cache.mkdir("oracles") if request.config.cache else None

    def asked(oracle: str, subject: object, ask: Callable[[], None], *sources: Path) -> None:
        texts = [path.read_text() for path in (Path(request.path), *sources)]
        kept = folder and folder / digest(oracle, _version(oracle), texts, subject)
        if kept and kept.exists():
            return
        ask()
        if kept:
            kept.touch()

    return asked


def _version(oracle: str) -> str:
    return version(oracle)
