"""`tenantry users`: what is asked of the terminal, and what it shows."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

from rich.table import Table
from rich.text import Text

from tenantry.operate.commands import Commands, positive, print_json
from tenantry.operate.control import ControlApi, ControlApiError, UnfinishedError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterator, Mapping

    from rich.console import Console

    from tenantry.operate.environment import Environment

_LEFT: Final = 1
_PAGE: Final = 60
_COLOURS: Final = {"active": "green", "blocked": "red", "deleted": "red", "differs": "yellow"}
_ABOUT: Final = (
    "List, show, block, unblock, sign out and delete user accounts, in the user pool and the directory together. "
    "Each command is safe to repeat. Exit status: 0 all done, 1 not all done, 2 nothing done. See docs/operations.md."
)
_DONE: Final = {
    "block": ("blocked", "was already blocked"),
    "unblock": ("unblocked", "was not blocked"),
    "signOut": ("signed out everywhere", "was already signed out a moment ago"),
    "delete": ("deleted", "was already deleted"),
}


def add(topic: argparse.ArgumentParser) -> None:
    """Add the topic's commands."""
    commands = Commands(topic, _ABOUT)

    def with_json(
        name: str, run: Callable[..., int], line: str, description: str | None = None
    ) -> argparse.ArgumentParser:
        command = commands.add(name, run, line, description)
        command.add_argument("--json", action="store_true", help="print JSON")
        return command

    listing = with_json("list", _list, "list accounts and their states")
    listing.add_argument("--email", metavar="ADDRESS", help="only the account with this e-mail address")
    listing.add_argument("--limit", type=positive, metavar="N", help="maximum number of accounts (default: all)")
    showing = with_json("show", _show, "show an account in the user pool and the directory, and its tenants")
    blocking = with_json(
        "block",
        _block,
        "block an account",
        "End all sessions of an account, refuse sign-in and suspend its admin roles. Memberships and roles "
        "stay, and take effect again when it is unblocked. The command lists tenants that are left without an admin.",
    )
    unblocking = with_json(
        "unblock", partial(_change, method="DELETE", path="block"), "unblock an account; the user must sign in again"
    )
    signing_out = with_json(
        "sign-out", partial(_change, method="DELETE", path="sessions"), "end all sessions of an account"
    )
    deleting = with_json(
        "delete",
        _delete,
        "delete an account and its personal data permanently",
        "Delete an account from the user pool, and its address, name, memberships, roles and invitations "
        "from the directory. The id, the time and the operator stay recorded. This cannot be undone.",
    )
    for command in (showing, blocking, unblocking, signing_out, deleting):
        command.add_argument("id", metavar="ID", help="the user's id, as `tenantry users list` shows it")
    blocking.add_argument("--reason", required=True, help="the reason; stored with the account")
    deleting.add_argument("--confirm", metavar="ID", help="the user's id again, to confirm; required")
    reconciling = with_json(
        "reconcile",
        _reconcile,
        "find and repair differences between the user pool and the directory",
        "Compare all accounts and tenants, and repair differences. This also runs every 5 minutes. "
        "Exit status 1: differences are left (with --dry-run: differences were found).",
    )
    reconciling.add_argument("--dry-run", action="store_true", help="only list the differences")


def _pages(api: ControlApi, email: str | None, limit: int | None) -> Iterator[Mapping[str, Any]]:
    after, left = None, limit
    while left is None or left > 0:
        size = _PAGE if left is None else min(left, _PAGE)
        page = api.call("GET", "users", query={"email": email, "limit": str(size), "after": after})
        yield from page["users"]
        left = None if left is None else left - len(page["users"])
        after = page.get("next")
        if after is None:
            return


