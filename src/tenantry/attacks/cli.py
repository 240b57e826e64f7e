"""`python -m tenantry.attacks`: attack a deployed environment."""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from rich.console import Console

from tenantry.attacks import terminal
from tenantry.attacks.accounts import SetupError
from tenantry.attacks.document import DocumentError, with_table
from tenantry.attacks.page import page
from tenantry.attacks.registry import UnknownAttackError
from tenantry.attacks.runner import WORKERS, run
from tenantry.attacks.surfaces import REGISTRY
from tenantry.attacks.target import PRODUCTION, Target
from tenantry.operate.environment import LOCAL, STATE_FOLDER, EnvironmentNotReadyError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import FrameType

EXIT_USAGE: Final = 2
EXIT_INTERRUPTED: Final = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the attacks and return the exit status.

    0 if every attack held, 1 if one got through, 2 if nothing could be attacked, 3 if some proved nothing, and 130 if
    the run was interrupted.
    """
    parsed = _parser().parse_args(arguments)
    console, errors = Console(), Console(stderr=True)
    try:
        chosen = REGISTRY.select(parsed.surface, parsed.only)
        if parsed.table:
            _table(parsed.table)
            return 0
        if parsed.list:
            terminal.show_list(chosen, console)
            return 0
        if parsed.env == PRODUCTION and not parsed.yes_production:
            errors.print(
                "The attacks create users, tenants, roles and events in production, and remove them. "
                "Confirm with --yes-production.",
                style="red",
            )
            return EXIT_USAGE
        signal.signal(signal.SIGTERM, _interrupt)
        target = Target.named(parsed.env, state=parsed.state, app=parsed.app)
        with terminal.progress(console) as told:
            report = run(target, attacks=chosen, progress=told, workers=parsed.workers)
    except (DocumentError, EnvironmentNotReadyError, UnknownAttackError, SetupError) as error:
        errors.print(str(error), style="red", markup=False)
        return EXIT_USAGE
    except KeyboardInterrupt:
        errors.print("Interrupted. The attacks' test data is removed.", style="yellow")
        return EXIT_INTERRUPTED
    terminal.show(report, console)
    html = parsed.html or parsed.state / "attacks.html"
    _write(html, page(report))
    console.print(f"Report with each attack and its observations: {html}", markup=False, highlight=False)
    if parsed.json:
        _write(parsed.json, report.to_json())
    return report.exit_code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tenantry.attacks", description="Run the attack suite against a deployed environment."
    )
    parser.add_argument("--env", default=LOCAL, help="the environment (default: local)")
    parser.add_argument(
        "--surface", action="append", default=[], metavar="S", help="only attacks on this surface; may be repeated"
    )
    parser.add_argument("--only", action="append", default=[], metavar="ID", help="this attack; may be repeated")
    parser.add_argument("--list", action="store_true", help="list the attacks, and attack nothing")
    parser.add_argument(
        "--table", nargs="?", const="-", metavar="PATH", help="print the table of surfaces, or write it into a document"
    )
    parser.add_argument("--html", type=Path, metavar="PATH", help="where the page goes (default: .local/attacks.html)")
    parser.add_argument("--json", type=Path, metavar="PATH", help="write everything as JSON as well")
    parser.add_argument("--app", help="the application's name (default: $APP_NAME, else tenantry)")
    parser.add_argument(
        "--state",
        type=Path,
        default=STATE_FOLDER,
        metavar="DIR",
        help="the folder with the deployment's outputs (default: .local)",
    )
    parser.add_argument(
        "--workers", type=int, default=WORKERS, metavar="N", help=f"number of parallel attacks (default: {WORKERS})"
    )
    parser.add_argument("--yes-production", action="store_true", help=f"allow attacks on '{PRODUCTION}'")
    return parser


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    """Clean up after SIGTERM as after Ctrl-C."""
    raise KeyboardInterrupt


def _table(path: str) -> None:
    if path == "-":
        sys.stdout.write(f"{REGISTRY.table()}\n")
        return
    document = Path(path)
    document.write_text(with_table(document.read_text(), REGISTRY.table()))


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
