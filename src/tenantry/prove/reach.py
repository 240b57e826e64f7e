"""Who may start a machine, send to a queue, put on a stream, publish on a bus or invoke a function.

All of it is computed from the templates: policies of principals and of resources, rules of buses, sources of functions
and permissions. It is a part of the report, since a machine or a function acts for the tenant that it is told.

Sources: https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsstepfunctions.html and
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-conditions.html
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, Final

from tenantry.prove.assembly import UNKNOWN
from tenantry.prove.principals import Principal, Role, principals
from tenantry.prove.prover import Finding, Reached, Result
from tenantry.prove.requests import Request
from tenantry.prove.resource_policies import with_resource_policies
from tenantry.prove.texts import By
from tenantry.prove.workflow_values import Scope, Value, evaluated, path, starter_input

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from tenantry.prove.assembly import Assembly, Resource
    from tenantry.prove.principals import Statement

_PUBLISHED: Final = "published on by"
# What is done to a resource by which action.
_DONE: Final = {
    "AWS::StepFunctions::StateMachine": ("started by", ("states:StartExecution", "states:StartSyncExecution")),
    "AWS::SQS::Queue": ("sent to by", ("sqs:SendMessage",)),
    "AWS::Kinesis::Stream": ("put on by", ("kinesis:PutRecord", "kinesis:PutRecords")),
    "AWS::Events::EventBus": (_PUBLISHED, ("events:PutEvents",)),
    "AWS::Lambda::Function": ("invoked by", ("lambda:InvokeFunction",)),
}
_SOURCE, _DETAIL_TYPE = "events:source", "events:detail-type"
_OF_EVENTS: Final = (_SOURCE, _DETAIL_TYPE)
_SIMPLE_PATH: Final = "$."
_NOT_KNOWN: Final = re.compile(r"\$\{[^}]*\}")


@dataclass(frozen=True)
class Start:
    """A way in which a machine is started.

    Attributes
    ----------
    who
        By whom, for people.
    by
        Who says what the input is.
    given
        The input, None if nothing else is known of it.
    is_api
        Whether integrations start it, whose input is known.
    """

    who: str
    by: By
    given: Value | None = None
    is_api: bool = False


class Reach:
    """Who reaches what, of one assembly.

    Parameters
    ----------
    assembly
        The templates.
    """

    def __init__(self, assembly: Assembly) -> None:
        self._assembly = assembly
        self._everyone = with_resource_policies(assembly, principals(assembly))[0]
        self._granted = {how: list(self._granting(actions)) for how, actions in _DONE.values()}

    def reached(self) -> list[Reached]:
        """Return who reaches each machine, queue, stream, bus and function."""
        out: list[Reached] = []
        starts = self.starts()
        for resource in self._assembly.resources(*_DONE):
            how, _ = _DONE[resource.type]
            if resource.arn in starts:
                ways = {start.who for start in starts[resource.arn]}
                out.append(Reached(resource.path, resource.type, how, tuple(sorted(ways))))
                continue
            found = [f"{who.name} ({who.role}){_limits(statement)}" for who, statement in self._on(resource)]
            ways = {*found, *_other_ways(self._assembly, resource)}
            out.append(Reached(resource.path, resource.type, how, tuple(sorted(ways))))
        return out

    def starts(self) -> dict[str, list[Start]]:
        """Return how each machine is started, by its ARN."""
        out: dict[str, list[Start]] = {}
        for machine in self._assembly.resources("AWS::StepFunctions::StateMachine"):
            starters = {who.arn: who for who, _ in self._on(machine)}
            out[machine.arn] = [start for who in starters.values() for start in self._starts_of(who, machine)]
        return out

    def unlimited(self) -> Iterator[Finding]:
        """Yield who may publish events that are not its own, and what starts a machine on what anybody says."""
        for bus in self._assembly.resources("AWS::Events::EventBus"):
            for principal, statement in self._on(bus):
                if not _is_limited(statement):
                    yield _publishes_anything(principal, bus, statement)
        for policy in self._assembly.resources("AWS::Events::EventBusPolicy"):
            reason = "the prover does not read policies of event buses: who may publish is not known"
            yield Finding(Result.OPEN, policy.path, "an event bus", policy.path, reason)
        for pipe in self._assembly.resources("AWS::Pipes::Pipe"):
            if ":stateMachine:" in str(pipe.properties.get("Target")):
                reason = "it starts a machine with what somebody has put into its source"
                yield Finding(Result.OPEN, pipe.path, "a state machine", pipe.path, reason)
        for rule in self._assembly.resources("AWS::Events::Rule"):
            to_machines = [target for target in _targets(rule) if ":stateMachine:" in str(target.get("Arn", ""))]
            if to_machines and not rule.properties.get("ScheduleExpression") and not _kinds(rule):
                reason = "it starts a machine on events of any source or detail-type"
                yield Finding(Result.OPEN, rule.path, "a state machine", rule.path, reason)

    def _granting(self, actions: Iterable[str]) -> Iterator[tuple[Principal, Statement]]:
        for principal in self._everyone:
            for statement in principal.statements:
                if statement.allows and any(statement.names(action) for action in actions):
                    yield principal, statement

    def _on(self, resource: Resource) -> Iterator[tuple[Principal, Statement]]:
        for principal, statement in self._granted[_DONE[resource.type][0]]:
            forms = statement.resources if statement.not_resource else map(_any_text, statement.resources)
            if any(fnmatchcase(resource.arn, form) for form in forms) != statement.not_resource:
                yield principal, statement

    def _starts_of(self, principal: Principal, machine: Resource) -> Iterator[Start]:
        if principal.role is Role.API:
            yield Start(principal.name, By.CALLER, is_api=True)
            return
        rules = [
            (rule, target)
            for rule in self._assembly.resources("AWS::Events::Rule")
            for target in _targets(rule)
            if target.get("Arn") == machine.arn and target.get("RoleArn") == principal.arn
        ]
        for rule, target in rules:
            publishers = sorted({name for kind in _kinds(rule) for name in self._publishers(rule, kind)})
            kinds = ", ".join(f"{source}@{detail}" for source, detail in _kinds(rule)) or "a schedule"
            said = f"events {kinds} of {', '.join(publishers) or 'AWS'}"
            yield Start(said, By.EVENT if _kinds(rule) else By.STARTER, _input(target))
        if not rules:
            yield Start(f"{principal.name} ({principal.role})", By.STARTER)

    def _publishers(self, rule: Resource, kind: tuple[str, str]) -> Iterator[str]:
        """Yield who may publish a kind of event on a rule's bus."""
        bus = str(rule.properties.get("EventBusName", "default")).rpartition("/")[2]
        for principal, statement in self._granted[_PUBLISHED]:
            if not any(form == "*" or form.rpartition("/")[2] in {bus, "*"} for form in statement.resources):
                continue
            allowed = [_allowed(statement, key) for key in _OF_EVENTS]
            if all(not given or text in given for given, text in zip(allowed, kind, strict=True)):
                yield f"{principal.name} ({principal.role})"


