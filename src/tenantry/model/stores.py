"""What a deployed template says of the stores that it makes: the constructs write it, operators' tools read it.

A template carries three kinds of entries in its metadata, and CloudFormation gives them back with the template:

- `APPLICATION`, on the template: whose deployment this is, and whether its data may be thrown away;
- `STORES`, on a resource or on the template: a list of `Store`, about the resource itself or about what is made at run
  time;
- `ACKNOWLEDGED`, on a principal's resource: what it reaches of tenants' data, and why that is right.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_GetTemplate.html
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, Self

from tenantry.model.placeholders import TENANT_IN_NAME

if TYPE_CHECKING:
    from collections.abc import Mapping

APPLICATION: Final = "tenantry:application"
STORES: Final = "tenantry:stores"
ACKNOWLEDGED: Final = "tenantry:acknowledged"


class By(StrEnum):
    """How a tenant's part of a store is found."""

    NAME = "name"
    """Each tenant has one of its own; its name holds the tenant."""
    PREFIX = "prefix"
    """A key begins with the tenant."""
    TAG = "tag"
    """A tag names the tenant."""
    PARTITION_KEY = "partition-key"
    """The value of the partition key is the tenant, or begins with it."""
    ATTRIBUTE = "attribute"
    """An attribute of an item, or its name, names the tenant."""
    FIELD = "field"
    """A field of a message names the tenant."""
    PATH = "path"
    """The path of a request names the tenant."""
    PERSON = "person"
    """It holds people, who may belong to many tenants; the memberships say to which."""
    SHARED = "shared"
    """It serves many tenants, and nothing in a request for it says which."""
    NONE = "none"
    """It holds no tenant's data, or passing copies that expire by themselves."""


class Content(StrEnum):
    """What has to be taken out of something before AWS deletes it."""

    OBJECTS = "objects"
    """Objects of a bucket: every version, every delete marker, every unfinished upload."""
    ACCESS_POINTS = "access-points"
    """Access points of a bucket."""


@dataclass(frozen=True, kw_only=True)
class Store:
    """Something that holds data, and how a tenant's part of it is found.

    In `key`, `forms` and `name`, ``{tenant}`` and ``{user}`` stand for ids; in `name` also ``{account}``, ``{region}``
    and ``{id}``, the physical id of the resource that carries the declaration. Another word in braces is any text
    without separators.

    Attributes
    ----------
    holds
        What it holds, for people.
    by
        How a tenant's part is found.
    key
        The tag, the attribute or the field that says whose it is.
    forms
        What its value is, or what keys begin with.
    prefixes
        What keys begin with, where they are not what a tenant's part is found by.
    emptied
        What has to be taken out before it can be deleted.
    kind
        The CloudFormation type of what is made at run time; empty for the resource that carries the declaration.
    name
        The name of what is made at run time.

    Examples
    --------
    >>> Store(holds="orders", by=By.PARTITION_KEY, key="pk", forms=("{tenant}",)).declared
    {'holds': 'orders', 'by': 'partition-key', 'key': 'pk', 'forms': ['{tenant}']}
    """

    holds: str
    by: By
    key: str = ""
    forms: tuple[str, ...] = ()
    prefixes: tuple[str, ...] = ()
    emptied: tuple[Content, ...] = ()
    kind: str = ""
    name: str = ""

    def __post_init__(self) -> None:
        """Refuse a declaration that nobody could find a tenant's part by."""
        if self.by is By.NAME and TENANT_IN_NAME not in self.name:
            raise ValueError(
                f"The store of {self.holds} is each tenant's own: its name {self.name!r} needs {TENANT_IN_NAME}."
            )
        if bool(self.kind) != bool(self.name):
            raise ValueError(f"What is made at run time has a type and a name, not {self.kind!r} and {self.name!r}.")

    @property
    def declared(self) -> dict[str, Any]:
        """The declaration as a template carries it."""
        return {
            name: [str(part) for part in value] if isinstance(value, tuple) else str(value)
            for name, value in asdict(self).items()
            if value
        }

    @classmethod
    def read(cls, declared: Mapping[str, Any]) -> Self:
        """Return the declaration that a template carries.

        Raises
        ------
        ValueError
            A newer version has written it, or it is none.
        """
        try:
            return cls(
                **{
                    **declared,
                    "by": By(declared["by"]),
                    "forms": tuple(declared.get("forms", ())),
                    "prefixes": tuple(declared.get("prefixes", ())),
                    "emptied": tuple(Content(part) for part in declared.get("emptied", ())),
                }
            )
        except (KeyError, TypeError) as error:
            raise ValueError(f"{dict(declared)!r} does not declare a store: {error}") from None


@dataclass(frozen=True, kw_only=True)
class Application:
    """Whose deployment a stack is a part of.

    Attributes
    ----------
    name
        The application's name, which its stacks' names begin with.
    environment
        Such as ``dev``.
    ephemeral
        Whether the environment may ever be thrown away with its data.
    """

    name: str
    environment: str
    ephemeral: bool = False

    @property
    def declared(self) -> dict[str, str]:
        """The mark as a template carries it."""
        return {"name": self.name, "environment": self.environment, "ephemeral": str(self.ephemeral).lower()}

    @classmethod
    def read(cls, declared: Mapping[str, Any]) -> Self:
        """Return the mark that a template carries; what does not say that it is ephemeral is not.

        Raises
        ------
        ValueError
            It is none.
        """
        try:
            return cls(
                name=str(declared["name"]),
                environment=str(declared["environment"]),
                ephemeral=declared.get("ephemeral") == "true",
            )
        except (KeyError, TypeError) as error:
            raise ValueError(f"{declared!r} does not say whose a stack is: {error}") from None
