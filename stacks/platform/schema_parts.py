"""JSON schemas that the documents of several APIs are made of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

TEXT: Final = {"type": "string"}
TEXTS: Final = {"type": "array", "items": TEXT}
TIME: Final = {"type": "string", "format": "date-time"}
EMAIL_TEXT: Final = {
    "type": "string",
    "maxLength": 254,
    # As `tenantry.runtime.mailbox` checks it.
    "pattern": "^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\\.)+"
    "[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$",
}


def object_schema(*, optional: Mapping[str, Any] | None = None, more: bool = False, **required: Any) -> dict[str, Any]:  # noqa: ANN401 - a part of a schema
    """Return the schema of an object, which has no other fields unless `more` allows them."""
    return {
        "type": "object",
        **({"required": sorted(required)} if required else {}),
        "properties": {**required, **(optional or {})},
        **({} if more else {"additionalProperties": False}),
    }
