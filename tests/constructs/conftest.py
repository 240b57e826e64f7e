"""Tests of single constructs build parts of apps, of which nothing is proven: `tests/prove` proves whole ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tenantry.functions import stores
from tenantry.isolation.vending import token_vendor

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="package", autouse=True)
def parts_are_not_proven() -> Iterator[None]:
    """Leave the proof out: what a part uses, such as a stream of the app's, is declared elsewhere."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (stores, token_vendor):
            patch.setattr(module, "prove_at_synthesis", lambda _scope: None)
        yield
