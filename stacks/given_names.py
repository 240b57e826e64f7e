"""What API Gateway is told of names that people give: the functions' own rule, read from their file."""

from __future__ import annotations

import runpy
from typing import Any, Final

from tenant_isolation import TENANCY

# `tenancy` is the functions' to import; here its file is read.
_RULE: Final[dict[str, Any]] = runpy.run_path(str(TENANCY / "names.py"), run_name="_tenancy_names")

NAME_PATTERN: Final[str] = _RULE["NAME_PATTERN"]
"""What the whole of a name matches, for mapping templates: their `matches` is that of Java, which counts in
characters and, unlike a search, lets no closing line break through.

Source: https://docs.oracle.com/en/java/javase/21/docs/api/java.base/java/util/regex/Pattern.html
"""

# As "not", so that it is a search: "$" would let a closing line break through.
_REFUSED: Final = {"pattern": f"[{_RULE['REFUSED']}]"}
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
        "not": {"pattern": f"^/|{_RULE['DOT_SEGMENT']}|{_REFUSED['pattern']}"},
        "description": f"May have several segments, none of them `.` or `..`. {_WORDS}. At most 1,024 bytes, "
        "including the tenant and user prefix",
    }
