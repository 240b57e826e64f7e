"""Python functions run as in AWS's runtime.

AWS: a function sees the standard library, boto3 and what its package brings. An exception that it raises is the
answer, with its type and stack trace, and the execution environment is used again.
https://docs.aws.amazon.com/lambda/latest/dg/lambda-python.html

MiniStack: runs it with the emulator's own interpreter, and so with every package of this project; calls every
exception `Runtime.HandlerError` and ends the worker with it; waits 50 ms for logs of a function that writes none.

Here: workers have an interpreter (`tenantry.local.worker_python`) and a bootstrap (`tenantry.local.worker.bootstrap`)
of their own.
"""

import inspect
import os
import queue
import time
from collections.abc import Callable
from typing import Any

from ministack.core import lambda_runtime
from ministack.services import lambda_svc

from tenantry.local.patching import replace
from tenantry.local.settings import INTERPRETER_VARIABLE
from tenantry.local.worker import bootstrap

_SCRIPT = inspect.getsource(bootstrap)
# Standard error comes through a pipe of its own, a moment after the answer.
_LOG_SECONDS = 0.25

_Detect = Callable[[str], tuple[str, str]]


def close() -> None:
    """Close the gap."""
    replace(lambda_runtime, "_detect_runtime_binary", _own_interpreter)
    replace(lambda_runtime.Worker, "_drain_stderr_bounded", _until_the_end)
    replace(lambda_svc, "_execute_function_warm", _with_error_types)


def _own_interpreter(detect: _Detect) -> _Detect:
    interpreter = os.environ[INTERPRETER_VARIABLE]

    def detect_runtime_binary(runtime: str) -> tuple[str, str]:
        return (interpreter, _SCRIPT) if runtime.startswith("python") else detect(runtime)

    return detect_runtime_binary


def _until_the_end(guess: Callable[..., str]) -> Callable[..., str]:
    def drain(worker: Any, *arguments: Any, **named: Any) -> str:
        if not str(worker.config.get("Runtime", "")).startswith("python"):
            return guess(worker, *arguments, **named)
        lines: list[str] = []
        deadline = time.monotonic() + _LOG_SECONDS
        while (left := deadline - time.monotonic()) > 0:
            try:
                line = worker._stderr_queue.get(timeout=left)
            except queue.Empty:
                break
            if line == bootstrap.END_OF_LOG:
                break
            lines.append(line)
        return "\n".join(lines).rstrip("\n")

    return drain


def _with_error_types(execute: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    def execute_function_warm(function: dict[str, Any], event: Any, request_id: str) -> dict[str, Any]:
        result = execute(function, event, request_id)
        body = result.get("body")
        if isinstance(body, dict) and bootstrap.ERROR in body:
            return {**result, "body": {**body[bootstrap.ERROR], "requestId": request_id}, "error": True}
        return result

    return execute_function_warm
