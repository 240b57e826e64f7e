"""The proof: every principal against everything that belongs to tenants.

For every pair of tenants t1 and t2, all users and all requests:

- no session of t1 reaches anything of t2, by the tenant role alone and by the session policy alone, so by both;
- no session of a user reaches another user's part, where the declaration names users;
- no session changes what binds it, nor starts, sends to or reads what works for every tenant;
- nobody else reaches tenants' data at all, unless a proof of the templates that compose its requests shows that these
  name the tenant, or somebody has answered for it with a reason.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol

from tenantry.prove.acknowledgements import Acknowledgement, acknowledgements
from tenantry.prove.bindings import DESCRIBING, LOGGING, is_among
from tenantry.prove.ownership import Holding, ownership
from tenantry.prove.principals import Principal, Role, principals
from tenantry.prove.questions import is_denied, is_partitioned, not_understood, questions, representatives
from tenantry.prove.requests import Request, find
from tenantry.prove.resource_policies import CERTIFICATES, faults_of_invocation, faults_of_trust, with_resource_policies

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tenantry.prove.assembly import Assembly
    from tenantry.prove.principals import Statement
    from tenantry.prove.questions import Question


class Result(StrEnum):
    """What is known of a principal and a resource, the worst last."""

    PROVEN = "proven"
    ACKNOWLEDGED = "acknowledged"
    OPEN = "open"
    """Neither proven nor refuted: not judged."""
    COUNTEREXAMPLE = "counterexample"


@dataclass(frozen=True)
class Finding:
    """What is known of one principal and one resource.

    Attributes
    ----------
    result
        What.
    principal
        The path of the construct, and what it is.
    resource
        What it reaches or does not reach.
    path
        The construct whose policy it is about.
    reason
        Why it is acknowledged, or what is open.
    statement
        The statement that allows it, empty if it is proven.
    actions
        Those that are not proven.
    request
        A request that would succeed.
    """

    result: Result
    principal: str
    resource: str
    path: str
    reason: str = ""
    statement: Mapping[str, Any] = field(default_factory=dict, compare=False)
    actions: tuple[str, ...] = ()
    request: Request | None = field(default=None, compare=False)


@dataclass(frozen=True)
class Reached:
    """Who reaches something that works for every tenant.

    Attributes
    ----------
    path, type
        What it is.
    how
        Such as ``started by``.
    who
        The principals, with what they may say where that is limited.
    """

    path: str
    type: str
    how: str
    who: tuple[str, ...]


class Composition(Protocol):
    """A proof about templates that compose requests: an API's mapping templates, a state machine's definition."""

    def __call__(self, assembly: Assembly, principal: Principal, holding: Holding, actions: Sequence[str]) -> str:
        """Return why every request of a principal names the tenant itself; empty if that is not shown."""


@dataclass(frozen=True)
class Proof:
    """All that is known of an assembly.

    Attributes
    ----------
    findings
        What is proven, acknowledged, not judged or refuted.
    questions
        How many questions it took.
    reached
        Who starts, sends to, puts on, publishes on or invokes what works for every tenant.
    """

    findings: tuple[Finding, ...]
    questions: int
    reached: tuple[Reached, ...] = ()

    @property
    def exit_status(self) -> int:
        """0 if all is proven or acknowledged, 1 if something can be reached, 2 if something is not judged."""
        results = {finding.result for finding in self.findings}
        return 1 if Result.COUNTEREXAMPLE in results else 2 if Result.OPEN in results else 0

    def of(self, result: Result) -> list[Finding]:
        """Return the findings with a result."""
        return [finding for finding in self.findings if finding.result is result]


def prove(assembly: Assembly, compositions: Sequence[Composition] = ()) -> Proof:
    """Prove that no tenant reaches another's data, or show what is missing.

    Parameters
    ----------
    assembly
        The templates.
    compositions
        Proofs about templates that compose requests; the first that answers counts.
    """
    everyone, unread = with_resource_policies(assembly, principals(assembly))
    owned = ownership(assembly)
    findings = [
        Finding(Result.OPEN, "", resource.type, resource.path, reason)
        for resource, reason in (*owned.undeclared, *unread)
    ]
    roles = {principal.arn: principal.role for principal in everyone if not principal.purpose}
    findings += [
        Finding(Result.COUNTEREXAMPLE, permission.path, "sessions of any tenant", permission.path, reason)
        for permission, reason in faults_of_invocation(assembly, roles)
    ]
    findings += [
        Finding(Result.OPEN, "", "its template", stack.name, "the prover does not know what a macro makes of it")
        for stack in assembly.stacks.values()
        if "Transform" in stack.template or '"Fn::Transform"' in json.dumps(stack.template)
    ]
    asked = 0
    for principal in everyone:
        examined = _Examination(assembly, principal, acknowledgements(assembly, principal), compositions)
        findings += examined.of_its_own(roles)
        for holding in owned.holdings:
            if _concerns(principal, holding):
                found, number = examined.of(holding)
                findings += found
                asked += number
        if principal.role.is_one_tenants:
            alike = [statement for other in everyone if other.role is principal.role for statement in other.statements]
            findings += examined.of_what_nobody_declared(owned.holdings, alike)
    return Proof(tuple(dict.fromkeys(findings)), asked)


def _concerns(principal: Principal, holding: Holding) -> bool:
    """Return whether it is asked. A role's policy names no user: only a session policy keeps users apart."""
    if holding.letters == "u":
        return principal.role is Role.SESSION
    return principal.role.is_one_tenants or "*" in principal.arn or not holding.one_tenant_only


