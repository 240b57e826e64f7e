"""Whose a key, a name or a field of a request is, by the parts that it is made of."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from tenantry.model.authorizer_context import TENANT_ID, context_path
from tenantry.model.identifiers import tenant_id_or_none
from tenantry.model.placeholders import TENANT_IN_NAME
from tenantry.prove.conditions import held
from tenantry.prove.texts import By, Digest, Facts, Given, Json, Literal, Part, Text, givers, is_literal, literal, shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

ID_CHARACTERS: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-")
"""What ids of tenants are made of (`tenantry.model.identifiers`)."""

OTHER_TENANT: Final = "globex"
"""The tenant whose data a caller must not reach, in what findings show."""

AUTHORIZED: Final = Given(By.AUTHORIZER, f"$context.{context_path(TENANT_ID)}")
"""The tenant that an authorizer has found."""

WHOLE_BODY: Final = "$input.body"
"""The body of a request as a text."""

_IN_ID: Final = re.compile(r"[A-Za-z0-9-]*")
_WORD: Final = re.compile(r"\{\w+\}|\*")
_OTHERS: Final = frozenset({By.CALLER, By.PATH})


@dataclass(frozen=True)
class Fault:
    """What is wrong with a request, or not known of it.

    Attributes
    ----------
    what
        What it is.
    part
        What somebody gives that it depends on, as the template has it.
    sends
        What a caller sends, by the name of the part, to reach what is another tenant's; None where that is not known,
        so that the request is not judged.
    ids
        ``t1`` of the caller and ``t2`` of the other tenant, where it depends on them.
    """

    what: str
    part: str = ""
    sends: Mapping[str, str] | None = None
    ids: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Tenants:
    """Which parts of texts are the tenant that a request is of.

    Attributes
    ----------
    parts
        What names it.
    digest
        Whether a digest of what an event says does: of a tenant that there was not before (docs/adr/0004).
    """

    parts: frozenset[Given]
    digest: bool = False

    def is_tenant(self, part: Part, facts: Facts) -> bool:
        """Return whether a part is the tenant, and nothing else can be in it.

        What an authorizer says is an id, or nothing. Everything else has to match a pattern that holds no separator.
        """
        if part == AUTHORIZED:
            return part in self.parts
        if isinstance(part, Digest):
            return self.digest and all(giver.by is By.EVENT for giver in givers((part,)))
        return part in self.parts and held((part,), facts).only(ID_CHARACTERS)


def named_by(value: Text, forms: Iterable[str], tenants: Tenants, facts: Facts) -> Fault | None:
    """Return what is wrong with a name or a key that must have one of some forms, of the request's tenant.

    Parameters
    ----------
    value
        The name or the key.
    forms
        As a `Store` declares them.
    tenants, facts
        Who the tenant is, and what holds.
    """
    faults = [_named_by(value, form, tenants, facts) for form in forms]
    if not faults:
        return Fault("nobody has declared what its keys are like")
    return None if None in faults else faults[0]


def _named_by(value: Text, form: str, tenants: Tenants, facts: Facts) -> Fault | None:
    before, found, after = form.partition(TENANT_IN_NAME)
    separator = _WORD.split(after)[0]
    if not found or _WORD.search(before) or (after and separator[:1] in ID_CHARACTERS | {""}):
        return Fault(f"the form {form!r} does not say where the tenant begins and ends")
    if is_literal(value):
        return _always(literal(value) or "", before, separator)
    first, rest = _after(value, before)
    if first is None:
        return _chosen(value, f"does not begin with {before!r}", f"{before}{OTHER_TENANT}{separator}", facts)
    if not tenants.is_tenant(first, facts):
        what = f"has after {before!r}" if before else "begins with"
        what = f"{what} {shown((first,))}, which is not the request's tenant"
        return _chosen((first,), what, _another(first, separator), facts)
    return None if _is_ended(rest, separator) else _not_ended(rest, separator)


def _is_ended(rest: Text, separator: str) -> bool:
    """Return whether the tenant's id ends where what follows it begins."""
    if not separator:
        return not rest
    return bool(rest) and isinstance(rest[0], Literal) and rest[0].text.startswith(separator)


def _not_ended(rest: Text, separator: str) -> Fault:
    due = repr(separator) if separator else "nothing"
    return Fault(
        f"has {shown(rest) or 'nothing'} after the tenant, where {due} is due",
        _first_given(rest),
        {giver.name: "2" for giver in givers(rest) if giver.by in _OTHERS},
        {"t1": "acme", "t2": f"acme{_id_of(rest)}"},
    )


def is_exactly(value: Text, tenants: Tenants, facts: Facts) -> Fault | None:
    """Return what is wrong with a field that must be the tenant, and nothing else."""
    return named_by(value, [TENANT_IN_NAME], tenants, facts)


def _always(written: str, before: str, separator: str) -> Fault | None:
    """Return what is wrong with a text that is the same for everybody: that it is some tenant's."""
    if not written.startswith(before):
        return None
    rest = written.removeprefix(before)
    found = _IN_ID.match(rest)
    tenant = found[0] if found else ""
    if not tenant_id_or_none(tenant) or (separator and not rest.removeprefix(tenant).startswith(separator)):
        return None
    return Fault(f"is {written!r} for everybody, which is {tenant}'s", sends={}, ids={"t1": "acme", "t2": tenant})


def _after(value: Text, before: str) -> tuple[Part | None, Text]:
    """Return the part after a literal beginning, and what follows it."""
    if not before:
        return value[0], value[1:]
    match value:
        case (Literal(text=written), second, *rest) if written == before:
            return second, tuple(rest)
    return None, value


def _chosen(value: Text, what: str, text: str, facts: Facts) -> Fault:
    """Return the fault of a text, with a request where it is the caller who chooses it."""
    found = [giver for giver in givers(value) if giver.by in _OTHERS]
    if not found:
        return Fault(what, part=_first_given(value))
    sent = sendable(found[0], [text, f"{text}x", OTHER_TENANT], facts)
    ids = {"t1": "acme", "t2": OTHER_TENANT}
    return Fault(what, found[0].name, None if sent is None else {found[0].name: sent}, ids)


def sendable(given: Given | Json, texts: Iterable[str], facts: Facts) -> str | None:
    """Return the first of some texts that a caller can send where some facts hold; None if none of them is."""
    if given.name == WHOLE_BODY:  # what is asked of its members is not known of a text
        return None
    patterns = [atom.by for atom, holds in facts if holds and atom.what == "matches" and atom.of == (given,)]
    try:
        return next((text for text in texts if all(re.fullmatch(pattern, text) for pattern in patterns)), None)
    except re.error:  # Java's, and not Python's
        return None


def _another(first: Part, separator: str) -> str:
    """Return what a caller sends to name another tenant."""
    return OTHER_TENANT if isinstance(first, Given) and first.by is By.PATH else f"{OTHER_TENANT}{separator}"


def _id_of(rest: Text) -> str:
    first = rest[0] if rest else None
    found = _IN_ID.match(first.text) if isinstance(first, Literal) else None
    return found[0] if found and found[0] else "2"


def _first_given(value: Text) -> str:
    return next((giver.name for giver in givers(value)), "")
