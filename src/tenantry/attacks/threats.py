"""The threats that the attacks try, under six headings."""

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


NO_TOKEN: Final = Threat(Heading.IDENTITY, "A request without a token gets access by naming its tenant")
FORGED_TOKEN: Final = Threat(Heading.IDENTITY, "A forged or foreign token is accepted")
WRONG_TENANT: Final = Threat(
    Heading.IDENTITY, "A valid token gives access to another tenant, another user or an action beyond its roles"
)
OWN_ATTRIBUTES: Final = Threat(Heading.IDENTITY, "Users give themselves a tenant, a role or another's identity")
CACHED_POLICY: Final = Threat(
    Heading.IDENTITY, "A cached authorizer policy serves another route, method or tenant, or outlives a role"
)

HOSTILE_NAMES: Final = Threat(Heading.NAMES, "A hostile id widens a policy, a path or a key")
COLLIDING_NAMES: Final = Threat(Heading.NAMES, "An id that is a prefix or a look-alike of another is taken for it")

LOOSE_POLICY: Final = Threat(Heading.POLICIES, "A role or session does more than its one job, or becomes another")
OWN_GRANT: Final = Threat(Heading.POLICIES, "A function holds its own grant on tenant data beside the vended one")

INJECTION: Final = Threat(Heading.DATA_PATHS, "A field, content type or duplicate key rewrites what is stored")
EVENT_DELIVERY: Final = Threat(Heading.DATA_PATHS, "An event delivered twice, late or by a stranger changes a tenant")
REJECTED_RECORD: Final = Threat(Heading.DATA_PATHS, "A malformed record or a burst stops everyone else")

SECRETS_SHOWN: Final = Threat(Heading.LEAKS, "A reply or a log line carries tokens, personal data or stack traces")
EXISTENCE_SHOWN: Final = Threat(Heading.LEAKS, "A reply reveals whether another tenant's resource exists")

OUTLIVED: Final = Threat(
    Heading.TIME, "Access continues after its account, role, membership, session or certificate has ended"
)
