"""A browser, a town of people, and a new visit for each test."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import pytest
from playwright.sync_api import expect

from tenantry.attacks.storage import Storage
from tests.e2e.dashboard.browser import PATIENCE_MS, Someone, Town, Visit, chromium

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

    from tenantry.attacks.world import World
    from tenantry.local.cloud import LocalCloud

expect.set_options(timeout=PATIENCE_MS)


class MakeVisit(Protocol):
    """Makes visits."""

    def __call__(self, **context: Any) -> Visit:  # noqa: ANN401 - Playwright's own options
        """Make one, in a browser's context of that kind."""


# Playwright's event loop runs until its browser is closed, and no other can run beside it.
@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Start a browser for this folder's tests."""
    yield from chromium()


@pytest.fixture(scope="session")
def url(deployed: LocalCloud) -> str:
    return deployed.output("DashboardUrl")


@pytest.fixture(scope="session")
def town(world: World) -> Town:
    return Town(world)


@pytest.fixture(scope="session")
def ada(town: Town, world: World) -> Someone:
    """Return an admin of a tenant that has a name, whose files are removed in the end."""
    someone = town.resident("Ada Lovelace", tenant_name="Analytical Engines")
    Storage.of(world).sweep(someone.tenant, someone.user_id)
    return someone


@pytest.fixture(scope="session")
def grace(town: Town) -> Someone:
    """Return an admin of another tenant."""
    return town.resident("Grace Hopper", tenant_name="Compilers")


@pytest.fixture
def make_visit(browser: Browser, url: str) -> Iterator[MakeVisit]:
    made: list[Visit] = []

    def make(**context: Any) -> Visit:  # noqa: ANN401 - as above
        visit = Visit(browser, url, **context)
        made.append(visit)
        return visit

    yield make
    for visit in made:
        visit.close()


@pytest.fixture
def visit(make_visit: MakeVisit) -> Visit:
    return make_visit()
