"""Reasons for what cdk-nag would object to, each given where the thing stands and for that thing alone."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, cast

import jsii
from aws_cdk import Acknowledgment, Reference, Stack, Tokenization, Validations
from constructs import IValidation

if TYPE_CHECKING:
    from constructs import IConstruct


def acknowledge(construct: IConstruct, rule: str, reason: str, *, resource: str | None = None) -> None:
    """Tell cdk-nag why a construct breaks a rule.

    Parameters
    ----------
    construct
        The construct; what stands under it is covered as well, so name the smallest one.
    rule
        Such as ``AwsSolutions-IAM5``; its pack is the part before the first hyphen.
    reason
        Why it is right here.
    resource
        For rules on IAM policies: the one resource, tokens and all, that the reason is about.
    """
    if resource is None:
        _acknowledge(construct, rule, rule, reason)
    elif _is_of_another_stack(construct, resource):
        construct.node.add_validation(_Late(construct, rule, reason, resource))
    else:
        _acknowledge(construct, rule, _finding(construct, rule, resource), reason)


def _acknowledge(construct: IConstruct, rule: str, finding: str, reason: str) -> None:
    Validations.of(construct).acknowledge(Acknowledgment(id=f"{rule.partition('-')[0]}::{finding}", reason=reason))


def _finding(construct: IConstruct, rule: str, resource: str) -> str:
    return f"{rule}[Resource::{_flat(Stack.of(construct).resolve(resource))}]"


def _is_of_another_stack(construct: IConstruct, resource: str) -> bool:
    own = Stack.of(construct)
    return any(
        Reference.is_reference(token) and Stack.of(cast("Reference", token).target) is not own
        for token in Tokenization.reverse_string(resource).tokens
    )


@jsii.implements(IValidation)
class _Late:
    """Gives its reason when the app is validated: what comes from another stack gets its final form just before."""

    def __init__(self, construct: IConstruct, rule: str, reason: str, resource: str) -> None:
        self._construct, self._rule, self._reason, self._resource = construct, rule, reason, resource

    def validate(self) -> list[str]:
        _acknowledge(self._construct, self._rule, _finding(self._construct, self._rule, self._resource), self._reason)
        return []


def _flat(value: Any) -> str:  # noqa: ANN401 - a resolved CloudFormation expression
    """Return a CloudFormation expression in the way in which cdk-nag writes it."""
    match value:
        case {"Ref": name}:
            return f"<{name}>"
        case {"Fn::GetAtt": [name, attribute]}:
            return f"<{name}.{attribute}>"
        case {"Fn::ImportValue": name}:
            return str(name)
        case {"Fn::Join": [separator, parts]}:
            return str(separator).join(_flat(part) for part in parts)
        case _:
            return re.sub(r"\$\{([^}]+)\}", r"<\1>", str(value))
