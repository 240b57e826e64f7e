"""A walk through the states of a machine, whatever language they are in, that notes what its tasks ask for."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from tenantry.prove.declared_stores import OF_TASK
from tenantry.prove.structures import Object
from tenantry.prove.texts import By, Facts, Given, Json, literal, text
from tenantry.prove.velocity import UnreadError
from tenantry.prove.workflow_values import Value, structure

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_INTEGRATION: Final = re.compile(r"arn:[\w-]+:states:::(?:aws-sdk:)?(\w+):(\w+)")
_FUNCTION: Final = re.compile(r"arn:[\w-]+:lambda:[^:]*:[^:]*:function:.+")
_SERVICES: Final = {"cognitoidentityprovider": "cognito-idp", "eventbridge": "events", "sfn": "states"}
_MOST_STEPS: Final = 5000


@dataclass(frozen=True)
class TaskCall:
    """What a task asks of a service, on one way that leads to it.

    Attributes
    ----------
    state
        The state's name.
    service, action
        As IAM names them.
    request
        What is asked for.
    facts
        What holds then.
    """

    state: str
    service: str
    action: str
    request: Value
    facts: Facts


@dataclass(frozen=True)
class Here:
    """A state on a way: what it gets, and what is known."""

    state: str
    given: Value
    variables: Mapping[str, Value]
    facts: Facts


@dataclass
class Walk:
    """A walk through a machine with an input, in a language where a state names none of its own.

    Attributes
    ----------
    given
        The input of the execution.
    language, kinds
        The machine's query language, and what reads states of each.
    found
        The calls of tasks.
    steps
        How many states were gone through.
    """

    given: Value
    language: str
    kinds: Mapping[str, type[Kind]]
    found: list[TaskCall] = field(default_factory=list)
    steps: int = 0

    def ends(
        self, machine: Mapping[str, Any], given: Value, variables: Mapping[str, Value], facts: Facts
    ) -> Iterator[tuple[Facts, Value]]:
        """Yield what a machine, or what a map runs for an item, can end in."""
        todo = [Here(str(machine["StartAt"]), given, variables, facts)]
        seen: set[str] = set()
        while todo:
            here = todo.pop()
            if (key := repr(here)) in seen:
                continue
            seen.add(key)
            self.steps += 1
            if self.steps > _MOST_STEPS:
                raise UnreadError(f"more than {_MOST_STEPS} steps of ways through the states")
            state = machine["States"].get(here.state)
            if state is None:
                raise UnreadError(f"there is no state {here.state!r}")
            for after in self._after(state, here):
                if isinstance(after, Here):
                    todo.append(after)
                else:
                    yield after

    def _after(self, state: Mapping[str, Any], here: Here) -> Iterator[Here | tuple[Facts, Value]]:
        language = str(state.get("QueryLanguage", self.language))
        if language not in self.kinds:
            raise UnreadError(f"the language {language!r} is not known to the prover")
        if "Credentials" in state:
            raise UnreadError(f"state {here.state!r}: a role of the task's own is not known to the prover")
        kind = self.kinds[language](self, state, here)
        try:
            yield from kind.after()
        except UnreadError as error:
            raise UnreadError(f"state {here.state!r}: {error}") from None

    def called(self, resource: str, request: Value, here: Here) -> Json:
        """Note a task's call, and return what it gives back."""
        if _FUNCTION.fullmatch(resource):
            request = Object({"FunctionName": text(resource), "Payload": structure(request)})
            service, action = "lambda", "Invoke"
        else:
            match = _INTEGRATION.fullmatch(resource)
            if not match:
                raise UnreadError(f"the task {resource!r} is not known to the prover")
            service = _SERVICES.get(match[1], match[1])
            action = match[2][0].upper() + match[2][1:]
        self.found.append(TaskCall(here.state, service, action, request, here.facts))
        named = [
            f"({literal(value)})"
            for name, value in (request.members.items() if isinstance(request, Object) else ())
            if name in {"TableName", "FunctionName"} and isinstance(value, tuple)
        ]
        return Json(By.TASK, f"{_fresh(here)}{OF_TASK}{service}:{action}{''.join(named)}")

    def nested(self, state: Mapping[str, Any], here: Here, given: Value) -> Json:
        """Go through what a map or a parallel state runs, and return what it gives back."""
        if state["Type"] == "Parallel":
            machines = list(state["Branches"])
        else:
            processor = state.get("ItemProcessor") or state.get("Iterator") or {}
            mode = processor.get("ProcessorConfig", {}).get("Mode", "INLINE")
            if mode != "INLINE" or "ItemReader" in state:
                raise UnreadError("a distributed map is not known to the prover")
            machines = [processor]
        for machine in machines:
            list(self.ends(machine, given, here.variables, here.facts))
        return Json(By.TASK, f"results of {here.state}")


@dataclass(frozen=True)
class Kind(ABC):
    """A state in one of the languages, where a walk has come to it."""

    walk: Walk
    state: Mapping[str, Any]
    here: Here

    @abstractmethod
    def after(self) -> Iterator[Here | tuple[Facts, Value]]:
        """Yield what comes after the state: other states, or ends."""

    @property
    def context(self) -> Object:
        """What the context object holds."""
        names = ("Id", "Name", "RoleArn", "StartTime", "RedriveCount", "RedriveTime")
        execution = {name: (Given(By.AWS, f"context.Execution.{name}"),) for name in names}
        rest = {name: Json(By.AWS, f"context.{name}") for name in ("State", "StateMachine", "Task")}
        mapped = {"Item": Object({"Index": (Given(By.AWS, "index"),), "Value": structure(self.here.given)})}
        return Object(
            {"Execution": Object({**execution, "Input": structure(self.walk.given)}), "Map": Object(mapped), **rest}
        )

    def next(
        self, facts: Facts, given: Value, variables: Mapping[str, Value], to: Mapping[str, Any]
    ) -> Here | tuple[Facts, Value]:
        """Return the state that `to` says comes next, or the end."""
        if "Next" not in to:
            return facts, given
        return Here(str(to["Next"]), given, variables, facts)


def _fresh(here: Here) -> str:
    """Return a name for what a task gives back: another one than of what it gave back before, if that is still held."""
    name = here.state
    while f"{name}{OF_TASK}" in repr((here.variables, here.given, here.facts)):
        name += "'"
    return name
