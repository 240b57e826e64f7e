"""A server that answers every request with 200."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.attacks import fakes

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def server() -> Iterator[fakes.Server]:
    """Serve for as long as a test runs."""
    yield from fakes.serving(200, "{}")
