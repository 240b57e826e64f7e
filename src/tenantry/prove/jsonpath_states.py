"""States in JSONPath: parameters with paths and intrinsic functions, and where results are put.

Source: https://states-language.net/spec.html
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from tenantry.prove.structures import Array, Object
from tenantry.prove.texts import By, Facts, Json, literal, text
from tenantry.prove.velocity import UnreadError
from tenantry.prove.workflow_values import Scope, Value, evaluated, formatted, item, path, structure, unknown
from tenantry.prove.workflow_walk import Here, Kind

if TYPE_CHECKING:
    from collections.abc import Iterator

_JSONPATH: Final = re.compile(r"\$\$?(?:\.[A-Za-z_]\w*|\[\d+\]|\['[^'\]]+'\])*")
_STEP: Final = re.compile(r"\.(\w+)|\[(\d+)\]|\['([^']+)'\]")
_INTRINSIC: Final = re.compile(r"States\.(\w+)\((.*)\)", re.DOTALL)
_ARGUMENT: Final = re.compile(r"\s*('(?:[^'\\]|\\.)*'|States\.\w+\(.*?\)|[^,]+?)\s*(?:,|$)", re.DOTALL)


class Jsonpath(Kind):
    """A state in JSONPath."""

    def after(self) -> Iterator[Here | tuple[Facts, Value]]:  # noqa: C901 - a case for each type
        """Yield what comes after the state."""
        state, here = self.state, self.here
        if "Assign" in state or any("Assign" in one for one in [*state.get("Choices", ()), *state.get("Catch", ())]):
            raise UnreadError("variables of JSONPath are not known to the prover")
        given = self._at(state.get("InputPath", "$"), here.given)
        match state["Type"]:
            case "Choice":
                for choice in [*state["Choices"], {"Next": state["Default"]} if "Default" in state else None]:
                    if choice:
                        yield self.next(here.facts, given, here.variables, choice)
            case "Task":
                request = self.filled(state["Parameters"], given) if "Parameters" in state else given
                result = self.walk.called(str(state["Resource"]), request, here)
                yield self._leave(given, result)
                yield from self._caught(given)
            case "Map":
                items = self._at(state.get("ItemsPath", "$"), given)
                one = structure(item(items))
                selector = state.get("ItemSelector", state.get("Parameters"))
                inner = replace(self, here=replace(here, given=one)).filled(selector, given) if selector else one
                yield self._leave(given, self.walk.nested(state, here, inner))
                yield from self._caught(given)
            case "Parallel":
                request = self.filled(state["Parameters"], given) if "Parameters" in state else given
                yield self._leave(given, self.walk.nested(state, here, request))
                yield from self._caught(given)
            case "Pass":
                passed = evaluated(state["Result"], Scope(), here.facts)[0][1] if "Result" in state else given
                filled = self.filled(state["Parameters"], given) if "Parameters" in state else passed
                yield self._leave(given, filled)
            case "Wait":
                yield self._leave(given, given)
            case "Succeed" | "Fail":
                yield here.facts, given
            case kind:
                raise UnreadError(f"a state of type {kind} is not known to the prover")

    def _caught(self, given: Value) -> Iterator[Here | tuple[Facts, Value]]:
        for catcher in self.state.get("Catch", ()):
            error = self._put(given, catcher.get("ResultPath", "$"), Json(By.TASK, "error"))
            yield self.next(self.here.facts, error, self.here.variables, catcher)

    def _leave(self, given: Value, result: Value) -> Here | tuple[Facts, Value]:
        if "ResultSelector" in self.state:
            result = self.filled(self.state["ResultSelector"], result)
        held = self._put(given, self.state.get("ResultPath", "$"), result)
        out = self._at(self.state.get("OutputPath", "$"), held)
        return self.next(self.here.facts, out, self.here.variables, self.state)

    def _put(self, given: Value, where: str | None, result: Value) -> Value:
        if where is None:
            return given
        names = _names(where)
        if not names:
            return result
        if len(names) > 1 or not isinstance(given, Object):
            raise UnreadError(f"ResultPath {where!r} into what is not known by its members")
        return Object({**given.members, names[0]: structure(result)})

    def _at(self, where: str | None, given: Value) -> Value:
        if where is None:
            return Object({})
        if not _JSONPATH.fullmatch(where):
            raise UnreadError(f"the path {where!r} is not known to the prover")
        return path(self.context if where.startswith("$$") else given, _names(where))

    def filled(self, form: Any, given: Value) -> Value:  # noqa: ANN401 - JSON with paths in it
        """Return a form with what its paths read."""
        match form:
            case dict():
                return Object(
                    {
                        name.removesuffix(".$"): structure(
                            self._expression(str(value), given) if name.endswith(".$") else self.filled(value, given)
                        )
                        for name, value in form.items()
                    }
                )
            case list():
                return Array(tuple(structure(self.filled(one, given)) for one in form))
        return evaluated(form, Scope(), frozenset())[0][1]

    def _expression(self, written: str, given: Value) -> Value:
        if written.startswith("$"):
            return self._at(written, given)
        if written.startswith("'"):
            return text(written[1:-1])
        intrinsic = _INTRINSIC.fullmatch(written)
        if not intrinsic:
            try:
                return evaluated(json.loads(written), Scope(), frozenset())[0][1]
            except ValueError:
                raise UnreadError(f"the expression {written!r} is not known to the prover") from None
        arguments = [argument[1] for argument in _ARGUMENT.finditer(intrinsic[2]) if argument[1]]
        values = [self._expression(argument, given) for argument in arguments]
        if intrinsic[1] == "Format" and values:
            form = values[0]
            written_form = literal(form) if isinstance(form, tuple) else None
            if written_form is not None:
                return formatted(written_form, values[1:])
        return unknown(f"States.{intrinsic[1]}", *values)


def _names(where: str) -> list[str]:
    return [next(part for part in step if part) for step in _STEP.findall(where.lstrip("$"))]
