"""The schemas of names that people give, for API Gateway's models: the functions' own rule."""

from __future__ import annotations

from typing import Any, Final

from tenantry.model.names import DOT_SEGMENT, REFUSED

# As "not", so that it is a search: "$" would let a closing line break through.
_REFUSED: Final = {"pattern": f"[{REFUSED}]"}
_WORDS: Final = "No control characters, and no bidirectional controls (U+202A to U+202E, U+2066 to U+2069)"


def name_schema(*, shortest: int = 1, longest: int = 256) -> dict[str, Any]:
    """Return the schema of a name, in the words that API Gateway's models and OpenAPI have in common."""
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
