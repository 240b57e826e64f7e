"""The rule for ids, as JSON Schema and JSONata have it; `tenantry.model.identifiers` has it for Python and Java.

Both look for a pattern anywhere in a text, and engines differ in whether ``$`` matches before a closing line break. So
each rule has two parts: what a text must match from beginning to end, and what must be found nowhere in it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tenantry.model.identifiers import RESERVED_WORDS, TENANT_CHARACTERS, TENANT_SHAPE, USER_CHARACTERS, USER_SHAPE

if TYPE_CHECKING:
    from collections.abc import Mapping


def _in_any_case(word: str) -> str:
    """Return a pattern of a word in any case: ECMAScript has no flag within a pattern."""
    return "".join(f"[{letter.upper()}{letter}]" for letter in word)


_RESERVED: Final = "|".join(map(_in_any_case, RESERVED_WORDS))
_NOT_IN_TENANT: Final = f"[^{TENANT_CHARACTERS}]|^({_RESERVED})$"
_NOT_IN_USER: Final = rf"[^{USER_CHARACTERS}]|\.\."


def _schema(shape: str, refused: str) -> Mapping[str, Any]:
    return {"type": "string", "pattern": f"^{shape}$", "not": {"pattern": refused}}


def _condition(path: str, shape: str, refused: str) -> str:
    return f"($type({path}) = 'string' and $contains({path}, /^{shape}$/) and $not($contains({path}, /{refused}/)))"


TENANT_ID_SCHEMA: Final = _schema(TENANT_SHAPE, _NOT_IN_TENANT)
"""JSON Schema (draft 4 and later) of a tenant id."""

USER_ID_SCHEMA: Final = _schema(USER_SHAPE, _NOT_IN_USER)
"""JSON Schema (draft 4 and later) of a user id."""


def tenant_id_condition(path: str) -> str:
    """Return the JSONata condition that there is a tenant id at `path`."""
    return _condition(path, TENANT_SHAPE, _NOT_IN_TENANT)


def user_id_condition(path: str) -> str:
    """Return the JSONata condition that there is a user id at `path`."""
    return _condition(path, USER_SHAPE, _NOT_IN_USER)