def _list(environment: Environment, parsed: argparse.Namespace, console: Console) -> int:
    users = list(_pages(ControlApi(environment), parsed.email, parsed.limit))
    if parsed.json:
        return print_json(users)
    table = Table(title=f"Accounts of '{parsed.env}'", title_justify="left")
    for column in ("Id", "Address", "Name", "State"):
        table.add_column(column, overflow="fold", no_wrap=column == "Id")  # an id is for copying
    for user in users:
        state = Text(user["state"], _COLOURS.get(user["state"], "yellow"))
        table.add_row(user["userId"], Text(user["email"]), Text(user["name"]), state)
    console.print(table)
    return 0


def _show(environment: Environment, parsed: argparse.Namespace, console: Console) -> int:
    user = ControlApi(environment).call("GET", "users", parsed.id)
    if parsed.json:
        return print_json(user)
    console.print(Text(f"{user['userId']}  {user['state']}", _COLOURS.get(user["state"], "yellow")))
    for place in ("pool", "directory"):
        console.print(f"{place}:" if place in user else f"{place}: nothing")
        for name, value in user.get(place, {}).items():
            console.print(Text(f"  {name}: {value}"))
    console.print("tenants:" if user["tenants"] else "tenants: none")
    for tenant in user["tenants"]:
        without = "  (no active admin)" if tenant["withoutAdmin"] else ""
        console.print(Text(f"  {tenant['tenantId']}  {', '.join(tenant['roles'])}{without}"))
    return 0


def _block(environment: Environment, parsed: argparse.Namespace, console: Console) -> int:
    return _change(environment, parsed, console, "PUT", "block", body={"reason": parsed.reason})


def _delete(environment: Environment, parsed: argparse.Namespace, console: Console) -> int:
    if parsed.confirm != parsed.id:
        raise ControlApiError(
            f"Nothing was deleted, because it cannot be undone. To confirm, pass --confirm {parsed.id}"
        )
    return _change(environment, parsed, console, "DELETE")


def _change(
    environment: Environment,
    parsed: argparse.Namespace,
    console: Console,
    method: str,
    path: str = "",
    *,
    body: Mapping[str, Any] | None = None,
) -> int:
    try:
        done = ControlApi(environment).call(method, "users", parsed.id, *filter(None, [path]), body=body)
    except UnfinishedError as error:
        console.print(Text(str(error), "yellow"))
        return _LEFT
    if parsed.json:
        return print_json(done)
    word = _DONE[done["change"]][0 if done["changed"] else 1]
    console.print(Text(f"{done['userId']} {word}", "green"))
    for tenant in done["tenantsWithoutAdmin"]:
        console.print(Text(f"The tenant {tenant} has no active admin now", "yellow"))
    return 0


def _reconcile(environment: Environment, parsed: argparse.Namespace, console: Console) -> int:
    api, place = ControlApi(environment), None
    found: list[dict[str, Any]] = []
    users = tenants = 0
    unfinished = ""
    while True:
        try:
            body = {"dryRun": parsed.dry_run, **({"next": place} if place else {})}
            part = api.call("POST", "users", "reconciliations", body=body)
        except UnfinishedError as error:
            unfinished = str(error)
            break
        found += part["differences"]
        users, tenants = users + part["users"], tenants + part["tenants"]
        place = part.get("next")
        if place is None:
            break
    left = sum(not one["repaired"] for one in found)
    if parsed.json:
        report = {"dryRun": parsed.dry_run, "users": users, "tenants": tenants, "differences": found}
        print_json({**report, **({"unfinished": unfinished} if unfinished else {})})
        return _LEFT if left or unfinished else 0
    for one in found:
        word, colour = ("repaired", "green") if one["repaired"] else ("differs ", "yellow")
        remedy = f": {one['remedy']}" if one.get("remedy") else ""
        console.print(Text(f"{word}  {one['kind']}  {one.get('userId') or one.get('tenantId')}{remedy}", colour))
    console.print(f"{users} accounts and {tenants} tenants compared: {len(found)} differ, {left} left.")
    if unfinished:
        console.print(Text(unfinished, "yellow"))
    return _LEFT if left or unfinished else 0
