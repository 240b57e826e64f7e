"""A real browser, and what a person does with the page."""

from __future__ import annotations

import os
import re
import secrets
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pytest
from playwright.sync_api import Error, Page, expect, sync_playwright

from tenantry.attacks.people import Person, Tokens
from tenantry.local.settings import PROJECT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, ConsoleMessage

    from tenantry.attacks.world import World
    from tenantry.local.cloud import LocalCloud

# A first request of each kind starts a function, on a machine that may have much else to do.
PATIENCE_MS: Final = 60_000
_NAMES: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_MISSING: Final = (
    "These tests need Chromium. On Debian and Ubuntu: apt-get install chromium. Elsewhere: "
    "`.venv/bin/playwright install chromium`, or set CHROMIUM to the path of one."
)
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
AXE: Final = PROJECT / "dashboard" / "node_modules" / "axe-core" / "axe.min.js"


def chromium() -> Iterator[Browser]:
    """Start the machine's own Chromium, else the one that Playwright has installed."""
    path = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, _NAMES)), None)
    with sync_playwright() as playwright:
        try:
            # Nothing but our own page is opened, and root, in a container, has no sandbox.
            browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        except Error as error:
            pytest.fail(f"{_MISSING}\n\n{error}")
        yield browser
        browser.close()


@dataclass(frozen=True, kw_only=True)
class Someone:
    """A person with an account."""

    name: str
    email: str
    password: str
    user_id: str = ""
    tenant: str = ""

    @property
    def person(self) -> Person:
        """The same, for what is done in the operator's hand."""
        return Person(
            user_id=self.user_id,
            email=self.email,
            name=self.name,
            password=self.password,
            tenant=self.tenant,
            tokens=Tokens("", "", ""),
        )


class Town:
    """Makes people, in the operator's hand, as quickly as that goes."""

    def __init__(self, world: World) -> None:
        self._world = world

    def stranger(self, name: str) -> Someone:
        """Return somebody who has no account yet."""
        email = f"{name.split(maxsplit=1)[0].lower()}.{secrets.token_hex(2)}@example.com"
        return Someone(name=name, email=email, password=f"Lace-{secrets.token_urlsafe(12)}-7a")

    def resident(self, name: str, *, tenant_name: str | None = None) -> Someone:
        """Return somebody with an account and a tenant."""
        someone, target = self.stranger(name), self._world.target
        cognito = target.aws.cognito
        made = cognito.sign_up(
            ClientId=target.client_id,
            Username=someone.email,
            Password=someone.password,
            UserAttributes=[{"Name": "email", "Value": someone.email}, {"Name": "name", "Value": name}],
        )
        user_id = made["UserSub"]
        self._world.leftovers.user(user_id)
        cognito.admin_confirm_sign_up(UserPoolId=target.user_pool_id, Username=user_id)
        cognito.admin_update_user_attributes(
            UserPoolId=target.user_pool_id,
            Username=user_id,
            UserAttributes=[{"Name": "email_verified", "Value": "true"}],
        )
        tenant = self._world.people.await_tenant(user_id)
        if tenant_name:
            self._world.people.found_tenant(tenant, tenant_name)
        return Someone(name=name, email=someone.email, password=someone.password, user_id=user_id, tenant=tenant)


class Visit:
    """One visit: a browser's window with nothing left in it from the one before.

    Everything that the browser complains of is kept: a broken policy, a script that fails, a file that is not there.
    """

    def __init__(self, browser: Browser, url: str, **context: Any) -> None:  # noqa: ANN401 - Playwright's own options
        self.url = url
        self.context = browser.new_context(**{"viewport": {"width": 1280, "height": 860}, **context})
        self.context.set_default_timeout(PATIENCE_MS)
        self.page: Page = self.context.new_page()
        self.complaints: list[str] = []
        self.page.on("console", self._complained)
        self.page.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))

    def _complained(self, message: ConsoleMessage) -> None:
        # A reply that is an error is the page's to show; the browser says so of each as well.
        if message.type == "error" and not message.text.startswith("Failed to load resource"):
            self.complaints.append(message.text)

    def open(self, path: str) -> None:
        """Open an address of the page."""
        self.page.goto(f"{self.url}{path}")

    def sign_in(self, someone: Someone, path: str = "/dashboard") -> None:
        """Open an address, and sign in where that leads."""
        self.open(path)
        self.fill_in(someone)
        self.page.wait_for_url(f"{self.url}{path}")

    def fill_in(self, someone: Someone, page: Page | None = None) -> None:
        """Fill in the form to sign in, and send it."""
        page = page or self.page
        page.get_by_label("E-mail address").fill(someone.email)
        page.get_by_label("Password", exact=True).fill(someone.password)
        page.get_by_role("button", name="Sign in").click()

    def tab(self, someone: Someone, path: str) -> Page:
        """Open another tab of this browser, which signs in for itself."""
        page = self.context.new_page()
        page.goto(f"{self.url}{path}")
        self.fill_in(someone, page)
        page.wait_for_url(f"{self.url}{path}")
        return page

    def sign_up(self, someone: Someone) -> None:
        """Fill in the form to sign up, and send it."""
        self.open("/login?view=sign-up")
        self.page.get_by_label("Your name").fill(someone.name)
        self.page.get_by_label("E-mail address").fill(someone.email)
        self.page.get_by_label("Password", exact=True).fill(someone.password)
        self.page.get_by_role("button", name="Make my account").click()
        self.page.get_by_label("Code from the message").wait_for()

    def go(self, name: str) -> None:
        """Follow a link of the navigation, and wait for what it shows."""
        self.page.get_by_role("navigation").get_by_role("link", name=name).click()
        self.settle()

    def settle(self) -> None:
        """Wait until nothing has been loading for a moment: what follows a click may begin to load a little later."""
        expect(self.page.get_by_role("heading", level=1)).to_be_visible(timeout=PATIENCE_MS)
        settled = self.page.evaluate(_SETTLED, PATIENCE_MS)
        assert settled, "the page is still loading"

    def token(self) -> str:
        """Return the ID token that the page holds."""
        return self.stored("idToken")

    def stored(self, name: str, page: Page | None = None) -> str:
        """Return the token of that name that a tab holds."""
        stored: dict[str, str] = (page or self.page).evaluate("() => ({...sessionStorage})")
        return next(value for key, value in stored.items() if key.endswith(f".{name}"))

    def violations(self) -> list[str]:
        """Return what axe finds that is serious or worse, each with where."""
        # By the debugger's way in, not as a script of the page: its policy, which stays on, would not let it.
        session = self.context.new_cdp_session(self.page)
        session.send("Runtime.evaluate", {"expression": AXE.read_text()})
        answer = session.send(
            "Runtime.evaluate",
            {
                "expression": "axe.run().then((result) => result.violations.map(({id, impact, nodes}) => "
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
        """End the visit, and let nothing that the browser complained of pass."""
        self.context.close()
        assert self.complaints == []


def code_for(deployed: LocalCloud, email: str) -> str:
    """Return the code in the latest message to an address."""
    message = deployed.mail(email)
    assert message is not None
    found = re.search(r"\b\d{6}\b", message.body)
    assert found is not None
    return found[0]
