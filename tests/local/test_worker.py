"""The interpreter of the functions, the hook that redirects AWS host names, and the bootstrap that runs a function."""

import json
import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tenantry.local import worker_python
from tenantry.local.worker import bootstrap

_BOOTSTRAP = Path(bootstrap.__file__)


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return worker_python.ensure(tmp_path_factory.mktemp("interpreter") / "python")


def _run(python: Path, script: str) -> str:
    done = subprocess.run(
        [str(python), "-c", script],
        cwd=python.parent,
        env={"GATEWAY_PORT": "4600"},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def test_the_interpreter_has_the_packages_of_awss_runtime(python: Path) -> None:
    assert _run(python, "import boto3; print(boto3.session.Session().client('sts', 'us-east-1').meta.region_name)")


@pytest.mark.parametrize("package", ["msgspec", "jwt", "requests", "ministack", "aws_cdk", "tenantry"])
def test_the_interpreter_has_no_other_packages(python: Path, package: str) -> None:
    assert _run(python, f"import importlib.util; print(importlib.util.find_spec({package!r}))") == "None"


def test_it_is_made_once(python: Path) -> None:
    before = python.lstat().st_ino
    assert worker_python.ensure(python.parent.parent) == python
    assert python.lstat().st_ino == before


def test_the_interpreter_is_made_again_for_other_packages(python: Path) -> None:
    stamp = python.parent.parent / "made-of"
    right = stamp.read_text()
    stamp.write_text("another boto3")
    worker_python.ensure(python.parent.parent)
    assert stamp.read_text() == right


@pytest.mark.parametrize(
    ("host", "port"),
    [("dynamodb.us-east-1.amazonaws.com", 443), ("SQS.us-east-1.amazonaws.com.", "443"), ("x.amazonaws.com", "https")],
)
def test_aws_host_names_lead_to_the_local_cloud(python: Path, host: str, port: object) -> None:
    said = _run(python, f"import socket; print(socket.getaddrinfo({host!r}, {port!r})[0][4])")
    assert said == "('127.0.0.1', 4600)"


@pytest.mark.parametrize(("host", "port"), [("127.0.0.1", 443), ("localhost", 80)])
def test_other_host_names_are_not_redirected(python: Path, host: str, port: int) -> None:
    said = _run(python, f"import socket; print(socket.getaddrinfo({host!r}, {port!r}, socket.AF_INET)[0][4])")
    assert said == f"('127.0.0.1', {port})"


class _Function:
    """A function run by the bootstrap as the emulator does it."""

    def __init__(self, folder: Path, source: str, handler: str = "handler") -> None:
        (folder / "index.py").write_text(source)
        self.process = subprocess.Popen(
            ["python3", str(_BOOTSTRAP)],  # noqa: S607
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        init = {"code_dir": str(folder), "module": "index", "handler": handler, "function_name": "f", "memory": 128}
        self.ready = self._say({**init, "arn": "arn:f", "env": {"COLOUR": "red"}})

    def invoke(self, event: object, **call: Any) -> Any:  # noqa: ANN401
        reply = self._say({"event": event, "ctx": call})
        assert reply["status"] == "ok"
        return reply["result"]

    def log(self) -> str:
        assert self.process.stdin is not None
        self.process.stdin.close()
        assert self.process.stderr is not None
        return self.process.stderr.read()

    def _say(self, message: dict[str, Any]) -> Any:  # noqa: ANN401
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(message) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())


def test_a_function_answers_with_its_context(tmp_path: Path) -> None:
    source = """
import os
def handler(event, context):
    left = context.get_remaining_time_in_millis()
    return [event, context.aws_request_id, context.memory_limit_in_mb, 0 < left <= 2000, os.environ["COLOUR"]]
"""
    function = _Function(tmp_path, source)
    assert function.ready == {"status": "ready", "cold": True}
    assert function.invoke({"a": 1}, request_id="r1", timeout_ms=2000) == [{"a": 1}, "r1", "128", True, "red"]


def test_printed_text_goes_to_the_log_only(tmp_path: Path) -> None:
    function = _Function(tmp_path, 'def handler(event, context): print(\'{"status": "ok"}\'); return 1')
    assert function.invoke(None) == 1
    assert '{"status": "ok"}' in function.log()


@pytest.mark.parametrize(
    ("source", "handler", "kind"),
    [
        ("def handler(event, context): raise KeyError('x')", "handler", "KeyError"),
        ("def handler(event, context): return object()", "handler", "Runtime.MarshalError"),
        ("import nowhere", "handler", "Runtime.ImportModuleError"),
        ("x = 1", "handler", "Runtime.HandlerNotFound"),
        ("1 / 0", "handler", "ZeroDivisionError"),
    ],
)
def test_errors_have_the_types_of_aws(tmp_path: Path, source: str, handler: str, kind: str) -> None:
    function = _Function(tmp_path, source, handler)
    for _ in range(2):  # it lives on
        assert function.invoke(None)[bootstrap.ERROR]["errorType"] == kind


def test_each_invocations_log_has_an_end(tmp_path: Path) -> None:
    function = _Function(tmp_path, "def handler(event, context): print(event)")
    function.invoke("one")
    function.invoke("two")
    parts = [part.strip() for part in function.log().split(bootstrap.END_OF_LOG)]
    assert parts == ["one", "two", ""]


def test_the_end_is_in_the_log_whatever_a_function_does_to_standard_error(tmp_path: Path) -> None:
    source = """
import io, sys
sys.stderr = io.StringIO()
def handler(event, context): raise KeyError(event)
"""
    function = _Function(tmp_path, source)
    function.invoke("one")
    said, end, rest = function.log().partition(bootstrap.END_OF_LOG)
    assert "[ERROR] KeyError: 'one'" in said
    assert (end, rest.strip()) == (bootstrap.END_OF_LOG, "")


def test_a_log_without_an_end_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    from tenantry.local.gaps.aws_lambda import python_runtime  # noqa: PLC0415 - imports MiniStack

    class Flood:
        def get(self, timeout: float) -> str:
            assert timeout > 0
            return "line"

    monkeypatch.setattr(python_runtime, "_LOG_SECONDS", 0.05)
    worker = SimpleNamespace(config={"Runtime": "python3.13"}, _proc=object(), _stderr_queue=Flood())
    assert python_runtime._until_the_end(print, worker).startswith("line\nline")  # noqa: SLF001
