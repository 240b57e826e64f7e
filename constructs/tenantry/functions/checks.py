"""Reasons for findings of cdk-nag, each for one construct and beside it, and what runs when the app is validated."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, cast

import jsii
from aws_cdk import Acknowledgment, Reference, Stack, Tokenization, Validations
from constructs import IValidation

if TYPE_CHECKING:
    from collections.abc import Callable

    from constructs import IConstruct


def acknowledge(construct: IConstruct, rule: str, reason: str, *, resource: str | None = None) -> None:
    """Tell cdk-nag why a construct breaks a rule.

    Parameters
    ----------
    construct
        The construct; its children are covered as well, so name the smallest one.
    rule
        Such as ``AwsSolutions-IAM5``; its pack is the part before the first hyphen.
    reason
        Why it is right here.
    resource
        For rules on IAM policies: the one resource, tokens and all, that the reason is about.
    """

    def state() -> list[str]:
        about = "" if resource is None else f"[Resource::{_flat(Stack.of(construct).resolve(resource))}]"
        pack = rule.partition("-")[0]
        Validations.of(construct).acknowledge(Acknowledgment(id=f"{pack}::{rule}{about}", reason=reason))
        return []

    if resource is not None and _is_of_another_stack(construct, resource):
        # What comes from another stack gets its final form just before the app is validated.
        construct.node.add_validation(AtValidation(state))
    else:
        state()


def acknowledge_wildcard(construct: IConstruct, resource: str, reason: str) -> None:
    """Tell cdk-nag why a policy of a construct allows something on a resource with a wildcard."""
    acknowledge(construct, "AwsSolutions-IAM5", reason, resource=resource)


def _is_of_another_stack(construct: IConstruct, resource: str) -> bool:
    own = Stack.of(construct)
    return any(
        Reference.is_reference(token) and Stack.of(cast("Reference", token).target) is not own
        for token in Tokenization.reverse_string(resource).tokens
    )


@jsii.implements(IValidation)
class AtValidation:
    """Runs `run` when the app is validated, after the constructs are made; what it returns is reported as wrong."""

    def __init__(self, run: Callable[[], list[str]]) -> None:
        self._run = run

    def validate(self) -> list[str]:
        """Run it, and return what is wrong."""
        return self._run()


def _flat(value: Any) -> str:  # noqa: ANN401 - a resolved CloudFormation expression
    """Return a CloudFormation expression as cdk-nag writes it."""
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
