"""What holds of texts on a way through a template or a workflow, and what follows from it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, TypeAlias

from tenantry.prove.characters import ANY, Characters, characters, excluded
from tenantry.prove.texts import Atom, By, Facts, Given, Text, givers

LOOP_INDEX: Final = Given(By.AWS, "$foreach.index")
"""The number of the item of a loop."""


_ITEM: Final = "[]"
_ANCHORED: Final = re.compile(r"\^[^|]*\$")
# What Java's `$` lets follow.
_LINE_ENDS: Final = Characters(frozenset("\r\n"), beyond=True)


@dataclass(frozen=True)
class Test:
    """Several conditions: ``not``, ``and`` or ``or``."""

    operator: str
    operands: tuple[Condition, ...]


Condition: TypeAlias = "bool | Atom | Test"


def assumed(condition: Condition, facts: Facts, *, is_true: bool) -> Facts | None:  # noqa: PLR0911 - a case for each kind
    """Return the facts where a condition holds, or does not; None where it cannot be so."""
    match condition:
        case bool():
            return facts if condition is is_true else None
        case Atom() if any(giver.name.endswith(_ITEM) or f"{_ITEM}." in giver.name for giver in givers(condition.of)):
            return facts  # of an item of an array: it may be another one next time
        case Atom():
            return None if (condition, not is_true) in facts else facts | {(condition, is_true)}
        case Test(operator="not", operands=(inner,)):
            return assumed(inner, facts, is_true=not is_true)
        case Test(operator=operator, operands=operands) if (operator == "and") is is_true:
            for operand in operands:
                after = assumed(operand, facts, is_true=is_true)
                if after is None:
                    return None
                facts = after
            return facts
        case Test(operands=operands):  # one of them is so; which one is not known
            return facts if any(assumed(one, facts, is_true=is_true) is not None for one in operands) else None


def held(value: Text, facts: Facts) -> Characters:
    """Return the characters that a text holds at most, by the patterns that it matches."""
    found = ANY
    if value == (LOOP_INDEX,):
        return characters(r"\d+")
    for atom, holds in facts:
        if atom.of != value:
            continue
        match atom.what, holds:
            case "matches", True:
                found &= characters(atom.by)
            case (("isEmpty" | "equals" | "=="), True):
                found &= Characters(frozenset(atom.by), beyond=not atom.by.isascii())
            case "contains a match", True if _ANCHORED.fullmatch(atom.by):
                found &= characters(atom.by[1:-1]) | _LINE_ENDS
            case "contains a match", False:
                found &= excluded(atom.by)
    return found
