"""What must never happen: the threats that attacks stand for, under six headings."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Heading(StrEnum):
    """The part of the system's promise that a threat breaks; the columns of the report."""

    IDENTITY = "Identity"
    NAMES = "Names"
    POLICIES = "Policies"
    DATA_PATHS = "Data paths"
    LEAKS = "Leaks"
    TIME = "Time"


@dataclass(frozen=True)
class Threat:
    """One thing that must never happen.

    Attributes
    ----------
    heading
        The part of the promise it breaks.
    title
        What happens if it does.
    """

    heading: Heading
    title: str


NO_TOKEN: Final = Threat(Heading.IDENTITY, "A request without a token gets in by naming its tenant")
FORGED_TOKEN: Final = Threat(Heading.IDENTITY, "A forged or foreign token is taken for one of ours")
WRONG_TENANT: Final = Threat(Heading.IDENTITY, "A good token opens a tenant, user or deed that is not its bearer's")
OWN_ATTRIBUTES: Final = Threat(Heading.IDENTITY, "Users give themselves a tenant, a role or another's identity")
CACHED_VERDICT: Final = Threat(
    Heading.IDENTITY, "A cached verdict serves another route, method or tenant, or outlives a role"
)

HOSTILE_NAMES: Final = Threat(Heading.NAMES, "A hostile id widens a policy, a path or a key")
COLLIDING_NAMES: Final = Threat(
    Heading.NAMES, "Ids that are prefixes or look-alikes of each other are taken for one another"
)

LOOSE_POLICY: Final = Threat(Heading.POLICIES, "A role or session does more than its one job, or becomes another")
OWN_GRANT: Final = Threat(Heading.POLICIES, "A function holds its own grant on tenant data beside the vended one")

INJECTION: Final = Threat(Heading.DATA_PATHS, "A field, content type or duplicate key rewrites what is stored")
EVENT_DELIVERY: Final = Threat(Heading.DATA_PATHS, "An event delivered twice, late or by a stranger changes a tenant")
POISON: Final = Threat(Heading.DATA_PATHS, "A poison record or a burst stops everyone else")

SECRETS_SHOWN: Final = Threat(Heading.LEAKS, "A reply or a log line carries tokens, personal data or stack traces")
EXISTENCE_SHOWN: Final = Threat(Heading.LEAKS, "A reply tells a stranger whether another tenant's thing exists")

OUTLIVED: Final = Threat(
    Heading.TIME, "Something works on after its account, role, membership, session or certificate has ended"
)
