"""Policies that stand at resources: whom else they allow, and who may assume a role or invoke a function.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_identity-vs-resource.html
"""

from __future__ import annotations

import re
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from tenantry.model.policies import as_list
from tenantry.model.tags import PURPOSE_TAG, TENANT_ID_TAG, TENANT_NAME_TAG, TENANT_TAGS, policy_variable, request_tag
from tenantry.model.variables import TOKEN_VENDOR
from tenantry.prove.assembly import UNKNOWN
from tenantry.prove.principals import Principal, Role, Statement, statements

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from tenantry.prove.assembly import Assembly, Resource

# Where a resource has its policy; of types that are a policy themselves, which only name what they are about.
_POLICIES: Final = {
    "AWS::DynamoDB::Table": "ResourcePolicy.PolicyDocument",
    "AWS::IoT::Policy": "PolicyDocument",
    "AWS::KMS::Key": "KeyPolicy",
    "AWS::Kinesis::ResourcePolicy": "ResourcePolicy",
    "AWS::S3::AccessPoint": "Policy",
    "AWS::S3::BucketPolicy": "PolicyDocument",
    "AWS::SNS::TopicInlinePolicy": "PolicyDocument",
    "AWS::SNS::TopicPolicy": "PolicyDocument",
    "AWS::SQS::QueueInlinePolicy": "PolicyDocument",
    "AWS::SQS::QueuePolicy": "PolicyDocument",
    "AWS::SecretsManager::ResourcePolicy": "ResourcePolicy",
}
_MEANS_ITSELF: Final = {"AWS::KMS::Key", "AWS::DynamoDB::Table"}
CERTIFICATES: Final = "certificates"
"""Whom a policy of AWS IoT names, instead of an ARN."""

_LIMITS: Final = {Role.BOUNDARY, Role.SESSION}
_PRIVATE: Final = {"BucketOwnerFullControl", "BucketOwnerRead", "LogDeliveryWrite", "Private"}
_SESSION: Final = re.compile(r"arn:([\w-]+):sts::(\d+):assumed-role/([^/]+)/.*")
# Where policies name whose they are.
_NAMING: Final = {
    "AWS::IAM::GroupPolicy": ("GroupName",),
    "AWS::IAM::ManagedPolicy": ("Groups", "Roles", "Users"),
    "AWS::IAM::Policy": ("Groups", "Roles", "Users"),
    "AWS::IAM::RolePolicy": ("RoleName",),
    "AWS::IAM::UserPolicy": ("UserName",),
}
_READ_ELSEWHERE: Final = "AWS::IAM::"
_IDENTITY_POLICIES: Final = {
    "AWS::IAM::Group",
    "AWS::IAM::GroupPolicy",
    "AWS::IAM::InstanceProfile",
    "AWS::IAM::ManagedPolicy",
    "AWS::IAM::OIDCProvider",
    "AWS::IAM::Policy",
    "AWS::IAM::Role",
    "AWS::IAM::RolePolicy",
    "AWS::IAM::User",
    "AWS::IAM::UserPolicy",
    "AWS::IAM::UserToGroupAddition",
}


class Unread(NamedTuple):
    """A resource that grants something in a way that the prover does not know."""

    resource: Resource
    reason: str


def with_resource_policies(assembly: Assembly, principals: Sequence[Principal]) -> tuple[list[Principal], list[Unread]]:
    """Return principals with what resources' policies grant them, the others whom these name, and what is not read."""
    found = list(principals)
    others: list[Principal] = []
    unread: list[Unread] = []
    for resource in assembly.resources():
        unread += _unread(resource)
        document = _at(resource.properties, _POLICIES.get(resource.type, ""))
        if not isinstance(document, dict):
            continue
        for statement in statements(document, resource.path):
            if not statement.allows:
                continue
            about = _about(statement, resource)
            for who in map(_role_of, _principals(statement.raw)):
                named = [at for at, one in enumerate(found) if one.arn == who and one.role not in _LIMITS]
                for at in named:
                    found[at] = replace(found[at], statements=(*found[at].statements, about))
                if not named and not _is_own_account(who, assembly):
                    others.append(_other(who, about, resource))
    return [*found, *others], unread


