"""Names that the templates give, and that must be free where they go."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tenantry.operate.preflight.account import NOT_ASKED, reason
from tenantry.operate.preflight.assembly import resolved
from tenantry.operate.preflight.findings import fails, ok, unknown
from tenantry.operate.preflight.lookups import LOOKUPS, TakenElsewhereError
from tenantry.operate.preflight.stacks import made_by

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tenantry.operate.preflight.account import Account
    from tenantry.operate.preflight.assembly import Assembly, Resource
    from tenantry.operate.preflight.findings import Finding

_LEFT: Final = (
    "An earlier deployment may have left it. Remove it (`tenantry teardown` shows what is left), or import it into the "
    "stack, or deploy under another name (--context app=NAME)."
)
_ELSEWHERE: Final = (
    "Bucket names are unique across all accounts: deploy under another name (--context app=NAME) or elsewhere."
)


@dataclass(frozen=True, kw_only=True)
class Named:
    """A name that a template gives.

    Attributes
    ----------
    resource
        Whose it is.
    name
        As it will be in the account.
    """

    resource: Resource
    name: str

    def __str__(self) -> str:
        """Return it as a person would say it."""
        return f"{self.resource.kind.removeprefix('AWS::').replace('::', ' ')} {self.name}"


def named(assembly: Assembly, account: Account) -> Iterator[Named]:
    """Return every name that must be free, however it is built."""
    for resource in assembly.resources():
        lookup = LOOKUPS.get(resource.kind)
        value = lookup and lookup.name_in(resource.properties)
        name = value and resolved(value, account)
        if name:
            yield Named(resource=resource, name=name)


def names(assembly: Assembly, account: Account) -> Iterator[Finding]:
    """Ask for each name whether it is taken by anything but the stack that will have it."""
    own = {stack: made_by(account, stack) for stack in assembly.templates}
    yield from free(named(assembly, account), account, own=own)


def free(wanted: Iterator[Named], account: Account, *, own: Mapping[str, Mapping[str, str]]) -> Iterator[Finding]:
    """Say of names whether they are free, or the stack's own already.

    Where an update renames a resource, CloudFormation makes another one: the new name must be free as well.
    """
    good, unasked = 0, defaultdict(list)
    for each in wanted:
        resource = each.resource
        physical_id = own.get(resource.stack, {}).get(resource.logical_id, "")
        if _is_of(each.name, physical_id):
            good += 1
            continue
        try:
            holder = LOOKUPS[resource.kind].holder(account, each.name)
        except TakenElsewhereError as error:
            yield fails("names", f"{each} belongs to another account, or is in another region ({error}).", _ELSEWHERE)
            continue
        except NOT_ASKED as error:
            unasked[f"{resource.kind}: {reason(error)}"].append(each)
            continue
        if holder and holder != physical_id:
            yield fails("names", f"{each} already exists and does not belong to the stack {resource.stack}.", _LEFT)
        else:
            good += 1
    for why, several in unasked.items():
        yield unknown("names", f"{', '.join(each.name for each in several)}: {why}.", "Check that the name is free.")
    if good or not unasked:
        yield ok("names", f"{good} names are free or already belong to their stack.")


def _is_of(name: str, physical_id: str) -> bool:
    """Return whether a physical id is that of a name: the name itself, or an ARN or URL that ends in it.

    Secrets Manager adds a hyphen and six random characters to a secret's ARN.
    """
    if not physical_id.startswith(("arn:", "https://", "http://")):
        return physical_id == name
    return bool(re.search(rf"[:/]{re.escape(name)}(?:-[A-Za-z0-9]{{6}})?\Z", physical_id))
