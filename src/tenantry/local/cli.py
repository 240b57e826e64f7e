"""`python -m tenantry.local`: the local cloud from a shell."""

import argparse
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from tenantry.local import process
from tenantry.local.cloud import LocalCloud
from tenantry.local.errors import LocalCloudError
from tenantry.local.progress import note
from tenantry.local.system import tail


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tenantry.local", description=__doc__)
    parser.add_argument(
        "--state",
        type=Path,
        help="the folder for the local cloud's state (default: .local in the CDK app's folder)",
    )
    project = argparse.ArgumentParser(add_help=False)
    project.add_argument(
        "--project", type=Path, metavar="DIR", help="the CDK app's folder (default: the nearest one with a cdk.json)"
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")

    def command(name: str, run: Callable[[LocalCloud, argparse.Namespace], int], text: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, parents=[project], help=text, description=text)
        added.set_defaults(run=run)
        return added

    up = command("up", _up, "start the local cloud and deploy every stack; fast if nothing changed")
    up.add_argument("--no-deploy", action="store_true", help="start the local cloud without deploying")
    command("stop", _stop, "stop the local cloud and keep its state for the next `up`")
    command("down", _down, "stop the local cloud and remove its state")
    command("status", _status, "print the local cloud's status and outputs")
    logs = command("logs", _logs, "print the end of the emulator's log, or of the log groups whose name contains NAME")
    logs.add_argument("name", nargs="?", help="part of a log group's name, e.g. a function's name")
    logs.add_argument("-f", "--follow", action="store_true", help="follow the emulator's log")
    logs.add_argument("-n", "--lines", type=int, default=50, help="number of lines (default: 50)")
    sent = command("mail", _mail, "print the latest message that was sent to an address")
    sent.add_argument("address", help="an e-mail address or a telephone number")

    parsed = parser.parse_args(arguments)
    try:
        return int(parsed.run(LocalCloud(parsed.state, project=parsed.project), parsed))
    except LocalCloudError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except OSError as error:  # a full disk, a file of somebody else's
        sys.stderr.write(
            f"{error}\nThe state is in {parsed.state or '.local'}. "
            "Fix the problem, or choose another folder with --state\n"
        )
        return 1


def _up(cloud: LocalCloud, parsed: argparse.Namespace) -> int:
    cloud.start()
    if not parsed.no_deploy:
        cloud.deploy()
        note(f"Ready. For curl, boto3 and the AWS CLI: . {_relative(cloud.folder.env)}")
    return 0


def _stop(cloud: LocalCloud, _: argparse.Namespace) -> int:
    note("Stopped; `make up` starts it again with its state." if cloud.stop() else "The local cloud was not running.")
    return 0


def _down(cloud: LocalCloud, _: argparse.Namespace) -> int:
    cloud.remove()
    note("The local cloud is stopped and its state is deleted.")
    return 0


def _status(cloud: LocalCloud, _: argparse.Namespace) -> int:
    running = process.find(cloud.folder)
    if running is None:
        note("The local cloud is not running. Start it with: make up")
        return 1
    if not running.port:
        note(f"The local cloud runs (process {running.pid}), but its address is unknown. Start it again: make up")
        return 1
    note(f"The local cloud runs at {running.endpoint} (process {running.pid}).")
    for stack, values in cloud.outputs.items():
        for name, value in values.items():
            note(f"  {stack}.{name} = {value}")
    return 0


def _logs(cloud: LocalCloud, parsed: argparse.Namespace) -> int:
    if parsed.name:
        return _group_logs(cloud, parsed.name, parsed.lines)
    if not cloud.folder.log.exists():
        raise LocalCloudError("There is no log: the local cloud has not been started.")
    if parsed.follow:
        return subprocess.call(["tail", f"-n{parsed.lines}", "-F", str(cloud.folder.log)])  # noqa: S603, S607
    note(tail(cloud.folder.log, parsed.lines))
    return 0


def _group_logs(cloud: LocalCloud, name: str, lines: int) -> int:
    client = cloud.session().client("logs")
    groups = [group["logGroupName"] for group in client.describe_log_groups()["logGroups"]]
    found = [group for group in groups if name.lower() in group.lower()]
    if not found:
        raise LocalCloudError(
            f"No log group's name contains {name!r}; existing log groups: {', '.join(groups) or 'none'}."
        )
    for group in found:
        events = client.filter_log_events(logGroupName=group)["events"]
        note(f"── {group}")
        for event in sorted(events, key=lambda event: event["timestamp"])[-lines:]:
            note(event["message"].rstrip())
    return 0


def _mail(cloud: LocalCloud, parsed: argparse.Namespace) -> int:
    message = cloud.mail(parsed.address)
    if message is None:
        raise LocalCloudError(f"Nothing was sent to {parsed.address}.")
    note(f"To: {message.to}\nSubject: {message.subject}\n\n{message.body}")
    return 0


def _relative(path: Path) -> Path:
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
