"""`tenantry teardown`."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from tenantry.operate.commands import on_environment, print_json
from tenantry.operate.environment import Environment
from tenantry.operate.teardown.deployment import TeardownRefusedError, find
from tenantry.operate.teardown.plan import STACK, Item, Left, in_stacks, left_behind, made_later
from tenantry.operate.teardown.removal import Hand
from tenantry.operate.teardown.work import Teardown

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from tenantry.operate.teardown.deployment import Deployment

_ABOUT: Final = (
    "Delete an ephemeral environment: resources created at run time, the stacks, and resources that the stacks retain. "
    "It lists them from the deployed templates and asks for the application's name first. It can be stopped and run "
    "again at any time. Exit status: 0 all is deleted, 1 something is left, 2 nothing was done."
)
_KEPT: Final = frozenset({"staging", "prod"})
# There is one a function, and none says more than the others.
_MANY: Final = "AWS::Logs::LogGroup"
EXIT_LEFT: Final = 1


def add(command: argparse.ArgumentParser) -> None:
    """Make the topic a command."""
    command.description = _ABOUT
    on_environment(command, _run)
    command.add_argument("--dry-run", action="store_true", help="only list what would be deleted")
    command.add_argument("--confirm", metavar="NAME", help="the application's name, to skip the question")
    command.add_argument("--json", action="store_true", help="print the report as JSON")
    # It works when the stacks, and with them their outputs, are gone.
    command.set_defaults(load=Environment.reach)


def _run(environment: Environment, parsed: argparse.Namespace, console: Console) -> int:
    if environment.name in _KEPT:
        raise TeardownRefusedError(f"The environment '{environment.name}' keeps its data and cannot be torn down.")
    progress = Console(stderr=True, soft_wrap=True) if parsed.json else console
    try:
        return _throw_away(environment, parsed, console, progress)
    except KeyboardInterrupt:
        raise TeardownRefusedError("Stopped. Nothing was removed.") from None


def _throw_away(environment: Environment, parsed: argparse.Namespace, console: Console, progress: Console) -> int:
    app = environment.app
    identity = environment.aws.sts.get_caller_identity()
    hand = Hand(
        aws=environment.aws,
        account=identity["Account"],
        tell=lambda text: progress.print(Text(text, style="dim")),
    )
    deployment = find(environment.aws, app, environment.name)
    things, unclear = _planned(hand, deployment)
    planned = [*_stacks(deployment), *things]
    if not parsed.json or not (parsed.dry_run or parsed.confirm):
        _show(progress, deployment, things, unclear)
    if parsed.dry_run or not planned:
        return _report(parsed, console, planned=planned, removed=[], left=unclear, dry_run=parsed.dry_run)
    if not _confirmed(app, parsed.confirm, progress):
        raise TeardownRefusedError(
            f"Nothing was removed, because it cannot be undone. To confirm, type the application's name, or pass "
            f"--confirm {app}"
        )
    work = Teardown(hand, app=app, environment=environment.name)
    try:
        work.run()
    except KeyboardInterrupt:
        progress.print(Text("Stopped. Run the same command again to continue.", style="yellow"))
        return _report(parsed, console, planned=planned, removed=work.removed, left=None)
    return _report(parsed, console, planned=planned, removed=work.removed, left=work.left)


def _stacks(deployment: Deployment) -> list[Item]:
    return [
        Item(kind=STACK, id=stack.id, name=stack.name, holds=stack.status, amount=f"{len(stack.resources)} resources")
        for stack in deployment.live
    ]


def _planned(hand: Hand, deployment: Deployment) -> tuple[list[Item], list[Left]]:
    later, unclear = made_later(hand, deployment)
    kept, unknown = left_behind(hand, deployment)
    return [*later, *in_stacks(hand, deployment), *kept], [*unclear, *unknown]


def _confirmed(app: str, given: str | None, console: Console) -> bool:
    if given is None:
        if not sys.stdin.isatty():
            return False
        try:
            given = console.input(
                f"All of this is deleted permanently. Type the application's name ({app}) to continue: "
            )
        except EOFError:
            return False
    return given == app


def _show(console: Console, deployment: Deployment, planned: Sequence[Item], unclear: Sequence[Left]) -> None:
    place = f"account {deployment.account}, {deployment.region}"
    table = Table(title=f"'{deployment.mark.name}' ({deployment.mark.environment}) in {place}", title_justify="left")
    for column in ("What", "Name", "Holds", "How much"):
        table.add_column(column, overflow="fold")
    for stack in _stacks(deployment):
        table.add_row("Stack", stack.name, stack.holds, stack.amount)
    for item in planned:
        if item.kind != _MANY:
            table.add_row(_kind(item.kind), Text(item.name), Text(item.holds), item.amount)
    if groups := sum(item.kind == _MANY for item in planned):
        table.add_row(_kind(_MANY), "", "log lines", f"{groups} groups")
    console.print(table)
    for left in unclear:
        console.print(Text(f"stays: {_kind(left.kind)} {left.name}: {left.why}", style="yellow"))


def _report(
    parsed: argparse.Namespace,
    console: Console,
    *,
    planned: Sequence[Item],
    removed: Sequence[Item],
    left: Sequence[Left] | None,
    dry_run: bool = False,
) -> int:
    """Report what has come of it; of one that was stopped, nobody has looked up what is left."""
    if parsed.json:
        report: dict[str, Any] = {
            "dryRun": dry_run,
            "planned": [asdict(item) for item in planned],
            "removed": [asdict(item) for item in removed],
            "left": None if left is None else [asdict(one) for one in left],
            "stopped": left is None,
        }
        print_json(report)
    elif left is None:
        console.print(f"{len(removed)} removed so far.")
    elif not dry_run:
        console.print(f"{len(removed)} removed, {len(left)} left.")
        for one in left:
            console.print(Text(f"left: {_kind(one.kind)} {one.name}: {one.why}", style="yellow"))
    return EXIT_LEFT if (left or left is None) and not dry_run else 0


def _kind(kind: str) -> str:
    """Return a CloudFormation type in short: `S3 Bucket`."""
    return " ".join(kind.split("::")[1:])
