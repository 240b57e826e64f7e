"""`tenantry`: what an operator does by hand.

This module imports the standard library only, so that `tenantry --help` works without an extra, and a command whose
extra is not installed says which.
"""

from __future__ import annotations

import argparse
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Final

from tenantry.extras import EXIT_USAGE, missing, remedy

if TYPE_CHECKING:
    from collections.abc import Sequence

_EXTRA: Final = "operate"


# The commands of the first level: each with its line in `tenantry --help`, and the module whose `add(topic)` adds it to
# its parser.
TOPICS: Final = {
    "dead-letters": ("inspect and replay dead-letter queues", "tenantry.cli.dead_letters"),
    "devices": ("manage certificates of tenants' servers", "tenantry.operate.devices.commands"),
    "users": ("manage user accounts", "tenantry.operate.users.commands"),
    "streaming": ("start and stop the streaming application that fills the data lake", "tenantry.operate.streaming"),
    "preflight": ("find problems before a deployment", "tenantry.operate.preflight.commands"),
    "smoke": ("check that an environment is healthy and rejects unauthenticated calls", "tenantry.operate.smoke"),
    "teardown": ("delete an ephemeral environment and its data", "tenantry.operate.teardown.commands"),
    "prove": ("prove that no tenant reaches another's data, on synthesized templates", "tenantry.prove.command"),
    "openapi": ("export the APIs' OpenAPI documents", "tenantry.operate.openapi"),
}


# These need no extra and no deployment.
_OFFLINE: Final = frozenset({"prove"})


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return the exit status.

    0 if all is done, 1 if something was not done, 2 if the command could not be carried out.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    chosen = next((word for word in given if word in TOPICS), None)
    if chosen in _OFFLINE:
        parsed = _parser(chosen).parse_args(given)
        return int(parsed.run(parsed))
    if chosen and (absent := missing(_EXTRA)):
        sys.stderr.write(f"{remedy(f'tenantry {chosen}', _EXTRA, absent)}\n")
        return EXIT_USAGE
    parsed = _parser(chosen).parse_args(given)
    return int(import_module("tenantry.cli.execution").execute(parsed))


def _parser(chosen: str | None) -> argparse.ArgumentParser:
    """Return the parser; only the chosen topic's module is imported."""
    parser = argparse.ArgumentParser(prog="tenantry", description="Operate a deployed Tenantry environment.")
    topics = parser.add_subparsers(required=True, metavar="topic")
    for name, (line, module) in TOPICS.items():
        found = topics.add_parser(name, help=line)
        if name == chosen:
            import_module(module).add(found)
    return parser
