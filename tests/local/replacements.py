"""Close every gap in this process and print, as JSON, which gaps replace each attribute of MiniStack.

`test_gaps` runs it in a process of its own, because what is replaced stays replaced.
"""

import importlib
import json
import os
import sys
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from tenantry.local.gaps import GAPS, in_order

_ABSENT = object()


def _attributes() -> dict[str, Any]:
    """Return what MiniStack looks up while it runs: its modules' and classes' attributes, its tables of functions."""
    found: dict[str, Any] = {}
    for name, module in list(sys.modules.items()):
        if name.split(".")[0] == "ministack":
            found.update(_inside(name, vars(module), depth=3))
    return found


def _inside(name: str, values: Any, depth: int) -> Iterator[tuple[str, Any]]:  # noqa: ANN401
    for key, value in list(values.items()):
        if str(key).startswith("__"):
            continue
        yield f"{name}.{key}", value
        if depth and isinstance(value, type) and value.__module__.startswith("ministack"):
            yield from _inside(f"{name}.{key}", vars(value), depth - 1)
        elif depth and type(value) is dict:
            yield from _inside(f"{name}.{key}", value, depth - 1)


def main() -> None:
    """Print `{"after": {gap: [gap, ...]}, "replaced": {attribute: [gap, ...]}}`."""
    gaps = {name: importlib.import_module(f"tenantry.local.gaps.{name}") for name in GAPS}
    after = {name: tuple(getattr(gap, "AFTER", ())) for name, gap in gaps.items()}
    replaced: dict[str, list[str]] = defaultdict(list)
    for name in in_order(after):
        before = _attributes()
        gaps[name].close()
        for attribute, value in _attributes().items():
            if before.get(attribute, _ABSENT) is not value:
                replaced[attribute].append(name)
    sys.stdout.write(json.dumps({"after": after, "replaced": replaced}))
    sys.stdout.flush()
    os._exit(0)  # without waiting for the threads that gaps start


if __name__ == "__main__":
    main()