def _unread(resource: Resource) -> Iterator[Unread]:
    if resource.type.startswith(_READ_ELSEWHERE):
        if resource.type not in _IDENTITY_POLICIES:
            yield Unread(resource, f"The prover does not know what {resource.type} grants.")
        names = [name for field in _NAMING.get(resource.type, ()) for name in as_list(resource.properties.get(field))]
        if any(UNKNOWN.search(str(name)) for name in names):
            yield Unread(resource, "It is not known before the deployment whose policy it is.")
        return
    place = _POLICIES.get(resource.type, "")
    if not isinstance(_at(resource.properties, place), dict | None):
        yield Unread(resource, "Its policy is not written out: a condition, a parameter or a text.")
    rest = {name: value for name, value in resource.properties.items() if name != place.partition(".")[0]}
    if _has_statements(rest):
        yield Unread(resource, f"The prover does not read policies of {resource.type} but {place or 'none'}.")
    if resource.properties.get("AccessControl", "Private") not in _PRIVATE:
        yield Unread(resource, "Its access control list may let others in.")


def _has_statements(value: Any) -> bool:  # noqa: ANN401 - any property
    if isinstance(value, list):
        return any(map(_has_statements, value))
    return isinstance(value, dict) and ("Statement" in value or any(map(_has_statements, value.values())))


def _at(properties: Mapping[str, Any], place: str) -> Any:  # noqa: ANN401 - a policy, or a text instead of one
    value: Any = properties
    for name in place.split("."):
        value = value.get(name) if isinstance(value, dict) else value
    return value if place else None


def _role_of(who: str) -> str:
    """Return the ARN of a role instead of one of its sessions'."""
    session = _SESSION.fullmatch(who)
    return f"arn:{session[1]}:iam::{session[2]}:role/{session[3]}" if session else who


def _about(statement: Statement, resource: Resource) -> Statement:
    """Return a statement about the resource that it stands at, which a key's policy calls ``*``."""
    if resource.type in _MEANS_ITSELF and statement.resources == ("*",):
        return replace(statement, resources=(resource.arn,))
    return statement


def _principals(raw: Mapping[str, Any]) -> list[str]:
    if "NotPrincipal" in raw:
        return ["*"]
    match raw.get("Principal"):
        case None:
            return [CERTIFICATES]
        case dict(kinds):
            return [str(name) for names in kinds.values() for name in as_list(names)]
        case text:
            return [str(text)]


def _is_own_account(who: str, assembly: Assembly) -> bool:
    """Return whether an account is named as a whole: then its own policies say who in it may do what."""
    return who in assembly.accounts or any(who.endswith(f":iam::{account}:root") for account in assembly.accounts)


def _other(who: str, statement: Statement, resource: Resource) -> Principal:
    return Principal(
        name=f"{resource.path} allows {who}",
        role=Role.SERVICE if who.endswith(".amazonaws.com") else Role.OTHER,
        arn=who,
        statements=(statement,),
        resource=resource,
    )


_TAGS: Final = tuple(request_tag(tag) for tag in (*TENANT_TAGS, PURPOSE_TAG))


def strangers(principal: Principal, roles: Collection[str]) -> list[str]:
    """Return who may assume a role beside AWS services and roles of the templates, by their ARNs."""
    return [
        who
        for raw in principal.trust
        if raw.get("Effect") == "Allow"
        for who in map(_role_of, _principals(raw))
        if who not in roles and not (who.endswith(".amazonaws.com") and "Federated" not in raw.get("Principal", {}))
    ]


def faults_of_trust(principal: Principal, roles: Mapping[str, Role]) -> Iterator[tuple[Mapping[str, Any], str]]:
    """Yield the statements of a trust policy that allow somebody of whom the proofs do not know, and how.

    The proofs of a tenant role take for granted that a session has the tags ``TenantId`` and ``TenantName`` of one
    tenant, and a purpose. Whoever acts for one tenant assumes no other role.

    Parameters
    ----------
    principal
        The role.
    roles
        What the roles of the templates are, by their ARNs.
    """
    for raw in principal.trust:
        if raw.get("Effect") != "Allow":
            continue
        who = list(map(_role_of, _principals(raw)))
        if any("*" in name for name in who):
            yield raw, "anybody may assume it"
        if any(name in roles and roles[name].is_one_tenants for name in who):
            yield raw, "sessions of a tenant may assume it"
        if principal.role is Role.TENANT:
            yield from ((raw, fault) for fault in _faults_of_tenant_trust(raw, who, roles))


