"""Sessions: token renewal, expiry, sign-out, and the redirect after sign-in."""

from __future__ import annotations

import base64
import json
import re
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError
from playwright.sync_api import expect

from tenantry.attacks.waiting import until
from tests.e2e.dashboard.browser import await_next_second, claims_of, code_for, user_id_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Request, Response, Route

    from tenantry.attacks.world import World
    from tenantry.local.cloud import LocalCloud
    from tests.e2e.dashboard.browser import DashboardUser, Users, Visit
    from tests.e2e.dashboard.conftest import MakeVisit

_MINUTE = 60_000
_MAX_RENEWALS = 24  # by a page that waits for a tenant


def test_tokens_are_renewed_before_they_expire(ada: DashboardUser, visit: Visit) -> None:
    visit.page.clock.install()
    visit.sign_in(ada)
    before = visit.token()

    visit.page.clock.fast_forward(54 * _MINUTE)
    assert visit.token() == before
    visit.page.clock.fast_forward(2 * _MINUTE)

    visit.page.wait_for_function("(before) => !Object.values(sessionStorage).includes(before)", arg=before)
    assert claims_of(visit.token())["cognito:username"] == claims_of(before)["cognito:username"]
    visit.go("Tenant")
    expect(visit.heading).to_have_text("Analytical Engines")


def test_expired_session_redirects_to_sign_in_and_back(world: World, users: Users, visit: Visit) -> None:
    someone = users.with_tenant("Hedy Lamarr", tenant_name="Frequencies")
    visit.page.clock.install()
    visit.sign_in(someone, "/files")

    target = world.target
    target.aws.cognito.admin_user_global_sign_out(UserPoolId=target.user_pool_id, Username=someone.user_id)
    visit.page.clock.fast_forward(56 * _MINUTE)

    visit.page.wait_for_url("**/login?next=%2Ffiles&expired")
    expect(visit.page.get_by_role("status")).to_contain_text("Your session has ended")
    assert visit.page.evaluate("() => sessionStorage.length") == 0
    visit.fill_in(someone)
    visit.page.wait_for_url(f"{visit.url}/files")
    expect(visit.heading).to_have_text("Files")


def test_token_rejected_by_an_api_ends_the_session(ada: DashboardUser, visit: Visit) -> None:
    visit.sign_in(ada)
    visit.page.route("**/api/**", lambda route: route.fulfill(status=401, json={"message": "Unauthorized"}))

    visit.page.get_by_role("navigation").get_by_role("link", name="Tenant").click()

    visit.page.wait_for_url("**/login?next=%2Ftenant&expired")


def test_sign_out_clears_browser_storage(ada: DashboardUser, visit: Visit) -> None:
    visit.sign_in(ada)

    visit.page.get_by_role("button", name="Sign out").click()

    visit.page.wait_for_url("**/login")
    assert visit.page.evaluate("() => [sessionStorage.length, localStorage.length, document.cookie]") == [0, 0, ""]
    visit.open("/dashboard")
    visit.page.wait_for_url("**/login")


def test_session_survives_a_reload_and_is_limited_to_its_tab(ada: DashboardUser, visit: Visit) -> None:
    visit.sign_in(ada, "/profile")
    visit.page.reload()
    expect(visit.heading).to_have_text("Your profile")

    other = visit.context.new_page()
    other.goto(f"{visit.url}/profile")
    other.wait_for_url("**/login?next=%2Fprofile")


def test_sign_out_here_ends_only_this_session(world: World, users: Users, make_visit: MakeVisit) -> None:
    someone = users.with_tenant("Hypatia Alexandria", tenant_name="Conics")
    here, there = make_visit(), make_visit()
    for visit in (here, there):
        visit.sign_in(someone, "/profile")
    token = here.token()
    assert world.membership_api("GET", "/settings", token).status == 200

    here.page.get_by_role("button", name="Sign out here").click()

    here.page.wait_for_url("**/login")
    assert world.membership_api("GET", "/settings", token).status == 401
    there.go("Tenant")
    expect(there.heading).to_have_text("Conics")
    expect(there.page.get_by_role("list", name="Members")).to_be_visible()


def test_sign_out_without_network_clears_browser_storage(ada: DashboardUser, visit: Visit) -> None:
    visit.sign_in(ada)
    visit.page.route("**/api/**", lambda route: route.abort())
    visit.page.route("**/_cognito/", lambda route: route.abort())

    visit.page.get_by_role("button", name="Sign out").click()

    visit.page.wait_for_url("**/login")
    assert visit.page.evaluate("() => sessionStorage.length") == 0


