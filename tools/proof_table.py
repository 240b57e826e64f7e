"""Write the tables of docs/proof.md and docs/isolation.md: ``python -m tools.proof_table CDK_OUT``."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tenantry.prove.assembly import Assembly
from tenantry.prove.isolation import prove_isolation
from tenantry.prove.report import as_table, residual_table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tenantry.prove.prover import Proof

DOCS: Final = Path(__file__).parents[1] / "docs"
_TABLE: Final = re.compile(r"(?<=<!-- proof: make docs -->\n).*(?=<!-- end of proof -->)", re.DOTALL)
PAGES: Final[Mapping[Path, Callable[[Proof], Iterator[str]]]] = {
    DOCS / "proof.md": as_table,
    DOCS / "isolation.md": residual_table,
}
"""The pages, each with what makes the lines of its table."""


def updated(page: Path, proof: Proof) -> str:
    """Return the text of a page with its table of what is proven."""
    table = "".join(f"{line}\n" for line in PAGES[page](proof))
    return _TABLE.sub(lambda _: table, page.read_text())


def main() -> None:
    """Update all pages."""
    proof = prove_isolation(Assembly.read(Path(sys.argv[1])))
    for page in PAGES:
        page.write_text(updated(page, proof))


if __name__ == "__main__":
    main()
