"""The files of a local cloud, its ports and its constants."""

import json
import os
import secrets
import socket
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tenantry.local.errors import LocalCloudError

ACCOUNT = "000000000000"
REGION = "us-east-1"
HOST = "127.0.0.1"
_HIGHEST_PORT = 65535

#: The port to use instead of a free one.
PORT_VARIABLE = "TENANTRY_PORT"
#: Names of gaps to leave open, separated by commas. With it a test shows that it fails without a gap.
WITHOUT_GAPS_VARIABLE = "TENANTRY_WITHOUT_GAPS"

# Variables of the emulator's process beside MiniStack's own.
FOLDER_VARIABLE = "TENANTRY_LOCAL_FOLDER"
VERSION_VARIABLE = "TENANTRY_LOCAL_VERSION"
INTERPRETER_VARIABLE = "TENANTRY_LOCAL_INTERPRETER"
PAGE_PORT_VARIABLE = "TENANTRY_LOCAL_PAGE_PORT"
CREDENTIALS_PORT_VARIABLE = "TENANTRY_LOCAL_CREDENTIALS_PORT"


def find_project(start: Path | None = None) -> Path:
    """Return the folder of the CDK app: the nearest one with a `cdk.json`, upwards from a folder.

    Parameters
    ----------
    start
        That folder; the current one when not given.

    Raises
    ------
    LocalCloudError
        There is no `cdk.json`.
    """
    folder = (start or Path.cwd()).absolute()
    for found in (folder, *folder.parents):
        if (found / "cdk.json").is_file():
            return found
    raise LocalCloudError(
        f"There is no cdk.json in {folder} or in a folder above it. "
        "Go to the folder of the CDK app, or name it: --project DIR"
    )


@dataclass(frozen=True, kw_only=True)
class RootKey:
    """The access key of the account's root user, random for every installation."""

    access_key_id: str
    secret_access_key: str


class StateFolder:
    """The files of one local cloud.

    Parameters
    ----------
    root
        The folder, `.local` for the project's own cloud.

    Attributes
    ----------
    home
        The emulator's own files.
    outputs
        The stacks' outputs, with URLs that answer on this machine.
    env
        Shell exports for curl, boto3 and the AWS CLI.
    tls
        The local CA, the server's certificate and the bundle for clients.
    ca_bundle
        The public CAs and the local one.
    temporary
        The emulator's `TMPDIR`.
    saved
        The services' state, written on a clean stop.
    objects
        The objects of S3.
    worker_python
        The interpreter that runs Lambda functions, with the packages that AWS gives them and no others.
    mail
        One file for each address that the cloud has written to.
    flink
        One folder for each streaming application: its code, log, checkpoints and savepoints.
    assembly
        The synthesized cloud assembly.
    synthesized
        A digest of what the assembly was synthesized from, except what only functions' bundles hold.
    raw_outputs
        The outputs of every stack as the CDK CLI writes them.
    new_outputs
        Those of the stacks that were deployed last.
    log
        What the emulator prints.
    deploy_log
        What the CDK CLI prints.
    lock
        Held by the running emulator, and released when its process ends.
    turn
        Held by the process that starts, deploys to or stops the emulator.
    process
        Process id, port and code version of the running emulator.
    layout
        Which version of its layout this folder has.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.home = self.root / "cloud"
        self.outputs = self.root / "outputs.json"
        self.env = self.root / "env"
        self.tls = self.home / "tls"
        self.ca_bundle = self.tls / "ca-bundle.pem"
        self.temporary = self.home / "tmp"
        self.saved = self.home / "saved"
        self.objects = self.home / "s3"
        self.worker_python = self.home / "python"
        self.mail = self.home / "mail"
        self.flink = self.home / "flink"
        self.assembly = self.home / "cdk.out"
        self.synthesized = self.home / "synthesized.json"
        self.raw_outputs = self.home / "cdk-outputs.json"
        self.new_outputs = self.home / "cdk-outputs-new.json"
        self.log = self.home / "emulator.log"
        self.deploy_log = self.home / "deploy.log"
        self.lock = self.home / "lock"
        self.turn = self.home / "turn"
        self.process = self.home / "process.json"
        self.layout = self.home / "layout.json"

    def create(self) -> None:
        """Make the folders, readable by their owner only."""
        for folder in (self.root, self.home, self.temporary, self.saved, self.objects, self.mail):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.home.chmod(0o700)

    def root_key(self) -> RootKey:
        """Return the root access key, made at the first call, and again when its file has none."""
        path = self.home / "root-key.json"
        known = read_fields(path, access_key_id=str, secret_access_key=str)
        if known is None:
            # Neither guessable nor of the shape of a session key (ASIA...) or an account id, which mean something else.
            known = {
                "access_key_id": "AKIA"
                + "".join(secrets.choice("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") for _ in range(16)),
                "secret_access_key": secrets.token_urlsafe(30),
            }
            write_private(path, json.dumps(known))
        return RootKey(**known)

    def port(self) -> int:
        """Return the port of the gateway: the configured one, else the one used before if it is free, else a free one.

        Raises
        ------
        LocalCloudError
            When the configured port is none, or is in use.
        """
        configured = os.environ.get(PORT_VARIABLE, "").strip()
        if configured:
            if not configured.isdigit() or not 0 < int(configured) <= _HIGHEST_PORT:
                raise LocalCloudError(f"{PORT_VARIABLE} must be a port number, not {configured!r}.")
            if port_answers(int(configured)):
                raise LocalCloudError(
                    f"Port {configured} of {HOST} is in use by another process. "
                    f"Stop it, or set {PORT_VARIABLE} to another port, or unset it to use a free one."
                )
            return int(configured)
        return self._port("port")

    def credentials_port(self) -> int:
        """Return the port of IoT's credentials provider: the one used before if it is free, else a free one."""
        return self._port("credentials-port")

    def page_port(self) -> int:
        """Return the port of the page for browsers: the one used before if it is free, else a free one."""
        return self._port("page-port")

    def _port(self, name: str) -> int:
        path = self.home / name
        used_before = read_json(path)  # a number is JSON
        if is_port(used_before) and not port_answers(used_before):
            return int(used_before)
        port = free_port()
        path.write_text(str(port))
        return port


def is_port(value: object) -> bool:
    """Return whether the value is the number of a port."""
    return type(value) is int and 0 < value <= _HIGHEST_PORT


def free_port() -> int:
    """Return a port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def port_answers(port: int) -> bool:
    """Return whether something listens on the port."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((HOST, port)) == 0


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read, whole or not at all."""
    descriptor, staging = tempfile.mkstemp(dir=path.parent)  # created with mode 0600
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    Path(staging).replace(path)


def read_json(path: Path) -> Any:  # noqa: ANN401 - whatever the file holds
    """Return the file's content, or None when there is none to read: no file, or one that is no JSON."""
    try:
        return json.loads(path.read_text())
    except (FileNotFoundError, IsADirectoryError, ValueError):  # neither JSON nor, perhaps, text
        return None


def read_fields(path: Path, **fields: type) -> dict[str, Any] | None:
    """Return the named fields of a JSON file, or None when one is missing or of another type.

    Another version of this program may have written the file: what it knows besides is left out.
    """
    found = read_json(path)
    if not isinstance(found, dict) or any(type(found.get(name)) is not kind for name, kind in fields.items()):
        return None
    return {name: found[name] for name in fields}
