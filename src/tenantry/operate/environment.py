"""A deployed environment as an operator finds it: its stacks' outputs, and credentials to work on it."""

from __future__ import annotations

import json
import os
import shlex
import socket
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from tenantry.operate.aws import Aws
from tenantry.operate.commands import CommandError

if TYPE_CHECKING:
    from collections.abc import Mapping

LOCAL: Final = "local"
_NEEDED: Final = ("common", "user", "tenant")
STACKS: Final = (*_NEEDED, "control", "membership", "storage", "ingestion", "parks", "employees", "dashboard")
STATE_FOLDER: Final = Path(".local")
_DEFAULT_APP: Final = "tenantry"


class EnvironmentNotReadyError(CommandError):
    """The environment cannot be worked on as things are; the message says what to do."""


@dataclass(frozen=True, kw_only=True)
class Environment:
    """One deployment of Tenantry.

    Attributes
    ----------
    name
        Its name, such as ``local`` or ``dev``.
    app
        The application's name, the prefix of its stacks.
    outputs
        The outputs of each stack, by the stack's name.
    aws
        The operator's clients.
    """

    name: str
    app: str
    outputs: Mapping[str, Mapping[str, str]]
    aws: Aws

    @classmethod
    def load(cls, name: str = LOCAL, *, state: Path = STATE_FOLDER, app: str | None = None) -> Environment:
        """Find an environment.

        Parameters
        ----------
        name
            ``local`` for the local cloud; any other is in the AWS account of the operator's own credentials.
        state
            The folder that `make up` and `make deploy` write outputs into.
        app
            The application's name; by default that of ``APP_NAME``, else ``tenantry``.

        Raises
        ------
        EnvironmentNotReadyError
            It is not deployed, does not answer, or the credentials do not reach it.
        """
        path = state / ("outputs.json" if name == LOCAL else f"outputs.{name}.json")
        if name == LOCAL and not path.is_file():
            raise EnvironmentNotReadyError(f"The local cloud is not running: {_remedy(LOCAL)}")
        place = cls.reach(name, state=state, app=app)
        outputs = json.loads(path.read_text()) if path.is_file() else _described(name, place.app, place.aws)
        return replace(place, outputs=outputs)

    @classmethod
    def reach(cls, name: str = LOCAL, *, state: Path = STATE_FOLDER, app: str | None = None) -> Environment:
        """Return the place of an environment, deployed or not: there are no outputs.

        Parameters
        ----------
        name, state, app
            As `load` takes them.

        Raises
        ------
        EnvironmentNotReadyError
            It does not answer, or there is no region.
        """
        if name == LOCAL:
            aws, variables = _local_aws(state)
            return cls(name=LOCAL, app=app or variables.get("APP_NAME", _DEFAULT_APP), outputs={}, aws=aws)
        app = app or os.environ.get("APP_NAME") or _DEFAULT_APP
        return cls(name=name, app=app, outputs={}, aws=_remote_aws(name))

    def output(self, stack: str, key: str) -> str:
        """Return one output of a stack, named without the application's prefix."""
        full = f"{self.app}-{stack}"
        try:
            return self.outputs[full][key]
        except KeyError:
            raise EnvironmentNotReadyError(
                f"The environment '{self.name}' has no output {key} of the stack {full}: {_remedy(self.name)}"
            ) from None

    def outputs_ending(self, suffix: str) -> dict[str, str]:
        """Return the outputs of all stacks whose key ends so, by what precedes the ending."""
        return {
            key.removesuffix(suffix): value
            for outputs in self.outputs.values()
            for key, value in sorted(outputs.items())
            if key.endswith(suffix)
        }


def _remedy(name: str) -> str:
    return "run `make up` first." if name == LOCAL else f"run `make deploy ENV={name}` first."


def _local_aws(state: Path) -> tuple[Aws, Mapping[str, str]]:
    exports = state / "env"
    if not exports.is_file():
        raise EnvironmentNotReadyError(f"The local cloud is not running: {_remedy(LOCAL)}")
    variables = _exports(exports.read_text())
    session = boto3.Session(
        aws_access_key_id=variables["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=variables["AWS_SECRET_ACCESS_KEY"],
        region_name=variables["AWS_REGION"],
    )
    # The cloud's own authority alone: reading the whole bundle takes some 50 ms for each connection.
    bundle = Path(variables["AWS_CA_BUNDLE"])
    authority = bundle.with_name("ca.pem")
    trusted = str(authority if authority.is_file() else bundle)
    aws = Aws(session, endpoint_url=variables["AWS_ENDPOINT_URL"], ca_bundle=trusted)
    address = urlsplit(variables["AWS_ENDPOINT_URL"])
    try:
        # Asked without the SDK's patience first: a cloud that is down is found out at once.
        socket.create_connection((address.hostname or "", address.port or 443), timeout=5).close()
        aws.sts.get_caller_identity()
    except (OSError, BotoCoreError, ClientError) as error:
        raise EnvironmentNotReadyError(
            f"The local cloud does not answer at {aws.endpoint_url} ({type(error).__name__}): {_remedy(LOCAL)}"
        ) from error
    return aws, variables


def _exports(text: str) -> dict[str, str]:
    """Read ``export NAME=value`` lines as a shell would."""
    words = shlex.split(text, comments=True)
    return dict(word.split("=", 1) for word in words if "=" in word)


def _remote_aws(name: str) -> Aws:
    if endpoint := os.environ.get("AWS_ENDPOINT_URL"):
        raise EnvironmentNotReadyError(
            f"AWS_ENDPOINT_URL is {endpoint}, so calls meant for '{name}' would go there. Unset it (a new shell does)."
        )
    # As every other SDK and the CDK read it; boto3 knows AWS_DEFAULT_REGION alone.
    aws = Aws(boto3.Session(region_name=os.environ.get("AWS_REGION") or None))
    if not aws.region:
        raise EnvironmentNotReadyError(f"No AWS region is set for '{name}'. Set AWS_REGION or AWS_PROFILE.")
    return aws


def _described(name: str, app: str, aws: Aws) -> dict[str, dict[str, str]]:
    found = {}
    for stack in STACKS:
        full = f"{app}-{stack}"
        try:
            described = aws.cloudformation.describe_stacks(StackName=full)["Stacks"][0]
        except (BotoCoreError, ClientError) as error:
            if stack not in _NEEDED:
                continue
            raise EnvironmentNotReadyError(
                f"The stack {full} of '{name}' cannot be read ({error}). Check the credentials, or {_remedy(name)}"
            ) from error
        found[full] = {output["OutputKey"]: output["OutputValue"] for output in described.get("Outputs", [])}
    return found
