"""Start and stop the deployed streaming applications, through the API that an operator has."""

from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from tenantry.local.errors import LocalCloudError
from tenantry.local.flink import installation
from tenantry.local.outputs import Outputs
from tenantry.local.progress import note, step
from tenantry.local.system import wait_until

_OUTPUT = "StreamingApplicationName"
_SECONDS = 180


def start_all(
    session: Any,  # noqa: ANN401 - a boto3 session of the local cloud
    outputs: Outputs,
    progress: Callable[[], object] = lambda: None,
) -> None:
    """Start every application that is deployed and does not run, from its latest snapshot if it has one.

    Without Flink, everything else is of use: a note says what is missing and how to get it.

    Parameters
    ----------
    session
        A session of the local cloud.
    outputs
        The outputs of the stacks.
    progress
        Returns another value as long as an application goes on with its start: the size of its log.

    Raises
    ------
    LocalCloudError
        An application does not start.
    """
    client = session.client("kinesisanalyticsv2")
    names = _names(client, outputs, "READY")
    if not names:
        return
    try:
        with nullcontext() if installation.is_ready() else step("Install Apache Flink, once"):
            installation.ensure()  # also what else it needs: an S3 plug-in and Java
    except LocalCloudError as error:
        note(f"{error}\nAll else is up. Records wait in the stream for the streaming application: make up starts it.")
        return
    for name in names:
        with step(f"Start the streaming application {name}"):
            client.start_application(ApplicationName=name)
            if not _wait(client, name, "RUNNING", progress):
                raise LocalCloudError(
                    f"The streaming application {name} did not start. See: python -m tenantry.local logs {name}"
                )


def is_running(session: Any, outputs: Outputs) -> bool:  # noqa: ANN401
    """Return whether an application is deployed and runs."""
    return bool(_names(session.client("kinesisanalyticsv2"), outputs, "RUNNING"))


def stop_all(
    session: Any,  # noqa: ANN401 - a boto3 session of the local cloud
    outputs: Outputs,
    progress: Callable[[], object] = lambda: None,
) -> None:
    """Stop every application that runs; each takes a snapshot, from which it resumes when it is started again.

    What cannot be asked, such as an emulator of another version, is not: an application then goes on from its last
    snapshot.

    Parameters
    ----------
    session, outputs, progress
        As in `start_all`.
    """
    client = session.client("kinesisanalyticsv2")
    try:
        for name in _names(client, outputs, "RUNNING"):
            with step(f"Stop the streaming application {name}"):
                client.stop_application(ApplicationName=name)
                if not _wait(client, name, "READY", progress):
                    note(f"{name} did not stop in time; it resumes from its last snapshot.")
    except (BotoCoreError, ClientError, OSError) as error:
        note(f"The streaming applications could not be stopped; they resume from their last snapshot: {error}")


def _names(client: Any, outputs: Outputs, status: str) -> list[str]:  # noqa: ANN401 - a client has no type of its own
    deployed = [values[_OUTPUT] for values in outputs.values() if _OUTPUT in values]
    return [name for name in deployed if _status(client, name) == status]


def _status(client: Any, name: str) -> str:  # noqa: ANN401
    try:
        return str(client.describe_application(ApplicationName=name)["ApplicationDetail"]["ApplicationStatus"])
    except client.exceptions.ResourceNotFoundException:  # it was deleted
        return ""


def _wait(client: Any, name: str, wanted: str, progress: Callable[[], object]) -> bool:  # noqa: ANN401
    """Wait until the application has no operation in progress, and return whether it is in the wanted state."""

    def at_rest() -> str:
        status = _status(client, name)
        return status if status in {"RUNNING", "READY"} else ""

    return wait_until(at_rest, _SECONDS, progress=progress, poll_seconds=0.5) == wanted