def _any_text(form: str) -> str:
    """Return a form in which what is not known before a request, or before the deployment, is any text."""
    return _NOT_KNOWN.sub("*", UNKNOWN.sub("*", form))


def _publishes_anything(principal: Principal, bus: Resource, statement: Statement) -> Finding:
    keys = {_SOURCE: ("another publisher's",), _DETAIL_TYPE: ("created",)}
    return Finding(
        Result.COUNTEREXAMPLE,
        f"{principal.name} ({principal.role})",
        f"events on {bus.path}",
        statement.source,
        "it may publish events of another source or detail-type than its own",
        statement.raw,
        ("events:PutEvents",),
        Request("events:PutEvents", bus.arn, keys, {}),
    )


def _targets(rule: Resource) -> list[Mapping[str, Any]]:
    return list(rule.properties.get("Targets", []))


def _input(target: Mapping[str, Any]) -> Value | None:
    """Return what a rule gives its target."""
    if "InputTransformer" in target:
        return starter_input(By.STARTER)  # its texts are not read: nothing of it is an event's own field
    if "Input" in target:
        return evaluated(json.loads(target["Input"]), Scope(), frozenset())[0][1]
    if "InputPath" in target:
        return path(starter_input(By.EVENT), str(target["InputPath"]).removeprefix(_SIMPLE_PATH).split("."))
    return None


def _kinds(rule: Resource) -> list[tuple[str, str]]:
    """Return the sources and detail-types that a rule names, none if it takes others as well."""
    pattern = rule.properties.get("EventPattern") or {}
    sources, details = pattern.get("source", []), pattern.get("detail-type", [])
    if not all(isinstance(text, str) for text in (*sources, *details)):
        return []
    return [(source, detail) for source in sources for detail in details]


def _allowed(statement: Statement, key: str) -> tuple[str, ...]:
    return tuple(
        value
        for condition in statement.conditions
        if condition.key == key and condition.operator in {"StringEquals", "ForAllValues:StringEquals"}
        for value in condition.values
    )


def _is_limited(statement: Statement) -> bool:
    """Return whether a grant to publish is bound to sources and detail-types: each entry has both, and these only."""
    present = {
        condition.key
        for condition in statement.conditions
        if condition.operator == "Null" and condition.values == ("false",)
    }
    return all(_allowed(statement, key) and (key in present or _needs_all(statement, key)) for key in _OF_EVENTS)


def _needs_all(statement: Statement, key: str) -> bool:
    """Return whether a condition without a quantifier is on a key: it does not hold where the key is absent."""
    return any(one.key == key and one.operator == "StringEquals" for one in statement.conditions)


def _limits(statement: Statement) -> str:
    given = [value for key in _OF_EVENTS for value in _allowed(statement, key)]
    return f": {', '.join(given)}" if given else ""


def _other_ways(assembly: Assembly, resource: Resource) -> Iterator[str]:
    """Yield what reaches a function without a policy of a principal: permissions, sources of events."""
    if resource.type != "AWS::Lambda::Function":
        return
    own = {resource.arn, resource.name}
    for permission in assembly.resources("AWS::Lambda::Permission"):
        if permission.properties.get("FunctionName") in own:
            source = permission.properties.get("SourceArn")
            said = f" for {source}" if source else ""
            yield f"{permission.properties.get('Principal')}{said}"
    for mapping in assembly.resources("AWS::Lambda::EventSourceMapping"):
        if mapping.properties.get("FunctionName") in own:
            source = assembly.by_arn.get(str(mapping.properties.get("EventSourceArn")))
            yield f"messages of {source.path if source else mapping.properties.get('EventSourceArn')}"
