"""What is to be deployed: the stacks of a synthesized app, their roles, and the names that their templates give."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from tenantry.operate.commands import CommandError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from tenantry.operate.preflight.account import Account

_STACK: Final = "aws:cloudformation:stack"
_PLACE: Final = re.compile(r"aws://(?P<account>[^/]+)/(?P<region>[^/]+)")
_NOTHING: Final = "(?!)"  # a pattern that nothing matches
_VARIABLE: Final = re.compile(r"\$\{([^}!]+)\}")


class NotSynthesizedError(CommandError):
    """There is nothing to read; the message says what to do."""


class _UnresolvedError(Exception):
    """A value is known at deployment only."""


@dataclass(frozen=True, kw_only=True)
class Resource:
    """Something that a stack will make.

    Attributes
    ----------
    stack, logical_id, kind
        Of which stack, under which name there, of which CloudFormation type.
    properties
        As the template says.
    """

    stack: str
    logical_id: str
    kind: str
    properties: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Assembly:
    """A synthesized app.

    Attributes
    ----------
    templates
        By the stack's name, in the order of the manifest.
    account, region
        Where it was synthesized for; empty if for any.
    bootstrap_parameter, bootstrap_version
        Where the CDK's bootstrap keeps its version, and the least that the stacks need.
    roles
        ARNs of the roles that the CDK deploys with.
    execution_role
        ARN of the role that CloudFormation makes the resources with.
    """

    templates: Mapping[str, Mapping[str, Any]]
    account: str = ""
    region: str = ""
    bootstrap_parameter: str = ""
    bootstrap_version: int = 0
    roles: Sequence[str] = ()
    execution_role: str = ""

    @classmethod
    def read(cls, folder: Path, name: str) -> Assembly:
        """Read the folder that `cdk synth` has written.

        Raises
        ------
        NotSynthesizedError
            There is none, or one that cannot be read.
        """
        if not (folder / "manifest.json").exists():
            raise NotSynthesizedError(
                f"There are no templates of '{name}' in {folder}: run `make synth ENV={name}` first."
            )
        try:
            return cls._read(folder, name)
        except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:  # of another form
            raise NotSynthesizedError(
                f"The templates of '{name}' in {folder} cannot be read ({type(error).__name__}: {error}): "
                f"run `make synth ENV={name}` again."
            ) from error

    @classmethod
    def _read(cls, folder: Path, name: str) -> Assembly:
        artifacts = json.loads((folder / "manifest.json").read_text())["artifacts"]
        stacks = {name: artifact for name, artifact in artifacts.items() if artifact["type"] == _STACK}
        if not stacks:
            raise NotSynthesizedError(f"The app in {folder} has no stack: run `make synth ENV={name}` again.")
        first, properties = next((stack, stack["properties"]) for stack in stacks.values())
        place = _PLACE.fullmatch(first["environment"])
        known = place.groupdict() if place else {"account": "", "region": ""}
        account, region = ("" if value.startswith("unknown") else value for value in known.values())
        roles = {stack["properties"].get(role) for stack in stacks.values() for role in ("assumeRoleArn",)}
        return cls(
            templates={
                stack["properties"].get("stackName", key): json.loads(
                    (folder / stack["properties"]["templateFile"]).read_text()
                )
                for key, stack in stacks.items()
            },
            account=account,
            region=region,
            bootstrap_parameter=properties.get("bootstrapStackVersionSsmParameter", ""),
            bootstrap_version=int(properties.get("requiresBootstrapStackVersion", 0)),
            roles=sorted(role for role in roles if role),
            execution_role=properties.get("cloudFormationExecutionRoleArn", ""),
        )

    def resources(self) -> Iterator[Resource]:
        """Return everything that the stacks will make."""
        for stack, template in self.templates.items():
            for logical_id, resource in template.get("Resources", {}).items():
                yield Resource(
                    stack=stack,
                    logical_id=logical_id,
                    kind=resource["Type"],
                    properties=resource.get("Properties") or {},
                )

    def unfillable(self) -> Sequence[str]:
        """Return the parameters that no value is allowed for: synthesis has made the templates to be looked at only."""
        return sorted(
            {
                name
                for template in self.templates.values()
                for name, parameter in template.get("Parameters", {}).items()
                if parameter.get("AllowedPattern") == _NOTHING
            }
        )

    def counts(self) -> Counter[str]:
        """Return how many there are of each CloudFormation type."""
        return Counter(resource.kind for resource in self.resources())


def resolved(value: Any, account: Account) -> str | None:  # noqa: ANN401 - a part of a template
    """Return a property's text as it will be in an account and region; None if it is known at deployment only."""
    try:
        return _text(
            value,
            {
                "AWS::AccountId": account.id,
                "AWS::Region": account.region,
                "AWS::Partition": account.partition,
                "AWS::URLSuffix": "amazonaws.com.cn" if account.partition == "aws-cn" else "amazonaws.com",
            },
        )
    except _UnresolvedError:
        return None


def _text(value: Any, known: Mapping[str, str]) -> str:  # noqa: ANN401 - a part of a template
    match value:
        case str():
            return value
        case {"Ref": str(name)} if name in known:
            return known[name]
        case {"Fn::Join": [str(between), list(parts)]}:
            return between.join(_text(part, known) for part in parts)
        case {"Fn::Sub": str(text)}:
            return _VARIABLE.sub(lambda found: _text({"Ref": found[1]}, known), text)
        case _:
            raise _UnresolvedError
