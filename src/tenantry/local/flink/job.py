"""One streaming application in a process of its own: the driver, its Python and a cluster, all on this machine."""

import contextlib
import fcntl
import http.client
import json
import logging
import os
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12

from tenantry.local.errors import LocalCloudError
from tenantry.local.flink.installation import Installation
from tenantry.local.settings import HOST, free_port, read_json
from tenantry.local.system import is_held, kill_group, size, tail, wait_until

RUN_OPTIONS = "kinesis.analytics.flink.run.options"
"""The property group that tells the service, not the application, what to run.

https://docs.aws.amazon.com/managed-flink/latest/java/how-python-creating.html
"""
_LOCK = "lock"
_PID = "pid"
_TEMPORARY = "tmp"
_SAVEPOINTS = "savepoints/savepoint-*/_metadata"
_POLL_SECONDS = 0.2
_START_SECONDS = 120
_REST_SECONDS = 10
_UNANSWERED = (OSError, http.client.HTTPException)
_STORE_PASSWORD = "changeit"  # noqa: S105 - Java wants one; what it opens is public
# Quick to start, and small; a benchmark asks for what a server has.
_JAVA_OPTIONS = ("-Xmx640m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
_LOG = """
rootLogger.level = INFO
rootLogger.appenderRef.out.ref = Out
logger.quiet.name = org.apache.hadoop
logger.quiet.level = ERROR
logger.sdk.name = com.amazonaws
logger.sdk.level = ERROR
logger.tokens.name = org.apache.flink.runtime.security.token
logger.tokens.level = ERROR
logger.shards.name = org.apache.flink.streaming.connectors.kinesis.internals
logger.shards.level = WARN
logger.files.name = org.apache.flink.streaming.api.functions.sink.filesystem
logger.files.level = WARN
logger.metrics.name = org.apache.flink.metrics.MetricGroup
logger.metrics.level = ERROR
appender.out.name = Out
appender.out.type = CONSOLE
appender.out.layout.type = PatternLayout
appender.out.layout.pattern = %d{yyyy-MM-dd'T'HH:mm:ss.SSS} %-5p %c{1} %m%n
"""

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Application:
    """The settings of an application.

    Attributes
    ----------
    code
        The unpacked zip.
    properties
        The runtime properties, by group.
    parallelism
        How many of each task run side by side.
    checkpoint_milliseconds
        Time between checkpoints.
    pause_milliseconds
        Time at least between the end of one and the begin of the next.
    settings
        More of Flink's settings: where S3 is, say.
    variables
        Environment variables: whose credentials it has, say.
    java_options
        The JVM's options.
    """

    code: Path
    properties: Mapping[str, Mapping[str, str]]
    parallelism: int = 1
    checkpoint_milliseconds: int = 60_000
    pause_milliseconds: int = 1000
    settings: Mapping[str, str] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)
    java_options: Sequence[str] = _JAVA_OPTIONS


def end(folder: Path) -> None:
    """End the application that runs on a folder, whichever process started it, if there is one."""
    if not is_held(folder / _LOCK):
        return
    pid = read_json(folder / _PID)
    if type(pid) is not int or pid <= 1:
        raise LocalCloudError(
            f"A streaming application runs in {folder}, and nothing says which process it is. "
            f"End it (`fuser {folder / _LOCK}` names it), and try again."
        )
    kill_group(pid)
    shutil.rmtree(folder / _TEMPORARY, ignore_errors=True)


