"""Links between the documents, and names of modules in code and documents, lead to what exists."""

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
# Modules by their names, of the folders that hold importable packages.
_MODULES: Final = {
    ".".join(path.relative_to(source).with_suffix("").parts).removesuffix(".__init__"): path.read_text()
    for source in (ROOT / folder for folder in ("constructs", "lambdas", "src", "ingest_client", "streaming", "."))
    for path in source.glob("stacks/**/*.py" if source == ROOT else "**/*.py")
}
_NAME: Final = re.compile(r"(?<!`)`((?:stacks|tenantry)(?:\.\w+)+)`(?!`)")
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


def test_names_of_modules_are_of_what_exists() -> None:
    texts = [*_MODULES.values(), *((ROOT / document).read_text() for document in DOCUMENTS)]
    names = {name for text in texts for name in _NAME.findall(text)}

    assert len(names) > 40
    assert sorted(name for name in names if not _exists(name)) == []
    assert _exists("stacks.environments.Environment.stack_name")
    assert not _exists("stacks.gone")
    assert not _exists("stacks.names.gone")


def _exists(name: str) -> bool:
    """Return whether a module or package has the name, or a module that is named in it mentions its last part."""
    module, _, last = name.rpartition(".")
    text = _MODULES.get(module) or _MODULES.get(module.rpartition(".")[0], "")
    return any(f"{known}.".startswith(f"{name}.") for known in _MODULES) or bool(re.search(rf"\b{last}\b", text))


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
