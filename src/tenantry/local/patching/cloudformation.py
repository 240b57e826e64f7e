"""Give CloudFormation's resource types what they lack."""

import json
from collections.abc import Callable
from typing import Any

from ministack.services.cloudformation import provisioners

from tenantry.local.patching import Fields, GapError, Original, require

#: Physical id and attributes.
Created = tuple[str, Fields]


def handlers(resource_type: str) -> Fields:
    """Return MiniStack's functions for a resource type.

    Raises
    ------
    GapError
        When it does not know the type.
    """
    require(provisioners, "_RESOURCE_HANDLERS")
    try:
        found: Fields = provisioners._RESOURCE_HANDLERS[resource_type]
    except KeyError:
        raise GapError(f"MiniStack's CloudFormation does not know {resource_type} any more.") from None
    return found


def add(
    resource_type: str,
    *,
    create: Callable[[str, Fields, str], Created],
    update: Callable[[str, Fields, Fields, str], Created] | None = None,
    delete: Callable[[str, Fields], None] = lambda *_: None,
) -> None:
    """Add a resource type that MiniStack does not have; without `update`, a changed resource is created again."""
    require(provisioners, "_RESOURCE_HANDLERS")
    update = update or (lambda _, __, new, stack: create("", new, stack))
    provisioners._RESOURCE_HANDLERS.setdefault(resource_type, {"create": create, "update": update, "delete": delete})


def around(resource_type: str, call: Callable[[Callable[[], Created], Fields], Created]) -> None:
    """Have a resource's creation and update go to `call`, which gets the work that is left and the properties."""
    known = handlers(resource_type)

    def calling(function: Original, properties_at: int) -> Original:
        return lambda *arguments: call(lambda: function(*arguments), arguments[properties_at])

    # create(logical id, properties, ...); update(physical id, old properties, new properties, ...)
    known["create"] = calling(known["create"], 1)
    if "update" in known:
        known["update"] = calling(known["update"], 2)


def before(resource_type: str, problem_of: Callable[[Fields], str]) -> None:
    """Refuse to create or update a resource whose properties have a problem."""

    def check(work: Callable[[], Created], properties: Fields) -> Created:
        if problem := problem_of(properties):
            raise ValueError(problem)
        return work()

    around(resource_type, check)


def also(resource_type: str, apply: Callable[[str, Fields], None]) -> None:
    """Do something more with a resource after it was created or updated."""

    def then(work: Callable[[], Created], properties: Fields) -> Created:
        created = work()
        apply(created[0], properties)
        return created

    around(resource_type, then)


def checked(reply: tuple[int, Any, Any]) -> Any:
    """Return the content of a service's reply.

    Raises
    ------
    ValueError
        When it is an error: what makes CloudFormation roll back.
    """
    status, _, body = reply
    if status >= 400:  # noqa: PLR2004 - HTTP's first error
        raise ValueError(body.decode() if isinstance(body, bytes) else str(body))
    return json.loads(body) if body else None


def boolean(value: object) -> bool:
    """Return a template's boolean, which may be text."""
    return str(value).lower() == "true"
