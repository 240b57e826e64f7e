"""Reasons for what cdk-nag would object to, each given where the thing stands and for that thing alone."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from aws_cdk import Acknowledgment, Stack, Validations

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
    finding = rule if resource is None else f"{rule}[Resource::{_flat(Stack.of(construct).resolve(resource))}]"
    Validations.of(construct).acknowledge(Acknowledgment(id=f"{rule.partition('-')[0]}::{finding}", reason=reason))


def _flat(value: Any) -> str:  # noqa: ANN401 - a resolved CloudFormation expression
    """Return a CloudFormation expression in the way in which cdk-nag writes it."""
    match value:
        case {"Ref": name}:
            return f"<{name}>"
        case {"Fn::GetAtt": [name, attribute]}:
            return f"<{name}.{attribute}>"
        case {"Fn::Join": [separator, parts]}:
            return str(separator).join(_flat(part) for part in parts)
        case _:
            return re.sub(r"\$\{([^}]+)\}", r"<\1>", str(value))
