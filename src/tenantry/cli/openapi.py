"""`tenantry openapi`: export the APIs' OpenAPI documents."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from rich.text import Text

from tenantry.operate.openapi import export

if TYPE_CHECKING:
    import argparse

    from rich.console import Console

    from tenantry.operate.environment import Environment

    _Topics = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001 - it has no public name

DOCUMENTS: Final = Path("docs/openapi")


def add(topics: _Topics, environment: argparse.ArgumentParser) -> None:
    """Add the topic to the command's parser."""
    exporting = (
        topics.add_parser("openapi")
        .add_subparsers(required=True, metavar="command")
        .add_parser("export", parents=[environment], help="write the OpenAPI document of each deployed API")
    )
    exporting.add_argument(
        "--out", type=Path, default=DOCUMENTS, metavar="DIR", help=f"the target folder (default: {DOCUMENTS})"
    )
    exporting.set_defaults(run=_export)


def _export(environment: Environment, parsed: argparse.Namespace, console: Console) -> int:
    for path in export(environment, parsed.out):
        console.print(Text(str(path)))
    return 0
