"""Policies that stand at resources: whom else they allow, and who may assume a role or invoke a function.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_identity-vs-resource.html
"""

from __future__ import annotations

from dataclasses import replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from tenantry.model.tags import PURPOSE_TAG, TENANT_ID_TAG, TENANT_NAME_TAG, TENANT_TAGS, policy_variable, request_tag
from tenantry.model.variables import TOKEN_VENDOR
from tenantry.prove.principals import Principal, Role, Statement, as_list, statements

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

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
_POLICY_LIKE: Final = ("PolicyDocument", "ResourcePolicy", "KeyPolicy", "Policy", "AccessPolicies", "PolicyText")
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
    found = {(principal.arn, principal.role): principal for principal in principals if not principal.purpose}
    sessions = [principal for principal in principals if principal.purpose]
    others: list[Principal] = []
    unread: list[Unread] = []
    for resource in assembly.resources():
        document = _at(resource.properties, _POLICIES.get(resource.type, ""))
        if document is None:
            unread += _unread(resource)
            continue
        for statement in statements(document, resource.path):
            if not statement.allows:
                continue
            about = _about(statement, resource)
            for who in _principals(statement.raw):
                named = [key for key in found if key[0] == who and key[1] is not Role.BOUNDARY]
                for key in named:
                    found[key] = replace(found[key], statements=(*found[key].statements, about))
                if not named and not _is_own_account(who, assembly):
                    others.append(_other(who, about, resource))
    return [*found.values(), *sessions, *others], unread


def _unread(resource: Resource) -> Iterator[Unread]:
    if resource.type.startswith(_READ_ELSEWHERE):
        if resource.type not in _IDENTITY_POLICIES:
            yield Unread(resource, f"The prover does not know what {resource.type} grants.")
    elif any(_has_statements(resource.properties.get(name)) for name in _POLICY_LIKE):
        yield Unread(resource, f"The prover does not read policies of {resource.type}.")


def _has_statements(value: Any) -> bool:  # noqa: ANN401 - any property
    return isinstance(value, dict) and ("Statement" in value or any(map(_has_statements, value.values())))


def _at(properties: Mapping[str, Any], place: str) -> Mapping[str, Any] | None:
    value: Any = properties
    for name in place.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else None


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
            return ["certificates"]  # of a policy of AWS IoT
        case dict(kinds):
            return [str(name) for names in kinds.values() for name in as_list(names)]
        case text:
            return [str(text)]


def _is_own_account(who: str, assembly: Assembly) -> bool:
    """Return whether an account is named as a whole: then its own policies say who in it may do what."""
    accounts = {stack.account for stack in assembly.stacks.values()}
    return who in accounts or any(who.endswith(f":iam::{account}:root") for account in accounts)


def _other(who: str, statement: Statement, resource: Resource) -> Principal:
    return Principal(
        name=f"{resource.path} allows {who}",
        role=Role.SERVICE if who.endswith(".amazonaws.com") else Role.OTHER,
        arn=who,
        statements=(statement,),
        resource=resource,
    )


_TAGS: Final = tuple(request_tag(tag) for tag in (*TENANT_TAGS, PURPOSE_TAG))


def faults_of_trust(principal: Principal) -> Iterator[tuple[Mapping[str, Any], str]]:
    """Yield the statements of a trust policy that allow somebody of whom the proofs do not know, and how.

    The proofs of a tenant role take for granted that a session has the tags ``TenantId`` and ``TenantName`` of one
    tenant, and a purpose.
    """
    for raw in principal.trust:
        if raw.get("Effect") != "Allow":
            continue
        who = _principals(raw)
        if any("*" in name for name in who):
            yield raw, "anybody may assume it"
        actions = [str(action).lower() for action in as_list(raw.get("Action", "*"))]
        assumes = any(fnmatchcase(action, form) for form in actions for action in ("sts:assumerole", "sts:tagsession"))
        if principal.role is not Role.TENANT or not assumes:
            continue
        if not all(":role/" in name for name in who):
            yield raw, f"it trusts {', '.join(who)}, which is no single role"
        conditions = raw.get("Condition", {})
        required = {key for operator in ("StringLike", "StringEquals") for key in conditions.get(operator, {})}
        for tag in _TAGS:
            if tag not in required:
                yield raw, f"a session needs no tag {tag.partition('/')[2]}"
        same = {request_tag(TENANT_NAME_TAG): policy_variable(request_tag(TENANT_ID_TAG))}
        if conditions.get("StringEqualsIgnoreCase") != same:
            yield raw, "a session may be one tenant by its id and another by its name"


def faults_of_invocation(assembly: Assembly) -> Iterator[tuple[Resource, str]]:
    """Yield who may invoke a function that vends, beyond AWS services on behalf of the app's own resources."""
    vending = {
        name
        for function in assembly.resources("AWS::Lambda::Function")
        if TOKEN_VENDOR in function.properties.get("Environment", {}).get("Variables", {})
        for name in (function.arn, function.name)
    }
    for permission in assembly.resources("AWS::Lambda::Permission"):
        properties = permission.properties
        if properties.get("FunctionName") not in vending:
            continue
        who = str(properties.get("Principal"))
        if not who.endswith(".amazonaws.com"):
            yield permission, f"{who} may invoke a function that vends sessions of any tenant"
        elif not {"SourceArn", "SourceAccount"} & properties.keys():
            yield permission, f"{who} may invoke a function that vends sessions, on behalf of any account"
    for url in assembly.resources("AWS::Lambda::Url"):
        if url.properties.get("TargetFunctionArn") in vending and url.properties.get("AuthType") != "AWS_IAM":
            yield url, "anybody may invoke a function that vends sessions of any tenant"
