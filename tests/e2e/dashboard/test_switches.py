"""The page shows one tenant at a time, and follows where another one is made active elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tenantry.attacks.storage import Storage

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Request

    from tenantry.attacks.world import World
    from tests.e2e.dashboard.browser import Someone, Town, Visit
    from tests.e2e.dashboard.conftest import MakeVisit

_PAGES = ("Dashboard", "Files", "Tenant", "Profile")
_SWITCHED = "You switched to another tenant in another tab or window."


@pytest.fixture
def between(world: World, town: Town) -> Callable[[str], tuple[Someone, str]]:
    """Make somebody who is an admin of two tenants, "First" being active, and return the other's id as well."""

    def make(name: str) -> tuple[Someone, str]:
        someone, host = town.resident(name, tenant_name="First"), town.resident("Second Host", tenant_name="Second")
        world.people.enrol(someone.person, host.tenant, {"admin"})
        Storage.of(world).sweep(someone.tenant, someone.user_id)
        Storage.of(world).sweep(host.tenant, someone.user_id)
        return someone, host.tenant

    return make


def test_every_request_names_the_tenant_that_the_page_shows(ada: Someone, visit: Visit) -> None:
    asked: list[Request] = []
    visit.sign_in(ada)
    visit.settle()
    visit.page.on("request", lambda request: asked.append(request) if "/api/" in request.url else None)
    for name in _PAGES:
        visit.go(name)

    assert len(asked) > 10
    assert [request.url for request in asked if request.headers.get("expected-tenant") != ada.tenant] == []


def test_the_other_tab_follows_a_switch(between: Callable[[str], tuple[Someone, str]], visit: Visit) -> None:
    someone, second = between("Maryam Mirzakhani")
    visit.sign_in(someone, "/tenant")
    other = visit.tab(someone, "/dashboard")
    heading = other.get_by_role("heading", level=1)
    expect(heading).to_have_text("First")

    visit.page.get_by_role("button", name="Switch to Second").click()

    expect(visit.page.get_by_role("heading", level=1)).to_have_text("Second")
    expect(visit.page.get_by_text(_SWITCHED)).to_have_count(0)
    expect(heading).to_have_text("Second")
    notice = other.get_by_role("status").filter(has_text=_SWITCHED)
    expect(notice).to_contain_text("This page now shows Second.")
    expect(other.get_by_role("region", name="People")).to_contain_text("2 members, 2 admins")
    assert someone.tenant not in other.content()
    asked: list[Request] = []
    other.on("request", lambda request: asked.append(request) if "/api/" in request.url else None)
    other.get_by_role("navigation").get_by_role("link", name="Tenant").click()
    expect(other.get_by_role("button", name="Switch to First")).to_be_visible()
    assert {request.headers.get("expected-tenant") for request in asked} == {second}
    notice.get_by_role("button", name="Close").click()
    expect(notice).to_have_count(0)


def test_a_change_that_another_tenant_would_have_got_is_not_made(
    world: World, between: Callable[[str], tuple[Someone, str]], visit: Visit
) -> None:
    someone, second = between("Rosalind Franklin")
    visit.sign_in(someone, "/tenant")
    visit.settle()
    page = visit.page
    page.get_by_label("Their e-mail address").fill("guest@example.com")
    # In another browser, so that this tab does not hear of it.
    world.people.activate(someone.person, second)
    writes: list[Request] = []
    page.on("request", lambda request: writes.append(request) if request.method not in {"GET", "OPTIONS"} else None)

    page.get_by_role("button", name="Invite").click()

    notice = page.get_by_role("status").filter(has_text=_SWITCHED)
    expect(notice).to_contain_text("This page now shows Second. Your last change was not made.")
    expect(page.get_by_role("heading", level=1)).to_have_text("Second")
    expect(page.get_by_label("Their e-mail address")).to_have_value("")
    visit.settle()
    assert len([request for request in writes if "/api/" in request.url]) == 1
    expect(page.get_by_role("list", name="Invited")).to_have_count(0)
    page.get_by_role("button", name="Switch to First").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("First")
    expect(page.get_by_role("list", name="Members")).to_be_visible()
    visit.settle()
    expect(page.get_by_role("list", name="Invited")).to_have_count(0)
    assert visit.violations() == []


def test_a_switch_in_another_browser_is_noticed_when_the_page_is_looked_at(
    world: World, between: Callable[[str], tuple[Someone, str]], visit: Visit
) -> None:
    someone, second = between("Chien-Shiung Wu")
    visit.sign_in(someone, "/files")
    visit.settle()
    visit.page.get_by_label("Name, which may have several levels").fill("half-typed.txt")
    world.people.activate(someone.person, second)

    visit.page.evaluate("() => window.dispatchEvent(new Event('focus'))")

    expect(visit.page.get_by_role("status").filter(has_text=_SWITCHED)).to_contain_text("This page now shows Second.")
    expect(visit.page.get_by_label("Name, which may have several levels")).to_have_value("")
    assert visit.violations() == []


def test_who_is_removed_is_told_so_and_chooses_another_tenant(
    world: World, between: Callable[[str], tuple[Someone, str]], visit: Visit
) -> None:
    someone, second = between("Vera Rubin")
    world.people.activate(someone.person, second)
    visit.sign_in(someone)
    visit.settle()
    world.people.dismiss(someone.person, second)

    visit.page.evaluate("() => window.dispatchEvent(new Event('focus'))")

    expect(visit.page.get_by_role("heading", level=1)).to_have_text("Choose a tenant")
    assert visit.violations() == []
    visit.page.get_by_role("button", name="Switch to First").click()
    expect(visit.page.get_by_role("heading", level=1)).to_have_text("First")


def test_who_belongs_to_no_tenant_is_told_so_and_finds_an_invitation(
    world: World, town: Town, make_visit: MakeVisit
) -> None:
    someone, host = town.resident("Jocelyn Bell"), town.resident("Antony Hewish", tenant_name="Pulsars")
    world.people.dismiss(someone.person, someone.tenant)
    world.people.deactivate(someone.person)
    visit = make_visit()
    visit.open("/login")
    visit.fill_in(someone)
    heading = visit.page.get_by_role("heading", level=1)
    expect(heading).to_have_text("You belong to no tenant")
    expect(visit.page.locator("body")).not_to_contain_text("with you as its admin")
    assert visit.violations() == []

    hosts = make_visit()
    hosts.sign_in(host, "/tenant")
    hosts.page.get_by_label("Their e-mail address").fill(someone.email)
    hosts.page.get_by_role("button", name="Invite").click()
    expect(hosts.page.get_by_role("list", name="Invited")).to_contain_text(someone.email)
    visit.page.reload()
    visit.page.get_by_role("button", name="Join Pulsars").click()
    expect(heading).to_have_text("Pulsars")
