"""Isolation of tenants in the page, and of the page from other origins."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import requests
from playwright.sync_api import expect

if TYPE_CHECKING:
    from tenantry.local.cloud import LocalCloud
    from tests.e2e.dashboard.browser import DashboardUser, Visit
    from tests.e2e.dashboard.conftest import MakeVisit

_PAGES = ("Dashboard", "Files", "Tenant", "Profile")


def test_user_sees_no_data_of_another_tenant(ada: DashboardUser, grace: DashboardUser, make_visit: MakeVisit) -> None:
    adas = make_visit()
    adas.sign_in(ada, "/files")
    adas.page.get_by_label("File name").fill("secret-of-ada.txt")
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
        assert not [one for one in _identifiers_of(ada) if one in text]
    assert len(replies) >= len(_PAGES)
    assert not [one for one in _identifiers_of(ada) for reply in replies if one in reply]


def test_next_user_in_a_tab_sees_no_data_of_the_previous_user(
    ada: DashboardUser, grace: DashboardUser, visit: Visit
) -> None:
    visit.sign_in(ada, "/tenant")
    visit.page.get_by_role("button", name="Sign out").click()
    visit.page.wait_for_url("**/login")
    visit.fill_in(grace)
    visit.page.wait_for_url("**/dashboard")
    visit.go("Tenant")

    expect(visit.heading).to_have_text("Compilers")
    assert ada.tenant not in visit.page.content()


def test_apis_reject_missing_tokens_and_tokens_of_another_tenant(
    ada: DashboardUser, grace: DashboardUser, url: str, visit: Visit
) -> None:
    visit.sign_in(grace)
    token = visit.token()

    for path in (f"/tenant/{ada.tenant}", f"/tenant/{ada.tenant}/usage", f"/tenants/{ada.user_id}"):
        assert requests.get(f"{url}/api/tenant{path}", timeout=60).status_code == 401
        with_token = {"Authorization": f"Bearer {token}"}
        assert requests.get(f"{url}/api/tenant{path}", headers=with_token, timeout=60).status_code == 403


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1", "localhost:1"])
def test_unknown_host_header_is_rejected(url: str, host: str) -> None:
    assert requests.get(f"{url}/", headers={"Host": host}, timeout=60).status_code == 421


def test_other_origins_can_neither_frame_nor_read_the_page(url: str, make_visit: MakeVisit) -> None:
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


def test_config_json_contains_only_public_identifiers(deployed: LocalCloud, url: str) -> None:
    settings = requests.get(f"{url}/config.json", timeout=60).json()

    assert settings == {
        "application": "tenantry",
        "userPoolId": deployed.output("UserPoolId"),
        "userPoolClientId": deployed.output("UserPoolClientId"),
        "userPoolEndpoint": f"{url}/_cognito/",
        "apis": {
            "tenant": "/api/tenant",
            "membership": "/api/membership",
            "storage": "/api/storage",
            "parks": "/api/parks",
        },
    }


def _identifiers_of(someone: DashboardUser) -> tuple[str, ...]:
    return (someone.name, someone.email, someone.user_id, someone.tenant, "Analytical Engines", "secret-of-ada")
