"""From a stranger to a renamed tenant, on the page alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import expect

from tests.e2e.dashboard.browser import code_for

if TYPE_CHECKING:
    from tenantry.attacks.world import World
    from tenantry.local.cloud import LocalCloud
    from tests.e2e.dashboard.browser import Town, Visit
    from tests.e2e.dashboard.conftest import MakeVisit


def test_a_stranger_signs_up_and_names_their_tenant(
    deployed: LocalCloud, world: World, town: Town, visit: Visit
) -> None:
    someone, page = town.stranger("Mary Somerville"), visit.page

    visit.open("/tenant")
    page.wait_for_url("**/login?next=%2Ftenant")
    page.get_by_role("button", name="Make an account").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Make an account")
    page.get_by_label("Your name").fill(someone.name)
    page.get_by_label("E-mail address").fill(someone.email)

    # The rules are marked as they are met, and none may be broken.
    password = page.get_by_label("Password", exact=True)
    password.fill("short")
    expect(page.get_by_role("listitem").filter(has_text="a small letter, met")).to_be_visible()
    expect(page.get_by_role("listitem").filter(has_text="12 characters or more, not yet")).to_be_visible()
    page.get_by_role("button", name="Make my account").click()
    expect(page.get_by_role("alert")).to_contain_text("does not meet every rule")
    password.fill(someone.password)
    expect(page.locator(".rules .met")).to_have_count(5)
    page.get_by_role("button", name="Make my account").click()

    # A wrong code is told in words; the right one leads on by itself, to where the stranger was going.
    code = page.get_by_label("Code from the message")
    code.wait_for()
    right = code_for(deployed, someone.email)
    code.fill("000000" if right != "000000" else "111111")
    page.get_by_role("button", name="Confirm").click()
    expect(page.get_by_role("alert")).to_contain_text("That code is not right")
    code.fill(right)
    page.get_by_role("button", name="Confirm").click()
    page.wait_for_url(f"{visit.url}/tenant")
    world.leftovers.user(_user_id(world, someone.email))

    # The new tenant has no name until it gets one, which is there at once and still there afterwards.
    expect(page.get_by_role("heading", level=1)).to_have_text("Your tenant")
    page.get_by_label("Name of the tenant").fill("Connexion of the Sciences")
    page.get_by_role("button", name="Rename").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Connexion of the Sciences")
    expect(page.get_by_role("status").filter(has_text="now called")).to_be_visible()
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_have_text("Connexion of the Sciences")
    visit.go("Dashboard")
    expect(page.get_by_role("heading", level=1)).to_have_text("Connexion of the Sciences")


def test_somebody_who_forgot_their_password_chooses_another(deployed: LocalCloud, town: Town, visit: Visit) -> None:
    someone, page = town.resident("Emmy Noether"), visit.page

    visit.open("/login")
    page.get_by_role("button", name="Forgotten your password?").click()
    page.get_by_label("E-mail address").fill(someone.email)
    page.get_by_role("button", name="Send the code").click()
    page.get_by_label("Code from the message").wait_for()
    page.get_by_label("Code from the message").fill(code_for(deployed, someone.email))
    page.get_by_label("New password", exact=True).fill("Invariants-1918!")
    page.get_by_role("button", name="Save and sign in").click()
    page.wait_for_url("**/dashboard")

    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/login")
    page.get_by_label("E-mail address").fill(someone.email)
    page.get_by_label("Password", exact=True).fill(someone.password)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("The address or the password is wrong")


def test_who_signed_up_in_this_tab_confirms_and_keeps_the_password(
    deployed: LocalCloud, world: World, town: Town, visit: Visit
) -> None:
    someone, page = town.stranger("Hertha Ayrton"), visit.page
    visit.sign_up(someone)
    world.leftovers.user(_user_id(world, someone.email))
    page.reload()
    page.get_by_role("button", name="I have an account").click()
    visit.fill_in(someone)
    expect(page.get_by_role("heading", level=1)).to_have_text("Confirm your address")
    page.get_by_label("Code from the message").fill(code_for(deployed, someone.email))
    page.get_by_role("button", name="Confirm").click()

    page.wait_for_url("**/dashboard")


def test_who_confirms_an_account_of_another_place_chooses_a_new_password(
    deployed: LocalCloud, world: World, town: Town, make_visit: MakeVisit
) -> None:
    someone = town.stranger("Mary Golda Ross")
    strangers, owners = make_visit(), make_visit()
    strangers.sign_up(someone)
    world.leftovers.user(_user_id(world, someone.email))

    # The owner of the address is told that it is taken, and finds the way to an account that nobody else can open.
    page = owners.page
    owners.open("/login?view=sign-up")
    page.get_by_label("Your name").fill("The Owner")
    page.get_by_label("E-mail address").fill(someone.email)
    page.get_by_label("Password", exact=True).fill("Lockheed-P38-1942!")
    page.get_by_role("button", name="Make my account").click()
    expect(page.get_by_role("alert")).to_contain_text("There is an account with this address already")
    page.get_by_role("button", name="My address is not confirmed yet").click()
    expect(page.get_by_text("somebody else may have made it")).to_be_visible()
    assert owners.violations() == []
    first = code_for(deployed, someone.email)
    page.get_by_role("button", name="Send the code").click()
    page.get_by_label("Code from the message").wait_for()
    second = code_for(deployed, someone.email)
    assert second != first
    page.get_by_label("Code from the message").fill(second)
    page.get_by_role("button", name="Confirm").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Choose a new password")
    assert owners.violations() == []

    # Until the owner has chosen a password, the stranger's opens nothing.
    strangers.open("/login")
    strangers.fill_in(someone)
    expect(strangers.page.get_by_role("heading", level=1)).to_have_text("Choose a new password")

    page.get_by_role("button", name="Send the code").click()
    page.get_by_label("Code from the message").wait_for()
    page.get_by_label("Code from the message").fill(code_for(deployed, someone.email))
    page.get_by_label("New password", exact=True).fill("Skunk-Works-1952!")
    page.get_by_role("button", name="Save and sign in").click()
    page.wait_for_url("**/dashboard")
    strangers.open("/login")
    strangers.fill_in(someone)
    expect(strangers.page.get_by_role("alert")).to_contain_text("The address or the password is wrong")


def _user_id(world: World, email: str) -> str:
    target = world.target
    return str(target.aws.cognito.admin_get_user(UserPoolId=target.user_pool_id, Username=email)["Username"])