def test_sign_out_everywhere_ends_all_sessions(world: World, users: Users, make_visit: MakeVisit) -> None:
    someone = users.with_tenant("Sofia Kovalevskaya")
    here, there = make_visit(), make_visit()
    for visit in (here, there):
        visit.sign_in(someone, "/profile")
    tokens = [here.token(), there.token()]
    await_next_second(*tokens)

    here.page.get_by_role("button", name="Sign out everywhere").click()

    here.page.wait_for_url("**/login")
    expect(here.page.get_by_role("status")).to_contain_text("You are signed out everywhere.")
    assert [world.membership_api("GET", "/settings", token).status for token in tokens] == [401, 401]
    there.page.get_by_role("navigation").get_by_role("link", name="Tenant").click()
    there.page.wait_for_url("**/login?next=%2Ftenant&expired")


@pytest.mark.parametrize(
    ("button", "message"),
    [("Sign out", None), ("Sign out here", None), ("Sign out everywhere", "You are signed out everywhere.")],
)
def test_request_refused_during_sign_out_does_not_change_its_message(
    users: Users, visit: Visit, button: str, message: str | None
) -> None:
    someone, page = users.with_tenant("Emmy Noether"), visit.page
    waiting: list[Route] = []
    visit.sign_in(someone, "/profile")
    page.route("**/settings", lambda route: waiting.append(route))  # noqa: PLW0108 - Playwright marks its handlers
    with page.expect_request("**/settings"):
        visit.focus()
    await_next_second(visit.token())
    page.route(re.compile("/me/sessions"), lambda route: _fulfill_after(route, waiting))

    page.get_by_role("button", name=button, exact=True).click()

    page.wait_for_url("**/login")
    status = page.get_by_role("status")
    if message:
        expect(status).to_have_text(message)
    else:
        expect(status).to_have_count(0)
    assert waiting == []
    visit.fill_in(someone)
    page.wait_for_url("**/dashboard")


def _fulfill_after(route: Route, waiting: list[Route]) -> None:
    """Let the API end the session, then let it answer the waiting requests, and only then tell the page."""
    ended = route.fetch()
    while waiting:
        other = waiting.pop()
        refused = other.fetch()
        assert refused.status == 401
        other.fulfill(response=refused)
    route.fulfill(response=ended)


def test_failed_sign_out_everywhere_shows_an_error_and_keeps_the_session(ada: DashboardUser, visit: Visit) -> None:
    visit.sign_in(ada, "/profile")
    visit.page.route("**/me/sessions", lambda route: route.fulfill(status=500, json={"message": "Internal"}))

    visit.page.get_by_role("button", name="Sign out everywhere").click()

    card = visit.page.get_by_role("region", name="Sessions")
    expect(card.get_by_role("alert")).to_contain_text("Something went wrong on our side.")
    visit.page.reload()
    expect(visit.heading).to_have_text("Your profile")


def test_sign_out_everywhere_redirects_other_tabs_to_sign_in(users: Users, visit: Visit) -> None:
    someone = users.with_tenant("Sophie Germain")
    visit.sign_in(someone, "/profile")
    other = visit.tab(someone, "/files")
    await_next_second(visit.token(), visit.stored("idToken", other))

    visit.page.get_by_role("button", name="Sign out everywhere").click()

    other.wait_for_url("**/login?next=%2Ffiles&expired")


def test_refresh_token_is_rotated_when_used(world: World, ada: DashboardUser, visit: Visit) -> None:
    visit.page.clock.install()
    visit.sign_in(ada)
    other = visit.tab(ada, "/dashboard")
    before, others = visit.stored("refreshToken"), visit.stored("refreshToken", other)
    assert before != others

    visit.page.clock.fast_forward(56 * _MINUTE)

    visit.page.wait_for_function("(before) => !Object.values(sessionStorage).includes(before)", arg=before)
    after = visit.stored("refreshToken")
    # The previous token stays valid for a grace period, because a response can be lost.
    assert until(lambda: _is_refused(world, before), 30)
    # The new token works, and the other tab has its own.
    visit.page.clock.fast_forward(56 * _MINUTE)
    visit.page.wait_for_function("(after) => !Object.values(sessionStorage).includes(after)", arg=after)
    assert visit.stored("refreshToken", other) not in {others, before, after, visit.stored("refreshToken")}
    visit.go("Tenant")
    expect(visit.heading).to_have_text("Analytical Engines")
    other.reload()
    expect(other.get_by_role("heading", level=1)).to_have_text("Analytical Engines")


def test_sign_in_does_not_redirect_to_other_origins(ada: DashboardUser, make_visit: MakeVisit) -> None:
    for target in ("https://example.com/", "//example.com/", "/\\example.com/", "javascript:alert(1)"):
        visit = make_visit()
        visit.open(f"/login?next={target}")
        visit.fill_in(ada)
        visit.page.wait_for_url(f"{visit.url}/dashboard")


