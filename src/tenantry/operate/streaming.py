"""`tenantry streaming`: start, stop and look at the application that brings records into the lake."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError
from rich.text import Text

from tenantry.operate.commands import Commands

if TYPE_CHECKING:
    import argparse

    from rich.console import Console

    from tenantry.operate.environment import Environment

_ABOUT: Final = (
    "CloudFormation creates the streaming application but does not start it. Start it once after the first deployment; "
    "later deployments restart it from a snapshot. See docs/ingestion.md."
)
_AT_REST: Final = frozenset({"READY", "RUNNING"})
_SECONDS: Final = 900
_POLL_SECONDS: Final = 2.0
EXIT_NOT_DONE: Final = 1


def add(topic: argparse.ArgumentParser) -> None:
    """Add the topic's commands."""
    commands = Commands(topic, _ABOUT)
    start = partial(_change, wanted="RUNNING", to_do="start_application")
    stop = partial(_change, wanted="READY", to_do="stop_application")
    commands.add("start", start, "start it, from its latest snapshot if one exists; no effect if it runs")
    commands.add("stop", stop, "stop it with a snapshot; records stay in the stream for its retention time")
    commands.add("status", _status, "print its status")


def _status(environment: Environment, _: argparse.Namespace, console: Console) -> int:
    detail = environment.aws.flink.describe_application(ApplicationName=_name(environment))["ApplicationDetail"]
    console.print(Text(f"{detail['ApplicationName']}: {detail['ApplicationStatus']}"))
    return 0 if detail["ApplicationStatus"] == "RUNNING" else EXIT_NOT_DONE


def _change(environment: Environment, _: argparse.Namespace, console: Console, *, wanted: str, to_do: str) -> int:
    """Bring the application into a state and wait for it."""
    client, name = environment.aws.flink, _name(environment)
    if _at_rest(client, name) != wanted:
        try:
            getattr(client, to_do)(ApplicationName=name)
        except ClientError as error:
            # Somebody else was a moment faster; what counts is where it comes to rest.
            if error.response["Error"]["Code"] != "ResourceInUseException":
                raise
    reached = _at_rest(client, name)
    console.print(Text(f"{name}: {reached}"))
    return 0 if reached == wanted else EXIT_NOT_DONE


def _at_rest(client: Any, name: str) -> str:  # noqa: ANN401 - boto3's client
    """Return the state in which the application comes to rest, or is after a quarter of an hour."""
    deadline = time.monotonic() + _SECONDS
    while True:
        status = str(client.describe_application(ApplicationName=name)["ApplicationDetail"]["ApplicationStatus"])
        if status in _AT_REST or time.monotonic() > deadline:
            return status
        time.sleep(_POLL_SECONDS)


def _name(environment: Environment) -> str:
    return environment.output("ingestion", "StreamingApplicationName")
