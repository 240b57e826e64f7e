"""What a tenant may do with a resource: stated once, and part of both isolation layers."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from tenantry.model.placeholders import TENANT, TENANT_NAME, USER
from tenantry.model.tags import PURPOSE_TAG, TENANT_ID_TAG, TENANT_NAME_TAG, policy_variable, principal_tag

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

# In the role's policy, the tenant is the one that the session is tagged with, and the user may be any.
_IN_ROLE_POLICY: Final = {
    TENANT: policy_variable(principal_tag(TENANT_ID_TAG)),
    TENANT_NAME: policy_variable(principal_tag(TENANT_NAME_TAG)),
    USER: "*",
}


@dataclass(frozen=True, kw_only=True)
class TenantStatement:
    """A permission with placeholders where the tenant and the user belong.

    Isolation: the tenant role gets it bound to the session tags of the tenant and of the purpose, and the session
    policy gets it bound to the caller's ids. Each of the two is enough to keep tenants apart. A denial is bound to no
    purpose: it holds for all sessions of the vendor.

    Attributes
    ----------
    actions
        Named one by one.
    resources
        ARNs; `TENANT`, `TENANT_NAME` and `USER` may stand in them.
    conditions
        By operator and key, with lists of values. Where `USER` stands in a value the operator must be a ``Like`` one,
        since the role policy has a wildcard there.
    effect
        ``Allow`` or ``Deny``.
    """

    actions: Sequence[str]
    resources: Sequence[str]
    conditions: Mapping[str, Mapping[str, Sequence[str]]] = field(default_factory=dict)
    effect: str = "Allow"

    def __post_init__(self) -> None:
        """Refuse a condition that would compare a wildcard literally."""
        for operator, block in self.conditions.items():
            if "Like" not in operator and any(USER in value for values in block.values() for value in values):
                raise ValueError(
                    f"The condition operator {operator!r} cannot hold the user's id: use StringLike, whose pattern the "
                    "tenant role's own policy needs."
                )

    def in_account(self, account: str) -> TenantStatement:
        """Return the statement; one that allows something on S3 does so on buckets of this account only.

        The session policy gets the same where it is filled in (`tenantry.model.policies.PolicyTemplate.of`).
        """
        if self.effect != "Allow" or not any(action.lower().startswith("s3:") for action in self.actions):
            return self
        equal = {**self.conditions.get("StringEquals", {}), "aws:ResourceAccount": [account]}
        return replace(self, conditions={**self.conditions, "StringEquals": equal})

    def for_role(self, purpose: str) -> dict[str, Any]:
        """Return the statement bound to the session tags of the tenant and of a purpose, as IAM JSON.

        What it denies is bound to no purpose: a denial holds for all sessions of the vendor.
        """
        if self.effect == "Deny":
            return self._as_json(_bound_to_tag)
        equal = {**self.conditions.get("StringEquals", {}), principal_tag(PURPOSE_TAG): [purpose]}
        bound = replace(self, conditions={**self.conditions, "StringEquals": equal})
        return bound._as_json(_bound_to_tag)  # noqa: SLF001 - its own class

    def for_session(self) -> list[Any]:
        """Return the statement with its placeholders, as a part of a session policy template.

        It is as short as can be, since the templates are handed over in a function's environment: its elements are
        not named, one stands for a list of one, and what has no effect allows
        (`tenantry.model.policies.PolicyTemplate.of`).
        """
        statement = _without_lists_of_one(self._as_json(lambda text: text))
        elements = [statement["Action"], statement["Resource"], statement.get("Condition", {}), statement["Effect"]]
        if self.effect == "Allow":
            elements.pop()
        return elements if elements[-1] else elements[:-1]

    def _as_json(self, bind: Callable[[str], str]) -> dict[str, Any]:
        statement: dict[str, Any] = {
            "Effect": self.effect,
            "Action": list(self.actions),
            "Resource": [bind(resource) for resource in self.resources],
        }
        if self.conditions:
            statement["Condition"] = {
                operator: {key: [bind(value) for value in values] for key, values in block.items()}
                for operator, block in self.conditions.items()
            }
        return statement


def _without_lists_of_one(value: Any) -> Any:  # noqa: ANN401 - any part of a statement
    match value:
        case [one]:
            return one
        case dict():
            return {key: _without_lists_of_one(part) for key, part in value.items()}
        case _:
            return value


def _bound_to_tag(text: str) -> str:
    for placeholder, variable in _IN_ROLE_POLICY.items():
        text = text.replace(placeholder, variable)
    return text
