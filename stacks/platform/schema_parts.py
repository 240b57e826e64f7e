"""JSON schemas that the documents of several APIs are made of, in the words of API Gateway's models."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tenantry.isolation.api import Schema
from tenantry.isolation.documentation import array, object_schema
from tenantry.model.names import DOT_SEGMENT, REFUSED

if TYPE_CHECKING:
    from collections.abc import Mapping

TEXT: Final = {"type": "string"}
TEXTS: Final = array(TEXT)
TIME: Final = {"type": "string", "format": "date-time"}
EMAIL_TEXT: Final = {
    "type": "string",
    "maxLength": 254,
    # As `tenantry.runtime.mailbox` checks it.
    "pattern": "^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\\.)+"
    "[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$",
}
# As "not", so that it is a search: "$" would let a closing line break through.
_REFUSED: Final = {"pattern": f"[{REFUSED}]"}
_WORDS: Final = "No control characters, and no bidirectional controls (U+202A to U+202E, U+2066 to U+2069)"


def body(
    name: str,
    required: Mapping[str, Any] | None = None,
    *,
    optional: Mapping[str, Any] | None = None,
    more: bool = False,
) -> Schema:
    """Return the schema of a body that is an object, by its name in the API's document."""
    return Schema(name=name, definition=object_schema(required, optional=optional, more=more))


def name_schema(*, shortest: int = 1, longest: int = 256) -> dict[str, Any]:
    """Return the schema of a name that people give."""
    return {
        "type": "string",
        **({"minLength": shortest} if shortest else {}),
        "maxLength": longest,
        "not": _REFUSED,
        "description": _WORDS,
    }


def key_schema() -> dict[str, Any]:
    """Return the schema of an object's key."""
    return {
        "type": "string",
        "minLength": 1,
        "not": {"pattern": f"^/|{DOT_SEGMENT}|{_REFUSED['pattern']}"},
        "description": f"May have several segments, none of them `.` or `..`. {_WORDS}. At most 1,024 bytes, "
        "including the tenant and user prefix",
    }
