"""Write the table of closed gaps in docs/local-cloud.md, from the first line of each gap's docstring."""

import ast
import re
from pathlib import Path

from tenantry.local import gaps
from tenantry.local.settings import find_project

PAGE = find_project() / "docs" / "local-cloud.md"
_TABLE = re.compile(r"(?<=<!-- gaps -->\n).*(?=<!-- end of gaps -->)", re.DOTALL)


def updated(page: str) -> str:
    """Return a page with its table as the gaps' docstrings have it."""
    rows = "".join(f"| `{gap}` | {_first_line(gap)} |\n" for gap in gaps.GAPS)
    return _TABLE.sub(lambda _: f"| Gap | Closed: the local cloud does as AWS |\n|---|---|\n{rows}", page)


def _first_line(gap: str) -> str:
    # Read, not imported: a gap imports MiniStack, which takes seconds and keeps files.
    module = Path(gaps.__file__).parent.joinpath(*gap.split(".")).with_suffix(".py")
    docstring = ast.get_docstring(ast.parse(module.read_text())) or ""
    return docstring.partition("\n")[0]


if __name__ == "__main__":
    PAGE.write_text(updated(PAGE.read_text()))
