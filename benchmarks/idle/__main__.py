"""`python -m benchmarks.idle dev=cdk.out.dev prod=cdk.out.prod`: write the table into docs/deployment.md."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Final

from benchmarks.idle.costs import items, shown_in, table

_PAGE: Final = Path("docs/deployment.md")


def main() -> None:
    """Write the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.idle", description=__doc__)
    parser.add_argument("environments", nargs="+", metavar="NAME=DIR", help="an environment, and its templates")
    parsed = parser.parse_args()
    environments = {}
    for text in parsed.environments:
        name, _, folder = text.partition("=")
        templates = [json.loads(path.read_text()) for path in sorted(Path(folder).glob("*.template.json"))]
        environments[name] = items(templates)
    _PAGE.write_text(shown_in(_PAGE.read_text(), table(environments)))


if __name__ == "__main__":
    main()
