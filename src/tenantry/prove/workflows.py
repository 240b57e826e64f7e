"""The proof of what composes requests: mapping templates of APIs, and state machines.

The role of an integration or of a machine reaches the rows of every tenant: API Gateway and Step Functions know no
session tags. What keeps tenants apart is that no request names another tenant. That is shown here on the templates
themselves: every call of every integration, and of every task of every machine, for everybody who may start it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from tenantry.prove.calls import TENANT_FIELDS, Call, as_text, injection
from tenantry.prove.declared_stores import DeclaredStores
from tenantry.prove.integrations import Method, asked, methods, token_header
from tenantry.prove.keys import OTHER_TENANT, Fault, Tenants
from tenantry.prove.prover import Finding, Reached, Result
from tenantry.prove.reach import Reach, Start
from tenantry.prove.requests import Request
from tenantry.prove.service_requests import granted_as, judge
from tenantry.prove.state_machines import calls
from tenantry.prove.structures import InjectionError, MalformedError, Object, Value, read_json
from tenantry.prove.table_requests import written
from tenantry.prove.texts import By, Given, literal
from tenantry.prove.velocity import UnreadError
from tenantry.prove.workflow_values import starter_input, structure

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tenantry.prove.assembly import Assembly, Resource
    from tenantry.prove.ownership import Holding
    from tenantry.prove.principals import Principal
    from tenantry.prove.texts import Facts

_STARTS: Final = frozenset({"StartExecution", "StartSyncExecution"})
_MACHINE: Final = "AWS::StepFunctions::StateMachine"


@dataclass(frozen=True)
class _Made:
    """A call, and where it is made.

    Attributes
    ----------
    where
        The resource that makes it: a method or a machine.
    role
        The ARN of the role that it is made with.
    step
        The route or the state, for people.
    call, fault
        The call, or what is wrong with how it is made.
    template
        The text that composes it.
    via
        What the caller's request has come through.
    """

    where: Resource
    role: str
    step: str
    call: Call | None = None
    fault: Fault | None = None
    template: str = ""
    via: str = ""


@dataclass
class Workflows:
    """What is known of the requests that an assembly's templates compose.

    Attributes
    ----------
    findings
        What is wrong, or not judged.
    starters
        Who starts each machine, by its path.
    reached
        Who reaches what works for every tenant.
    proven
        What is shown of roles, by their ARN.
    """

    findings: list[Finding] = field(default_factory=list)
    starters: Mapping[str, Sequence[str]] = field(default_factory=dict)
    reached: Sequence[Reached] = ()
    proven: dict[str, Proven] = field(default_factory=dict)

    def __call__(self, assembly: Assembly, principal: Principal, holding: Holding, actions: Sequence[str]) -> str:  # noqa: ARG002 - as the prover asks
        """Return why every request of a principal names the tenant itself; empty if that is not shown.

        It is shown for what its templates or states ask for, and not for what is granted beyond that.
        """
        proven = self.proven.get(principal.arn)
        return proven.reason if proven and {action.lower() for action in actions} <= proven.actions else ""


@dataclass(frozen=True)
class Proven:
    """What is shown of a role: why, and which actions are asked for with it."""

    reason: str
    actions: frozenset[str]


def workflows(assembly: Assembly) -> Workflows:
    """Prove the requests that an assembly's templates compose."""
    reach = Reach(assembly)
    begun = reach.starts()
    made = list(_made(assembly, begun))
    stores = DeclaredStores(assembly, (one for each in made if each.call for one in written(each.call)))
    out = Workflows(reached=reach.reached())
    faulty: set[str] = set()
    asked_for: dict[str, set[str]] = {}
    for one in made:
        faults = [one.fault] if one.fault else judge(one.call, stores) if one.call else []
        faulty |= {one.role} if faults else set()
        out.findings += [_finding(one, fault) for fault in faults]
        asked_for.setdefault(one.role, set()).update(granted_as(one.call) if one.call else ())
    out.findings += [*reach.unlimited(), *_not_seen(assembly), *_given_to_others(assembly)]
    out.findings = list({repr(finding): finding for finding in out.findings}.values())
    out.starters = {
        machine.path: [start.who for start in begun.get(machine.arn, [])] for machine in _machines(assembly)
    }
    for one in made:
        if one.role not in faulty:
            actions = frozenset(action.lower() for action in asked_for[one.role])
            out.proven[one.role] = Proven(_reason(one, out.starters), actions)
    return out


