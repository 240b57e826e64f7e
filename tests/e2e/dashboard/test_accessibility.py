"""Every page in light, in dark and on a phone: accessibility, width and a screenshot."""

from __future__ import annotations

import json
import math
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

import pytest
from playwright.sync_api import expect

from tenantry.attacks.storage import MODES, Owner, Storage
from tenantry.testing.lake import Lake
from tests.e2e.dashboard.browser import code_for

if TYPE_CHECKING:
    from playwright.sync_api import ViewportSize

    from tenantry.attacks.world import World
    from tenantry.local.cloud import LocalCloud
    from tests.e2e.dashboard.browser import DashboardUser, Users, Visit
    from tests.e2e.dashboard.conftest import MakeVisit

# What one window shows in turn; whether it is a phone is settled when it is opened.
_WINDOWS: Final[dict[str, dict[str, tuple[Literal["light", "dark"], ViewportSize]]]] = {
    "desk": {
        "light": ("light", {"width": 1280, "height": 860}),
        "dark": ("dark", {"width": 1280, "height": 860}),
        "narrow": ("dark", {"width": 320, "height": 640}),
    },
    "phone": {"phone": ("light", {"width": 390, "height": 844})},
}
every_window = pytest.mark.parametrize("window", _WINDOWS)
_PAGES: Final = {"dashboard": "Dashboard", "files": "Files", "tenant": "Tenant", "profile": "Profile"}
# `make screenshots` sets it to the folder of the documentation's screenshots; otherwise they go to the test's folder.
_FOLDER: Final = "TENANTRY_SCREENSHOTS"
_IN_DOCUMENTS: Final = {
    *(f"{name}-{look}" for name in ("dashboard", "files", "tenant") for look in ("light", "dark", "phone")),
    *("login-light", "sign-up-dark", "sign-up-phone", "profile-light"),
}


@pytest.fixture(scope="module")
def user_with_data(deployed: LocalCloud, world: World, users: Users, ada: DashboardUser) -> DashboardUser:
    """Return Ada, with usage data, files and a second member in her tenant."""
    Lake(deployed.session().client("s3"), deployed.output("DataLakeBucket")).write_aggregates(
        ada.tenant, [90 + int(45 * math.sin(minute / 5)) + minute * 37 % 29 for minute in range(55)]
    )
    owner = Owner(tenant=ada.tenant, user=ada.user_id, token=world.accounts.sign_in_with_claim(ada.person).id)
    for number, mode in enumerate(MODES, 1):
        for key in ("letters/menabrea.txt", "notes/G.txt", "plan.txt")[: 3 - number % 2]:
            body = json.dumps({"key": key, "value": f"{key} " * 90 * number})
            assert Storage.of(world).put(owner, mode, body).ok
    colleague = users.with_tenant("Charles Babbage")
    world.accounts.enrol(colleague.person, ada.tenant, {"member", "visitor"})
    return ada


@every_window
def test_pages_are_accessible_and_fit_the_window(
    user_with_data: DashboardUser, make_visit: MakeVisit, window: str, tmp_path: Path
) -> None:
    visit = make_visit(**_context(window))
    visit.sign_in(user_with_data)
    for name, link in _PAGES.items():
        visit.go(link)
        _check_page(visit, name, window, tmp_path)


@every_window
def test_sign_in_pages_are_accessible_and_fit_the_window(
    deployed: LocalCloud, users: Users, make_visit: MakeVisit, window: str, tmp_path: Path
) -> None:
    visit, someone = make_visit(**_context(window)), users.without_account("Maria Agnesi")
    page = visit.page
    visit.open("/login")
    expect(visit.heading).to_have_text("Sign in")
    _check_page(visit, "login", window, tmp_path)
    page.get_by_role("button", name="Forgot your password?").click()
    _check_page(visit, "forgot", window, tmp_path)
    page.get_by_role("button", name="My e-mail address is not confirmed yet").click()
    _check_page(visit, "confirm-elsewhere", window, tmp_path)
    page.get_by_role("button", name="Back to sign-in").click()
    page.get_by_role("button", name="Create an account").click()
    page.get_by_label("Your name").fill(someone.name)
    page.get_by_label("E-mail address", exact=True).fill(someone.email)
    page.get_by_label("Password", exact=True).fill("Witch-of")
    page.get_by_role("button", name="Create account").click()
    _check_page(visit, "sign-up", window, tmp_path)
    page.get_by_label("Password", exact=True).fill(someone.password)
    page.get_by_role("button", name="Create account").click()
    page.get_by_label("Code from the e-mail").wait_for()
    assert code_for(deployed, someone.email)
    _check_page(visit, "confirm", window, tmp_path)


