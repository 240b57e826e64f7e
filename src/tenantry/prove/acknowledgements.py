"""What a person has answered for: a principal that reaches tenants' data, with the reason.

`tenantry.functions.acknowledge_reach` writes an acknowledgement into the metadata of the principal's resource. It is as
narrow as what it answers for: these actions, on this resource. The report prints it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from tenantry.model.stores import ACKNOWLEDGED
from tenantry.prove.bindings import is_among
from tenantry.prove.patterns import parse
from tenantry.prove.resource_policies import strangers

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tenantry.prove.assembly import Assembly, Resource
    from tenantry.prove.principals import Principal
    from tenantry.prove.questions import Question


_ANSWERING: Final = ("AWS::IAM::", "AWS::Lambda::Function")


@dataclass(frozen=True)
class Acknowledgement:
    """What somebody has answered for.

    Attributes
    ----------
    resource
        The resource of the statement that allows it, as that has it: a wider one is not covered.
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

    def covers(self, question: Question, purpose: str) -> bool:
        """Return whether it is about what a statement lets a principal do, in sessions for a purpose if it is one's."""
        return (
            parse(self.resource) == question.resource
            and not question.statement.not_resource
            and is_among(question.action, self.actions)
            and self.purpose in {"", purpose}
        )


def acknowledgements(assembly: Assembly, principal: Principal) -> tuple[Acknowledgement, ...]:
    """Return what was answered for about a principal, by its own resource or by that of the role that it narrows.

    Nobody answers for whom the templates do not know: whoever a resource's policy names, or may assume the role.
    """
    roles = {role.arn for role in assembly.resources("AWS::IAM::Role")}
    if not principal.resource.type.startswith(_ANSWERING) or strangers(principal, roles):
        return ()
    resources = {principal.resource.arn: principal.resource}
    if role := assembly.by_arn.get(principal.arn):
        resources[role.arn] = role
    return tuple(
        Acknowledgement.read(declared) for resource in resources.values() for declared in _resolved(assembly, resource)
    )


def _resolved(assembly: Assembly, resource: Resource) -> Iterator[Mapping[str, Any]]:
    """Yield the entries of a resource, with the references that it has as text replaced."""
    for declared in resource.metadata.get(ACKNOWLEDGED, []):
        text = declared.get("resource", "")
        reached = assembly.resolve(resource.stack, json.loads(text)) if text.startswith("{") else text
        yield {**declared, "resource": reached}
