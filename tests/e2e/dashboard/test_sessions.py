"""Sessions: renewed in time, gone at the end, and led back to where one was."""

from __future__ import annotations

import base64
import json
import time
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError
from playwright.sync_api import expect

from tests.e2e.dashboard.browser import code_for

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Request, Response, Route

    from tenantry.attacks.world import World
    from tenantry.local.cloud import LocalCloud
    from tests.e2e.dashboard.browser import Someone, Town, Visit
    from tests.e2e.dashboard.conftest import MakeVisit

_MINUTE = 60_000
# An answer can be lost: for so long, a refresh token that was replaced still counts.
_GRACE_SECONDS = 11
_MOST_RENEWALS = 24  # of a page that looks for a tenant


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


def test_signing_out_here_ends_this_session_at_once_and_no_other(
    world: World, town: Town, make_visit: MakeVisit
) -> None:
    someone = town.resident("Hypatia Alexandria", tenant_name="Conics")
    here, there = make_visit(), make_visit()
    for visit in (here, there):
        visit.sign_in(someone, "/profile")
    token = here.token()
    assert world.parks_api("GET", "/settings", token).status == 200

    here.page.get_by_role("button", name="Sign out here").click()

    here.page.wait_for_url("**/login")
    assert world.parks_api("GET", "/settings", token).status == 401
    there.go("Tenant")
    expect(there.page.get_by_role("heading", level=1)).to_have_text("Conics")
    expect(there.page.get_by_role("list", name="Members")).to_be_visible()


def test_signing_out_leaves_nothing_though_nobody_can_be_told(ada: Someone, visit: Visit) -> None:
    visit.sign_in(ada)
    visit.settle()
    visit.page.route("**/api/**", lambda route: route.abort())
    visit.page.route("**/_cognito/", lambda route: route.abort())

    visit.page.get_by_role("button", name="Sign out").click()

    visit.page.wait_for_url("**/login")
    assert visit.page.evaluate("() => sessionStorage.length") == 0


def test_signing_out_everywhere_ends_the_other_sessions_at_their_next_request(
    world: World, town: Town, make_visit: MakeVisit
) -> None:
    someone = town.resident("Sofia Kovalevskaya")
    here, there = make_visit(), make_visit()
    for visit in (here, there):
        visit.sign_in(someone, "/profile")
    tokens = [here.token(), there.token()]
    time.sleep(1)  # sessions end by the second, and one that has just begun is not an earlier one

    here.page.get_by_role("button", name="Sign out everywhere").click()

    here.page.wait_for_url("**/login")
    expect(here.page.get_by_role("status")).to_contain_text("You are signed out everywhere.")
    assert [world.parks_api("GET", "/settings", token).status for token in tokens] == [401, 401]
    there.page.get_by_role("navigation").get_by_role("link", name="Tenant").click()
    there.page.wait_for_url("**/login?next=%2Ftenant&expired")


def test_signing_out_everywhere_that_fails_is_told_and_nothing_is_forgotten(ada: Someone, visit: Visit) -> None:
    visit.sign_in(ada, "/profile")
    visit.page.route("**/me/sessions", lambda route: route.fulfill(status=500, json={"message": "Internal"}))

    visit.page.get_by_role("button", name="Sign out everywhere").click()

    card = visit.page.get_by_role("region", name="Where you are signed in")
    expect(card.get_by_role("alert")).to_contain_text("Something went wrong on our side.")
    visit.page.reload()
    expect(visit.page.get_by_role("heading", level=1)).to_have_text("Your profile")


def test_the_other_tab_is_led_out_when_every_session_ends(town: Town, visit: Visit) -> None:
    someone = town.resident("Sophie Germain")
    visit.sign_in(someone, "/profile")
    other = visit.tab(someone, "/files")
    time.sleep(1)  # as above

    visit.page.get_by_role("button", name="Sign out everywhere").click()

    other.wait_for_url("**/login?next=%2Ffiles&expired")


def test_the_refresh_token_is_replaced_when_it_is_used(world: World, ada: Someone, visit: Visit) -> None:
    visit.page.clock.install()
    visit.sign_in(ada)
    other = visit.tab(ada, "/dashboard")
    before, others = visit.stored("refreshToken"), visit.stored("refreshToken", other)
    assert before != others

    visit.page.clock.fast_forward(56 * _MINUTE)

    visit.page.wait_for_function("(before) => !Object.values(sessionStorage).includes(before)", arg=before)
    after = visit.stored("refreshToken")
    target = world.target
    cognito = target.aws.anonymous().cognito
    time.sleep(_GRACE_SECONDS)
    with pytest.raises(ClientError, match=r"NotAuthorized|RefreshTokenReuse"):
        cognito.get_tokens_from_refresh_token(ClientId=target.client_id, RefreshToken=before)
    # The new one serves in its turn, and the other tab has one of its own.
    visit.page.clock.fast_forward(56 * _MINUTE)
    visit.page.wait_for_function("(after) => !Object.values(sessionStorage).includes(after)", arg=after)
    assert visit.stored("refreshToken", other) not in {others, before, after, visit.stored("refreshToken")}
    visit.go("Tenant")
    expect(visit.page.get_by_role("heading", level=1)).to_have_text("Analytical Engines")
    other.reload()
    expect(other.get_by_role("heading", level=1)).to_have_text("Analytical Engines")


def test_nobody_is_led_to_another_site_after_signing_in(ada: Someone, make_visit: MakeVisit) -> None:
    for lure in ("https://example.com/", "//example.com/", "/\\example.com/", "javascript:alert(1)"):
        visit = make_visit()
        visit.open(f"/login?next={lure}")
        visit.page.get_by_label("E-mail address").fill(ada.email)
        visit.page.get_by_label("Password", exact=True).fill(ada.password)
        visit.page.get_by_role("button", name="Sign in").click()
        visit.page.wait_for_url(f"{visit.url}/dashboard")


