"""A request to an AWS service, as a template or a task makes it, and what can be wrong with a part of one."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from tenantry.model import directory_tables
from tenantry.model.authorizer_context import TENANT_ID
from tenantry.prove.keys import OTHER_TENANT, Fault, Tenants, is_exactly, sendable
from tenantry.prove.structures import Array, Each, InjectionError, Number, Object, Value
from tenantry.prove.texts import By, Facts, Given, Json, Text, givers, shown

if TYPE_CHECKING:
    from collections.abc import Iterator

TENANT_FIELDS: Final = frozenset({TENANT_ID, directory_tables.TENANT_ID})
"""What fields of messages, records, events and inputs are called that name the tenant."""


@dataclass(frozen=True)
class Call:
    """A request to a service, as a template or a task makes it.

    Attributes
    ----------
    service, action
        Such as ``dynamodb`` and ``GetItem``, as IAM names them.
    request
        Its parameters.
    facts
        What holds when it is made.
    tenants
        Who the request's tenant is.
    """

    service: str
    action: str
    request: Value
    facts: Facts
    tenants: Tenants

    def member(self, name: str) -> Value | None:
        """Return a parameter of the request, None if it has none of that name."""
        return self.request.members.get(name) if isinstance(self.request, Object) else None

    def of(self, action: str, request: Value) -> Call:
        """Return a call that is a part of this one."""
        return replace(self, action=action, request=request)


def injection(error: InjectionError, facts: Facts) -> Fault:
    """Return the fault of a text that can end the value that it stands in."""
    given = next(givers((error.part,)), None)
    name = given.name if given else ""
    if given is None or given.by not in {By.CALLER, By.PATH}:
        return Fault(str(error), name)
    if isinstance(given, Json):
        return Fault(str(error), name, {name: json.dumps({"any": OTHER_TENANT})})
    ended = f"{error.ends_with}{OTHER_TENANT}"
    sent = sendable(given, [f"{beginning}{ended}" for beginning in ("x", "", "https://x")], facts)
    return Fault(str(error), name, None if sent is None else {name: sent})


def as_text(value: Value | None) -> Text | None:
    """Return a value as a text, where it is one: a JSON value of which nothing else is known may be."""
    match value:
        case tuple():
            return value
        case Json(by=by, name=name):
            return (Given(by, name),)
    return None


def own_message(
    call: Call, content: Value, where: str, *, required: bool, fields: frozenset[str] = TENANT_FIELDS
) -> Iterator[Fault | None]:
    """Yield what is wrong with a message that may, or must, name the tenant in a field."""
    if not isinstance(content, Object):
        yield whole(where, content, min(fields))
        return
    named = [name for name in content.members if name in fields]
    if required and not named:
        yield Fault(f"{where} does not say whose it is: none of {', '.join(sorted(fields))} is in it")
    for name in content.members:
        if name in fields or name.lower() in {field.lower() for field in fields}:
            text = as_text(content.members[name])
            fault = is_exactly(text, call.tenants, call.facts) if text else Fault("is no text")
            yield within(f"{where}.{name}", fault)


def within(field: str, fault: Fault | None) -> Fault | None:
    """Return the fault of a field, said of the field."""
    return replace(fault, what=f"{field} {fault.what}") if fault else None


def unnamed(field: str, value: Value | None) -> Fault:
    """Return the fault of a field that must name a resource of the templates, and does not."""
    if value is None:
        return Fault(f"{field} is missing")
    return replace(whole(field, value), what=f"{field} is {said(value)}, which is no resource of the templates")


def whole(field: str, value: Value, member: str = "") -> Fault:
    """Return the fault of what is given as a whole, with what a caller sends, where a caller gives it."""
    given = next(givers(as_text(value) or ()), None)
    what = f"{field} is {said(value)}".strip()
    if given is None:
        return Fault(what)
    if given.by not in {By.CALLER, By.PATH}:
        return Fault(what, given.name)
    named = member or ("any" if isinstance(value, Json) else "")
    sent = json.dumps({named: OTHER_TENANT}) if named else f"what is {OTHER_TENANT}'s"
    return Fault(what, given.name, {given.name: sent})


def said(value: Value | None) -> str:
    """Return a value for people."""
    match value:
        case Object():
            return "an object"
        case Array() | Each():
            return "an array"
        case Number(text=text):
            return shown(text)
        case Json(name=name):
            return name
        case None:
            return "nothing"
    return shown(value)
