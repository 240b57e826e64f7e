"""Sessions: renewed in time, gone at the end, and led back to where one was."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

from playwright.sync_api import expect

if TYPE_CHECKING:
    from attacks.world import World
    from tests.e2e.dashboard.browser import Someone, Town, Visit
    from tests.e2e.dashboard.conftest import MakeVisit

_MINUTE = 60_000


def test_tokens_are_renewed_before_they_expire(ada: Someone, visit: Visit) -> None:
    visit.page.clock.install()
    visit.sign_in(ada)
    visit.settle()
    before = visit.token()

    visit.page.clock.fast_forward(54 * _MINUTE)
    assert visit.token() == before
    visit.page.clock.fast_forward(2 * _MINUTE)

    visit.page.wait_for_function("(before) => !Object.values(sessionStorage).includes(before)", arg=before)
    assert _claims(visit.token())["cognito:username"] == _claims(before)["cognito:username"]
    visit.go("Tenant")
    expect(visit.page.get_by_role("heading", level=1)).to_have_text("Analytical Engines")


def test_an_expired_session_leads_to_signing_in_and_back(world: World, town: Town, visit: Visit) -> None:
    someone = town.resident("Hedy Lamarr", tenant_name="Frequencies")
    visit.page.clock.install()
    visit.sign_in(someone, "/files")
    visit.settle()

    target = world.target
    target.aws.cognito.admin_user_global_sign_out(UserPoolId=target.user_pool_id, Username=someone.user_id)
    visit.page.clock.fast_forward(56 * _MINUTE)

    visit.page.wait_for_url("**/login?next=%2Ffiles&expired")
    expect(visit.page.get_by_role("status")).to_contain_text("Your session has ended")
    assert visit.page.evaluate("() => sessionStorage.length") == 0
    visit.page.get_by_label("E-mail address").fill(someone.email)
    visit.page.get_by_label("Password", exact=True).fill(someone.password)
    visit.page.get_by_role("button", name="Sign in").click()
    visit.page.wait_for_url(f"{visit.url}/files")
    expect(visit.page.get_by_role("heading", level=1)).to_have_text("Files")


def test_a_token_that_an_api_refuses_ends_the_session(ada: Someone, visit: Visit) -> None:
    visit.sign_in(ada)
    visit.settle()
    visit.page.route("**/api/**", lambda route: route.fulfill(status=401, json={"message": "Unauthorized"}))

    visit.page.get_by_role("navigation").get_by_role("link", name="Tenant").click()

    visit.page.wait_for_url("**/login?next=%2Ftenant&expired")


def test_signing_out_leaves_nothing(ada: Someone, visit: Visit) -> None:
    visit.sign_in(ada)
    visit.settle()

    visit.page.get_by_role("button", name="Sign out").click()

    visit.page.wait_for_url("**/login")
    assert visit.page.evaluate("() => [sessionStorage.length, localStorage.length, document.cookie]") == [0, 0, ""]
    visit.open("/dashboard")
    visit.page.wait_for_url("**/login")


def test_a_session_survives_a_reload_and_belongs_to_its_tab(ada: Someone, visit: Visit) -> None:
    visit.sign_in(ada, "/profile")
    visit.page.reload()
    expect(visit.page.get_by_role("heading", level=1)).to_have_text("Your profile")

    other = visit.context.new_page()
    other.goto(f"{visit.url}/profile")
    other.wait_for_url("**/login?next=%2Fprofile")


def test_signing_out_everywhere_ends_the_other_sessions(town: Town, make_visit: MakeVisit) -> None:
    someone = town.resident("Sofia Kovalevskaya")
    here, there = make_visit(), make_visit()
    there.page.clock.install()
    for visit in (here, there):
        visit.sign_in(someone, "/profile")

    here.page.get_by_role("button", name="Sign out everywhere").click()

    here.page.wait_for_url("**/login")
    there.page.clock.fast_forward(56 * _MINUTE)
    there.page.wait_for_url("**/login?next=%2Fprofile&expired")


def test_nobody_is_led_to_another_site_after_signing_in(ada: Someone, make_visit: MakeVisit) -> None:
    for lure in ("https://example.com/", "//example.com/", "/\\example.com/", "javascript:alert(1)"):
        visit = make_visit()
        visit.open(f"/login?next={lure}")
        visit.page.get_by_label("E-mail address").fill(ada.email)
        visit.page.get_by_label("Password", exact=True).fill(ada.password)
        visit.page.get_by_role("button", name="Sign in").click()
        visit.page.wait_for_url(f"{visit.url}/dashboard")


def test_a_user_whose_tenant_is_not_made_yet_is_waited_for(world: World, town: Town, visit: Visit) -> None:
    someone, target = town.resident("Mary Anning"), world.target
    user = {"userid": {"S": someone.user_id}}
    world.people.dismiss(someone.person, someone.tenant)
    target.aws.dynamodb.update_item(TableName=target.users_table, Key=user, UpdateExpression="REMOVE activetenantid")

    visit.open("/files")
    visit.page.get_by_label("E-mail address").fill(someone.email)
    visit.page.get_by_label("Password", exact=True).fill(someone.password)
    visit.page.get_by_role("button", name="Sign in").click()
    expect(visit.page.get_by_role("progressbar", name="Making your tenant")).to_be_visible()
    assert visit.violations() == []

    world.people.enrol(someone.person, someone.tenant, {"admin"})
    world.people.activate(someone.person, someone.tenant)
    expect(visit.page.get_by_role("heading", level=1)).to_have_text("Files")


def _claims(token: str) -> dict[str, str]:
    body = token.split(".")[1]
    claims: dict[str, str] = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    return claims
