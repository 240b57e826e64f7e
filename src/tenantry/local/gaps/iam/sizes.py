"""IAM refuses roles and policies whose names or sizes exceed its quotas.

AWS: a role's name has 64 characters at most; without white space its trust policy has 2,048, all of its inline policies
together 10,240, a managed policy 6,144. CloudFormation makes roles and policies by the same calls, which read the
documents.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html

MiniStack: has no quotas, and CloudFormation accepts any document.

Here: as on AWS.
"""

import json
from collections.abc import Callable
from functools import partial
from typing import Any

from ministack.core import iam_evaluator
from ministack.services import iam

from tenantry.local.patching import Fields, Original, cloudformation, require

_NAME = 64
_TRUST = 2048
_INLINE = 10_240
_MANAGED = 6144


def close() -> None:
    """Close the gap."""
    require(iam, "_p", "_error", "_roles", "_IAM_HANDLERS")
    require(iam_evaluator, "validate_policy_document")
    for action, problem_of in (
        ("CreateRole", _of_new_role),
        ("PutRolePolicy", _of_inline_policy),
        ("CreatePolicy", _of_managed_policy),
        ("CreatePolicyVersion", _of_managed_policy),
    ):
        iam._IAM_HANDLERS[action] = partial(_checked, problem_of, iam._IAM_HANDLERS[action])
    cloudformation.before("AWS::IAM::Role", _role_problem)
    cloudformation.before("AWS::IAM::Policy", _policy_problem)
    cloudformation.before("AWS::IAM::ManagedPolicy", _managed_problem)


def _checked(problem_of: Callable[[Fields], str], call: Original, params: Fields) -> Any:
    if problem := problem_of(params):
        code = "ValidationError" if problem.startswith("1 validation") else "LimitExceeded"
        return iam._error(400 if code == "ValidationError" else 409, code, problem, ns="iam")
    return call(params)


def _of_new_role(params: Fields) -> str:
    name = iam._p(params, "RoleName")
    return _name_problem(name) or _size_problem("ACLSizePerRole", iam._p(params, "AssumeRolePolicyDocument"), _TRUST)


def _of_inline_policy(params: Fields) -> str:
    name = iam._p(params, "RoleName")
    others = _others(name, iam._p(params, "PolicyName"))
    return _size_problem(f"role {name}", others + iam._p(params, "PolicyDocument"), _INLINE)


def _of_managed_policy(params: Fields) -> str:
    return _size_problem("PolicySize", iam._p(params, "PolicyDocument"), _MANAGED)


def _role_problem(properties: Fields) -> str:
    policies = properties.get("Policies") or []
    documents = [_text(policy.get("PolicyDocument")) for policy in policies]
    return _first(
        _name_problem(properties.get("RoleName") or ""),
        _size_problem("ACLSizePerRole", _text(properties.get("AssumeRolePolicyDocument")), _TRUST),
        _size_problem("role", "".join(documents), _INLINE),
        *(iam_evaluator.validate_policy_document(document) for document in documents),
    )


def _policy_problem(properties: Fields) -> str:
    document = _text(properties.get("PolicyDocument"))
    return _first(
        iam_evaluator.validate_policy_document(document),
        *(
            _size_problem(f"role {role}", _others(role, properties.get("PolicyName", "")) + document, _INLINE)
            for role in properties.get("Roles") or []
        ),
    )


def _managed_problem(properties: Fields) -> str:
    document = _text(properties.get("PolicyDocument"))
    return _first(iam_evaluator.validate_policy_document(document), _size_problem("PolicySize", document, _MANAGED))


def _first(*problems: str | None) -> str:
    return next(filter(None, problems), "")


def _name_problem(name: str) -> str:
    if len(name) <= _NAME:
        return ""
    return (
        f"1 validation error detected: Value '{name}' at 'roleName' failed to satisfy constraint: "
        f"Member must have length less than or equal to {_NAME}"
    )


def _size_problem(what: str, text: str, most: int) -> str:
    size = len("".join(text.split()))
    return f"Maximum policy size of {most} bytes exceeded for {what}: {size}" if size > most else ""


def _others(role: str, policy: str) -> str:
    """Return a role's inline policies but one."""
    inline = (iam._roles.get(role) or {}).get("InlinePolicies") or {}
    return "".join(_text(document) for name, document in inline.items() if name != policy)


def _text(document: object) -> str:
    return document if isinstance(document, str) else json.dumps(document or {}, separators=(",", ":"))
