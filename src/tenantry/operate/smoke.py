"""Check that an environment is healthy and rejects unauthenticated calls. It changes nothing."""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import requests

from tenantry.operate.environment import LOCAL, STATE_FOLDER, Environment, EnvironmentNotReadyError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

_FAILED: Final = 1
_NOT_READY: Final = 2
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


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the checks and return the exit status: 1 if one failed, 2 if the environment cannot be asked."""
    parser = argparse.ArgumentParser(prog="python -m tenantry.operate.smoke", description=__doc__)
    parser.add_argument("--env", default=LOCAL, help="the environment (default: local)")
    parser.add_argument("--app", help="the application's name (default: $APP_NAME, else tenantry)")
    parser.add_argument(
        "--state",
        type=Path,
        default=STATE_FOLDER,
        metavar="DIR",
        help="the folder with the deployment's outputs (default: .local)",
    )
    parsed = parser.parse_args(arguments)
    failed = False
    try:
        environment = Environment.load(parsed.env, state=parsed.state, app=parsed.app)
        with requests.Session() as http:
            if environment.aws.ca_bundle:
                http.trust_env = False  # REQUESTS_CA_BUNDLE would win over `verify`
                http.verify = environment.aws.ca_bundle
            for check in checks(environment):
                wrong = check.run(http)
                failed = failed or bool(wrong)
                sys.stdout.write(f"{'FAILED' if wrong else 'ok    '}  {check.what}{wrong and f': {wrong}'}\n")
    except EnvironmentNotReadyError as error:
        sys.stderr.write(f"{error}\n")
        return _NOT_READY
    return _FAILED if failed else 0


if __name__ == "__main__":
    sys.exit(main())
