"""A browser, users, and the actions of a user on the dashboard."""

from __future__ import annotations

import base64
import json
import re
import secrets
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from playwright.sync_api import Page, expect, sync_playwright

from tenantry.attacks.accounts import Person, Tokens
from tenantry.local.settings import find_project
from tools.chromium import find

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, ConsoleMessage, Locator

    from tenantry.attacks.world import World
    from tenantry.local.cloud import LocalCloud

# The first request to each function includes its cold start.
PATIENCE_MS: Final = 60_000
# Whether nothing has been loading for 200 ms, within the time that is given.
_SETTLED: Final = """(patience) => new Promise((done) => {
  const began = performance.now();
  let busy = began;
  const look = () => {
    const now = performance.now();
    if (document.querySelector(".loading")) busy = now;
    if (now - busy > 200) done(true);
    else if (now - began > patience) done(false);
    else setTimeout(look, 20);
  };
  look();
})"""
AXE: Final = find_project() / "dashboard" / "node_modules" / "axe-core" / "axe.min.js"


def chromium() -> Iterator[Browser]:
    """Start the Chromium that `make test` has found or installed."""
    path = find()
    with sync_playwright() as playwright:
        # Chromium has no sandbox for root in a container; the tests open the dashboard only.
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@dataclass(frozen=True, kw_only=True)
class DashboardUser:
    """A user, with or without an account."""

    name: str
    email: str
    password: str
    user_id: str = ""
    tenant: str = ""

    @property
    def person(self) -> Person:
        """The same user, for actions with operator credentials."""
        return Person(
            user_id=self.user_id,
            email=self.email,
            name=self.name,
            password=self.password,
            tenant=self.tenant,
            tokens=Tokens("", "", ""),
        )


class Users:
    """Creates users with operator credentials."""

    def __init__(self, world: World) -> None:
        self._world = world

    def without_account(self, name: str) -> DashboardUser:
        """Return a user who has no account yet."""
        email = f"{name.split(maxsplit=1)[0].lower()}.{secrets.token_hex(2)}@example.com"
        return DashboardUser(name=name, email=email, password=f"Lace-{secrets.token_urlsafe(12)}-7a")

    def with_tenant(self, name: str, *, tenant_name: str | None = None) -> DashboardUser:
        """Return a user with an account and a tenant."""
        someone, target = self.without_account(name), self._world.target
        cognito = target.aws.cognito
        made = cognito.sign_up(
            ClientId=target.client_id,
            Username=someone.email,
            Password=someone.password,
            UserAttributes=[{"Name": "email", "Value": someone.email}, {"Name": "name", "Value": name}],
        )
        user_id = made["UserSub"]
        self._world.run_resources.user(user_id)
        cognito.admin_confirm_sign_up(UserPoolId=target.user_pool_id, Username=user_id)
        cognito.admin_update_user_attributes(
            UserPoolId=target.user_pool_id,
            Username=user_id,
            UserAttributes=[{"Name": "email_verified", "Value": "true"}],
        )
        tenant = self._world.accounts.await_tenant(user_id)
        if tenant_name:
            self._world.accounts.found_tenant(tenant, tenant_name)
        return DashboardUser(name=name, email=someone.email, password=someone.password, user_id=user_id, tenant=tenant)


