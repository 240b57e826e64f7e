"""Links between the documents lead to files and headings that exist."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT: Final = Path(__file__).parents[1]
DOCUMENTS: Final = sorted(str(path.relative_to(ROOT)) for path in (*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")))
_CODE: Final = re.compile(r"^\s*```.*?^\s*```[^\n]*$", re.DOTALL | re.MULTILINE)
_LINK: Final = re.compile(r"\]\((?!\w+:)([^)#]*)(?:#([^)]*))?\)")
_HEADING: Final = re.compile(r"^#+ (.*)$", re.MULTILINE)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_links_lead_to_what_exists(document: str) -> None:
    assert list(_broken(ROOT / document)) == []


def test_broken_links_are_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "# One's `own` page\n\n[a](#ones-own-page) [b](#gone) [c](gone.md) [d](https://example.com) [e](page.md)"
    )
    assert list(_broken(page)) == ["#gone", "gone.md"]


def _broken(document: Path) -> Iterator[str]:
    for path, anchor in _LINK.findall(_CODE.sub("", document.read_text())):
        target = document.parent / path if path else document
        if not target.exists():
            yield path
        elif anchor and anchor not in _anchors(target):
            yield f"{path}#{anchor}"


def _anchors(document: Path) -> set[str]:
    """Return the anchors that GitHub makes of the headings of a document."""
    headings = _HEADING.findall(_CODE.sub("", document.read_text()))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
