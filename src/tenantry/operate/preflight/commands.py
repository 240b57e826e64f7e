"""The command `tenantry preflight`."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Final

from rich.text import Text

from tenantry.operate.commands import on_environment
from tenantry.operate.environment import Environment
from tenantry.operate.preflight.account import Account
from tenantry.operate.preflight.assembly import Assembly
from tenantry.operate.preflight.checks import run
from tenantry.operate.preflight.findings import Status

if TYPE_CHECKING:
    import argparse

    from rich.console import Console

    from tenantry.operate.preflight.findings import Finding

_ABOUT: Final = (
    "Find problems that would make a deployment fail, with remedies. Reads the account and the synthesized templates; "
    "changes nothing. See docs/deployment.md."
)
_STYLES: Final = {Status.OK: "green", Status.FAILS: "red", Status.WARNING: "yellow", Status.UNKNOWN: "yellow"}
EXIT_WILL_FAIL: Final = 1
EXIT_NOT_ASKED: Final = 2


def add(command: argparse.ArgumentParser) -> None:
    """Make the topic a command."""
    command.description = _ABOUT
    on_environment(command, _run)
    command.add_argument(
        "--templates",
        type=Path,
        metavar="DIR",
        help="the folder that `make synth` wrote (default: cdk.out.ENV)",
    )
    command.add_argument("--json", action="store_true", help="print the findings as JSON")
    command.set_defaults(load=Environment.reach)


def _run(environment: Environment, parsed: argparse.Namespace, console: Console) -> int:
    folder = parsed.templates or Path(f"cdk.out.{environment.name}")
    assembly = Assembly.read(folder, environment.name)
    found = []
    for finding in run(assembly, Account.of(environment.aws)):
        found.append(finding)
        if not parsed.json:
            console.print(Text(f"{finding.status:20}{finding.check}: {finding.says}", style=_STYLES[finding.status]))
            if finding.remedy:
                console.print(Text(f"{'':20}{finding.remedy}"))
    if parsed.json:
        console.print_json(json.dumps([_as_json(finding) for finding in found]))
    if any(finding.status is Status.FAILS for finding in found):
        return EXIT_WILL_FAIL
    return 0 if any(finding.asked for finding in found) else EXIT_NOT_ASKED


def _as_json(finding: Finding) -> dict[str, str]:
    return {name: value for name, value in asdict(finding).items() if name != "asked"}
