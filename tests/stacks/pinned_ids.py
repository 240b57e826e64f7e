"""Adds the logical ids of new stateful resources to those that the tests pin. It changes and removes none."""

from __future__ import annotations

import json
from typing import Any, Final

from tests.synthesized import ROOT, STACKS, STATEFUL_TYPES, assembly

FILE: Final = ROOT / "tests" / "stacks" / "stateful.json"

Ids = dict[str, dict[str, str]]


def pinned() -> Ids:
    """Return the type of each pinned resource by stack and logical id."""
    found: Ids = json.loads(FILE.read_text())
    return found


def synthesized() -> Ids:
    """Return the same of the templates of production."""
    templates: dict[str, dict[str, Any]] = assembly("prod").templates
    by_stack = {
        stack: {
            name: resource["Type"]
            for name, resource in templates[stack]["Resources"].items()
            if resource["Type"] in STATEFUL_TYPES
        }
        for stack in STACKS
    }
    return {stack: ids for stack, ids in by_stack.items() if ids}


def joined(old: Ids, new: Ids) -> Ids:
    """Return `old` with what only `new` has."""
    return {stack: {**new.get(stack, {}), **old.get(stack, {})} for stack in old.keys() | new.keys()}


if __name__ == "__main__":
    FILE.write_text(json.dumps(joined(pinned(), synthesized()), indent=2, sort_keys=True) + "\n")