def _faults_of_tenant_trust(raw: Mapping[str, Any], who: Sequence[str], roles: Mapping[str, Role]) -> Iterator[str]:
    """Yield what is wrong with a statement that says who may assume a tenant role."""
    actions = [str(action).lower() for action in as_list(raw.get("Action", "*"))]
    if not any(fnmatchcase(action, form) for form in actions for action in ("sts:assumerole", "sts:tagsession")):
        if set(actions) != {"sts:setsourceidentity"}:
            yield f"it is assumed by {', '.join(actions)}, which need no tags of a tenant"
        return
    if not all(":role/" in name for name in who):
        yield f"it trusts {', '.join(who)}, which is no single role"
    elif outside := [name for name in who if name not in roles]:
        yield f"it trusts {', '.join(outside)}, which is in no template"
    conditions = raw.get("Condition", {})
    required = {key for operator in ("StringLike", "StringEquals") for key in conditions.get(operator, {})}
    yield from (f"a session needs no tag {tag.partition('/')[2]}" for tag in _TAGS if tag not in required)
    same = {request_tag(TENANT_NAME_TAG): policy_variable(request_tag(TENANT_ID_TAG))}
    if conditions.get("StringEqualsIgnoreCase") != same:
        yield "a session may be one tenant by its id and another by its name"


def faults_of_invocation(assembly: Assembly, roles: Mapping[str, Role]) -> Iterator[tuple[Resource, str]]:
    """Yield who may invoke a function with the event of any tenant, beyond AWS services on behalf of own resources.

    Parameters
    ----------
    assembly
        The templates.
    roles
        What the roles of the templates are, by their ARNs.
    """
    vending = {
        function.name
        for function in assembly.resources("AWS::Lambda::Function")
        if TOKEN_VENDOR in function.properties.get("Environment", {}).get("Variables", {})
    }
    for alias in assembly.resources("AWS::Lambda::Alias", "AWS::Lambda::Version"):
        vending |= {alias.name} if _is_among(alias.properties.get("FunctionName"), vending) else set()
    for permission in assembly.resources("AWS::Lambda::Permission"):
        properties = permission.properties
        who = _role_of(str(properties.get("Principal")))
        by_url = properties.get("Action") == "lambda:InvokeFunctionUrl" or properties.get("InvokedViaFunctionUrl")
        if (who == "*" and not by_url) or (who in roles and roles[who].is_one_tenants):
            yield permission, f"{who} may invoke a function, which takes any tenant's event"
        if not _is_among(properties.get("FunctionName"), vending):
            continue
        if not who.endswith(".amazonaws.com"):
            yield permission, f"{who} may invoke a function that vends sessions of any tenant"
        elif not _is_on_own_behalf(properties, assembly):
            yield permission, f"{who} may invoke a function that vends sessions, on behalf of any account"
    for url in assembly.resources("AWS::Lambda::Url"):
        if _is_among(url.properties.get("TargetFunctionArn"), vending) and url.properties.get("AuthType") != "AWS_IAM":
            yield url, "anybody may invoke a function that vends sessions of any tenant"


def _is_among(function: Any, names: Collection[str]) -> bool:  # noqa: ANN401 - a property
    """Return whether a text names one of some functions: by name, ARN or a part of it, with a version or without."""
    text = str(function)
    name = text.rpartition("function:")[2].partition(":")[0]
    return bool(names) and (name in names or UNKNOWN.search(text) is not None)


def _is_on_own_behalf(permission: Mapping[str, Any], assembly: Assembly) -> bool:
    """Return whether a permission is for resources of the templates, or of their accounts."""
    source = str(permission.get("SourceArn", ""))
    owner = str(permission.get("SourceAccount", ":".join(source.split(":")[4:5])))
    return owner in assembly.accounts or source in assembly.by_arn or UNKNOWN.fullmatch(source) is not None
