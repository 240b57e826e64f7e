"""From sign-up to a renamed tenant, through the page only."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from playwright.sync_api import expect

from tests.e2e.dashboard.browser import code_for, user_id_of

if TYPE_CHECKING:
    from tenantry.attacks.world import World
    from tenantry.local.cloud import LocalCloud
    from tests.e2e.dashboard.browser import Users, Visit
    from tests.e2e.dashboard.conftest import MakeVisit


def test_new_user_signs_up_and_names_their_tenant(
    deployed: LocalCloud, world: World, users: Users, visit: Visit
) -> None:
    someone, page = users.without_account("Mary Somerville"), visit.page

    visit.open("/tenant")
    page.wait_for_url("**/login?next=%2Ftenant")
    page.get_by_role("button", name="Create an account").click()
    expect(visit.heading).to_have_text("Create an account")
    page.get_by_label("Your name").fill(someone.name)
    page.get_by_label("E-mail address", exact=True).fill(someone.email)

    # Each rule is marked when it is met; the form is not sent before all are.
    password = page.get_by_label("Password", exact=True)
    password.fill("short")
    expect(page.get_by_role("listitem").filter(has_text="A lower-case letter, met")).to_be_visible()
    expect(page.get_by_role("listitem").filter(has_text="At least 12 characters, not met")).to_be_visible()
    page.get_by_role("button", name="Create account").click()
    expect(page.get_by_role("alert")).to_contain_text("does not meet every rule")
    password.fill(someone.password)
    expect(page.locator(".rules .met")).to_have_count(5)
    page.get_by_role("button", name="Create account").click()

    # A wrong code shows an error; the right one continues to the page that the user asked for.
    page.get_by_label("Code from the e-mail").wait_for()
    right = code_for(deployed, someone.email)
    visit.confirm("000000" if right != "000000" else "111111")
    expect(page.get_by_role("alert")).to_contain_text("The code is wrong")
    visit.confirm(right)
    page.wait_for_url(f"{visit.url}/tenant")
    world.run_resources.user(user_id_of(world, someone.email))

    # A new tenant has no name. A new name is shown at once and after a reload.
    expect(visit.heading).to_have_text("Unnamed tenant")
    page.get_by_label("Tenant name").fill("Connexion of the Sciences")
    page.get_by_role("button", name="Rename").click()
    expect(visit.heading).to_have_text("Connexion of the Sciences")
    expect(page.get_by_role("status").filter(has_text="was renamed to")).to_be_visible()
    page.reload()
    expect(visit.heading).to_have_text("Connexion of the Sciences")
    visit.go("Dashboard")
    expect(visit.heading).to_have_text("Connexion of the Sciences")


def test_user_resets_a_forgotten_password(deployed: LocalCloud, users: Users, visit: Visit) -> None:
    someone, page = users.with_tenant("Emmy Noether"), visit.page

    visit.open("/login")
    page.get_by_role("button", name="Forgot your password?").click()
    page.get_by_label("E-mail address", exact=True).fill(someone.email)
    visit.request_code()
    visit.choose_password(code_for(deployed, someone.email), "Invariants-1918!")

    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/login")
    visit.fill_in(someone)
    expect(page.get_by_role("alert")).to_contain_text("The e-mail address or the password is wrong")


def test_confirmation_in_the_sign_up_tab_keeps_the_password(
    deployed: LocalCloud, world: World, users: Users, visit: Visit
) -> None:
    someone, page = users.without_account("Hertha Ayrton"), visit.page
    visit.sign_up(someone)
    world.run_resources.user(user_id_of(world, someone.email))
    page.reload()
    page.get_by_role("button", name="I already have an account").click()
    visit.fill_in(someone)
    expect(visit.heading).to_have_text("Confirm your e-mail address")
    visit.confirm(code_for(deployed, someone.email))

    page.wait_for_url("**/dashboard")


def test_confirmation_in_another_browser_requires_a_new_password(
    deployed: LocalCloud, world: World, users: Users, make_visit: MakeVisit
) -> None:
    someone = users.without_account("Mary Golda Ross")
    strangers, owners = make_visit(), make_visit()
    strangers.sign_up(someone)
    world.run_resources.user(user_id_of(world, someone.email))

    # The owner of the address sees that it is taken, and gets an account that nobody else can use.
    page = owners.page
    owners.fill_in_sign_up(replace(someone, name="The Owner", password="Lockheed-P38-1942!"))
    expect(page.get_by_role("alert")).to_contain_text("An account with this e-mail address already exists")
    page.get_by_role("button", name="My e-mail address is not confirmed yet").click()
    expect(page.get_by_text("somebody else may have created it")).to_be_visible()
    assert owners.violations() == []
    first = code_for(deployed, someone.email)
    owners.request_code()
    second = code_for(deployed, someone.email)
    assert second != first
    owners.confirm(second)
    expect(owners.heading).to_have_text("Choose a new password")
    assert owners.violations() == []

    # The stranger's password gives no access before the owner has chosen one.
    strangers.open("/login")
    strangers.fill_in(someone)
    expect(strangers.heading).to_have_text("Choose a new password")

    owners.request_code()
    owners.choose_password(code_for(deployed, someone.email), "Skunk-Works-1952!")
    strangers.open("/login")
    strangers.fill_in(someone)
    expect(strangers.page.get_by_role("alert")).to_contain_text("The e-mail address or the password is wrong")