@every_window
def test_tenant_switch_pages_are_accessible_and_fit_the_window(
    world: World, users: Users, make_visit: MakeVisit, window: str, tmp_path: Path
) -> None:
    visit = make_visit(**_context(window))
    someone, host = users.with_tenant("Emilie du Chatelet"), users.with_tenant("Voltaire Arouet", tenant_name="Cirey")
    world.accounts.enrol(host.person, someone.tenant, {"admin"})
    world.accounts.enrol(someone.person, host.tenant, {"visitor"})
    visit.sign_in(someone, "/files")
    world.accounts.activate(someone.person, host.tenant)
    visit.focus()
    expect(visit.page.get_by_role("status").filter(has_text="The active tenant is now Cirey")).to_be_visible()
    _check_page(visit, "switched", window, tmp_path)
    world.accounts.dismiss(someone.person, host.tenant)
    visit.focus()
    expect(visit.heading).to_have_text("Choose a tenant")
    _check_page(visit, "choose-tenant", window, tmp_path)
    world.accounts.dismiss(someone.person, someone.tenant)
    visit.page.reload()
    expect(visit.heading).to_have_text("You are not a member of any tenant")
    _check_page(visit, "no-tenant", window, tmp_path)


def test_file_dialog_and_not_found_page_are_accessible_and_fit_the_window(
    user_with_data: DashboardUser, make_visit: MakeVisit, tmp_path: Path
) -> None:
    visit = make_visit(**_context("desk"))
    visit.sign_in(user_with_data, "/files")
    visit.page.get_by_label("File name").fill("open.txt")
    visit.page.get_by_role("button", name="Store").click()
    visit.page.get_by_role("button", name="open.txt").first.click()
    expect(visit.page.get_by_role("dialog").locator("pre")).to_be_visible()
    _check_page(visit, "file", "desk", tmp_path)
    visit.open("/nowhere")
    visit.settle()
    _check_page(visit, "not-found", "desk", tmp_path)


def test_reduced_motion_disables_animations(make_visit: MakeVisit) -> None:
    visit = make_visit(reduced_motion="reduce")
    visit.open("/login")
    spinning = (
        "() => { const one = document.createElement('span'); one.className = 'spinner'; document.body.append(one);"
    )

    duration = visit.page.evaluate(f"{spinning} return getComputedStyle(one).animationDuration; }}")

    assert float(duration.removesuffix("s")) < 0.001


def _context(window: str) -> dict[str, Any]:
    return {"is_mobile": window == "phone", "has_touch": window == "phone", "reduced_motion": "reduce"}


def _check_page(visit: Visit, name: str, window: str, folder: Path) -> None:
    """Check accessibility and width of the page in each look of the window, and take screenshots."""
    visit.settle()
    for look, (scheme, size) in _WINDOWS[window].items():
        visit.page.emulate_media(color_scheme=scheme)
        visit.page.set_viewport_size(size)
        assert visit.violations() == [], look
        wide = visit.page.evaluate("() => document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, f"{name} is {wide} pixels wider than the window ({look})"
        documents = os.environ.get(_FOLDER, "")
        target = Path(documents) if documents and f"{name}-{look}" in _IN_DOCUMENTS else folder
        target.mkdir(parents=True, exist_ok=True)
        visit.page.screenshot(
            path=target / f"{name}-{look}.png", full_page=look in {"light", "dark"}, animations="disabled"
        )
