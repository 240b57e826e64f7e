"""Says in the templates why a principal may reach what is tenants', for the proof of isolation (`tenantry.prove`)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import jsii
from aws_cdk import CfnResource, IStringProducer, Lazy, Stack
from aws_cdk import aws_iam as iam

from tenantry.model.stores import ACKNOWLEDGED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from constructs import IConstruct


def acknowledge_reach(
    principal: iam.IGrantable | iam.CfnRole,
    resource: str,
    *,
    actions: Sequence[str],
    reason: str,
    purpose: str = "",
) -> None:
    """Answer for a principal that reaches what belongs to tenants, although no policy binds it to one tenant.

    Without it, synthesis fails: a mistake in the principal's code could cross tenants. The report of `tenantry prove`
    and docs/isolation.md print the reason.

    Parameters
    ----------
    principal
        A function, a state machine or a role of the app.
    resource
        ARN of what it reaches; of an API ``arn:...:execute-api:...:<id>``.
    actions
        What it may do with it, such as ``dynamodb:Query``. Another action is not covered.
    reason
        Why no tenant reaches another's through it.
    purpose
        For a tenant role: the purpose whose session policies it is about.

    Raises
    ------
    ValueError
        The reason is empty.
    """
    if not reason.strip():
        raise ValueError(f"Give a reason why {', '.join(actions)} on {resource} is right.")
    role = _role(principal)
    if role is None:
        return
    entry = {
        "resource": Lazy.uncached_string(_WithoutReferences(Stack.of(role), resource)),
        "actions": list(actions),
        "reason": reason,
        **({"purpose": purpose} if purpose else {}),
    }
    # Sorted: the order of calls makes no other template.
    known = [*(role.get_metadata(ACKNOWLEDGED) or []), entry]
    role.add_metadata(ACKNOWLEDGED, sorted(known, key=lambda one: (one["actions"], one["reason"])))


@jsii.implements(IStringProducer)
class _WithoutReferences:
    """An ARN whose references are JSON text: a real one would let the role wait for what it reaches."""

    def __init__(self, stack: Stack, text: str) -> None:
        self._stack, self._text = stack, text

    def produce(self, _context: object) -> str:
        """Return it, once the app is synthesized and references to other stacks are known."""
        resolved = self._stack.resolve(self._text)
        return resolved if isinstance(resolved, str) else json.dumps(resolved, sort_keys=True)


def _role(principal: iam.IGrantable | iam.CfnRole) -> CfnResource | None:
    """Return the resource of a principal's role; a role of another app has none, and is no part of the proof."""
    if isinstance(principal, CfnResource):
        return principal
    granted: IConstruct | iam.IPrincipal = principal.grant_principal
    node = getattr(granted, "node", None)
    resource = node.default_child if node else None
    return resource if isinstance(resource, CfnResource) else None
