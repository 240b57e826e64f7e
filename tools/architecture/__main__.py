"""`python -m tools.architecture`: draw the architecture, or say whether the drawn one is still right."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tenantry.operate.preflight.assembly import NotSynthesizedError
from tools.architecture.document import DocumentError, illustrated
from tools.architecture.nodes import UnknownResourceError
from tools.architecture.reading import read
from tools.architecture.templates import Templates

if TYPE_CHECKING:
    from collections.abc import Sequence

_ASSEMBLY: Final = Path("cdk.out.prod")
_DOCUMENT: Final = Path("docs/architecture.md")
_STALE: Final = 1
_FAILED: Final = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Write or check the pictures and return the exit status: 1 if they are stale, 2 if none could be drawn."""
    parser = argparse.ArgumentParser(prog="python -m tools.architecture", description=__doc__)
    parser.add_argument(
        "assembly", type=Path, nargs="?", default=_ASSEMBLY, help=f"a synthesized environment (default: {_ASSEMBLY})"
    )
    parser.add_argument("--check", action="store_true", help="write nothing, and fail if a diagram is out of date")
    parser.add_argument(
        "--document", type=Path, default=_DOCUMENT, help=f"the document with the diagrams (default: {_DOCUMENT})"
    )
    parsed = parser.parse_args(arguments)
    try:
        written = parsed.document.read_text()
        drawn = illustrated(written, read(Templates.load(parsed.assembly)))
    except (NotSynthesizedError, DocumentError, UnknownResourceError, FileNotFoundError) as error:
        sys.stderr.write(f"{error}\n")
        return _FAILED
    if parsed.check:
        sys.stdout.write("The diagrams match the app.\n" if drawn == written else "Stale. Run `make docs`.\n")
        return 0 if drawn == written else _STALE
    parsed.document.write_text(drawn)
    return 0


if __name__ == "__main__":
    sys.exit(main())
