"""Who may do what: every role, user and group of the templates, and every session that a function vends.

A grant is a statement of a policy that is a principal's own, is attached to it, or stands at a resource and names it.
A limit is a permissions boundary. Of a vended session, the role's policy and the session policy are principals of their
own, because each has to keep tenants apart alone.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, Final

from tenantry.model.policies import as_list, whole_statements
from tenantry.model.tags import TENANT_TAGS
from tenantry.model.variables import TOKEN_VENDOR

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tenantry.prove.assembly import Assembly, Resource


class Caller(StrEnum):
    """Whose ids the policy of a principal can name."""

    TENANT = "tenant"
    """Those of the one tenant that it acts for."""
    NOBODY = "nobody"
    """None: its sessions have no tags, and a variable without a value matches nothing."""
    ANYBODY = "anybody"
    """It is not known whose."""


class Role(StrEnum):
    """What a principal is."""

    TENANT = "tenant role"
    """A role that functions assume with a tenant's tags."""
    SESSION = "session policy"
    """What a function narrows the tenant role to, for one purpose."""
    DEVICE = "device role"
    """A role that certificates are exchanged for."""
    BOUNDARY = "permissions boundary"
    """What narrows a device role."""
    FUNCTION = "function"
    API = "API"
    MACHINE = "state machine"
    SERVICE = "service"
    """A role of another AWS service."""
    OTHER = "principal"
    """A role of somebody else, a user or a group."""

    @property
    def is_one_tenants(self) -> bool:
        """Whether whoever has it acts for one tenant, whose ids its policy can name."""
        return self in {Role.TENANT, Role.SESSION, Role.DEVICE, Role.BOUNDARY}

    @property
    def caller(self) -> Caller:
        """Whose ids its policy can name."""
        if self.is_one_tenants:
            return Caller.TENANT
        return Caller.ANYBODY if self is Role.OTHER else Caller.NOBODY


_BY_SERVICE: Final = {
    "lambda.amazonaws.com": Role.FUNCTION,
    "apigateway.amazonaws.com": Role.API,
    "states.amazonaws.com": Role.MACHINE,
    "credentials.iot.amazonaws.com": Role.DEVICE,
}


@dataclass(frozen=True)
class Condition:
    """A condition of a statement: one operator, one key, the values of which one is to match."""

    operator: str
    key: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class Statement:
    """A statement of a policy.

    Attributes
    ----------
    allows
        Whether it allows what it names, or denies it.
    actions, resources
        Patterns; `not_action` and `not_resource` say that all others are meant.
    conditions
        All must hold.
    source
        The path of the construct whose policy it is in.
    raw
        As the template has it, with references resolved.
    """

    allows: bool
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    conditions: tuple[Condition, ...] = ()
    not_action: bool = False
    not_resource: bool = False
    source: str = ""
    raw: Mapping[str, Any] = field(default_factory=dict, compare=False, hash=False)

    @classmethod
    def read(cls, raw: Mapping[str, Any], source: str) -> Statement:
        """Return a statement of a policy document.

        Raises
        ------
        ValueError
            It is none.
        """
        try:
            return cls(
                allows={"Allow": True, "Deny": False}[raw["Effect"]],
                actions=_texts(raw["NotAction"] if "NotAction" in raw else raw["Action"]),
                resources=_texts(raw["NotResource"] if "NotResource" in raw else raw.get("Resource", "*")),
                conditions=tuple(
                    Condition(operator, key, _texts(values))
                    for operator, block in raw.get("Condition", {}).items()
                    for key, values in block.items()
                ),
                not_action="NotAction" in raw,
                not_resource="NotResource" in raw,
                source=source,
                raw=raw,
            )
        except (AttributeError, KeyError, TypeError) as error:
            raise ValueError(f"{source}: {json.dumps(raw)} is no statement of a policy: {error}") from None

    def names(self, action: str) -> bool:
        """Return whether it is about an action; the names of actions are no matter of case."""
        return any(fnmatchcase(action.lower(), form.lower()) for form in self.actions) != self.not_action


@dataclass(frozen=True)
class Principal:
    """Somebody who may do something.

    Attributes
    ----------
    name
        The path of its construct; of a session policy also the purpose.
    role
        What it is.
    arn
        Of the role; of a session policy, of the role that it narrows.
    statements
        All of its policies.
    boundary
        The statements of its permissions boundary, None if it has none.
    trust
        The statements that say who may assume it.
    attached
        ARNs of managed policies that are in no template.
    purpose
        Of a session policy.
    resource
        The resource that carries what is said about it.
    """

    name: str
    role: Role
    arn: str
    statements: tuple[Statement, ...]
    resource: Resource
    boundary: tuple[Statement, ...] | None = None
    trust: tuple[Mapping[str, Any], ...] = ()
    attached: tuple[str, ...] = ()
    purpose: str = ""

    @property
    def caller(self) -> Caller:
        """Whose ids its policy can name. A role that is tagged itself names what its tags say."""
        tagged = {str(tag.get("Key")).lower() for tag in self.resource.properties.get("Tags", [])}
        if self.role not in {Role.TENANT, Role.SESSION} and tagged & {tag.lower() for tag in TENANT_TAGS}:
            return Caller.ANYBODY
        return self.role.caller


def statements(document: Mapping[str, Any], source: str) -> tuple[Statement, ...]:
    """Return the statements of a policy document, which a resource of the path `source` has."""
    return tuple(Statement.read(raw, source) for raw in as_list(document.get("Statement", [])))


def principals(assembly: Assembly) -> list[Principal]:
    """Return every principal of the templates."""
    return [*_roles(assembly), *_sessions(assembly)]


