"""What one tenant's people see of another's: nothing, and neither does a page that is not ours."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import requests
from playwright.sync_api import expect

if TYPE_CHECKING:
    from tenantry.local.cloud import LocalCloud
    from tests.e2e.dashboard.browser import Someone, Visit
    from tests.e2e.dashboard.conftest import MakeVisit

_PAGES = ("Dashboard", "Files", "Tenant", "Profile")


def test_another_tenants_user_sees_none_of_it(ada: Someone, grace: Someone, make_visit: MakeVisit) -> None:
    adas = make_visit()
    adas.sign_in(ada, "/files")
    adas.settle()
    adas.page.get_by_label("Name, which may have several levels").fill("secret-of-ada.txt")
    adas.page.get_by_label("Text", exact=True).fill("Bernoulli numbers")
    adas.page.get_by_role("button", name="Store").click()
    expect(adas.page.get_by_role("button", name="secret-of-ada.txt")).to_have_count(5)

    graces = make_visit()
    replies: list[str] = []
    graces.page.on("response", lambda answer: replies.append(answer.text()) if "/api/" in answer.url else None)
    graces.sign_in(grace)
    for name in _PAGES:
        graces.go(name)
        text = graces.page.locator("body").inner_text()
        assert not [one for one in _of(ada) if one in text]
    assert len(replies) >= len(_PAGES)
    assert not [one for one in _of(ada) for reply in replies if one in reply]


def test_who_signs_in_next_sees_nothing_of_who_was_there_before(ada: Someone, grace: Someone, visit: Visit) -> None:
    visit.sign_in(ada, "/tenant")
    visit.settle()
    visit.page.get_by_role("button", name="Sign out").click()
    visit.page.wait_for_url("**/login")
    visit.page.get_by_label("E-mail address").fill(grace.email)
    visit.page.get_by_label("Password", exact=True).fill(grace.password)
    visit.page.get_by_role("button", name="Sign in").click()
    visit.page.wait_for_url("**/dashboard")
    visit.go("Tenant")

    expect(visit.page.get_by_role("heading", level=1)).to_have_text("Compilers")
    assert ada.tenant not in visit.page.content()


def test_the_apis_beside_the_page_refuse_who_has_no_token_or_anothers(
    ada: Someone, grace: Someone, url: str, visit: Visit
) -> None:
    visit.sign_in(grace)
    token = visit.token()

    for path in (f"/tenant/{ada.tenant}", f"/tenant/{ada.tenant}/usage", f"/tenants/{ada.user_id}"):
        assert requests.get(f"{url}/api/tenant{path}", timeout=60).status_code == 401
        with_token = {"Authorization": f"Bearer {token}"}
        assert requests.get(f"{url}/api/tenant{path}", headers=with_token, timeout=60).status_code == 403


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1", "localhost:1"])
def test_a_name_that_is_not_the_pages_gets_nothing(url: str, host: str) -> None:
    assert requests.get(f"{url}/", headers={"Host": host}, timeout=60).status_code == 421


def test_another_page_can_neither_frame_it_nor_read_from_it(url: str, make_visit: MakeVisit) -> None:
    visit = make_visit()
    other = visit.context.new_page()
    other.route(
        "https://other.example/",
        lambda route: route.fulfill(content_type="text/html", body=f"<iframe src='{url}/login'></iframe>"),
    )
    other.goto("https://other.example/")

    assert [frame.url for frame in other.frames[1:]] == ["chrome-error://chromewebdata/"]
    read = "(url) => fetch(url).then((answer) => answer.text()).catch(() => 'refused')"
    assert other.evaluate(read, f"{url}/config.json") == "refused"


def test_the_settings_hold_nothing_but_names(deployed: LocalCloud, url: str) -> None:
    settings = requests.get(f"{url}/config.json", timeout=60).json()

    assert settings == {
        "application": "tenantry",
        "userPoolId": deployed.output("UserPoolId"),
        "userPoolClientId": deployed.output("UserPoolClientId"),
        "userPoolEndpoint": f"{url}/_cognito/",
        "apis": {"tenant": "/api/tenant", "storage": "/api/storage", "parks": "/api/parks"},
    }


def _of(someone: Someone) -> tuple[str, ...]:
    return (someone.name, someone.email, someone.user_id, someone.tenant, "Analytical Engines", "secret-of-ada")
