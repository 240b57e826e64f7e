"""A streaming application of Managed Flink runs.

AWS: Managed Service for Apache Flink runs the application's code with its role, takes checkpoints, starts it again from
the latest one when it fails, and takes a snapshot when it is stopped or updated.
https://docs.aws.amazon.com/managed-flink/latest/java/how-it-works.html

MiniStack: keeps the description and runs the job in containers, which the local cloud does not use; without them the
application has the status RUNNING and does nothing.

Here: the job runs in a separate process, on a cluster inside it, with a session of the application's role, which it
gets as a container gets its own: from an address that takes a token. The zip is the deployed one. The service's
plug-in for S3 is beside it, and the two settings that lead its clients here: nothing in the application knows.
Without Flink, a start fails, and the application is READY again.
"""

import io
import json
import logging
import os
import secrets
import shutil
import threading
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ministack import app
from ministack.core.responses import request_scope
from ministack.services import kinesisanalyticsv2, s3

from tenantry.local.errors import LocalCloudError
from tenantry.local.flink import installation
from tenantry.local.flink.job import Application, Job
from tenantry.local.patching import Fields, Original, replace, require, service_calls, wrap
from tenantry.local.settings import FOLDER_VARIABLE, StateFolder

#: Both replace: app.app.
AFTER = ("emulator.admin_endpoints",)

_RUNTIME = "FLINK-1_20"
_SERVICE = "kinesisanalytics.amazonaws.com"
_CREDENTIALS = "/_tenantry/flink-credentials/"
# This machine has few cores, and the emulator needs one.
_MOST_PARALLEL = 2
_WATCH_SECONDS = 2.0
_logger = logging.getLogger(__name__)


def close() -> None:
    """Close the gap."""
    require(kinesisanalyticsv2, "_dataplane_call", "_status_callback", "_restore_path")
    require(kinesisanalyticsv2._dataplane, "start", "snapshot", "stop", "delete", "available", "supports", "reset")
    require(s3, "_get_object_data")
    plane = _Plane(StateFolder(Path(os.environ[FOLDER_VARIABLE])))
    replace(kinesisanalyticsv2, "_dataplane", plane)
    wrap(app, "app", plane.giving_credentials)


