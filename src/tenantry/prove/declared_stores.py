"""What the templates declare to hold tenants' things, by the names that requests have for it."""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING, Final

from tenantry.model.stores import STORES, Store
from tenantry.model.variables import TOKEN_VENDOR
from tenantry.prove.texts import By, Given, Text, literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tenantry.prove.assembly import Assembly, Resource

_TABLE: Final = "AWS::DynamoDB::Table"
_QUEUE: Final = "AWS::SQS::Queue"
_MADE: Final = {"TopicArn": "sns:CreateTopic.TopicArn", "SubscriptionArn": "sns:Subscribe.SubscriptionArn"}
OF_TASK: Final = " > "
"""What stands in the name of a task's result between the task and what it asked for."""

_ROW: Final = re.compile(r"dynamodb:\w+\((?P<table>[^)]*)\)\.(?:Items?|Attributes)(?:\[\])*\.(?P<attribute>\w+)\.S")


class DeclaredStores:
    """The stores of an assembly.

    Parameters
    ----------
    assembly
        The templates.
    written
        What templates and workflows write into attributes of rows: table, attribute, text; None where it is not known.
    """

    def __init__(self, assembly: Assembly, written: Iterable[tuple[str, str, Text | None]] = ()) -> None:
        self._assembly = assembly
        self._written: dict[tuple[str, str], list[Text | None]] = {}
        for table, attribute, text in written:
            self._written.setdefault((table, attribute), []).append(text)

    def named(self, kind: str, name: str | None) -> Resource | None:
        """Return the resource of a type that has a name or an ARN."""
        return self._names.get((kind, name)) if name else None

    def table(self, name: str | None) -> Resource | None:
        """Return a table by its name or ARN."""
        return self.named(_TABLE, name)

    def queue(self, url: str | None) -> Resource | None:
        """Return a queue by its URL."""
        return self.named(_QUEUE, url.rpartition("/")[2]) if url else None

    def of(self, resource: Resource) -> Sequence[Store]:
        """Return what a resource itself is declared to hold."""
        declared = [Store.read(one) for one in resource.metadata.get(STORES, [])]
        return [store for store in declared if not store.kind]

    def made(self, kind: str) -> Sequence[Store]:
        """Return the declarations of what is made of a type at run time."""
        return [store for store in self._at_run_time if store.kind == kind]

    def vends(self, function: Resource) -> bool:
        """Return whether a function can act for any tenant, by credentials that it vends."""
        return TOKEN_VENDOR in function.properties.get("Environment", {}).get("Variables", {})

    def is_made_arn(self, name: str, field: str) -> bool:
        """Return whether a task's result is the ARN that a task has made, or one that only tasks keep in a row.

        Parameters
        ----------
        name
            Where the result is read.
        field
            The field that takes an ARN of that kind.
        """
        result = name.rpartition(OF_TASK)[2]
        if result == _MADE[field]:
            return True
        row = _ROW.fullmatch(result)
        written = self._written.get((row["table"], row["attribute"]), []) if row else []
        return bool(written) and all(_is_made(text, field) for text in written)

    @cached_property
    def _names(self) -> dict[tuple[str, str], Resource]:
        found = {(resource.type, resource.name): resource for resource in self._assembly.resources()}
        return {**found, **{(resource.type, resource.arn): resource for resource in self._assembly.resources()}}

    @cached_property
    def _at_run_time(self) -> list[Store]:
        metadata = [stack.template.get("Metadata", {}) for stack in self._assembly.stacks.values()]
        metadata += [resource.metadata for resource in self._assembly.resources()]
        return [store for one in metadata for store in map(Store.read, one.get(STORES, [])) if store.kind]


def _is_made(text: Text | None, field: str) -> bool:
    match text:
        case (Given(by=By.TASK, name=name),):
            return name.rpartition(OF_TASK)[2] == _MADE[field]
    return text is not None and literal(text) is not None
