"""Carry out a parsed command: find the environment, run the command, and report what made it impossible."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console
from rich.text import Text

from tenantry.extras import EXIT_USAGE
from tenantry.operate.commands import CommandError
from tenantry.operate.environment import Environment

if TYPE_CHECKING:
    import argparse


def execute(parsed: argparse.Namespace) -> int:
    """Run the command and return its exit status, or 2 if it could not be carried out."""
    console, errors = Console(soft_wrap=True), Console(stderr=True, soft_wrap=True)
    try:
        load = getattr(parsed, "load", Environment.load)
        environment = load(parsed.env, state=parsed.state, app=parsed.app)
        return int(parsed.run(environment, parsed, console))
    except (CommandError, LookupError) as error:
        errors.print(Text(str(error.args[0]), style="red"))
    except (BotoCoreError, ClientError) as error:
        errors.print(Text(f"AWS refused the call or is unreachable: {error}", style="red"))
    return EXIT_USAGE