def test_a_user_whose_tenant_is_not_made_yet_is_waited_for(
    deployed: LocalCloud, world: World, town: Town, visit: Visit
) -> None:
    someone, page, target = town.stranger("Mary Anning"), visit.page, world.target
    visit.sign_up(someone)
    user_id = str(target.aws.cognito.admin_get_user(UserPoolId=target.user_pool_id, Username=someone.email)["Username"])
    world.leftovers.user(user_id)
    # The sagas are quicker than a browser: the page is told of no tenant until it has waited for a while.
    page.route("**/_cognito/", _without_tenant)
    page.get_by_label("Code from the message").fill(code_for(deployed, someone.email))
    page.get_by_role("button", name="Confirm").click()
    expect(page.get_by_role("progressbar", name="Making your tenant")).to_be_visible()
    assert visit.violations() == []

    page.unroute("**/_cognito/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Your tenant")


def test_tokens_that_came_without_the_tenant_are_asked_for_again(ada: Someone, visit: Visit) -> None:
    """The pool could not learn the tenant in time, when the person signed in."""
    page, renewals = visit.page, _Renewals(without_tenant=2)
    page.route("**/_cognito/", renewals)
    page.route("**/_cognito/", _sign_in_without_tenant)
    page.route("**/tenants", _directory_knows(ada))
    visit.open("/dashboard")
    visit.fill_in(ada)

    expect(page.get_by_role("heading", level=1)).to_have_text("Analytical Engines")
    assert renewals.count == 3

    # Nobody goes on asking once there is a tenant.
    page.clock.install()
    page.clock.fast_forward(2 * _MINUTE)
    visit.go("Tenant")
    assert renewals.count == 3


def test_hourly_tokens_without_the_tenant_do_not_take_the_page_away(ada: Someone, visit: Visit) -> None:
    page, renewals = visit.page, _Renewals(without_tenant=2)
    page.clock.install()
    visit.sign_in(ada, "/tenant")
    page.get_by_label("Name of the tenant").fill("Half a name")
    page.route("**/_cognito/", renewals)

    with page.expect_response(lambda response: _is_renewal(response) and renewals.count == 3):
        page.clock.fast_forward(56 * _MINUTE)

    expect(page.get_by_label("Name of the tenant")).to_have_value("Half a name")


def test_page_gives_up_on_tokens_that_never_name_the_tenant(ada: Someone, visit: Visit) -> None:
    page, renewals = visit.page, _Renewals(without_tenant=1000)
    page.clock.install()
    page.route("**/_cognito/", renewals)
    page.route("**/_cognito/", _sign_in_without_tenant)
    page.route("**/tenants", _directory_knows(ada))
    visit.open("/dashboard")
    visit.fill_in(ada)
    title = page.get_by_role("heading", level=1)
    expect(title).to_contain_text("Welcome")

    while renewals.count < _MOST_RENEWALS:
        with page.expect_response(_is_renewal):
            page.clock.run_for(5000)
    expect(title).to_have_text("Your tenant is not available")
    page.clock.run_for(10 * _MINUTE)
    assert renewals.count == _MOST_RENEWALS
    assert visit.violations() == []

    renewals.without_tenant = 0
    page.get_by_role("button", name="Try again").click()
    page.clock.run_for(5000)
    expect(title).to_have_text("Analytical Engines")


def _is_renewal(response: Response) -> bool:
    return _action(response.request) == "GetTokensFromRefreshToken"


def _action(request: Request) -> str:
    return request.headers.get("x-amz-target", "").rpartition(".")[2]


class _Renewals:
    """Counts how often tokens are renewed, and takes the tenant out of the first of them."""

    def __init__(self, *, without_tenant: int) -> None:
        self.without_tenant = without_tenant
        self.count = 0

    def __call__(self, route: Route) -> None:
        """Handle a request to the user pool."""
        if _action(route.request) != "GetTokensFromRefreshToken":
            route.fallback()
            return
        self.count += 1
        if self.count <= self.without_tenant:
            _fulfill_without_tenant(route)
        else:
            route.fallback()


def _claims(token: str) -> dict[str, str]:
    body = token.split(".")[1]
    claims: dict[str, str] = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    return claims


def _without_tenant(route: Route) -> None:
    """Let a sign-in give a token without a tenant, and no other token after it."""
    if _action(route.request) == "GetTokensFromRefreshToken":
        route.fulfill(status=500, json={})
    else:
        _sign_in_without_tenant(route)


def _sign_in_without_tenant(route: Route) -> None:
    if _action(route.request) == "RespondToAuthChallenge":
        _fulfill_without_tenant(route)
    else:
        route.fallback()


def _directory_knows(someone: Someone) -> Callable[[Route], None]:
    """Return what answers as the API does to a token without a tenant; those of these tests have a broken signature."""
    answer = {"tenants": [{"tenantId": someone.tenant, "roles": ["admin"], "active": True}]}
    return lambda route: route.fulfill(json=answer)


def _fulfill_without_tenant(route: Route) -> None:
    answer = route.fetch()
    body = answer.json()
    tokens = body["AuthenticationResult"]
    head, _, signature = tokens["IdToken"].split(".")
    claims = {name: value for name, value in _claims(tokens["IdToken"]).items() if name != "tenant"}
    payload = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    tokens["IdToken"] = f"{head}.{payload}.{signature}"
    route.fulfill(response=answer, json=body)
