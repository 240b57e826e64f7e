"""The page shows the active tenant, and follows a switch in another tab or browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tenantry.attacks.storage import Storage
from tenantry.model.directory_tables import ACTIVE_TENANT_ID

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Request

    from tenantry.attacks.world import World
    from tests.e2e.dashboard.browser import DashboardUser, Users, Visit
    from tests.e2e.dashboard.conftest import MakeVisit

_PAGES = ("Dashboard", "Files", "Tenant", "Profile")
_SWITCHED = "You switched to another tenant in another tab or window."


@pytest.fixture
def user_in_two_tenants(world: World, users: Users) -> Callable[[str], tuple[DashboardUser, str]]:
    """Create an admin of two tenants with "First" active, and return the id of the other tenant as well."""

    def make(name: str) -> tuple[DashboardUser, str]:
        someone, host = (
            users.with_tenant(name, tenant_name="First"),
            users.with_tenant("Second Host", tenant_name="Second"),
        )
        world.accounts.enrol(someone.person, host.tenant, {"admin"})
        Storage.of(world).sweep(someone.tenant, someone.user_id)
        Storage.of(world).sweep(host.tenant, someone.user_id)
        return someone, host.tenant

    return make


def test_every_request_sends_the_shown_tenant_as_expected_tenant(ada: DashboardUser, visit: Visit) -> None:
    asked: list[Request] = []
    visit.sign_in(ada)
    visit.page.on("request", lambda request: asked.append(request) if "/api/" in request.url else None)
    for name in _PAGES:
        visit.go(name)

    assert len(asked) > 10
    assert [request.url for request in asked if request.headers.get("expected-tenant") != ada.tenant] == []


def test_tenant_switch_updates_other_tabs(
    user_in_two_tenants: Callable[[str], tuple[DashboardUser, str]], visit: Visit
) -> None:
    someone, second = user_in_two_tenants("Maryam Mirzakhani")
    visit.sign_in(someone, "/tenant")
    other = visit.tab(someone, "/dashboard")
    heading = other.get_by_role("heading", level=1)
    expect(heading).to_have_text("First")

    visit.page.get_by_role("button", name="Switch to Second").click()

    expect(visit.heading).to_have_text("Second")
    expect(visit.page.get_by_text(_SWITCHED)).to_have_count(0)
    expect(heading).to_have_text("Second")
    notice = other.get_by_role("status").filter(has_text=_SWITCHED)
    expect(notice).to_contain_text("The active tenant is now Second.")
    expect(other.get_by_role("region", name="Members")).to_contain_text("2 members, 2 admins")
    assert someone.tenant not in other.content()
    asked: list[Request] = []
    other.on("request", lambda request: asked.append(request) if "/api/" in request.url else None)
    other.get_by_role("navigation").get_by_role("link", name="Tenant").click()
    expect(other.get_by_role("button", name="Switch to First")).to_be_visible()
    assert {request.headers.get("expected-tenant") for request in asked} == {second}
    notice.get_by_role("button", name="Close").click()
    expect(notice).to_have_count(0)


def test_change_after_a_tenant_switch_in_another_browser_is_rejected(
    world: World, user_in_two_tenants: Callable[[str], tuple[DashboardUser, str]], visit: Visit
) -> None:
    someone, second = user_in_two_tenants("Rosalind Franklin")
    visit.sign_in(someone, "/tenant")
    page = visit.page
    page.get_by_label("E-mail address", exact=True).fill("guest@example.com")
    # As in another browser: this tab gets no message about it.
    world.accounts.activate(someone.person, second)
    writes: list[Request] = []
    page.on("request", lambda request: writes.append(request) if request.method not in {"GET", "OPTIONS"} else None)

    page.get_by_role("button", name="Invite").click()

    notice = page.get_by_role("status").filter(has_text=_SWITCHED)
    expect(notice).to_contain_text("The active tenant is now Second. Your last change was not saved.")
    expect(visit.heading).to_have_text("Second")
    expect(page.get_by_label("E-mail address", exact=True)).to_have_value("")
    visit.settle()
    assert len([request for request in writes if "/api/" in request.url]) == 1
    expect(page.get_by_role("list", name="Pending invitations")).to_have_count(0)
    page.get_by_role("button", name="Switch to First").click()
    expect(visit.heading).to_have_text("First")
    expect(page.get_by_role("list", name="Members")).to_be_visible()
    visit.settle()
    expect(page.get_by_role("list", name="Pending invitations")).to_have_count(0)
    assert visit.violations() == []


def test_tenant_switch_in_another_browser_is_detected_on_focus(
    world: World, user_in_two_tenants: Callable[[str], tuple[DashboardUser, str]], visit: Visit
) -> None:
    someone, second = user_in_two_tenants("Chien-Shiung Wu")
    visit.sign_in(someone, "/files")
    visit.page.get_by_label("File name").fill("half-typed.txt")
    world.accounts.activate(someone.person, second)

    visit.focus()

    expect(visit.page.get_by_role("status").filter(has_text=_SWITCHED)).to_contain_text(
        "The active tenant is now Second."
    )
    expect(visit.page.get_by_label("File name")).to_have_value("")
    assert visit.violations() == []


def test_removed_member_chooses_another_tenant(
    world: World, user_in_two_tenants: Callable[[str], tuple[DashboardUser, str]], visit: Visit
) -> None:
    someone, second = user_in_two_tenants("Vera Rubin")
    world.accounts.activate(someone.person, second)
    visit.sign_in(someone)
    world.accounts.dismiss(someone.person, second)

    visit.focus()

    expect(visit.heading).to_have_text("Choose a tenant")
    assert visit.violations() == []
    visit.page.get_by_role("button", name="Switch to First").click()
    expect(visit.heading).to_have_text("First")


def test_user_without_tenants_accepts_an_invitation(world: World, users: Users, make_visit: MakeVisit) -> None:
    someone, host = users.with_tenant("Jocelyn Bell"), users.with_tenant("Antony Hewish", tenant_name="Pulsars")
    world.accounts.dismiss(someone.person, someone.tenant)
    world.accounts.remove_attribute(someone.person.user_id, ACTIVE_TENANT_ID)
    visit = make_visit()
    visit.open("/login")
    visit.fill_in(someone)
    heading = visit.heading
    expect(heading).to_have_text("You are not a member of any tenant")
    expect(visit.page.locator("body")).not_to_contain_text("with you as its admin")
    assert visit.violations() == []

    hosts = make_visit()
    hosts.sign_in(host, "/tenant")
    hosts.page.get_by_label("E-mail address", exact=True).fill(someone.email)
    hosts.page.get_by_role("button", name="Invite").click()
    expect(hosts.page.get_by_role("list", name="Pending invitations")).to_contain_text(someone.email)
    visit.page.reload()
    visit.page.get_by_role("button", name="Accept the invitation to Pulsars").click()
    expect(heading).to_have_text("Pulsars")
