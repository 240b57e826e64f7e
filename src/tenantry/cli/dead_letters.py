"""`tenantry dead-letters`: inspect and replay what failed for good."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING, Any, Final

from rich.table import Table
from rich.text import Text

from tenantry.operate.dead_letters import DeadLetterQueues, Message, NotUnderstoodError, ReplayError
from tenantry.operate.masking import masked

if TYPE_CHECKING:
    from rich.console import Console

    from tenantry.operate.environment import Environment

    _Topics = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001 - it has no public name

EXIT_LEFT: Final = 1
_ABOUT: Final = (
    "List, show and replay dead-letter messages: events that a state machine failed to process, that EventBridge could "
    "not deliver, or that a function could not publish. See docs/operations.md."
)


def add(topics: _Topics, environment: argparse.ArgumentParser) -> None:
    """Add the topic to the command's parser."""
    commands = topics.add_parser("dead-letters", description=_ABOUT).add_subparsers(required=True, metavar="command")
    choice = _choice_options()

    listing = commands.add_parser("list", parents=[environment], help="count the dead-letter messages in each queue")
    listing.set_defaults(run=_list)

    showing = commands.add_parser("show", parents=[environment, choice], help="show the dead-letter messages")
    showing.add_argument("--reveal", action="store_true", help="do not mask names and e-mail addresses")
    showing.set_defaults(run=_show)

    replaying = commands.add_parser("replay", parents=[environment, choice], help="retry what has failed")
    replaying.add_argument("--dry-run", action="store_true", help="only list what would be replayed")
    replaying.set_defaults(run=_replay)


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