def _not_seen(assembly: Assembly) -> Iterator[Finding]:
    """Yield what may make requests, or give one tenant's reply to another, in ways that are not read."""
    for api in assembly.resources("AWS::ApiGateway::RestApi", "AWS::ApiGatewayV2::Api"):
        if {"Body", "BodyS3Location"} & api.properties.keys():
            reason = "its methods are in an OpenAPI document, which the prover does not read"
            yield Finding(Result.OPEN, api.path, "its integrations", api.path, reason)
        if api.properties.get("BinaryMediaTypes"):
            reason = "it takes binary bodies, of which it is not known whether mapping templates see them"
            yield Finding(Result.OPEN, api.path, "its integrations", api.path, reason)
    for integration in assembly.resources("AWS::ApiGatewayV2::Integration"):
        if "CredentialsArn" in integration.properties or "IntegrationSubtype" in integration.properties:
            reason = "the prover does not read direct integrations of HTTP and WebSocket APIs"
            yield Finding(Result.OPEN, integration.path, "its integration", integration.path, reason)
    for stage in assembly.resources("AWS::ApiGateway::Stage", "AWS::ApiGateway::Deployment"):
        described = {**stage.properties, **stage.properties.get("StageDescription", {})}
        if any(setting.get("CachingEnabled") for setting in [described, *described.get("MethodSettings", [])]):
            reason = "its cache gives the reply to one caller to another: the tenant is no part of a cache key"
            request = Request("GET", "a path of the API", {}, {"t1": "acme", "t2": OTHER_TENANT})
            yield Finding(Result.COUNTEREXAMPLE, stage.path, "replies of the API", stage.path, reason, request=request)


def _given_to_others(assembly: Assembly) -> Iterator[Finding]:
    """Yield authorizers that give one caller what they have found of another: it is cached by something else."""
    for authorizer in assembly.resources("AWS::ApiGateway::Authorizer"):
        header = token_header(assembly, authorizer)
        sources = {source.strip().lower() for source in str(authorizer.properties.get("IdentitySource")).split(",")}
        is_cached = str(authorizer.properties.get("AuthorizerResultTtlInSeconds", "")) != "0"
        if header and is_cached and f"method.request.header.{header}".lower() not in sources:
            reason = f"what it finds is cached, and the token in {header} is no part of the cache's key"
            request = Request("GET", "a path of the API", {}, {"t1": "acme", "t2": OTHER_TENANT})
            yield Finding(
                Result.COUNTEREXAMPLE, authorizer.path, "callers of the API", authorizer.path, reason, request=request
            )


def _made(assembly: Assembly, begun: Mapping[str, Sequence[Start]]) -> Iterator[_Made]:
    """Yield every call that templates and machines make, those of a machine once for each way it is started."""
    inputs: dict[str, list[tuple[_Made, Value]]] = {}
    for method in methods(assembly):
        for one in _of_method(method):
            if one.call is None or one.call.service != "states" or one.call.action not in _STARTS:
                yield one
                continue
            yield from _started(one, inputs)
    for machine in _machines(assembly):
        for made, given in inputs.get(machine.arn, []):
            if made.call:
                via = f"{made.step} of {made.where.path}"
                yield from _of_machine(machine, given, made.call.tenants, via, made.call.facts)
        for start in begun.get(machine.arn, []):
            if not start.is_api:
                yield from _of_start(machine, start)
        if not begun.get(machine.arn) and machine.arn not in inputs:
            yield from _of_start(machine, Start("nobody of the templates", By.STARTER))


def _of_method(method: Method) -> Iterator[_Made]:
    role = str(method.integration.get("Credentials", ""))
    for one in asked(method):
        step = f"{method.verb} {method.path}"
        yield _Made(method.resource, role, step, one.call, one.fault, one.template)