@dataclass(frozen=True)
class _Examination:
    """One principal."""

    assembly: Assembly
    principal: Principal
    acknowledged: Sequence[Acknowledgement]
    compositions: Sequence[Composition]

    @property
    def _who(self) -> str:
        purpose = f" for {self.principal.purpose!r}" if self.principal.purpose else ""
        return f"{self.principal.name} ({self.principal.role}{purpose})"

    def of_its_own(self, roles: Mapping[str, Role]) -> Iterator[Finding]:
        """Yield what is wrong with its trust, and what of its policies is not understood."""
        for raw, fault in faults_of_trust(self.principal, roles):
            yield self._finding(Result.COUNTEREXAMPLE, "who may assume it", reason=fault, statement=raw)
        if self.principal.role is Role.SESSION and roles.get(self.principal.arn) is not Role.TENANT:
            reason = f"{self.principal.arn}, which it narrows, is no tenant role of the templates"
            yield self._finding(Result.OPEN, "its role", reason=reason)
        for statement in self.principal.statements if self.principal.arn == CERTIFICATES else ():
            if {action.lower() for action in statement.actions} != {_WITH_CERTIFICATE} or statement.not_action:
                reason = "the prover knows no topics and things: certificates are exchanged for a role"
                yield self._finding(Result.OPEN, "messages of AWS IoT", reason=reason, statement=statement.raw)
        for arn in self.principal.attached:
            if arn not in _HARMLESS_MANAGED:
                yield self._finding(Result.OPEN, "its managed policies", reason=f"{arn} is in no template")
        for statement in self.principal.statements:
            for what in dict.fromkeys(not_understood(statement)):
                if what not in {acknowledgement.resource for acknowledgement in self.acknowledged}:
                    reason = f"the prover does not know {what}"
                    yield self._finding(Result.OPEN, "its policies", reason=reason, statement=statement.raw)

    def of(self, holding: Holding) -> tuple[list[Finding], int]:
        """Return what is known of it and something that belongs to tenants, and how many questions it took."""
        asked = self._asked(self.principal.statements, holding)
        if not asked:
            return [], 0
        denials = [statement for statement in self.principal.statements if not statement.allows]
        left = [question for question in asked if not question.is_refuted and not is_denied(question, denials)]
        # A policy at a resource that names a user, or a session, allows it whatever the boundary is.
        if left and not any("Principal" in question.statement.raw for question in left) and self._limited(holding):
            left = []
        if not left:
            return [self._finding(Result.PROVEN, holding.name)], len(asked)
        return list(self._left(holding, left)), len(asked)

    def _asked(self, statements: Sequence[Statement], holding: Holding) -> list[Question]:
        caller = self.principal.caller
        return [question for statement in statements for question in questions(statement, holding, caller)]

    def _limited(self, holding: Holding) -> bool:
        """Return whether the permissions boundary alone refutes all; of a device role it is proven by itself."""
        limits = self.principal.boundary
        if limits is None or self.principal.role is Role.DEVICE:
            return False
        return all(question.is_refuted for question in self._asked(limits, holding))

    def _left(self, holding: Holding, left: Sequence[Question]) -> Iterator[Finding]:
        """Yield findings about what is not refuted: answered for, composed by a template, or reachable."""
        whole = tuple(sorted({question.action for question in left}))
        # Whoever else has the role may ask for more than the templates do.
        composed = self.principal.role in {Role.API, Role.MACHINE}
        for composition in self.compositions if composed else ():
            if reason := composition(self.assembly, self.principal, holding, whole):
                yield self._finding(Result.PROVEN, holding.name, reason=reason, actions=whole)
                return
        reasons: dict[str, set[str]] = {}
        open_: list[Question] = []
        for question in left:
            # What a tenant's own may reach of other tenants, nobody can answer for.
            answered = holding.letters == "u" or not self.principal.role.is_one_tenants
            covering = [one for one in self.acknowledged if answered and one.covers(question, self.principal.purpose)]
            if covering:
                reasons.setdefault(covering[0].reason, set()).add(question.action)
            else:
                open_.append(question)
        for reason, actions in reasons.items():
            yield self._finding(Result.ACKNOWLEDGED, holding.name, reason=reason, actions=tuple(sorted(actions)))
        if open_:
            yield self._worst(holding, open_, tuple(sorted({question.action for question in open_})))

    def _worst(self, holding: Holding, left: Sequence[Question], actions: tuple[str, ...]) -> Finding:
        one_of_each = {(question.action, question.statement, question.facts): question for question in left}
        for question in one_of_each.values():
            if request := find(question, self.principal.statements):
                return self._finding(
                    Result.COUNTEREXAMPLE,
                    holding.name,
                    reason=f"it may reach what is of {_WHOSE[holding.letters]}",
                    statement=question.statement.raw,
                    source=question.statement.source,
                    actions=actions,
                    request=request,
                )
        return self._finding(
            Result.OPEN,
            holding.name,
            reason="neither proven nor refuted by a request",
            statement=left[0].statement.raw,
            source=left[0].statement.source,
            actions=actions,
        )

    def of_what_nobody_declared(self, holdings: Sequence[Holding], alike: Sequence[Statement]) -> Iterator[Finding]:
        """Yield what a session may do with something that is in no declaration.

        Parameters
        ----------
        holdings
            What is declared.
        alike
            The statements of all principals of its role, so that those of other tenants are among them.
        """
        for statement in self._of_one_resource():
            known = {question.action for holding in holdings for question in self._asked([statement], holding)}
            free = known | {
                action for action in representatives(statement) if is_among(action, (*DESCRIBING, *LOGGING))
            }
            unknown = [action for action in representatives(statement) if statement.allows and action not in free]
            services = {action.partition(":")[0].lower() for action in unknown}
            others = [
                other
                for other in alike
                if other.allows and services & {action.partition(":")[0].lower() for action in representatives(other)}
            ]
            if unknown and is_partitioned(statement, others, unknown):
                yield self._finding(
                    Result.PROVEN,
                    ", ".join(statement.resources),
                    reason="nobody declares whose this is; no two tenants reach the same of it",
                )
            elif unknown:
                yield self._finding(
                    Result.OPEN,
                    ", ".join(statement.resources),
                    reason="nobody declares whose this is",
                    statement=statement.raw,
                    source=statement.source,
                    actions=tuple(unknown),
                )

    def _of_one_resource(self) -> Iterator[Statement]:
        """Yield its statements with one resource each: what is known of one says nothing of another."""
        for statement in self.principal.statements:
            if statement.not_resource:
                yield statement
            else:
                yield from (replace(statement, resources=(resource,)) for resource in statement.resources)

    def _finding(
        self,
        result: Result,
        resource: str,
        *,
        reason: str = "",
        statement: Mapping[str, Any] | None = None,
        source: str = "",
        actions: tuple[str, ...] = (),
        request: Request | None = None,
    ) -> Finding:
        path = source or self.principal.name
        return Finding(result, self._who, resource, path, reason, statement or {}, actions, request)


_WITH_CERTIFICATE = "iot:assumerolewithcertificate"
_WHOSE = {"tn": "any other tenant", "u": "another user of the tenant"}
# Policies of AWS's own that reach no data, each with its page.
_HARMLESS_MANAGED = frozenset(
    {
        # https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AmazonAPIGatewayPushToCloudWatchLogs.html
        "arn:aws:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs",
        # https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AWSLambdaBasicExecutionRole.html
        "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole",
        # https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AWSXRayDaemonWriteAccess.html
        "arn:aws:iam::aws:policy/AWSXRayDaemonWriteAccess",
    }
)
