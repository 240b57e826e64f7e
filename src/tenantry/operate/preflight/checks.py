"""Every check, in the order in which their answers are useful."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tenantry.operate.preflight.account import NOT_ASKED, Account, reason
from tenantry.operate.preflight.bootstrap import bootstrap, place
from tenantry.operate.preflight.findings import Status, unknown
from tenantry.operate.preflight.names import names
from tenantry.operate.preflight.quotas import quotas
from tenantry.operate.preflight.rights import rights
from tenantry.operate.preflight.stacks import stacks
from tenantry.operate.preflight.surroundings import api_logs, certificate, mail, services

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tenantry.operate.preflight.assembly import Assembly
    from tenantry.operate.preflight.findings import Finding

CHECKS: Final[tuple[Callable[[Assembly, Account], Iterator[Finding]], ...]] = (
    place,
    bootstrap,
    services,
    stacks,
    names,
    quotas,
    rights,
    mail,
    certificate,
    api_logs,
)


def run(assembly: Assembly, account: Account) -> Iterator[Finding]:
    """Run every check. Where the credentials are not of the place that the templates are for, only that is said."""
    for check in CHECKS:
        found = []
        try:
            for finding in check(assembly, account):
                found.append(finding)
                yield finding
        except NOT_ASKED as error:
            yield unknown(check.__name__, f"{reason(error)}.", "Check the credentials and the network.")
        if check is place and any(finding.status is Status.FAILS for finding in found):
            return
