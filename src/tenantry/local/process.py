"""Start, find and stop the emulator's process."""

import contextlib
import hashlib
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from tenantry.flink import cache_folder
from tenantry.local import certificates, worker_python
from tenantry.local.errors import LocalCloudError
from tenantry.local.flink.job import end as end_job
from tenantry.local.settings import (
    ACCOUNT,
    CREDENTIALS_PORT_VARIABLE,
    FOLDER_VARIABLE,
    HOST,
    INTERPRETER_VARIABLE,
    PAGE_PORT_VARIABLE,
    REGION,
    VERSION_VARIABLE,
    WITHOUT_GAPS_VARIABLE,
    StateFolder,
    is_port,
    port_answers,
    read_json,
)
from tenantry.local.system import is_held, kill_group, size, tail, wait_until

_START_SECONDS = 120  # on a busy machine; a process that ends is seen at once
_STOP_SECONDS = 20
_ANEW = "If that is of its saved state, start from nothing: make down && make up"


@dataclass(frozen=True, kw_only=True)
class Running:
    """A running emulator.

    One of another version may not report all of this: an unknown port is 0.
    """

    pid: int
    port: int = 0
    page_port: int = 0
    version: str = ""

    @property
    def endpoint(self) -> str:
        """The URL that every service answers at."""
        return f"https://{HOST}:{self.port}"

    @property
    def page(self) -> str:
        """The address of the deployed page for a browser."""
        return f"http://{HOST}:{self.page_port}"


def find(folder: StateFolder) -> Running | None:
    """Return the emulator that runs on this folder, if one does.

    Raises
    ------
    LocalCloudError
        One runs, and nothing says which process it is.
    """
    return _running(folder) if is_held(folder.lock) else None


def _running(folder: StateFolder) -> Running | None:
    """Return what the running emulator has written about itself, as far as it is readable."""
    content = read_json(folder.process)
    known = content if isinstance(content, dict) else {}
    # Never a number that stands for several processes (0, negative).
    pid = next((pid for pid in (read_json(folder.lock), known.get("pid")) if type(pid) is int and pid > 1), None)
    if pid is None:
        if not folder.process.exists():
            return None  # it holds the lock and has not written the file yet
        raise LocalCloudError(
            f"A local cloud runs on {folder.home}, and {folder.process.name} does not name its process. "
            f"End it (`fuser {folder.lock}` names it), then: make down"
        )
    ports = {name: known[name] for name in ("port", "page_port") if is_port(known.get(name))}
    # With a port missing, the version is treated as unknown too.
    return Running(pid=pid, **ports, version=str(known.get("version", "")) if len(ports) == 2 else "")  # noqa: PLR2004


def died(folder: StateFolder) -> bool:
    """Return whether an emulator ran on this folder and ended without saving its state."""
    return not is_held(folder.lock) and folder.process.exists()


def code_version(left_open: str) -> str:
    """Return a digest of the local cloud's code, with the gaps that are left open."""
    digest = hashlib.sha256(left_open.encode())
    for path in sorted(Path(str(files("tenantry.local"))).rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def start(folder: StateFolder, left_open: str) -> Running:
    """Start an emulator and wait until its port answers.

    Parameters
    ----------
    folder
        Its files.
    left_open
        The gaps to leave open, separated by commas.

    Raises
    ------
    LocalCloudError
        When the configured port is taken, or the emulator ends or stays silent.
    """
    folder.create()
    port = folder.port()
    certificates.ensure(folder)
    python = worker_python.ensure(folder.worker_python)
    shutil.rmtree(folder.temporary)
    folder.create()
    with folder.log.open("a") as log:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "tenantry.local.emulator"],
            cwd=folder.home,
            env=_environment(folder, port, python, left_open),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,  # it outlives this process and its terminal
        )

    def answering() -> Running | None:
        running = find(folder) if port_answers(port) else None
        return running if running and running.port else None  # it says its port when it has its state

    wait_until(
        lambda: process.poll() is not None or answering() is not None,
        _START_SECONDS,
        progress=lambda: size(folder.log),
    )
    problem = "did not start"
    if process.poll() is None:
        if running := answering():
            return running
        kill_group(process.pid)
        process.wait()
        problem = f"did not answer, and wrote nothing for {_START_SECONDS} s"
    folder.process.unlink(missing_ok=True)  # it has served nobody: what was saved before is still good
    raise LocalCloudError(f"The local cloud {problem}. The end of {folder.log}:\n{tail(folder.log)}\n\n{_ANEW}")