class Visit:
    """One browser context with its own storage.

    It records the browser's errors: policy violations, script errors and missing files.
    """

    def __init__(self, browser: Browser, url: str, **context: Any) -> None:  # noqa: ANN401 - Playwright's own options
        self.url = url
        self.context = browser.new_context(**{"viewport": {"width": 1280, "height": 860}, **context})
        self.context.set_default_timeout(PATIENCE_MS)
        self.page: Page = self.context.new_page()
        self.browser_errors: list[str] = []
        self.page.on("console", self._record_error)
        self.page.on("pageerror", lambda error: self.browser_errors.append(f"error: {error}"))

    def _record_error(self, message: ConsoleMessage) -> None:
        # The browser logs each response with an error status; showing it is up to the page.
        if message.type == "error" and not message.text.startswith("Failed to load resource"):
            self.browser_errors.append(message.text)

    def open(self, path: str) -> None:
        """Open a path of the dashboard."""
        self.page.goto(f"{self.url}{path}")

    def sign_in(self, someone: DashboardUser, path: str = "/dashboard") -> None:
        """Open a path, sign in on the sign-in page that it redirects to, and wait until the page is loaded."""
        self.open(path)
        self.fill_in(someone)
        self.page.wait_for_url(f"{self.url}{path}")
        self.settle()

    def fill_in(self, someone: DashboardUser, page: Page | None = None) -> None:
        """Fill in and submit the sign-in form."""
        page = page or self.page
        page.get_by_label("E-mail address", exact=True).fill(someone.email)
        page.get_by_label("Password", exact=True).fill(someone.password)
        page.get_by_role("button", name="Sign in").click()

    def tab(self, someone: DashboardUser, path: str) -> Page:
        """Open another tab of this browser, and sign in there."""
        page = self.context.new_page()
        page.goto(f"{self.url}{path}")
        self.fill_in(someone, page)
        page.wait_for_url(f"{self.url}{path}")
        return page

    def sign_up(self, someone: DashboardUser) -> None:
        """Sign up, and wait until the confirmation code is asked for."""
        self.fill_in_sign_up(someone)
        self.page.get_by_label("Code from the e-mail").wait_for()

    def fill_in_sign_up(self, someone: DashboardUser) -> None:
        """Open, fill in and submit the sign-up form."""
        self.open("/login?view=sign-up")
        self.page.get_by_label("Your name").fill(someone.name)
        self.page.get_by_label("E-mail address", exact=True).fill(someone.email)
        self.page.get_by_label("Password", exact=True).fill(someone.password)
        self.page.get_by_role("button", name="Create account").click()

    def confirm(self, code: str) -> None:
        """Enter the confirmation code of a new account."""
        self.page.get_by_label("Code from the e-mail").fill(code)
        self.page.get_by_role("button", name="Confirm").click()

    def request_code(self) -> None:
        """Request a code by e-mail, and wait for the field that takes it."""
        self.page.get_by_role("button", name="Send code").click()
        self.page.get_by_label("Code from the e-mail").wait_for()

    def choose_password(self, code: str, password: str) -> None:
        """Choose a new password with a code, which signs in."""
        self.page.get_by_label("Code from the e-mail").fill(code)
        self.page.get_by_label("New password", exact=True).fill(password)
        self.page.get_by_role("button", name="Save and sign in").click()
        self.page.wait_for_url("**/dashboard")

    def focus(self) -> None:
        """Let the page know that the user has returned to its tab."""
        self.page.evaluate("() => window.dispatchEvent(new Event('focus'))")

    @property
    def heading(self) -> Locator:
        """The title of the page."""
        return self.page.get_by_role("heading", level=1)

    def go(self, name: str) -> None:
        """Follow a link of the navigation, and wait until its page is loaded."""
        self.page.get_by_role("navigation").get_by_role("link", name=name).click()
        self.settle()

    def settle(self) -> None:
        """Wait until nothing has been loading for 200 ms: a request may start a little after the click."""
        expect(self.heading).to_be_visible(timeout=PATIENCE_MS)
        settled = self.page.evaluate(_SETTLED, PATIENCE_MS)
        assert settled, "the page is still loading"

    def token(self) -> str:
        """Return the ID token that the page holds."""
        return self.stored("idToken")

    def stored(self, name: str, page: Page | None = None) -> str:
        """Return a token from the storage of a tab."""
        stored: dict[str, str] = (page or self.page).evaluate("() => ({...sessionStorage})")
        return next(value for key, value in stored.items() if key.endswith(f".{name}"))

    def violations(self) -> list[str]:
        """Return the serious and critical findings of axe, each with its element."""
        # Through the debugger protocol: the page's content security policy blocks injected scripts.
        session = self.context.new_cdp_session(self.page)
        session.send("Runtime.evaluate", {"expression": AXE.read_text()})
        answer = session.send(
            "Runtime.evaluate",
            {
                "expression": "axe.run({resultTypes: ['violations']}).then((result) => result.violations.map(({id, impact, nodes}) => "
                "({id, impact, where: nodes.map((node) => node.target.join(' ') + ': ' + node.failureSummary)})))",
                "awaitPromise": True,
                "returnByValue": True,
            },
        )
        found = answer["result"]["value"]
        return [
            f"{one['id']}: {where}"
            for one in found
            if one["impact"] in {"serious", "critical"}
            for where in one["where"]
        ]

    def close(self) -> None:
        """Close the context, and fail if the browser has recorded an error."""
        self.context.close()
        assert self.browser_errors == []


def code_for(deployed: LocalCloud, email: str) -> str:
    """Return the code in the latest message to an address."""
    message = deployed.mail(email)
    assert message is not None
    found = re.search(r"\b\d{6}\b", message.body)
    assert found is not None
    return found[0]


def user_id_of(world: World, email: str) -> str:
    """Return the id of the account with an address."""
    target = world.target
    return str(target.aws.cognito.admin_get_user(UserPoolId=target.user_pool_id, Username=email)["Username"])


def claims_of(token: str) -> dict[str, Any]:
    """Return the claims of a token."""
    body = token.split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    return claims


def await_next_second(*tokens: str) -> None:
    """Wait until sessions can be ended: that compares whole seconds, and keeps those that began in the current one."""
    began = max(int(claims_of(token)["auth_time"]) for token in tokens)
    while time.time() < began + 1:
        time.sleep(0.05)
