"""Check that an environment is healthy and rejects unauthenticated calls. It changes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import requests
from rich.text import Text

from tenantry.operate.commands import on_environment

if TYPE_CHECKING:
    import argparse
    from collections.abc import Collection, Iterator, Mapping

    from rich.console import Console

    from tenantry.operate.environment import Environment

EXIT_FAILED: Final = 1
_TIMEOUT_SECONDS: Final = 10
NO_TENANT: Final = "/tenant/00000000-0000-8000-8000-000000000000"


@dataclass(frozen=True)
class Check:
    """A request and what must come back.

    Attributes
    ----------
    what
        What the reply shows.
    method, url, headers
        The request.
    statuses
        The HTTP statuses that are right.
    holds
        What the reply's body must contain.
    """

    what: str
    method: str
    url: str
    statuses: Collection[int]
    headers: Mapping[str, str]
    holds: str = ""

    def run(self, http: requests.Session) -> str:
        """Send the request and return what is wrong: nothing, if all is well."""
        try:
            reply = http.request(
                self.method, self.url, headers=dict(self.headers), timeout=_TIMEOUT_SECONDS, allow_redirects=False
            )
        except requests.RequestException as error:
            return type(error).__name__
        if reply.status_code not in self.statuses:
            return f"{reply.status_code} instead of {' or '.join(map(str, self.statuses))}"
        return "" if self.holds in reply.text else f"the reply lacks {self.holds}"


def checks(environment: Environment) -> Iterator[Check]:
    """Return what is asked of an environment: that it is healthy, and that it rejects unauthenticated calls."""
    tenant_api = environment.output("tenant", "TenantApiUrl").rstrip("/") + NO_TENANT
    admin_api = environment.output("tenant", "TenantAdminApiUrl").rstrip("/") + "/tenants/nobody"
    pool, aws = environment.output("user", "UserPoolId"), environment.aws
    home = aws.endpoint_url or f"https://cognito-idp.{aws.region}.amazonaws.com"
    garbage = {"Authorization": "Bearer garbage"}
    yield Check("The user pool publishes its keys", "GET", f"{home}/{pool}/.well-known/jwks.json", {200}, {}, '"keys"')
    yield Check("The tenant API answers a browser's preflight", "OPTIONS", tenant_api, {200, 204}, {})
    yield Check("The tenant API refuses a request without a token", "GET", tenant_api, {401}, {})
    yield Check("The authorizer runs, and refuses a malformed token", "GET", tenant_api, {401}, garbage)
    yield Check("The admin API refuses an unsigned request", "GET", admin_api, {403}, {})


def add(topic: argparse.ArgumentParser) -> None:
    """Make the topic a command."""
    topic.description = __doc__
    on_environment(topic, _run)


def _run(environment: Environment, _: argparse.Namespace, console: Console) -> int:
    failed = False
    with requests.Session() as http:
        if environment.aws.ca_bundle:
            http.trust_env = False  # REQUESTS_CA_BUNDLE would win over `verify`
            http.verify = environment.aws.ca_bundle
        for check in checks(environment):
            wrong = check.run(http)
            failed = failed or bool(wrong)
            console.print(Text(f"{'FAILED' if wrong else 'ok    '}  {check.what}{wrong and f': {wrong}'}"))
    return EXIT_FAILED if failed else 0
