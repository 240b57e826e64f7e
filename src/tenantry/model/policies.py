"""Session policy templates: what a vended session may do, with the tenant left open."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Self

from tenantry.model.placeholders import PLACEHOLDER, TENANT, TENANT_NAME, USER

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tenantry.model.caller import TenantCaller

_KNOWN: Final = frozenset(PLACEHOLDER.findall(TENANT + TENANT_NAME + USER))
_TENANT: Final = "|".join(map(re.escape, (TENANT, TENANT_NAME)))
# The tenant comes before every wildcard and every other placeholder, and a character that no tenant's id holds stands
# between it and them: "t1*" would also be "t10", and "a-b" would be a's "b" as well as what is left of "a-b".
_BOUND: Final = re.compile(
    rf"[^*?{{}}]* (?:{_TENANT}) (?: [^*?{{}}]* | [^*?{{}}]* [^A-Za-z0-9@.+*?{{}}-] .* )", re.VERBOSE | re.DOTALL
)
# They compare whole values, case included, and are false of a request without the key.
_COMPARING: Final = frozenset({"StringEquals", "StringLike", "ArnEquals", "ArnLike"})
_EVERY: Final = "ForAllValues:"
_VERSION: Final = "2012-10-17"
# The elements of a statement in the order in which `tenantry.isolation.vending.tenant_statement` hands them over.
_ELEMENTS: Final = ("Action", "Resource", "Condition", "Effect")
# The longest that AssumeRole takes in plain text; what it makes of that is bounded as well (PackedPolicySize).
MAX_CHARACTERS: Final = 2048


class TemplateError(ValueError):
    """A template could let a session reach more than one tenant, or could not be used at all."""


@dataclass(frozen=True)
class PolicyTemplate:
    """A session policy with placeholders for the tenant and the user.

    Isolation: each statement that allows something binds the tenant in its resources or its conditions, and none
    allows every action or every resource. What is filled in are checked ids, into the values of the parsed document,
    so that no id can change its structure.

    Attributes
    ----------
    document
        The parsed policy.
    """

    document: Mapping[str, Any]

    @classmethod
    def parse(cls, document: Mapping[str, Any]) -> Self:
        """Check a template.

        Raises
        ------
        TemplateError
            It is not a policy of version 2012-10-17; a statement has an unknown placeholder, a wildcard for every
            action or resource, an element that turns its meaning round, or allows something without binding the tenant.
        """
        if document.get("Version") != _VERSION or not document.get("Statement"):
            raise TemplateError(f"A session policy template must be a policy of version {_VERSION} with statements.")
        for statement in as_list(document["Statement"]):
            _check(statement)
        return cls(document)

    @classmethod
    def of(cls, statements: Sequence[Sequence[Any]], *, account: str) -> Self:
        """Check a template of which only the statements are given, as short as a function's environment needs them.

        Isolation: a statement about S3 is bound to buckets of one account: their names are everybody's.

        Parameters
        ----------
        statements
            Each as a list of its actions, its resources, its conditions if there are any, and its effect if it denies.
        account
            The account whose buckets they are about.

        Raises
        ------
        TemplateError
            As `parse`.
        """
        return cls.parse({"Version": _VERSION, "Statement": whole_statements(statements, account)})

    def fill(self, caller: TenantCaller) -> str:
        """Return the policy for a caller, as compact JSON.

        Raises
        ------
        TemplateError
            It is longer than STS takes.
        """
        values = caller.placeholders()
        text = json.dumps(_filled(self.document, values), separators=(",", ":"))
        if len(text) > MAX_CHARACTERS:
            raise TemplateError(f"The session policy has {len(text)} characters; STS takes {MAX_CHARACTERS}.")
        return text


def whole_statements(statements: Sequence[Sequence[Any]], account: str) -> list[dict[str, Any]]:
    """Return the statements of a policy, unchecked, of what a function's environment has of them; see `of`."""
    return [_in_account(_whole(statement), account) for statement in statements]


def is_bound(text: str) -> bool:
    """Return whether a text binds the tenant: no two tenants have it, or what it matches, in common.

    The tenant comes before every wildcard and every other placeholder, and a character that no tenant's id holds stands
    between it and them.
    """
    return _BOUND.fullmatch(text) is not None


def _whole(given: Sequence[Any]) -> dict[str, Any]:
    return {"Effect": "Allow", **dict(zip(_ELEMENTS, given, strict=False))}


def _in_account(statement: dict[str, Any], account: str) -> dict[str, Any]:
    """Return a statement; one that allows something on S3, in whichever case, does so in one account only.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-resourceaccount
    """
    about_s3 = any(action.lower().startswith("s3:") for action in as_list(statement.get("Action", [])))
    if not about_s3 or statement["Effect"] != "Allow":
        return statement
    conditions = statement.get("Condition", {})
    equal = {**conditions.get("StringEquals", {}), "aws:ResourceAccount": account}
    return {**statement, "Condition": {**conditions, "StringEquals": equal}}


def _check(statement: Mapping[str, Any]) -> None:
    inverted = {"NotAction", "NotResource", "Principal", "NotPrincipal"} & statement.keys()
    if inverted:
        raise TemplateError(f"A statement must not have {', '.join(sorted(inverted))}.")
    if any({"*", "?"} & set(action) for action in as_list(statement.get("Action", "*"))):
        raise TemplateError("A statement must name its actions one by one.")
    resources = as_list(statement.get("Resource", "*"))
    if "*" in resources:
        raise TemplateError("A statement must not be about every resource.")
    named = set(PLACEHOLDER.findall(json.dumps(statement)))
    if unknown := named - _KNOWN:
        raise TemplateError(f"Unknown placeholder {min(unknown)!r}; there are {', '.join(sorted(_KNOWN))}.")
    if statement.get("Effect") == "Allow" and not _binds_tenant(resources, statement.get("Condition", {})):
        raise TemplateError(
            "A statement that allows something must bind the tenant, in each resource or in a condition: by a "
            "comparison that is false of a request without the key, with no wildcard before the tenant or next to it."
        )


def _binds_tenant(resources: list[str], conditions: Mapping[str, Any]) -> bool:
    if all(map(is_bound, resources)):
        return True
    present = {key for key, value in conditions.get("Null", {}).items() if as_list(value) == ["false"]}
    return any(
        all(map(is_bound, as_list(values)))
        for operator, block in conditions.items()
        if operator.removeprefix(_EVERY) in _COMPARING
        for key, values in block.items()
        # "For all values" is true where there are none.
        if not operator.startswith(_EVERY) or key in present
    )


def _filled(value: Any, values: Mapping[str, str]) -> Any:  # noqa: ANN401 - any part of a JSON document
    match value:
        case str():
            return PLACEHOLDER.sub(lambda found: values[found[1]], value)
        case dict():
            return {key: _filled(part, values) for key, part in value.items()}
        case list():
            return [_filled(part, values) for part in value]
        case _:
            return value


def as_list(value: Any) -> list[Any]:  # noqa: ANN401 - IAM lets one stand for a list of one
    """Return what a policy has as one or as several as a list."""
    return value if isinstance(value, list) else [value]
