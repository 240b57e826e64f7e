"""States in JSONata: arguments, output, assignments and conditions between ``{%`` and ``%}``.

Source: https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tenantry.prove.conditions import assumed
from tenantry.prove.structures import Object
from tenantry.prove.texts import By, Facts, Json
from tenantry.prove.velocity import UnreadError
from tenantry.prove.workflow_values import Scope, Value, condition, evaluated, item, structure
from tenantry.prove.workflow_walk import Here, Kind

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class Jsonata(Kind):
    """A state in JSONata."""

    def after(self) -> Iterator[Here | tuple[Facts, Value]]:  # noqa: C901 - a case for each type
        """Yield what comes after the state."""
        state, here = self.state, self.here
        given = here.given
        match state["Type"]:
            case "Choice":
                yield from self._choice()
            case "Task":
                for facts, request in evaluated(state.get("Arguments", {}), self.scope(), here.facts):
                    result = self.walk.called(str(state["Resource"]), request, replace(here, facts=facts))
                    yield from self._leave(state, facts, result)
                yield from self._caught()
            case "Map":
                for facts, items in self._optional("Items", given, here.facts):
                    one = structure(item(items))
                    scope = replace(self, here=replace(here, given=one)).scope()
                    for now, selected in (
                        evaluated(state["ItemSelector"], scope, facts) if "ItemSelector" in state else [(facts, one)]
                    ):
                        result = self.walk.nested(state, replace(here, facts=now), selected)
                        yield from self._leave(state, now, result)
                yield from self._caught()
            case "Parallel":
                for facts, request in self._optional("Arguments", given, here.facts):
                    yield from self._leave(state, facts, self.walk.nested(state, replace(here, facts=facts), request))
                yield from self._caught()
            case "Pass" | "Wait":
                yield from self._leave(state, here.facts, given)
            case "Succeed" | "Fail":
                yield here.facts, given
            case kind:
                raise UnreadError(f"a state of type {kind} is not known to the prover")

    def scope(self, **states: Value) -> Scope:
        """Return what an expression of the state can read."""
        held = {"input": self.here.given, "context": self.context, **states}
        return Scope(self.here.variables, held)

    def _optional(self, name: str, otherwise: Value, facts: Facts) -> list[tuple[Facts, Value]]:
        if name not in self.state:
            return [(facts, otherwise)]
        return evaluated(self.state[name], self.scope(), facts)

    def _choice(self) -> Iterator[Here | tuple[Facts, Value]]:
        open_: list[Facts] = [self.here.facts]
        for choice in self.state["Choices"]:
            fails: list[Facts] = []
            for facts in open_:
                for now, value in evaluated(choice["Condition"], self.scope(), facts):
                    asked = condition(value)
                    if (holds := assumed(asked, now, is_true=True)) is not None:
                        yield from self._leave(choice, holds, self.here.given)
                    if (rest := assumed(asked, now, is_true=False)) is not None:
                        fails.append(rest)
            open_ = list(dict.fromkeys(fails))
        for facts in open_ if "Default" in self.state else ():
            yield from self._leave({**self.state, "Next": self.state["Default"]}, facts, self.here.given)

    def _caught(self) -> Iterator[Here | tuple[Facts, Value]]:
        error = Json(By.TASK, "error")
        for catcher in self.state.get("Catch", ()):
            yield from self._leave(catcher, self.here.facts, error, errorOutput=error)

    def _leave(
        self, to: Mapping[str, Any], facts: Facts, value: Value, **states: Value
    ) -> Iterator[Here | tuple[Facts, Value]]:
        """Yield what comes next, with what the state, the choice or the catcher assigns and puts out."""
        scope = self.scope(**(states or {"result": value}))
        for now, assigned in evaluated(to.get("Assign", {}), scope, facts):
            variables = {**self.here.variables, **(assigned.members if isinstance(assigned, Object) else {})}
            for after, out in evaluated(to["Output"], scope, now) if "Output" in to else [(now, value)]:
                yield self.next(after, out, variables, to)
