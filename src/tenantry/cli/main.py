"""`tenantry`: what an operator does by hand.

This module imports the standard library only, so that `tenantry --help` works without an extra, and a command whose
extra is not installed says which.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tenantry.extras import EXIT_USAGE, missing, remedy

if TYPE_CHECKING:
    from collections.abc import Sequence

_EXTRA: Final = "operate"


@dataclass(frozen=True)
class Topic:
    """A command of the first level.

    Attributes
    ----------
    help
        Its line in `tenantry --help`.
    module
        The module whose `add(topics, environment)` adds it to the parser.
    """

    help: str
    module: str


TOPICS: Final = {
    "dead-letters": Topic("inspect and replay dead-letter queues", "tenantry.cli.dead_letters"),
    "devices": Topic("manage certificates of tenants' servers", "tenantry.operate.devices.commands"),
    "users": Topic("manage user accounts", "tenantry.operate.users.commands"),
    "streaming": Topic(
        "start and stop the streaming application that fills the data lake", "tenantry.operate.streaming"
    ),
    "preflight": Topic("find problems before a deployment", "tenantry.operate.preflight.commands"),
    "smoke": Topic("check that an environment is healthy and rejects unauthenticated calls", "tenantry.operate.smoke"),
    "teardown": Topic("delete an ephemeral environment and its data", "tenantry.operate.teardown.commands"),
    "openapi": Topic("export the APIs' OpenAPI documents", "tenantry.cli.openapi"),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return the exit status.

    0 if all is done, 1 if something was not done, 2 if the command could not be carried out.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    chosen = next((word for word in given if word in TOPICS), None)
    if chosen and (absent := missing(_EXTRA)):
        sys.stderr.write(f"{remedy(f'tenantry {chosen}', _EXTRA, absent)}\n")
        return EXIT_USAGE
    parsed = _parser(chosen).parse_args(given)
    return int(import_module("tenantry.cli.execution").execute(parsed))


def _parser(chosen: str | None) -> argparse.ArgumentParser:
    """Return the parser; only the chosen topic's module is imported."""
    parser = argparse.ArgumentParser(prog="tenantry", description="Operate a deployed Tenantry environment.")
    topics = parser.add_subparsers(required=True, metavar="topic")
    for name, topic in TOPICS.items():
        if name == chosen:
            import_module(topic.module).add(topics, _environment_options())
        else:
            topics.add_parser(name, help=topic.help)
    return parser


def _environment_options() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(add_help=False)
    options.add_argument("--env", default="local", help="the environment (default: local)")
    options.add_argument("--app", help="the application's name (default: $APP_NAME, else tenantry)")
    options.add_argument(
        "--state",
        type=Path,
        default=Path(".local"),
        metavar="DIR",
        help="the folder with the deployment's outputs (default: .local)",
    )
    return options