class _Plane:
    """The interface by which MiniStack runs jobs."""

    def __init__(self, folder: StateFolder) -> None:
        self._folder = folder
        self._jobs: dict[str, Job] = {}
        self._roles: dict[str, tuple[str, str, str]] = {}  # by token: role, application's ARN and name
        self._lock = threading.RLock()

    @staticmethod
    def supports(runtime: str) -> bool:
        return runtime == _RUNTIME

    @staticmethod
    def available() -> bool:
        return True  # else it would have the status RUNNING without a job

    def start(self, view: Fields, savepoint: str | None, on_status: Callable[..., None]) -> None:
        threading.Thread(target=self._run, args=(view, savepoint, on_status), daemon=True).start()

    def snapshot(self, view: Fields, _: str) -> str | None:
        job = self._jobs.get(view["ApplicationARN"])
        return job.savepoint() if job else None

    def stop(self, view: Fields, force: bool, take_snapshot: bool) -> str | None:  # noqa: FBT001 - MiniStack's call
        with self._lock:
            job = self._jobs.pop(view["ApplicationARN"], None)
        if job is None:
            return None
        try:
            return job.stop() if take_snapshot and not force else None
        finally:
            job.kill()

    def delete(self, view: Fields) -> None:
        self.stop(view, force=True, take_snapshot=False)
        shutil.rmtree(self._home(view), ignore_errors=True)

    def reset(self) -> None:
        with self._lock:
            jobs = list(self._jobs.values())
            self._jobs.clear()
        for job in jobs:
            job.kill()

    def _run(self, view: Fields, savepoint: str | None, on_status: Callable[..., None]) -> None:
        try:
            if not installation.is_ready():
                raise LocalCloudError("Apache Flink is not installed. Run: make up")  # noqa: TRY301
            job = self._job(view, savepoint)
            with self._lock:
                replaced = self._jobs.pop(view["ApplicationARN"], None)
                if replaced:
                    replaced.kill()
                self._jobs[view["ApplicationARN"]] = job
            job.start(savepoint)
            job.wait_until_running()
        except Exception as error:
            _logger.exception("The streaming application does not start")
            self.stop(view, force=True, take_snapshot=False)
            on_status("FAILED", str(error)[:1000])
            return
        on_status("RUNNING")
        self._watch(view, job, savepoint)

    def _watch(self, view: Fields, job: Job, savepoint: str | None) -> None:
        """Start it again whenever its process ends, from its latest checkpoint, until it is stopped."""
        while self._jobs.get(view["ApplicationARN"]) is job:
            if job.ended():
                _logger.warning("The streaming application's process has ended; it starts again")
                job.start(job.latest_checkpoint or savepoint)
            time.sleep(_WATCH_SECONDS)

    def _home(self, view: Fields) -> Path:
        return self._folder.flink / str(view["ApplicationName"])

    def _job(self, view: Fields, restore: str | None) -> Job:
        home = self._home(view)
        home.mkdir(parents=True, exist_ok=True)
        # Checkpoints belong to one start; a later start resumes from a savepoint, or from the checkpoint that a stop
        # without one has left.
        checkpoints = home / "checkpoints"
        if not (restore and Path(restore).is_relative_to(checkpoints)):
            shutil.rmtree(checkpoints, ignore_errors=True)
        described = view["ApplicationConfigurationDescription"]
        flink = described["FlinkApplicationConfigurationDescription"]
        groups = described["EnvironmentPropertyDescriptions"]["PropertyGroupDescriptions"]
        properties = {group["PropertyGroupId"]: dict(group["PropertyMap"]) for group in groups}
        endpoint = service_calls.endpoint()
        if consumer := properties.get("ConsumerConfigProperties"):
            consumer["aws.endpoint"] = endpoint
        token = secrets.token_urlsafe(32)
        self._roles[token] = view["ServiceExecutionRole"], view["ApplicationARN"], view["ApplicationName"]
        application = Application(
            code=self._code(view, home / "code"),
            properties=properties,
            parallelism=min(_MOST_PARALLEL, int(flink["ParallelismConfigurationDescription"].get("Parallelism", 1))),
            checkpoint_milliseconds=int(flink["CheckpointConfigurationDescription"].get("CheckpointInterval", 60_000)),
            pause_milliseconds=int(flink["CheckpointConfigurationDescription"].get("MinPauseBetweenCheckpoints", 5000)),
            settings={"s3.endpoint": endpoint, "s3.path.style.access": "true"},
            variables={
                "AWS_CONTAINER_CREDENTIALS_FULL_URI": endpoint + _CREDENTIALS,
                "AWS_CONTAINER_AUTHORIZATION_TOKEN": token,
                "AWS_REGION": str(view["Region"]),
                "AWS_CBOR_DISABLE": "true",  # MiniStack's policies read JSON only
                "AWS_EC2_METADATA_DISABLED": "true",
            },
        )
        return Job(home, application, installation.ensure(), self._folder.tls / "ca.pem")

    def _code(self, view: Fields, folder: Path) -> Path:
        configuration = view["ApplicationConfigurationDescription"]["ApplicationCodeConfigurationDescription"]
        place = configuration["CodeContentDescription"]["S3ApplicationCodeLocationDescription"]
        bucket = place["BucketARN"].rpartition(":::")[2]
        with request_scope(view["AccountId"], view["Region"]):
            content = s3._get_object_data(bucket, place["FileKey"], place.get("ObjectVersion"))
        if content is None:
            raise LocalCloudError(f"There is no code at s3://{bucket}/{place['FileKey']}.")
        shutil.rmtree(folder, ignore_errors=True)
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            archive.extractall(folder)
        return folder

    async def giving_credentials(self, application: Original, scope: Fields, receive: Any, send: Any) -> None:
        if scope["type"] != "http" or not scope.get("path", "").startswith(_CREDENTIALS):
            await application(scope, receive, send)
            return
        status, body = self._credentials(dict(scope["headers"]).get(b"authorization", b"").decode("latin-1"))
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": json.dumps(body).encode()})

    def _credentials(self, token: str) -> tuple[int, dict[str, str]]:
        if token not in self._roles:
            return 403, {}
        role, arn, name = self._roles[token]
        try:
            session = service_calls.role_session(role, service=_SERVICE, session_name=name, source_arn=arn)
        except service_calls.RefusedError as refused:
            return 403, {"message": str(refused)}
        return 200, {
            "AccessKeyId": session.access_key_id,
            "SecretAccessKey": session.secret_access_key,
            "Token": session.session_token,
            "Expiration": session.expiration,
        }
