"""The statements of policies, wherever a template holds them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator


def statements(value: Any) -> Iterator[dict[str, Any]]:  # noqa: ANN401 - any part of a template
    """Return every policy statement in a part of a template."""
    if isinstance(value, dict):
        if "Effect" in value and ("Action" in value or "NotAction" in value):
            yield value
        for part in value.values():
            yield from statements(part)
    elif isinstance(value, list):
        for part in value:
            yield from statements(part)


def listed(value: Any) -> list[Any]:  # noqa: ANN401 - IAM lets one stand for a list of one
    """Return one or several as a list."""
    return value if isinstance(value, list) else [value]
