"""What a person has answered for: a principal that reaches tenants' data, with the reason.

`tenantry.functions.acknowledge_reach` writes an acknowledgement into the metadata of the principal's resource. It is as
narrow as what it answers for: these actions, on this resource. The report prints it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tenantry.model.stores import ACKNOWLEDGED
from tenantry.prove.bindings import is_among

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tenantry.prove.assembly import Assembly
    from tenantry.prove.ownership import Holding
    from tenantry.prove.principals import Principal


@dataclass(frozen=True)
class Acknowledgement:
    """What somebody has answered for.

    Attributes
    ----------
    resource
        The ARN of what is reached, or the path of the construct that declares it.
    actions
        What may be done with it; wildcards count.
    reason
        Why that is right.
    purpose
        Of a session policy, which one it is about; empty if it is about any.
    """

    resource: str
    actions: tuple[str, ...]
    reason: str
    purpose: str = ""

    @classmethod
    def read(cls, declared: Mapping[str, Any]) -> Acknowledgement:
        """Return an acknowledgement of a template's metadata.

        Raises
        ------
        ValueError
            It gives no reason, or is none.
        """
        try:
            found = cls(
                str(declared["resource"]),
                tuple(map(str, declared["actions"])),
                str(declared["reason"]).strip(),
                str(declared.get("purpose", "")),
            )
        except (KeyError, TypeError) as error:
            raise ValueError(f"{dict(declared)!r} is no acknowledgement: {error}") from None
        if not found.reason:
            raise ValueError(f"The acknowledgement of {found.resource} gives no reason.")
        return found

    def covers(self, principal: Principal, holding: Holding, action: str) -> bool:
        """Return whether it is about what a principal does with something."""
        own = {holding.arn, holding.path}
        return (
            (self.resource in own or self.resource.partition("/index/")[0] in own)
            and is_among(action, self.actions)
            and self.purpose in {"", principal.purpose}
        )


def acknowledgements(assembly: Assembly, principal: Principal) -> tuple[Acknowledgement, ...]:
    """Return what was answered for about a principal, by its own resource or by that of the role that it narrows."""
    resources = {principal.resource.arn: principal.resource}
    if role := assembly.by_arn.get(principal.arn):
        resources[role.arn] = role
    return tuple(
        Acknowledgement.read(declared)
        for resource in resources.values()
        for declared in resource.metadata.get(ACKNOWLEDGED, [])
    )
