"""One local cloud, as an object."""

import fcntl
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import botocore.session
from botocore.config import Config

from tenantry.local import assembly, cdk, inputs, layout, process, streaming
from tenantry.local.errors import LocalCloudError
from tenantry.local.mail import Message, latest
from tenantry.local.outputs import Outputs, connection, local, read_outputs, shell_variables, write_env, write_outputs
from tenantry.local.progress import note, step
from tenantry.local.settings import REGION, WITHOUT_GAPS_VARIABLE, StateFolder, find_project, read_json, write_private
from tenantry.local.system import size


class LocalCloud:
    """An AWS account on this machine, with IAM enforced.

    Parameters
    ----------
    state_dir
        Where it keeps its state; `.local` in the project when not given.
    project
        A folder of the CDK app, whose root is the nearest one with a `cdk.json`; the current one when not given.
    left_open
        The gaps to leave open, separated by commas; what the environment names when not given.

    Examples
    --------
    >>> cloud = LocalCloud()
    >>> cloud.start()
    >>> cloud.deploy()
    >>> cloud.session().client("sts").get_caller_identity()["Arn"]
    'arn:aws:iam::000000000000:root'
    >>> cloud.stop()
    """

    def __init__(
        self, state_dir: Path | str | None = None, *, project: Path | None = None, left_open: str | None = None
    ) -> None:
        self._project = project
        self.folder = StateFolder(find_project(project) / ".local" if state_dir is None else Path(state_dir).absolute())
        self._left_open = os.environ.get(WITHOUT_GAPS_VARIABLE, "") if left_open is None else left_open

    @property
    def endpoint(self) -> str:
        """The URL that every service answers at.

        Raises
        ------
        LocalCloudError
            When the cloud does not run.
        """
        return self._running().endpoint

    @property
    def ca_bundle(self) -> Path:
        """The public CAs and the local one, for clients that do not go through `session`."""
        return self.folder.ca_bundle

    @property
    def variables(self) -> dict[str, str]:
        """The environment variables that lead SDKs, curl and the AWS CLI here."""
        return connection(self.endpoint, self.folder.root_key(), self.ca_bundle)

    @property
    def outputs(self) -> Outputs:
        """The outputs of each stack, with URLs that answer on this machine."""
        return read_outputs(self.folder.outputs) or {}

    def output(self, name: str) -> str:
        """Return the output of that name, whichever stack has it.

        Raises
        ------
        LocalCloudError
            When none has.
        """
        found = [values[name] for values in self.outputs.values() if name in values]
        if not found:
            known = sorted({key for values in self.outputs.values() for key in values})
            raise LocalCloudError(f"No stack has the output {name!r}; there are: {', '.join(known) or 'none'}.")
        return found[0]

    def session(self, credentials: Mapping[str, str] | None = None) -> "Session":
        """Return a boto3 session that leads here.

        Parameters
        ----------
        credentials
            `AccessKeyId`, `SecretAccessKey` and `SessionToken` as STS returns them; the root key when not given.
        """
        return Session(self.endpoint, self.ca_bundle, credentials or self._root())

    def mail(self, address: str) -> Message | None:
        """Return the latest message that the cloud has sent to an address, if there is one."""
        return latest(self.folder, address)

    def start(self) -> None:
        """Start the emulator, or find it running.

        One that runs other code than this, because a gap was edited, is stopped and started again with its state.

        Raises
        ------
        LocalCloudError
            It cannot start, or a newer version has written its state.
        """
        with self._in_turn():
            layout.check(self.folder)
            running = process.find(self.folder)
            if running and running.version == process.code_version(self._left_open):
                note(f"The local cloud is running at {running.endpoint}")
            else:
                if running:
                    streaming.stop_all(self.session(), self.outputs, self._logged)
                    with step("Stop the local cloud, because its code has changed"):
                        process.stop(self.folder)
                if process.died(self.folder):
                    note("The local cloud ended without saving its state. It starts empty.")
                    self._forget()
                with step("Start the local cloud"):
                    process.start(self.folder, self._left_open)
            layout.mark(self.folder)
            self._check()

    def deploy(self, project: Path | None = None) -> None:
        """Deploy the app, unless the running cloud has just this already, and write `outputs.json` and `env`.

        Parameters
        ----------
        project
            A folder of the app; that of this object when not given.

        Raises
        ------
        LocalCloudError
            There is no CDK app, or it cannot be deployed.
        """
        found = find_project(project or self._project)
        with self._in_turn():
            raw = self._deployed(found)
            running = self._running()
            deployed = local(raw, running.endpoint, running.page)
            write_outputs(self.folder.outputs, deployed)
            write_env(self.folder.env, {**self.variables, **shell_variables(deployed)})
            streaming.start_all(self.session(), deployed, self._logged)

    def stop(self) -> bool:
        """Stop the emulator so that its state is kept; return whether it ran."""
        if not self.folder.home.exists():
            return False
        with self._in_turn():
            if process.find(self.folder):
                streaming.stop_all(self.session(), self.outputs, self._logged)
            ran = process.stop(self.folder)
            if process.died(self.folder):
                note(f"The local cloud could not save its state and will start empty. See: {self.folder.log}")
            return ran

    def remove(self) -> None:
        """Stop the emulator and remove its state, the root key and the CA."""
        if self.folder.home.exists():
            with self._in_turn():
                process.stop(self.folder)  # nothing of it is wanted any more, so nothing waits for a snapshot
        for path in (self.folder.outputs, self.folder.env):
            path.unlink(missing_ok=True)
        shutil.rmtree(self.folder.home, ignore_errors=True)

    def _deployed(self, project: Path) -> Outputs:
        """Return the outputs of the app's stacks, deployed now as far as they have changed."""
        session = self.session()
        files = inputs.read(project)
        wanted = inputs.fingerprint(project, files)
        raw = read_outputs(self.folder.raw_outputs)
        known, whole = cdk.deployed(session)
        if raw is not None and known == wanted:
            note("Nothing has changed since the last deployment")
            return raw
        if removed := cdk.clear_broken_stacks(session):
            note(f"Removed resources of an interrupted deployment: {', '.join(removed)}")
        with step("Bootstrap"):
            cdk.bootstrap(session, project)
        self.folder.deploy_log.unlink(missing_ok=True)
        stacks = self._assembled(project, files)
        if raw is None:  # all outputs are wanted
            raw, whole = {}, {}
        changed = [stack for stack in stacks if whole.get(stack.name) != stack.digest]
        unchanged = {stack.name: stack.digest for stack in stacks if stack not in changed}
        # An interrupted deployment leaves stacks of no known state.
        cdk.remember(session, "", unchanged)
        if changed:
            with step(f"Deploy {len(changed)} of {len(stacks)} stacks") as detail:
                raw |= cdk.deploy(
                    variables=self.variables,
                    assembly=self.folder.assembly,
                    outputs=self.folder.new_outputs,
                    log=self.folder.deploy_log,
                    project=project,
                    stacks=[stack.selector for stack in changed],
                    detail=detail,
                )
        present = {stack.name: raw[stack.name] for stack in stacks if stack.name in raw}
        write_outputs(self.folder.raw_outputs, present)
        cdk.remember(session, wanted, {stack.name: stack.digest for stack in stacks})
        return present

    def _assembled(self, project: Path, files: Mapping[Path, str]) -> list[assembly.Stack]:
        """Return the stacks of the app, synthesized now unless nothing has changed but files of functions."""
        folder, again = self.folder.assembly, False

        def rest() -> str:
            return inputs.fingerprint(project, files, without=assembly.functions_only(folder))

        known = read_json(self.folder.synthesized)
        self.folder.synthesized.unlink(missing_ok=True)  # until the assembly is whole again
        if known == rest():
            with step("Bundle the functions that have changed"):
                again = assembly.bundle_again(folder)
        if not again:
            with step("Synthesize"):
                cdk.synthesize(variables=self.variables, assembly=folder, log=self.folder.deploy_log, project=project)
        write_private(self.folder.synthesized, json.dumps(rest()))
        return assembly.stacks(folder)

    @contextmanager
    def _in_turn(self) -> Iterator[None]:
        """Wait until nobody else starts, deploys to or stops this cloud."""
        self.folder.create()
        with self.folder.turn.open("a") as turn:
            fcntl.flock(turn, fcntl.LOCK_EX)
            yield

    def _logged(self) -> int:
        """Return how much the streaming applications have logged so far."""
        return sum(map(size, self.folder.flink.glob("*/*.log")))

    def _running(self) -> process.Running:
        running = process.find(self.folder)
        if running is None:
            raise LocalCloudError("The local cloud is not running. Start it with: make up")
        return running

    def _root(self) -> dict[str, str]:
        root = self.folder.root_key()
        return {"AccessKeyId": root.access_key_id, "SecretAccessKey": root.secret_access_key}

    def _forget(self) -> None:
        """Remove what the emulator saved or half saved."""
        process.end_jobs(self.folder)
        for path in (self.folder.saved, self.folder.objects, self.folder.mail, self.folder.flink):
            shutil.rmtree(path, ignore_errors=True)
        for file in (self.folder.process, self.folder.raw_outputs):
            file.unlink(missing_ok=True)

    def _check(self) -> None:
        """Make a signed call, which nothing but our own emulator can answer under our CA."""
        try:
            self.session().client("sts").get_caller_identity()
        except Exception as error:
            raise LocalCloudError(
                f"The local cloud at {self.endpoint} does not answer correctly: {error}\n"
                "Start it again with: make down && make up"
            ) from error