def stop(folder: StateFolder) -> bool:
    """Stop the emulator so that it saves its state; return whether one ran."""
    running = find(folder)
    if running is None:
        end_jobs(folder)  # a killed emulator does not stop them
        return False
    with contextlib.suppress(ProcessLookupError):
        os.kill(running.pid, signal.SIGTERM)
    # Each service's state is a file of its own, so that the folder changes as long as the emulator saves.
    if not wait_until(
        lambda: not is_held(folder.lock), _STOP_SECONDS, progress=lambda: folder.saved.stat().st_mtime_ns
    ):
        with contextlib.suppress(ProcessLookupError):
            os.kill(running.pid, signal.SIGKILL)
    # The rest of its session: workers whose function does not return.
    kill_group(running.pid)
    end_jobs(folder)
    # The next start uses the same port, which is released a moment after the lock.
    wait_until(lambda: not is_held(folder.lock) and not port_answers(running.port), _STOP_SECONDS)
    return True


def end_jobs(folder: StateFolder) -> None:
    """End the streaming applications, which are processes of their own."""
    for application in folder.flink.glob("*"):
        end_job(application)


def _environment(folder: StateFolder, port: int, python: Path, left_open: str) -> dict[str, str]:
    """Return the emulator's whole environment, which its Lambda workers inherit: nothing comes from the shell."""
    root, bundle = folder.root_key(), str(folder.ca_bundle)
    return {
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]),
        "HOME": str(folder.temporary),  # no ~/.aws
        "XDG_CACHE_HOME": str(cache_folder().parent),  # where Flink and its jars are
        "LANG": "en_US.UTF-8",
        "TZ": "UTC",
        "TMPDIR": str(folder.temporary),
        FOLDER_VARIABLE: str(folder.root.resolve()),
        VERSION_VARIABLE: code_version(left_open),
        INTERPRETER_VARIABLE: str(python.absolute()),
        WITHOUT_GAPS_VARIABLE: left_open,
        CREDENTIALS_PORT_VARIABLE: str(folder.credentials_port()),
        PAGE_PORT_VARIABLE: str(folder.page_port()),
        # MiniStack's own
        "AUTH": "true",
        "USE_SSL": "1",
        "MINISTACK_SSL_CERT": str(folder.tls / "server.pem"),
        "MINISTACK_SSL_KEY": str(folder.tls / "server-key.pem"),
        "GATEWAY_PORT": str(port),
        "BIND_HOST": HOST,
        "MINISTACK_ACCOUNT_ID": ACCOUNT,
        "MINISTACK_REGION": REGION,
        "MINISTACK_COGNITO_PRETOKEN_STRICT": "true",
        "PERSIST_STATE": "1",
        "STATE_DIR": str(folder.saved),
        "S3_PERSIST": "1",
        "S3_DATA_DIR": str(folder.objects),
        "SFTP_ENABLED": "0",
        "IOT_MTLS_ENABLED": "0",
        "DOCKER_HOST": f"unix://{folder.temporary}/no-docker",  # nothing here may need or touch a container
        # The root key, which MiniStack compares with a caller's
        "AWS_ACCESS_KEY_ID": root.access_key_id,
        "AWS_SECRET_ACCESS_KEY": root.secret_access_key,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_DISABLE_HOST_PREFIX_INJECTION": "true",
        # Clients in the process and in its workers
        "SSL_CERT_FILE": bundle,
        "AWS_CA_BUNDLE": bundle,
        "REQUESTS_CA_BUNDLE": bundle,
        "NODE_EXTRA_CA_CERTS": str(folder.tls / "ca.pem"),
    }