def test_page_waits_until_the_tenant_of_a_new_user_is_created(
    deployed: LocalCloud, world: World, users: Users, visit: Visit
) -> None:
    someone, page = users.without_account("Mary Anning"), visit.page
    visit.sign_up(someone)
    world.run_resources.user(user_id_of(world, someone.email))
    # The tenant is created faster than the page loads, so the tokens are kept without it for a while.
    page.route("**/_cognito/", _without_tenant)
    visit.confirm(code_for(deployed, someone.email))
    expect(page.get_by_role("progressbar", name="Creating your tenant")).to_be_visible()
    assert visit.violations() == []

    page.unroute("**/_cognito/")
    expect(visit.heading).to_have_text("Unnamed tenant")


def test_tokens_without_a_tenant_are_renewed_after_sign_in(ada: DashboardUser, visit: Visit) -> None:
    """The token hook could not read the tenant in time at sign-in."""
    page, renewals = visit.page, _Renewals(without_tenant=2)
    page.route("**/_cognito/", renewals)
    page.route("**/_cognito/", _sign_in_without_tenant)
    page.route("**/tenants", _mock_tenants(ada))
    visit.open("/dashboard")
    visit.fill_in(ada)

    expect(visit.heading).to_have_text("Analytical Engines")
    assert renewals.count == 3

    # The page stops renewing when there is a tenant.
    page.clock.install()
    page.clock.fast_forward(2 * _MINUTE)
    visit.go("Tenant")
    assert renewals.count == 3


def test_renewed_tokens_without_a_tenant_keep_the_page_and_its_input(ada: DashboardUser, visit: Visit) -> None:
    page, renewals = visit.page, _Renewals(without_tenant=2)
    page.clock.install()
    visit.sign_in(ada, "/tenant")
    page.get_by_label("Tenant name").fill("Half a name")
    page.route("**/_cognito/", renewals)

    with page.expect_response(lambda response: _is_renewal(response) and renewals.count == 3):
        page.clock.fast_forward(56 * _MINUTE)

    expect(page.get_by_label("Tenant name")).to_have_value("Half a name")


def test_page_stops_renewing_tokens_that_never_name_a_tenant(ada: DashboardUser, visit: Visit) -> None:
    page, renewals = visit.page, _Renewals(without_tenant=1000)
    page.clock.install()
    page.route("**/_cognito/", renewals)
    page.route("**/_cognito/", _sign_in_without_tenant)
    page.route("**/tenants", _mock_tenants(ada))
    visit.open("/dashboard")
    visit.fill_in(ada)
    title = visit.heading
    expect(title).to_contain_text("Welcome")

    while renewals.count < _MAX_RENEWALS:
        with page.expect_response(_is_renewal):
            page.clock.run_for(5000)
    expect(title).to_have_text("Your tenant is not available")
    page.clock.run_for(10 * _MINUTE)
    assert renewals.count == _MAX_RENEWALS
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
    """Counts token renewals, and removes the tenant from the first tokens."""

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


def _is_refused(world: World, refresh_token: str) -> bool:
    target = world.target
    try:
        target.aws.anonymous().cognito.get_tokens_from_refresh_token(
            ClientId=target.client_id, RefreshToken=refresh_token
        )
    except ClientError as error:
        return error.response["Error"]["Code"] in {"NotAuthorizedException", "RefreshTokenReuseException"}
    return False


def _without_tenant(route: Route) -> None:
    """Let a sign-in return a token without a tenant, and let each renewal fail."""
    if _action(route.request) == "GetTokensFromRefreshToken":
        route.fulfill(status=500, json={})
    else:
        _sign_in_without_tenant(route)


def _sign_in_without_tenant(route: Route) -> None:
    if _action(route.request) == "RespondToAuthChallenge":
        _fulfill_without_tenant(route)
    else:
        route.fallback()


def _mock_tenants(someone: DashboardUser) -> Callable[[Route], None]:
    """Return a mock of the API that lists tenants: it would refuse these tokens, whose signature no longer matches."""
    answer = {"tenants": [{"tenantId": someone.tenant, "roles": ["admin"], "active": True}]}
    return lambda route: route.fulfill(json=answer)


def _fulfill_without_tenant(route: Route) -> None:
    answer = route.fetch()
    body = answer.json()
    tokens = body["AuthenticationResult"]
    head, _, signature = tokens["IdToken"].split(".")
    claims = {name: value for name, value in claims_of(tokens["IdToken"]).items() if name != "tenant"}
    payload = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    tokens["IdToken"] = f"{head}.{payload}.{signature}"
    route.fulfill(response=answer, json=body)