class Session(boto3.Session):
    """A boto3 session whose clients talk to the local cloud, whatever variables, proxies and `~/.aws` say."""

    def __init__(self, endpoint: str, ca_bundle: Path, credentials: Mapping[str, str]) -> None:
        # For each setting of the person: no key in a file, no variable, this value.
        own = {"profile": None, "config_file": os.devnull, "credentials_file": os.devnull}
        unaware = botocore.session.Session({name: (None, None, value, None) for name, value in own.items()})
        super().__init__(
            botocore_session=unaware,
            aws_access_key_id=credentials["AccessKeyId"],
            aws_secret_access_key=credentials["SecretAccessKey"],
            aws_session_token=credentials.get("SessionToken"),
            region_name=REGION,
        )
        self._local = {"endpoint_url": endpoint, "verify": str(ca_bundle)}

    def client(self, service_name: str, **kwargs: Any) -> Any:  # type: ignore[override]  # noqa: ANN401
        """Return a client; keyword arguments are those of `boto3.Session.client`."""
        return super().client(service_name, **self._with_local(kwargs))  # type: ignore[call-overload]

    def resource(self, service_name: str, **kwargs: Any) -> Any:  # type: ignore[override]  # noqa: ANN401
        """Return a resource; keyword arguments are those of `boto3.Session.resource`."""
        return super().resource(service_name, **self._with_local(kwargs))  # type: ignore[call-overload]

    def _with_local(self, kwargs: dict[str, Any]) -> dict[str, Any]:
        config = Config(inject_host_prefix=False, proxies={}, s3={"addressing_style": "path"})
        return {**self._local, **kwargs, "config": config.merge(kwargs["config"]) if "config" in kwargs else config}
