"""Write the table of docs/proof.md: ``python -m tools.proof_table CDK_OUT``."""

import re
import sys
from pathlib import Path

from tenantry.prove.assembly import Assembly
from tenantry.prove.isolation import prove_isolation
from tenantry.prove.report import as_table

PAGE = Path(__file__).parents[1] / "docs" / "proof.md"
_TABLE = re.compile(r"(?<=<!-- proof: make docs -->\n).*(?=<!-- end of proof -->)", re.DOTALL)


def updated(page: str, assembly: Assembly) -> str:
    """Return a page with the table of what is proven of an assembly."""
    table = "".join(f"{line}\n" for line in as_table(prove_isolation(assembly)))
    return _TABLE.sub(lambda _: table, page)


if __name__ == "__main__":
    PAGE.write_text(updated(PAGE.read_text(), Assembly.read(Path(sys.argv[1]))))
