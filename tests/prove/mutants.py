"""Every statement of every policy of the templates, weakened one change at a time."""

from __future__ import annotations

import copy
import json
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from tenantry.model.variables import TOKEN_VENDOR
from tests.prove.weakenings import weakenings
from tests.statements import listed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tenantry.prove.assembly import Assembly, Resource
    from tests.prove.evaluator import Document

_POLICIES: Final = {"AWS::IAM::Policy", "AWS::IAM::ManagedPolicy"}
_COMPACT: Final = ("Action", "Resource", "Condition", "Effect")
Place = tuple[str | int, ...]


@dataclass(frozen=True)
class Mutant:
    """A weakened template.

    Attributes
    ----------
    resource
        What is weakened, before and after.
    what
        What was done.
    before, after
        The statements, one and what stands in its place.
    whole
        The app as it is.
    place
        Where the statement is in the properties.
    """

    resource: Resource
    weakened: Resource
    what: str
    before: Document
    after: list[Document]
    whole: Assembly
    place: Place

    @cached_property
    def assembly(self) -> Assembly:
        """What of the app the weakened policy has to do with."""
        return part(self.whole, self.resource, self.weakened)

    @property
    def name(self) -> str:
        """Which it is, for people and for sorting."""
        return f"{self.resource.path} {'/'.join(map(str, self.place))}: {self.what}"

    @property
    def identity(self) -> str:
        """The same for the same mutant of two environments."""
        text = json.dumps([self.resource.path, self.place[:1], self.before, self.after], sort_keys=True)
        for account in self.whole.accounts:
            text = text.replace(account, "ACCOUNT")
        return text


def mutants(assembly: Assembly) -> Iterator[Mutant]:
    """Yield every mutant of an app's policies."""
    for resource in assembly.resources():
        for place, statement in places(resource):
            for what, changed in weakenings(statement):
                weakened = _replaced(resource, place, changed)
                if weakened is not None:
                    yield Mutant(resource, weakened, what, statement, changed, assembly, place)


def places(resource: Resource) -> Iterator[tuple[Place, Document]]:
    """Yield every statement of a resource's policies, with where it is."""
    yield from _statements(resource.properties, ())
    if vendor := _vendor(resource):
        for purpose, given in vendor["policies"].items():
            for number, compact in enumerate(given):
                statement = {"Effect": "Allow", **dict(zip(_COMPACT, compact, strict=False))}
                yield (TOKEN_VENDOR, purpose, number), statement


def _statements(value: Any, place: Place) -> Iterator[tuple[Place, Document]]:  # noqa: ANN401 - any property
    if isinstance(value, dict):
        if "Statement" in value:
            given = value["Statement"]
            for number, statement in enumerate(listed(given)):
                yield (*place, "Statement", number), statement
            return
        for name, inner in value.items():
            yield from _statements(inner, (*place, name))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _statements(inner, (*place, number))


def _vendor(resource: Resource) -> Any:  # noqa: ANN401 - JSON
    variables = resource.properties.get("Environment", {}).get("Variables", {}) if "Lambda" in resource.type else {}
    return json.loads(variables[TOKEN_VENDOR]) if TOKEN_VENDOR in variables else None


def _replaced(resource: Resource, place: Place, changed: list[Document]) -> Resource | None:
    """Return a resource with other statements; None where its form has no words for them."""
    properties = copy.deepcopy(dict(resource.properties))
    if place[0] == TOKEN_VENDOR:
        if any({"NotAction", "NotResource"} & statement.keys() for statement in changed):
            return None
        vendor = _vendor(resource)
        given = vendor["policies"][place[1]]
        given[place[2] : int(place[2]) + 1] = [_compact(statement) for statement in changed]
        properties["Environment"]["Variables"][TOKEN_VENDOR] = json.dumps(vendor)
        return replace(resource, properties=properties)
    *path, number = place
    value: Any = properties
    for name in path[:-1]:
        value = value[name]
    given = listed(value["Statement"])
    value["Statement"] = [*given[: int(number)], *changed, *given[int(number) + 1 :]]
    return replace(resource, properties=properties)


def _compact(statement: Document) -> list[Any]:
    given = [statement["Action"], statement["Resource"], statement.get("Condition", {}), statement["Effect"]]
    return given if statement["Effect"] != "Allow" else given[:3] if given[2] else given[:2]


def part(whole: Assembly, resource: Resource, instead: Resource) -> Assembly:
    """Return an assembly with one resource replaced, without the identities that it does not concern."""
    text = json.dumps([resource.properties, resource.arn])
    roles = {
        role.name: role
        for role in whole.resources("AWS::IAM::Role")
        if role is resource
        or json.dumps(role.arn) in text
        or role.name in resource.properties.get("Roles", [])
        or role.properties.get("PermissionsBoundary") == resource.arn
        or role.arn in text
    }
    attached = json.dumps([role.properties for role in roles.values()])
    kept = {}
    for key, other in whole.all_resources.items():
        concerns = (
            other is resource
            or (other.type == "AWS::IAM::Role" and other.name in roles)
            or (
                other.type in _POLICIES
                and (other.arn in attached or roles.keys() & set(other.properties.get("Roles", [])))
            )
        )
        if concerns or not other.type.startswith("AWS::IAM::"):
            kept[key] = instead if other is resource else _without_sessions(other)
    made = copy.copy(whole)
    made.__dict__.pop("by_arn", None)
    made.__dict__["all_resources"] = kept
    return made


def _without_sessions(resource: Resource) -> Resource:
    variables = resource.properties.get("Environment", {}).get("Variables", {}) if "Lambda" in resource.type else {}
    if TOKEN_VENDOR not in variables:
        return resource
    return replace(
        resource, properties={key: value for key, value in resource.properties.items() if key != "Environment"}
    )
