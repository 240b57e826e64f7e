"""Python functions run as in AWS's runtime.

AWS: a function sees the standard library, boto3 and what its package brings. An exception that it raises is the
answer, with its type and stack trace, and the execution environment is used again.
https://docs.aws.amazon.com/lambda/latest/dg/lambda-python.html

MiniStack: runs it with the emulator's own interpreter, and so with every package of this project; calls every
exception `Runtime.HandlerError` and ends the worker with it; waits 50 ms for logs of a function that writes none.

Here: workers have an interpreter (`tenantry.local.worker_python`) and a bootstrap (`tenantry.local.worker.bootstrap`)
of their own.
"""

import contextlib
import inspect
import os
import queue
import time
from typing import Any

from ministack.core import lambda_runtime
from ministack.services import lambda_svc

from tenantry.local.patching import Fields, Original, wrap
from tenantry.local.settings import INTERPRETER_VARIABLE
from tenantry.local.worker import bootstrap

_SCRIPT = inspect.getsource(bootstrap)
# Standard error comes through a pipe of its own, a moment after the answer: on a busy machine a long one. A worker that
# has answered has written the end of its log before; one that has died may not have.
_LOG_SECONDS, _LAST_LOG_SECONDS = 5, 0.25


def close() -> None:
    """Close the gap."""
    wrap(lambda_runtime, "_detect_runtime_binary", _own_interpreter)
    wrap(lambda_runtime.Worker, "_drain_stderr_bounded", _until_the_end)
    wrap(lambda_svc, "_execute_function_warm", _with_error_types)


def _own_interpreter(detect: Original, runtime: str) -> Any:
    return (os.environ[INTERPRETER_VARIABLE], _SCRIPT) if runtime.startswith("python") else detect(runtime)


def _until_the_end(guess: Original, worker: Any, *arguments: Any, **named: Any) -> Any:
    if not str(worker.config.get("Runtime", "")).startswith("python"):
        return guess(worker, *arguments, **named)
    lines: list[str] = []
    deadline = time.monotonic() + (_LOG_SECONDS if worker._proc else _LAST_LOG_SECONDS)
    with contextlib.suppress(queue.Empty):
        # A process that the function has left behind may write faster than lines are taken.
        while (left := deadline - time.monotonic()) > 0:
            if (line := worker._stderr_queue.get(timeout=left)) == bootstrap.END_OF_LOG:
                break
            lines.append(line)
    return "\n".join(lines).rstrip("\n")


def _with_error_types(execute: Original, function: Fields, event: Any, request_id: str) -> Any:
    result = execute(function, event, request_id)
    body = result.get("body")
    if isinstance(body, dict) and bootstrap.ERROR in body:
        return {**result, "body": {**body[bootstrap.ERROR], "requestId": request_id}, "error": True}
    return result
