"""`tenantry`: what an operator does by hand."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console
from rich.table import Table
from rich.text import Text

from tenantry.operate import streaming
from tenantry.operate.control import ControlApiError, UnfinishedError
from tenantry.operate.dead_letters import DeadLetterQueues, Message, NotUnderstoodError, ReplayError
from tenantry.operate.devices import commands as devices
from tenantry.operate.devices.errors import DeviceCommandError
from tenantry.operate.environment import LOCAL, STATE_FOLDER, Environment, EnvironmentNotReadyError
from tenantry.operate.masking import masked
from tenantry.operate.openapi import export
from tenantry.operate.preflight import commands as preflight
from tenantry.operate.preflight.assembly import NotSynthesizedError
from tenantry.operate.teardown import commands as teardown
from tenantry.operate.teardown.errors import TeardownRefusedError
from tenantry.operate.users import commands as users

if TYPE_CHECKING:
    from collections.abc import Sequence

EXIT_LEFT: Final = 1
EXIT_USAGE: Final = 2
DOCUMENTS: Final = Path("docs/openapi")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return the exit status.

    0 if all is done, 1 if dead letters could not be replayed, 2 if the command could not be carried out.
    """
    parsed = _parser().parse_args(arguments)
    console, errors = Console(soft_wrap=True), Console(stderr=True, soft_wrap=True)
    try:
        load = getattr(parsed, "load", Environment.load)
        environment = load(parsed.env, state=parsed.state, app=parsed.app)
        return int(parsed.run(environment, parsed, console))
    except (
        EnvironmentNotReadyError,
        LookupError,
        DeviceCommandError,
        ControlApiError,
        UnfinishedError,
        NotSynthesizedError,
        TeardownRefusedError,
    ) as error:
        errors.print(Text(str(error.args[0]), style="red"))
    except (BotoCoreError, ClientError) as error:
        errors.print(Text(f"AWS refused the call or is unreachable: {error}", style="red"))
    return EXIT_USAGE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="tenantry", description="Operate a deployed Tenantry environment.")
    topics = parser.add_subparsers(required=True, metavar="topic")
    letters = topics.add_parser("dead-letters", help="inspect and replay dead-letter queues", description=_LETTERS)
    commands = letters.add_subparsers(required=True, metavar="command")
    environment = _environment_options()
    choice = _choice_options()

    listing = commands.add_parser("list", parents=[environment], help="count the dead-letter messages in each queue")
    listing.set_defaults(run=_list)

    showing = commands.add_parser("show", parents=[environment, choice], help="show the dead-letter messages")
    showing.add_argument("--reveal", action="store_true", help="do not mask names and e-mail addresses")
    showing.set_defaults(run=_show)

    replaying = commands.add_parser("replay", parents=[environment, choice], help="retry what has failed")
    replaying.add_argument("--dry-run", action="store_true", help="only list what would be replayed")
    replaying.set_defaults(run=_replay)

    devices.add(topics, environment)
    users.add(topics, environment)
    streaming.add(topics, environment)
    preflight.add(topics, environment)
    teardown.add(topics, environment)

    openapi = topics.add_parser("openapi", help="export the APIs' OpenAPI documents")
    exporting = openapi.add_subparsers(required=True, metavar="command").add_parser(
        "export", parents=[environment], help="write the OpenAPI document of each deployed API"
    )
    exporting.add_argument(
        "--out", type=Path, default=DOCUMENTS, metavar="DIR", help=f"the target folder (default: {DOCUMENTS})"
    )
    exporting.set_defaults(run=_export)
    return parser


_LETTERS: Final = (
    "List, show and replay dead-letter messages: events that a state machine failed to process, that EventBridge could "
    "not deliver, or that a function could not publish. See docs/operations.md."
)


def _environment_options() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(add_help=False)
    options.add_argument("--env", default=LOCAL, help="the environment (default: local)")
    options.add_argument("--app", help="the application's name (default: $APP_NAME, else tenantry)")
    options.add_argument(
        "--state",
        type=Path,
        default=STATE_FOLDER,
        metavar="DIR",
        help="the folder with the deployment's outputs (default: .local)",
    )
    return options


def _choice_options() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(add_help=False)
    options.add_argument("--queue", metavar="NAME", help="only this queue, by its name in `list`")
    options.add_argument("--limit", type=_positive, metavar="N", help="maximum number of messages (default: all)")
    return options


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return number


def _list(environment: Environment, parsed: argparse.Namespace, console: Console) -> int:
    table = Table(title=f"Dead-letter messages of '{parsed.env}'", title_justify="left")
    table.add_column("Queue")
    table.add_column("Waiting", justify="right")
    for queue, depth in DeadLetterQueues(environment).depths().items():
        table.add_row(queue, Text(str(depth), style="yellow" if depth else "green"))
    console.print(table)
    return 0


def _show(environment: Environment, parsed: argparse.Namespace, console: Console) -> int:
    count = 0
    for message in DeadLetterQueues(environment).messages(parsed.queue, parsed.limit):
        count += 1
        console.rule(Text(f"{message.queue}  {message.sent:%Y-%m-%d %H:%M:%S} UTC  {message.id}"), align="left")
        told = _told(message)
        console.print(Text(json.dumps(told if parsed.reveal else masked(told), indent=2, ensure_ascii=False)))
    console.print(f"{count} shown." if count else "No dead-letter messages.")
    return 0


def _told(message: Message) -> dict[str, Any]:
    try:
        letter = message.read()
    except NotUnderstoodError as error:
        # What nobody understands may hold anything: its content stays out of the terminal.
        return {"notUnderstood": str(error), "characters": len(message.body)}
    event = dict(letter.event)
    if isinstance(event.get("Detail"), str):
        event["Detail"] = _parsed(event["Detail"])
    return {
        "kind": letter.kind.value,
        "error": letter.error,
        "cause": _parsed(letter.cause),
        "execution": letter.execution,
        "goesTo": letter.destination,
        "event": event,
    }


def _parsed(text: str) -> Any:  # noqa: ANN401 - whatever JSON the text holds
    try:
        return json.loads(text)
    except ValueError:
        return text


def _replay(environment: Environment, parsed: argparse.Namespace, console: Console) -> int:
    queues = DeadLetterQueues(environment)
    done = left = 0
    for message in queues.messages(parsed.queue, parsed.limit):
        name = f"{message.queue} {message.id}"
        try:
            letter = queues.replay(message, dry_run=parsed.dry_run)
        except (NotUnderstoodError, ReplayError) as error:
            left += 1
            console.print(Text(f"left          {name}: {masked(str(error))}", style="yellow"))
        else:
            done += 1
            word = "would replay " if parsed.dry_run else "replayed     "
            console.print(
                Text(f"{word} {name}: {letter.kind.value}, {letter.error or 'no error given'}", style="green")
            )
    console.print(f"{done} {'to be replayed' if parsed.dry_run else 'replayed'}, {left} left.")
    return EXIT_LEFT if left else 0


def _export(environment: Environment, parsed: argparse.Namespace, console: Console) -> int:
    for path in export(environment, parsed.out):
        console.print(Text(str(path)))
    return 0
