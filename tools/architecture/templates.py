"""The templates of one environment, and what their expressions refer to, across stacks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from tenantry.operate.preflight.assembly import Assembly

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path


ACCOUNT: Final = "{account}"


@dataclass(frozen=True, order=True)
class Place:
    """Where a resource stands.

    Attributes
    ----------
    stack
        The stack, without the application's name.
    name
        Its logical id.
    """

    stack: str
    name: str


@dataclass(frozen=True, kw_only=True)
class Resource:
    """A resource of a template.

    Attributes
    ----------
    place
        Where it stands.
    type
        Its CloudFormation type.
    properties
        Its properties.
    """

    place: Place
    type: str
    properties: Mapping[str, Any]


class Templates:
    """The templates of all stacks.

    Parameters
    ----------
    by_stack
        By the stack's name without the application's.
    """

    def __init__(self, by_stack: Mapping[str, Mapping[str, Any]]) -> None:
        self.stacks = tuple(sorted(by_stack))
        self._resources = {
            place: Resource(place=place, type=found["Type"], properties=found.get("Properties", {}))
            for stack, template in sorted(by_stack.items())
            for name, found in sorted(template["Resources"].items())
            for place in [Place(stack, name)]
        }
        self._exports = {
            output["Export"]["Name"]: (stack, output["Value"])
            for stack, template in by_stack.items()
            for output in template.get("Outputs", {}).values()
            if "Export" in output
        }

    @classmethod
    def load(cls, assembly: Path) -> Templates:
        """Read the stacks of a cloud assembly, such as ``cdk.out.prod``.

        Raises
        ------
        NotSynthesizedError
            The folder holds none.
        """
        environment = assembly.name.partition("cdk.out.")[2] or "prod"
        templates = Assembly.read(assembly, environment).templates
        return cls({name.rpartition("-")[2]: template for name, template in templates.items()})

    def __contains__(self, place: object) -> bool:
        """Whether a resource stands at a place."""
        return place in self._resources

    def __getitem__(self, place: Place) -> Resource:
        """Return the resource at a place."""
        return self._resources[place]

    def of(self, *types: str) -> Iterator[Resource]:
        """Return the resources of these types; without one, all."""
        return (found for found in self._resources.values() if not types or found.type in types)

    def named(self, type_: str, key: str, name: str) -> Place | None:
        """Return the resource of a type whose property `key` is `name`, for references by a physical name."""
        named = (found for found in self.of(type_) if key in found.properties)
        return next((found.place for found in named if self.text(found.properties[key]) == name), None)

    def referred(self, stack: str, value: object) -> list[Place]:
        """Return the resources that an expression of a stack's template refers to, each once, in order."""
        return list(dict.fromkeys(self._references(stack, value)))

    @classmethod
    def text(cls, value: object) -> str:
        """Return an expression as text: the account is a placeholder, whatever else it refers to is left out."""
        match value:
            case str():
                return value
            case {"Ref": "AWS::AccountId"}:
                return ACCOUNT
            case {"Fn::Join": [separator, parts]}:
                return str(separator).join(cls.text(part) for part in parts)
            case _:
                return ""

    def _references(self, stack: str, value: object) -> Iterator[Place]:
        match value:
            case {"Ref": str(name)} | {"Fn::GetAtt": [str(name), *_]}:
                place = Place(stack, name)
                if place in self._resources:  # else a parameter or a pseudo parameter
                    yield place
            case {"Fn::ImportValue": str(name)}:
                yield from self._references(*self._exports[name])
            case dict():
                for part in value.values():
                    yield from self._references(stack, part)
            case list():
                for part in value:
                    yield from self._references(stack, part)
