"""`tenantry dead-letters`: inspect and replay what failed for good."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from rich.table import Table
from rich.text import Text

from tenantry.operate.commands import Commands, positive
from tenantry.operate.dead_letters import DeadLetterQueues, Message, NotUnderstoodError, ReplayError
from tenantry.operate.masking import masked

if TYPE_CHECKING:
    import argparse

    from rich.console import Console

    from tenantry.operate.environment import Environment

EXIT_LEFT: Final = 1
_ABOUT: Final = (
    "List, show and replay dead-letter messages: events that a state machine failed to process, that EventBridge could "
    "not deliver, or that a function could not publish. See docs/operations.md."
)


def add(topic: argparse.ArgumentParser) -> None:
    """Add the topic's commands."""
    commands = Commands(topic, _ABOUT)
    commands.add("list", _list, "count the dead-letter messages in each queue")
    showing = commands.add("show", _show, "show the dead-letter messages")
    replaying = commands.add("replay", _replay, "retry what has failed")
    for command in (showing, replaying):
        command.add_argument("--queue", metavar="NAME", help="only this queue, by its name in `list`")
        command.add_argument("--limit", type=positive, metavar="N", help="maximum number of messages (default: all)")
    showing.add_argument("--reveal", action="store_true", help="do not mask names and e-mail addresses")
    replaying.add_argument("--dry-run", action="store_true", help="only list what would be replayed")


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
        shown = _shown(message)
        console.print(Text(json.dumps(shown if parsed.reveal else masked(shown), indent=2, ensure_ascii=False)))
    console.print(f"{count} shown." if count else "No dead-letter messages.")
    return 0


def _shown(message: Message) -> dict[str, Any]:
    try:
        failure = message.read()
    except NotUnderstoodError as error:
        # What nobody understands may hold anything: its content stays out of the terminal.
        return {"notUnderstood": str(error), "characters": len(message.body)}
    event = dict(failure.event)
    if isinstance(event.get("Detail"), str):
        event["Detail"] = _parsed(event["Detail"])
    return {
        "kind": failure.kind.value,
        "error": failure.error,
        "cause": _parsed(failure.cause),
        "execution": failure.execution,
        "goesTo": failure.destination,
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
            failure = queues.replay(message, dry_run=parsed.dry_run)
        except (NotUnderstoodError, ReplayError) as error:
            left += 1
            console.print(Text(f"left          {name}: {masked(str(error))}", style="yellow"))
        else:
            done += 1
            word = "would replay " if parsed.dry_run else "replayed     "
            console.print(
                Text(f"{word} {name}: {failure.kind.value}, {failure.error or 'no error given'}", style="green")
            )
    console.print(f"{done} {'to be replayed' if parsed.dry_run else 'replayed'}, {left} left.")
    return EXIT_LEFT if left else 0