class Job:
    """A running application.

    Parameters
    ----------
    folder
        Its files: configuration, log, checkpoints and savepoints. What is there stays.
    application
        What to run.
    installation
        What to run it with.
    authority
        The certificate of the one authority that its clients trust.

    Examples
    --------
    >>> job = Job(folder, application, installation, authority)
    >>> job.start()
    >>> job.wait_until_running()
    >>> savepoint = job.stop()
    """

    def __init__(self, folder: Path, application: Application, installation: Installation, authority: Path) -> None:
        self._folder = folder
        self._application = application
        self._installation = installation
        self._authority = authority
        self._process: subprocess.Popen[bytes] | None = None
        self._port = 0
        self._restored: str | None = None

    @property
    def log(self) -> Path:
        """What it prints."""
        return self._folder / "job.log"

    @property
    def _temporary(self) -> Path:
        return self._folder / _TEMPORARY

    @property
    def latest_checkpoint(self) -> str | None:
        """The newest complete checkpoint of any run on this folder."""
        return self._newest("checkpoints/*/chk-*/_metadata")

    def start(self, restore: str | None = None) -> None:
        """Start it and return at once.

        Parameters
        ----------
        restore
            The checkpoint or savepoint to go on from.
        """
        self._restored = restore
        self._configure()
        options = self._application.properties[RUN_OPTIONS]
        command = [
            str(self._installation.java), *self._application.java_options, *self._module_options(),
            f"-Djava.io.tmpdir={self._temporary}",  # Java does not know TMPDIR
            f"-Djavax.net.ssl.trustStore={self._folder / 'trust.p12'}",
            f"-Djavax.net.ssl.trustStorePassword={_STORE_PASSWORD}",
            f"-Dlog4j2.configurationFile={self._folder / 'conf' / 'log4j.properties'}",
            "-classpath", self._installation.class_path, "org.apache.flink.client.cli.CliFrontend",
            "run", "--target", "local", *(("--fromSavepoint", restore) if restore else ()),
            "--pyExecutable", str(self._installation.python), "--pyClientExecutable", str(self._installation.python),
            "--jarfile", str(self._application.code / options["jarfile"]),
            "--python", str(self._application.code / options["python"]),
            "--properties", str(self._folder / "application_properties.json"),
        ]  # fmt: skip
        with self.log.open("a") as log, (self._folder / _LOCK).open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(self._temporary, ignore_errors=True)  # what a killed one left
            self._temporary.mkdir()
            self._process = subprocess.Popen(  # noqa: S603 - fixed words, own paths
                command,
                cwd=self._folder,
                env=self._variables(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                pass_fds=(lock.fileno(),),  # held until the process ends, however it ends
            )
            (self._folder / _PID).write_text(str(self._process.pid))

    def wait_until_running(self) -> None:
        """Wait until each of its tasks runs.

        Raises
        ------
        LocalCloudError
            It has ended, or takes too long.
        """
        self._wait(self.is_running, "start")

    def wait_for_checkpoint(self) -> None:
        """Wait until a checkpoint that begins after now is complete.

        Raises
        ------
        LocalCloudError
            It has ended, or takes too long.
        """
        last = self._last_checkpoint()
        # The next one may be under way already.
        self._wait(lambda: self._last_checkpoint() > last + 1, "complete a checkpoint")

    def is_running(self) -> bool:
        """Return whether each of its tasks runs."""
        with contextlib.suppress(OSError):
            tasks = self._job().get("tasks", {})
            return bool(tasks) and tasks["running"] == tasks["total"]
        return False

    def ended(self) -> bool:
        """Return whether it has been started and has ended."""
        return self._process is not None and self._process.poll() is not None

    def savepoint(self, *, stop: bool = False) -> str:
        """Take a savepoint, and stop with it if asked; return where it is.

        Raises
        ------
        LocalCloudError
            It takes too long.
        """
        before = self._newest(_SAVEPOINTS)
        if not (job := self._job().get("jid")):
            raise LocalCloudError(f"The streaming application has no job. See {self.log}.")
        target = str(self._folder / "savepoints")
        path, body = (
            ("stop", {"targetDirectory": target, "drain": False})
            if stop
            else ("savepoints", {"target-directory": target})
        )
        trigger = self._rest(f"jobs/{job}/{path}", body)["request-id"]
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            try:
                found = self._rest(f"jobs/{job}/savepoints/{trigger}")
            except _UNANSWERED:
                # The cluster ends with its only job, and may take its answer along: then the files say it. One that
                # is only busy answers later.
                if self.ended():
                    break
            else:
                if found["status"]["id"] == "COMPLETED":
                    if "location" in found["operation"]:
                        return str(found["operation"]["location"])
                    raise LocalCloudError(f"The savepoint failed: {found['operation'].get('failure-cause')}")
            time.sleep(_POLL_SECONDS)
        newest = self._newest(_SAVEPOINTS)
        if newest is None or newest == before:
            raise LocalCloudError(f"No savepoint was made. See {self.log}.")
        return newest

    def stop(self) -> str:
        """Stop it with a savepoint and return where that is.

        If none can be made, it is stopped all the same, and goes on from its latest checkpoint, or if it has none from
        where it was started.

        Raises
        ------
        LocalCloudError
            There is nothing that it could go on from.
        """
        before = self._newest(_SAVEPOINTS)
        try:
            where = self.savepoint(stop=True)
        except (LocalCloudError, *_UNANSWERED) as error:
            self.kill()
            newest = self._newest(_SAVEPOINTS)  # made after the last question
            kept = newest if newest != before else self.latest_checkpoint or self._restored
            if kept is None:
                raise LocalCloudError(f"Neither a savepoint nor a checkpoint was made. See {self.log}.") from error
            _logger.warning("The streaming application stops without a savepoint, and keeps %s: %s", kept, error)
            return kept
        if self._process is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(_REST_SECONDS)
        self.kill()
        return where

    def kill(self) -> None:
        """End it at once, as a crash would."""
        if self._process is not None:
            kill_group(self._process.pid)
            self._process.wait()
            shutil.rmtree(self._temporary, ignore_errors=True)  # a jar of 41 MB, which Java would have removed

    def _configure(self) -> None:
        conf = self._folder / "conf"
        plugin = self._folder / "plugins" / "s3"
        for folder in (conf, plugin):
            folder.mkdir(parents=True, exist_ok=True)
        link = plugin / self._installation.file_system.name
        link.unlink(missing_ok=True)
        link.symlink_to(self._installation.file_system)
        _write_trust(self._authority, self._folder / "trust.p12")
        (conf / "log4j.properties").write_text(_LOG)
        self._port = free_port()
        parallelism = self._application.parallelism
        settings = {
            "execution.checkpointing.interval": f"{self._application.checkpoint_milliseconds} ms",
            "execution.checkpointing.min-pause": f"{self._application.pause_milliseconds} ms",
            "execution.checkpointing.mode": "EXACTLY_ONCE",
            "execution.checkpointing.externalized-checkpoint-retention": "RETAIN_ON_CANCELLATION",
            "execution.checkpointing.dir": (self._folder / "checkpoints").as_uri(),
            "execution.checkpointing.savepoint-dir": (self._folder / "savepoints").as_uri(),
            "io.tmp.dirs": str(self._temporary),
            "parallelism.default": str(parallelism),
            "taskmanager.numberOfTaskSlots": str(parallelism),
            "taskmanager.memory.managed.size": "64m",
            "rest.address": HOST,
            "rest.bind-address": HOST,
            "rest.bind-port": str(self._port),
            **self._application.settings,
        }
        (conf / "config.yaml").write_text("".join(f"{name}: {json.dumps(value)}\n" for name, value in settings.items()))
        groups = [
            {"PropertyGroupId": name, "PropertyMap": dict(values)}
            for name, values in self._application.properties.items()
        ]
        (self._folder / "application_properties.json").write_text(json.dumps(groups))

    def _module_options(self) -> list[str]:
        """Return what Flink tells every JVM since Java has modules."""
        text = (self._installation.home / "conf" / "config.yaml").read_text()
        line = next(line for line in text.splitlines() if line.strip().startswith("all: "))
        return [word for word in line.split() if word.startswith("--add-") and "jdk.compiler" not in word]

    def _variables(self) -> dict[str, str]:
        home = self._installation.home
        return {
            # Not pyenv's shims, and no variables of the shell.
            "PATH": os.pathsep.join([str(self._installation.python.parent), os.defpath]),
            "HOME": str(self._temporary),
            "LANG": "C.UTF-8",
            "TZ": "UTC",
            "TMPDIR": str(self._temporary),
            "FLINK_HOME": str(home),
            "FLINK_LIB_DIR": str(home / "lib"),
            "FLINK_OPT_DIR": str(home / "opt"),
            "FLINK_CONF_DIR": str(self._folder / "conf"),
            "FLINK_PLUGINS_DIR": str(self._folder / "plugins"),
            **self._application.variables,
        }

    def _newest(self, pattern: str) -> str | None:
        complete = self._folder.glob(pattern)
        newest = max(complete, key=lambda path: path.stat().st_mtime_ns, default=None)
        return str(newest.parent) if newest else None

    def _job(self) -> dict[str, Any]:
        jobs: list[dict[str, Any]] = self._rest("jobs/overview")["jobs"]
        return jobs[0] if jobs else {}

    def _last_checkpoint(self) -> int:
        with contextlib.suppress(OSError, KeyError):  # the job is not there yet
            latest = self._rest(f"jobs/{self._job()['jid']}/checkpoints")["latest"]["completed"]
            return int(latest["id"]) if latest else 0
        return 0

    def _rest(self, path: str, body: Mapping[str, Any] | None = None) -> Any:  # noqa: ANN401 - whatever Flink says
        request = urllib.request.Request(
            f"http://{HOST}:{self._port}/{path}",
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=_REST_SECONDS) as reply:
            return json.loads(reply.read())

    def _wait(self, condition: Callable[[], bool], what: str) -> None:
        """Wait for something, as long as the log goes on."""

        def outcome() -> str:
            return "done" if condition() else "ended" if self.ended() else ""

        found = wait_until(outcome, _START_SECONDS, progress=lambda: size(self.log), poll_seconds=_POLL_SECONDS)
        if found == "ended":
            raise LocalCloudError(f"The streaming application has ended. The end of {self.log}:\n{tail(self.log, 30)}")
        if not found:
            raise LocalCloudError(
                f"The streaming application did not {what}, and wrote nothing for {_START_SECONDS} s. See {self.log}."
            )


def _write_trust(authority: Path, output: Path) -> None:
    """Write an authority in Java's form, without Java's own list: a job connects to the local cloud only."""
    certificate = pkcs12.PKCS12Certificate(x509.load_pem_x509_certificate(authority.read_bytes()), b"local")
    output.write_bytes(
        pkcs12.serialize_java_truststore([certificate], BestAvailableEncryption(_STORE_PASSWORD.encode()))
    )
