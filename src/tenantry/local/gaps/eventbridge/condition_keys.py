"""Policies can restrict the source and detail type of the events that a caller publishes.

AWS: `events:source` and `events:detail-type` hold the sources and types of all entries of a `PutEvents`.
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-conditions.html

MiniStack: does not have these keys, so that a condition on them never holds or, with `ForAllValues`, always does; and
it judges the entries for a second bus without any key at all.

Here: the keys are present, for every bus of the request.
"""

import json
from contextvars import ContextVar
from typing import Any

from ministack.core import iam_actions, iam_evaluator

from tenantry.local.patching import Fields, Original, wrap

#: Both replace: iam_evaluator.enforce.
AFTER = ("emulator.root_key",)

_ACTION = "events:PutEvents"
_KEYS = {"events:source": "Source", "events:detail-type": "DetailType"}

_context: ContextVar[Fields | None] = ContextVar("context", default=None)


def close() -> None:
    """Close the gap."""
    wrap(iam_actions, "request_tag_context", _reading_entries)
    wrap(iam_evaluator, "enforce", _for_every_bus)


def _reading_entries(read: Original, service: str, action: str, body: bytes, parameters: Fields) -> Fields:
    context = read(service, action, body, parameters)
    keys = _keys_of(body) if action == _ACTION else None
    _context.set(keys)
    return {**context, **(keys or {})}


def _for_every_bus(enforce: Original, access_key: str, action: str, *arguments: Any, **named: Any) -> Any:
    if action == _ACTION and (keys := _context.get()):
        named["service_context"] = {**(named.get("service_context") or {}), **keys}
    return enforce(access_key, action, *arguments, **named)


def _keys_of(body: bytes) -> Fields:
    try:
        entries = json.loads(body)["Entries"]
        found = {
            key: list(dict.fromkeys(str(entry[member]) for entry in entries if member in entry))
            for key, member in _KEYS.items()
        }
    except (ValueError, TypeError, KeyError):
        return {}
    # A key without a value is absent, one with several is a set, as ForAllValues and Null expect.
    return {key: values[0] if len(values) == 1 else values for key, values in found.items() if values}
