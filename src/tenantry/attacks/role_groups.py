"""Which roles can be tried together: what the grants of all of them do not allow, the grants of none of them allow.

That holds as long as no grant denies anything, for IAM allows what any statement allows. A role with a Deny, or with a
managed policy, is tried by itself, and so is one with tags that others have not, since a policy may know it by them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from tenantry.attacks.assertions import denied
from tenantry.attacks.outcome import AttackResult
from tenantry.model.policies import as_list

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tenantry.attacks.assertions import Calls
    from tenantry.attacks.outcome import Outcome
    from tenantry.attacks.world import World
    from tenantry.operate.aws import Aws

_INLINE_SIZE: Final = 10_240
"""How many characters the inline policies of one role have at most, white space left out."""


@dataclass(frozen=True)
class Grants:
    """What a role is granted.

    Attributes
    ----------
    role
        Its name.
    service
        The AWS service that assumes it; empty if a principal does.
    documents
        Its inline policies.
    tags
        Its tags, as text.
    alone
        Whether it has policies that are not among the documents.
    """

    role: str
    service: str
    documents: tuple[str, ...]
    tags: str
    alone: bool

    @classmethod
    def of(cls, world: World, role: str, service: str) -> Grants:
        """Read what a role is granted."""
        documents = tuple(world.policies_of(role).values())
        tags = json.dumps(sorted((tag["Key"], tag["Value"]) for tag in world.tags_of(role)))
        return cls(role, service, documents, tags, alone=bool(world.managed_policies_of(role)))

    @property
    def size(self) -> int:
        """How many characters its policies have, as IAM counts them."""
        return sum(len("".join(document.split())) for document in self.documents)

    @property
    def only_allows(self) -> bool:
        """Whether each statement allows something, so that other grants beside it take nothing away."""
        return not self.alone and all(
            statement["Effect"] == "Allow" for document in self.documents for statement in _statements(document)
        )


def grouped(roles: Iterable[Grants]) -> list[tuple[str, ...]]:
    """Return the names of roles in groups, each of which one role can have the grants of.

    Examples
    --------
    >>> statements = {name: '{"Statement": {"Effect": "%s"}}' % name for name in ("Allow", "Deny")}
    >>> granted = (("a", "Allow"), ("b", "Deny"), ("c", "Allow"))
    >>> made = [Grants(name, "", (statements[effect],), "[]", alone=False) for name, effect in granted]
    >>> grouped(made)
    [('a', 'c'), ('b',)]
    """
    groups: list[list[Grants]] = []
    for role in roles:
        for group in groups:
            first = group[0]
            alike = (first.service, first.tags) == (role.service, role.tags)
            fits = sum(member.size for member in group) + role.size <= _INLINE_SIZE
            if alike and fits and first.only_allows and role.only_allows:
                group.append(role)
                break
        else:
            groups.append([role])
    return [tuple(member.role for member in group) for group in groups]


def tried(
    groups: Iterable[tuple[str, ...]],
    clone: Callable[[*tuple[str, ...]], Aws],
    calls: Callable[[Aws], Calls],
    is_job: Callable[[str, str], bool],
    check_job: Callable[[Callable[[], object]], Outcome] | None = None,
) -> list[tuple[str, Outcome]]:
    """Try calls as every role: what a group's joined grants are denied, each of the group is; the rest is tried alone.

    Parameters
    ----------
    groups
        The roles' names, as `grouped` has joined them.
    clone
        Returns who has the grants of some roles.
    calls
        Returns the calls of a principal, always the same ones in the same order.
    is_job
        Whether a call is a role's job, by the names of both. It is never made with joined grants.
    check_job
        Checks a call that is the role's job; without it, no role's job is tried.
    """
    steps: list[tuple[str, Outcome]] = []
    for group in groups:
        joined = calls(clone(*group)) if len(group) > 1 else []
        # By their number, for two calls may have one name.
        outcomes = {
            number: denied(call)
            for number, (name, call) in enumerate(joined)
            if not any(is_job(role, name) for role in group)
        }
        held = {number: found for number, found in outcomes.items() if found.result is AttackResult.HELD}
        steps += [(f"{role} {joined[number][0]}", found) for role in group for number, found in held.items()]
        if joined and len(held) == len(joined):
            continue
        for role in group:
            for number, (name, call) in enumerate(calls(clone(role))):
                if number in held:
                    continue
                if not is_job(role, name):
                    steps.append((f"{role} {name}", denied(call)))
                elif check_job:
                    steps.append((f"{role} {name}", check_job(call)))
    return steps


def _statements(document: str) -> list[dict[str, Any]]:
    return as_list(json.loads(document)["Statement"])