def _started(one: _Made, inputs: dict[str, list[tuple[_Made, Value]]]) -> Iterator[_Made]:
    """Note the input with which an integration starts a machine, and yield what is wrong with it."""
    call = one.call
    if call is None:
        return
    arn = call.member("stateMachineArn")
    name = literal(arn) if isinstance(arn, tuple) else None
    if name is None:
        yield _fault(one, Fault("stateMachineArn is not written in the template"))
        return
    given = call.member("input")
    try:
        value = Object({}) if given is None else read_json(as_text(given) or (), call.facts)
    except InjectionError as error:
        yield _fault(one, injection(error, call.facts))
        return
    except MalformedError as error:
        if isinstance(given, tuple) and literal(given) is not None:
            return  # the service refuses an input that is no JSON
        yield _fault(one, Fault(f"the input cannot be read: {error}"))
        return
    inputs.setdefault(name, []).append((one, value))
    # What names the tenant in the input has to be the tenant, whatever the machine does with it.
    yield _Made(one.where, one.role, one.step, call, None, one.template)


def _of_start(machine: Resource, start: Start) -> Iterator[_Made]:
    given = starter_input(start.by) if start.given is None else structure(start.given)
    root = "$event.detail" if start.by is By.EVENT else "$input"
    roots = [root, "$input.detail"] if start.by is By.STARTER else [root]
    parts = frozenset(Given(start.by, f"{one}.{name}") for one in roots for name in TENANT_FIELDS)
    yield from _of_machine(machine, given, Tenants(parts, digest=start.by is By.EVENT), start.who)


def _of_machine(
    machine: Resource, given: Value, tenants: Tenants, via: str, facts: Facts = frozenset()
) -> Iterator[_Made]:
    role = str(machine.properties.get("RoleArn", ""))
    text = str(machine.properties.get("DefinitionString", ""))
    try:
        found = calls(_definition(machine), given, facts)
    except (UnreadError, ValueError, KeyError) as error:
        fault = Fault(f"the definition is not read: {error}")
        yield _Made(machine, role, "its definition", fault=fault, template=text, via=via)
        return
    for task in found:
        one = Call(task.service, task.action, structure(task.request), task.facts, tenants)
        yield _Made(machine, role, f"state {task.state!r}", one, None, text, via)


def _definition(machine: Resource) -> Mapping[str, Any]:
    if machine.properties.get("DefinitionSubstitutions"):
        raise UnreadError("substitutions are not known to the prover")
    if "Definition" in machine.properties:
        found: Mapping[str, Any] = machine.properties["Definition"]
        return found
    read: Mapping[str, Any] = json.loads(machine.properties["DefinitionString"])
    return read


def _machines(assembly: Assembly) -> Iterator[Resource]:
    yield from assembly.resources(_MACHINE)


def _fault(one: _Made, fault: Fault) -> _Made:
    return _Made(one.where, one.role, one.step, None, fault, one.template)


def _finding(one: _Made, fault: Fault) -> Finding:
    call = one.call
    reaches = fault.sends is not None
    action = f"{call.service}:{call.action}" if call else "the request"
    line = _line(one.template, fault.part) if one.where.type != _MACHINE else 0
    where = f"{one.step}, line {line} of its template" if line else one.step
    request = Request(action, one.step, {name: (text,) for name, text in (fault.sends or {}).items()}, fault.ids)
    return Finding(
        result=Result.COUNTEREXAMPLE if reaches else Result.OPEN,
        principal=f"{one.where.path} ({one.where.type})",
        resource=action,
        path=one.where.path,
        reason=f"{where}: {fault.what}{f' (started by {one.via})' if one.via else ''}",
        statement={},
        actions=(action,) if call else (),
        request=request if reaches else None,
    )


def _line(template: str, part: str) -> int:
    """Return the last line of a template where a part stands, 0 if it stands nowhere."""
    bare = part.lstrip("$").removeprefix("event.").removeprefix("input.") if part else ""
    at = template.rfind(bare) if bare else -1
    return template.count("\n", 0, at) + 1 if at >= 0 else 0


def _reason(one: _Made, starters: Mapping[str, Sequence[str]]) -> str:
    if one.where.type != _MACHINE:
        return "each request of its mapping templates names the tenant of the authorizer or of the path"
    who = ", ".join(starters.get(one.where.path, ())) or "nobody"
    return f"each task names the tenant, or the person, of the execution's input; started by {who}"
