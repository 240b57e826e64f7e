"""The table of surfaces in `docs/attacks.md`, which `make docs` writes."""

from __future__ import annotations

from typing import Final

_BEGINS: Final = "<!-- surfaces: make docs -->"
_ENDS: Final = "<!-- end of surfaces -->"


class DocumentError(ValueError):
    """A document has no place for the table."""


def with_table(page: str, table: str) -> str:
    """Return a page with the table of surfaces between its two comments.

    Raises
    ------
    DocumentError
        The comments are missing.
    """
    before, begins, rest = page.partition(_BEGINS)
    _, ends, after = rest.partition(_ENDS)
    if not (begins and ends):
        raise DocumentError(f"The table of surfaces has no place. Add the lines '{_BEGINS}' and '{_ENDS}'.")
    return f"{before}{_BEGINS}\n\n{table}\n\n{_ENDS}{after}"
