"""A browser, users, and a new browser context for each test."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import pytest
from playwright.sync_api import expect

from tenantry.attacks.storage import Storage
from tests.e2e.dashboard.browser import PATIENCE_MS, DashboardUser, Users, Visit, chromium
from tests.missing import reason
from tools.chromium import MISSING, find

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

    from tenantry.attacks.world import World
    from tenantry.local.cloud import LocalCloud

expect.set_options(timeout=PATIENCE_MS)


class MakeVisit(Protocol):
    """Creates visits."""

    def __call__(self, **context: Any) -> Visit:  # noqa: ANN401 - Playwright's own options
        """Make one, in a browser's context of that kind."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip the tests that need a browser if there is none: tests/conftest.py then lets the run fail."""
    ours = [item for item in items if "browser" in getattr(item, "fixturenames", ())]
    if ours and not find():
        for item in ours:
            item.add_marker(pytest.mark.skip(reason=reason(MISSING)))


# Playwright's event loop runs until its browser is closed, and excludes any other.
@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Start a browser for the tests of this folder."""
    yield from chromium()


@pytest.fixture(scope="session")
def url(deployed: LocalCloud) -> str:
    return deployed.output("DashboardUrl")


@pytest.fixture(scope="session")
def users(world: World) -> Users:
    return Users(world)


@pytest.fixture(scope="session")
def ada(users: Users, world: World) -> DashboardUser:
    """Return an admin of a tenant with a name, whose files are removed at the end."""
    someone = users.with_tenant("Ada Lovelace", tenant_name="Analytical Engines")
    Storage.of(world).sweep(someone.tenant, someone.user_id)
    return someone


@pytest.fixture(scope="session")
def grace(users: Users) -> DashboardUser:
    """Return an admin of another tenant."""
    return users.with_tenant("Grace Hopper", tenant_name="Compilers")


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
