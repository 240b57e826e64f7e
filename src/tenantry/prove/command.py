"""`tenantry prove`: proves that no tenant reaches another's data, on templates that are synthesized."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tenantry.prove.assembly import Assembly
from tenantry.prove.isolation import prove_isolation
from tenantry.prove.report import as_json, as_sarif, as_text

if TYPE_CHECKING:
    import argparse

EXIT_NOT_JUDGED = 2
"""Something could not be judged, or there was nothing to judge."""


def add(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments to its parser."""
    parser.add_argument("folder", nargs="?", type=Path, default=Path("cdk.out"), help="cloud assembly; cdk.out if none")
    parser.add_argument("--json", action="store_true", help="print the whole report as JSON")
    parser.add_argument("--sarif", type=Path, metavar="FILE", help="write what is not proven as SARIF")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Prove, print, and return 0 if all is proven, 1 if a tenant can reach another, 2 if something is not judged."""
    try:
        proof = prove_isolation(Assembly.read(arguments.folder))
    except (OSError, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return EXIT_NOT_JUDGED
    if arguments.sarif:
        arguments.sarif.write_text(as_sarif(proof) + "\n")
    sys.stdout.write((as_json(proof) if arguments.json else "\n".join(as_text(proof))) + "\n")
    return proof.exit_status
