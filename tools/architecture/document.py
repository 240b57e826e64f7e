"""The document that the pictures are in."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from tools.architecture.mermaid import views

if TYPE_CHECKING:
    from tools.architecture.graph import Graph

_PICTURE: Final = re.compile(r"(<!-- picture: (\w+) -->\n).*?(<!-- end of picture -->)", re.DOTALL)


class DocumentError(Exception):
    """The document has no place for a picture, or a place for one that does not exist."""


def illustrated(document: str, graph: Graph) -> str:
    """Return the document with the pictures of `graph` between its markers.

    Raises
    ------
    DocumentError
        The markers are not those of the views.
    """
    pictures = views(graph)
    places = [found[2] for found in _PICTURE.finditer(document)]
    if sorted(places) != sorted(pictures):
        raise DocumentError(
            f"The document has places for the pictures {', '.join(sorted(places)) or 'none'}; "
            f"the app yields {', '.join(sorted(pictures))}. Mark a place for each, such as: "
            "<!-- picture: common --> and, on a later line, <!-- end of picture -->"
        )
    return _PICTURE.sub(lambda found: f"{found[1]}```mermaid\n{pictures[found[2]]}\n```\n{found[3]}", document)
