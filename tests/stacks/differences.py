"""The differences between two templates, in a form that a review can read."""

from __future__ import annotations

import json
from difflib import SequenceMatcher
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

Change = tuple[str, str, Any]
"""A path, what happened to it ("added", "removed", "renamed", "changed"), and its value or values."""


def differences(before: Any, after: Any) -> dict[str, Any]:  # noqa: ANN401 - any part of a template
    """Return what was added, removed, renamed and changed, by path.

    Parameters
    ----------
    before, after
        Two values as JSON has them.

    Returns
    -------
    dict
        ``added`` and ``removed`` have the values by path, ``renamed`` the new key of the same value. ``changed`` has
        the paths by change, since one change, of a tag say, is often made in many places. A list with more or fewer
        items is compared item by item. Paths of what was removed or renamed are of `before`, the others of `after`.
        Empty if both are the same.
    """
    found: dict[str, dict[str, Any]] = {}
    for path, kind, value in _changes(before, after, ""):
        if kind == "changed":
            old, new = map(_text, value)
            found.setdefault(kind, {}).setdefault(f"{old} -> {new}", []).append(path)
        else:
            found.setdefault(kind, {})[path] = value
    return found


def _changes(before: Any, after: Any, path: str) -> Iterator[Change]:  # noqa: ANN401
    if isinstance(before, dict) and isinstance(after, dict):
        yield from _changes_of_keys(before, after, path)
        for key in sorted(before.keys() & after.keys()):
            yield from _changes(before[key], after[key], f"{path}/{key}")
    elif isinstance(before, list) and isinstance(after, list):
        yield from _changes_of_lists(before, after, path)
    elif _text(before) != _text(after):
        yield path, "changed", (before, after)


def _changes_of_keys(before: dict[str, Any], after: dict[str, Any], path: str) -> Iterator[Change]:
    added = after.keys() - before.keys()
    keys = {_text(after[key]): key for key in sorted(added)}
    for key in sorted(before.keys() - after.keys()):
        other = keys.pop(_text(before[key]), None)
        if other is None:
            yield f"{path}/{key}", "removed", before[key]
        else:
            added.discard(other)
            yield f"{path}/{key}", "renamed", other
    for key in sorted(added):
        yield f"{path}/{key}", "added", after[key]


def _changes_of_lists(before: list[Any], after: list[Any], path: str) -> Iterator[Change]:
    matcher = SequenceMatcher(None, [_text(item) for item in before], [_text(item) for item in after], autojunk=False)
    for tag, first, end, other_first, other_end in matcher.get_opcodes():
        if tag == "equal":
            continue
        pairs = zip_longest(range(first, end), range(other_first, other_end))
        for old, new in pairs:
            if new is None:
                yield f"{path}/{old}", "removed", before[old]
            elif old is None:
                yield f"{path}/{new}", "added", after[new]
            else:
                yield from _changes(before[old], after[new], f"{path}/{new}")


def _text(value: Any) -> str:  # noqa: ANN401
    return json.dumps(value, sort_keys=True)
