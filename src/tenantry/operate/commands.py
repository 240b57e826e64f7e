"""What the commands of `tenantry` share: their options, JSON on standard output, and the error that ends one."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class CommandError(Exception):
    """A command cannot be carried out; the message says why, and what to do."""


class Commands:
    """The commands of a topic.

    Parameters
    ----------
    topic
        The topic's parser.
    about
        What its help says.
    """

    def __init__(self, topic: argparse.ArgumentParser, about: str | None = None) -> None:
        topic.description = about
        self._commands = topic.add_subparsers(required=True, metavar="command")

    def add(
        self, name: str, run: Callable[..., int], line: str, description: str | None = None
    ) -> argparse.ArgumentParser:
        """Add a command, which runs on an environment.

        Parameters
        ----------
        name
            What is typed.
        run
            Takes the environment, the parsed arguments and the console, and returns the exit status.
        line, description
            Its line in the topic's help, and what its own help says.
        """
        command = self._commands.add_parser(name, help=line, description=description)
        on_environment(command, run)
        return command


def on_environment(command: argparse.ArgumentParser, run: Callable[..., int]) -> None:
    """Make a command run on an environment, which its options choose."""
    command.add_argument("--env", default="local", help="the environment (default: local)")
    command.add_argument("--app", help="the application's name (default: $APP_NAME, else tenantry)")
    command.add_argument(
        "--state",
        type=Path,
        default=Path(".local"),
        metavar="DIR",
        help="the folder with the deployment's outputs (default: .local)",
    )
    command.set_defaults(run=run)


def positive(text: str) -> int:
    """Return an argument that is a number from 1 on."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return number


def print_json(value: object) -> int:
    """Print a value for programs, and return the exit status of success."""
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False) + "\n")
    return 0