_IDENTITIES: Final = {"AWS::IAM::Role": "Roles", "AWS::IAM::User": "Users", "AWS::IAM::Group": "Groups"}
_INLINE: Final = {
    "AWS::IAM::RolePolicy": ("AWS::IAM::Role", "RoleName"),
    "AWS::IAM::UserPolicy": ("AWS::IAM::User", "UserName"),
    "AWS::IAM::GroupPolicy": ("AWS::IAM::Group", "GroupName"),
}


def _roles(assembly: Assembly) -> Iterator[Principal]:
    attached = _attached(assembly)
    yield from _outside(assembly, attached)
    managed = {policy.arn: policy for policy in assembly.resources("AWS::IAM::ManagedPolicy")}
    for identity in assembly.resources(*_IDENTITIES):
        properties = identity.properties
        trust = tuple(as_list(properties.get("AssumeRolePolicyDocument", {}).get("Statement", [])))
        found = [
            statement
            for policy in properties.get("Policies", [])
            for statement in statements(policy["PolicyDocument"], identity.path)
        ]
        outside = []
        for policy in attached.get((identity.type, identity.name), []):
            found += _certain(policy)
        for arn in map(str, properties.get("ManagedPolicyArns", [])):
            if arn in managed:
                found += _certain(managed[arn])
            else:
                outside.append(arn)
        boundary, unread = _boundary(properties.get("PermissionsBoundary"), managed)
        role = _role(trust)
        yield Principal(
            name=identity.path,
            role=role,
            arn=identity.arn,
            statements=tuple(dict.fromkeys(found)),
            resource=identity,
            boundary=boundary,
            trust=trust,
            attached=(*outside, *unread),
        )
        if role is Role.DEVICE and boundary is not None:
            yield Principal(
                name=identity.path,
                role=Role.BOUNDARY,
                arn=identity.arn,
                statements=boundary,
                resource=identity,
                trust=trust,
            )


def _outside(assembly: Assembly, attached: Mapping[tuple[str, str], Sequence[Resource]]) -> Iterator[Principal]:
    """Yield the identities of other apps that policies of the templates are attached to, with these policies alone."""
    known = {(identity.type, identity.name) for identity in assembly.resources(*_IDENTITIES)}
    for identity, policies in attached.items():
        if identity not in known:
            yield from (
                Principal(
                    name=f"{policy.path} of {identity[1]}",
                    role=Role.OTHER,
                    arn=identity[1],
                    statements=tuple(_certain(policy)),
                    resource=policy,
                )
                for policy in policies
            )


def _certain(policy: Resource) -> Iterator[Statement]:
    """Yield the statements of a policy, without its denials if it may not be deployed."""
    for statement in statements(policy.properties["PolicyDocument"], policy.path):
        if statement.allows or not policy.is_conditional:
            yield statement


def _boundary(arn: str | None, managed: Mapping[str, Resource]) -> tuple[tuple[Statement, ...] | None, tuple[str, ...]]:
    """Return the statements of a permissions boundary; one that is in no template is taken to limit nothing."""
    if arn is not None and arn in managed:
        return statements(managed[arn].properties["PolicyDocument"], managed[arn].path), ()
    return None, ()


def _attached(assembly: Assembly) -> dict[tuple[str, str], list[Resource]]:
    """Return the policies that say themselves whose they are, by the type and the name of the identity."""
    found: dict[tuple[str, str], list[Resource]] = {}
    for policy in assembly.resources("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy"):
        for kind, field_ in _IDENTITIES.items():
            for name in policy.properties.get(field_, []):
                found.setdefault((kind, str(name)), []).append(policy)
    for policy in assembly.resources(*_INLINE):
        kind, field_ = _INLINE[policy.type]
        found.setdefault((kind, str(policy.properties[field_])), []).append(policy)
    return found


def _sessions(assembly: Assembly) -> Iterator[Principal]:
    """Yield the session policies that functions are handed, each with its placeholders."""
    for function in assembly.resources("AWS::Lambda::Function"):
        text = function.properties.get("Environment", {}).get("Variables", {}).get(TOKEN_VENDOR)
        if text is None:
            continue
        vendor = json.loads(text)
        account = assembly.stacks[function.stack].account
        for purpose, given in vendor["policies"].items():
            yield Principal(
                name=function.path,
                role=Role.SESSION,
                arn=str(vendor["role"]),
                statements=tuple(Statement.read(raw, function.path) for raw in whole_statements(given, account)),
                resource=function,
                purpose=str(purpose),
            )


def _role(trust: tuple[Mapping[str, Any], ...]) -> Role:
    """Return what a role is, by who may assume it."""
    allowed = [statement for statement in trust if statement.get("Effect") == "Allow"]
    named = [statement.get("Principal", {}) for statement in allowed]
    services = {
        str(service)
        for principal in named
        if isinstance(principal, dict)
        for service in as_list(principal.get("Service", []))
    }
    actions = [str(form).lower() for statement in allowed for form in as_list(statement.get("Action", "*"))]
    if any(fnmatchcase("sts:tagsession", form) for form in actions):
        return Role.TENANT
    kinds = {_BY_SERVICE.get(service, Role.SERVICE) for service in services}
    return kinds.pop() if len(kinds) == 1 and all("Service" in principal for principal in named) else Role.OTHER


def _texts(value: Any) -> tuple[str, ...]:  # noqa: ANN401 - a string or a list of them
    return tuple(str(part).lower() if isinstance(part, bool) else str(part) for part in as_list(value))
