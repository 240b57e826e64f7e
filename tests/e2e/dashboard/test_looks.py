"""Every page in light, in dark and on a phone: what axe finds, what does not fit, and a picture of it."""

from __future__ import annotations

import json
import math
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest
from playwright.sync_api import expect

from tenantry.attacks.storage import MODES, Owner, Storage
from tests.e2e.dashboard.browser import code_for
from tests.e2e.lake import aggregates

if TYPE_CHECKING:
    from tenantry.attacks.world import World
    from tenantry.local.cloud import LocalCloud
    from tests.e2e.dashboard.browser import Someone, Town, Visit
    from tests.e2e.dashboard.conftest import MakeVisit

_LOOKS: Final[dict[str, dict[str, Any]]] = {
    "light": {"color_scheme": "light"},
    "dark": {"color_scheme": "dark"},
    "phone": {"color_scheme": "light", "viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True},
    "narrow": {"color_scheme": "dark", "viewport": {"width": 320, "height": 640}},
}
_PAGES: Final = {"dashboard": "Dashboard", "files": "Files", "tenant": "Tenant", "profile": "Profile"}
# `make screenshots` sets it to where the documentation has its pictures, of these; without it, all go with the test's.
_FOLDER: Final = "TENANTRY_SCREENSHOTS"
_IN_DOCUMENTS: Final = {
    *(f"{name}-{look}" for name in ("dashboard", "files", "tenant") for look in ("light", "dark", "phone")),
    *("login-light", "sign-up-dark", "sign-up-phone", "profile-light"),
}


@pytest.fixture(scope="module")
def busy(deployed: LocalCloud, world: World, town: Town, ada: Someone) -> Someone:
    """Return Ada with a tenant in which something goes on."""
    aggregates(deployed, ada.tenant, [90 + int(45 * math.sin(minute / 5)) + minute * 37 % 29 for minute in range(55)])
    owner = Owner(tenant=ada.tenant, user=ada.user_id, token=world.people.sign_in_with_claim(ada.person).id)
    for number, mode in enumerate(MODES, 1):
        for key in ("letters/menabrea.txt", "notes/G.txt", "plan.txt")[: 3 - number % 2]:
            body = json.dumps({"key": key, "value": f"{key} " * 90 * number})
            assert Storage.of(world).put(owner, mode, body).ok
    colleague = town.resident("Charles Babbage")
    world.people.enrol(colleague.person, ada.tenant, {"member", "visitor"})
    return ada


@pytest.mark.parametrize("look", _LOOKS)
def test_pages(busy: Someone, make_visit: MakeVisit, look: str, tmp_path: Path) -> None:
    visit = make_visit(**_looking(look))
    visit.sign_in(busy)
    visit.settle()
    for name, link in _PAGES.items():
        visit.go(link)
        _hold(visit, name, look, tmp_path)


@pytest.mark.parametrize("look", _LOOKS)
def test_the_way_in(deployed: LocalCloud, town: Town, make_visit: MakeVisit, look: str, tmp_path: Path) -> None:
    visit, someone = make_visit(**_looking(look)), town.stranger("Maria Agnesi")
    page = visit.page
    visit.open("/login")
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
    _hold(visit, "login", look, tmp_path)
    page.get_by_role("button", name="Forgotten your password?").click()
    _hold(visit, "forgot", look, tmp_path)
    page.get_by_role("button", name="My address is not confirmed yet").click()
    _hold(visit, "confirm-elsewhere", look, tmp_path)
    page.get_by_role("button", name="Back to signing in").click()
    page.get_by_role("button", name="Make an account").click()
    page.get_by_label("Your name").fill(someone.name)
    page.get_by_label("E-mail address").fill(someone.email)
    page.get_by_label("Password", exact=True).fill("Witch-of")
    page.get_by_role("button", name="Make my account").click()
    _hold(visit, "sign-up", look, tmp_path)
    page.get_by_label("Password", exact=True).fill(someone.password)
    page.get_by_role("button", name="Make my account").click()
    page.get_by_label("Code from the message").wait_for()
    assert code_for(deployed, someone.email)
    _hold(visit, "confirm", look, tmp_path)


@pytest.mark.parametrize("look", _LOOKS)
def test_a_switch_elsewhere_and_no_tenant(
    world: World, town: Town, make_visit: MakeVisit, look: str, tmp_path: Path
) -> None:
    visit = make_visit(**_looking(look))
    someone, host = town.resident("Emilie du Chatelet"), town.resident("Voltaire Arouet", tenant_name="Cirey")
    world.people.enrol(host.person, someone.tenant, {"admin"})
    world.people.enrol(someone.person, host.tenant, {"visitor"})
    visit.sign_in(someone, "/files")
    world.people.activate(someone.person, host.tenant)
    visit.page.evaluate("() => window.dispatchEvent(new Event('focus'))")
    expect(visit.page.get_by_role("status").filter(has_text="This page now shows Cirey")).to_be_visible()
    _hold(visit, "switched", look, tmp_path)
    world.people.dismiss(someone.person, host.tenant)
    visit.page.evaluate("() => window.dispatchEvent(new Event('focus'))")
    expect(visit.page.get_by_role("heading", level=1)).to_have_text("Choose a tenant")
    _hold(visit, "choose-tenant", look, tmp_path)
    world.people.dismiss(someone.person, someone.tenant)
    visit.page.reload()
    expect(visit.page.get_by_role("heading", level=1)).to_have_text("You belong to no tenant")
    _hold(visit, "no-tenant", look, tmp_path)


def test_an_open_file_and_an_unknown_address(busy: Someone, make_visit: MakeVisit, tmp_path: Path) -> None:
    visit = make_visit(color_scheme="dark")
    visit.sign_in(busy, "/files")
    visit.settle()
    visit.page.get_by_label("Name, which may have several levels").fill("open.txt")
    visit.page.get_by_role("button", name="Store").click()
    visit.page.get_by_role("button", name="open.txt").first.click()
    expect(visit.page.get_by_role("dialog").locator("pre")).to_be_visible()
    _hold(visit, "file", "dark", tmp_path)
    visit.open("/nowhere")
    visit.settle()
    _hold(visit, "not-found", "dark", tmp_path)


def test_nothing_moves_for_who_does_not_want_it(make_visit: MakeVisit) -> None:
    visit = make_visit(reduced_motion="reduce")
    visit.open("/login")
    spinning = (
        "() => { const one = document.createElement('span'); one.className = 'spinner'; document.body.append(one);"
    )

    duration = visit.page.evaluate(f"{spinning} return getComputedStyle(one).animationDuration; }}")

    assert float(duration.removesuffix("s")) < 0.001


def _looking(look: str) -> dict[str, Any]:
    return {**_LOOKS[look], "reduced_motion": "reduce"}


def _hold(visit: Visit, name: str, look: str, folder: Path) -> None:
    """Hold a page to what every page must be, and take its picture."""
    visit.settle()
    assert visit.violations() == []
    wide = visit.page.evaluate("() => document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0, f"{name} is {wide} pixels wider than the window"
    documents = os.environ.get(_FOLDER, "")
    target = Path(documents) if documents and f"{name}-{look}" in _IN_DOCUMENTS else folder
    target.mkdir(parents=True, exist_ok=True)
    visit.page.screenshot(
        path=target / f"{name}-{look}.png", full_page=look in {"light", "dark"}, animations="disabled"
    )
