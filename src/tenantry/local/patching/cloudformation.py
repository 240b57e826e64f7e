"""Give CloudFormation's resource types what they lack."""

import json
from collections.abc import Callable
from typing import Any

from ministack.services.cloudformation import provisioners

from tenantry.local.patching import GapError, require

#: Properties of a resource, as the template gives them with all references resolved.
Properties = dict[str, Any]
#: Physical id and attributes.
Created = tuple[str, dict[str, Any]]


def handlers(resource_type: str) -> dict[str, Any]:
    """Return MiniStack's functions for a resource type.

    Raises
    ------
    GapError
        When it does not know the type.
    """
    require(provisioners, "_RESOURCE_HANDLERS")
    try:
        found: dict[str, Any] = provisioners._RESOURCE_HANDLERS[resource_type]
    except KeyError:
        raise GapError(f"MiniStack's CloudFormation does not know {resource_type} any more.") from None
    return found


def add(
    resource_type: str,
    *,
    create: Callable[[str, Properties, str], Created],
    update: Callable[[str, Properties, Properties, str], Created],
    delete: Callable[[str, Properties], None],
) -> None:
    """Add a resource type that MiniStack does not have."""
    require(provisioners, "_RESOURCE_HANDLERS")
    provisioners._RESOURCE_HANDLERS.setdefault(resource_type, {"create": create, "update": update, "delete": delete})


def before(resource_type: str, check: Callable[[Properties], None]) -> None:
    """Check a resource's properties before it is created or updated; `ValueError` refuses it."""
    known = handlers(resource_type)

    def then(function: Callable[..., Created], properties_at: int) -> Callable[..., Created]:
        def create_or_update(*arguments: Any) -> Created:
            check(arguments[properties_at])
            return function(*arguments)

        return create_or_update

    known["create"] = then(known["create"], 1)
    if "update" in known:
        known["update"] = then(known["update"], 2)


def also(resource_type: str, apply: Callable[[str, Properties], None]) -> None:
    """Do something more with a resource after it was created or updated."""
    known = handlers(resource_type)

    def then(function: Callable[..., Created], properties_at: int) -> Callable[..., Created]:
        def create_or_update(*arguments: Any) -> Created:
            created = function(*arguments)
            apply(created[0], arguments[properties_at])
            return created

        return create_or_update

    # create(logical id, properties, ...); update(physical id, old properties, new properties, ...)
    known["create"] = then(known["create"], 1)
    if "update" in known:
        known["update"] = then(known["update"], 2)


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
