"""A burst of invocations shares a few processes for each core.

AWS: starts an execution environment for each invocation that finds none free.
https://docs.aws.amazon.com/lambda/latest/dg/lambda-concurrency.html

MiniStack: does the same with processes, and so a hundred requests at once start a hundred interpreters on the few
cores of one machine, which then answer none in time.

Here: beyond a few for each core an invocation first waits for one of its function's workers to become free. It does
not wait long, for the worker may be one that waits for this very invocation.
"""

import os
import time
from typing import Any

from ministack.core import lambda_runtime
from ministack.services import lambda_svc

from tenantry.local.patching import Fields, Original, replace, require, wrap

_WORKERS = 2 * (os.cpu_count() or 2)
_WAIT_SECONDS = 3
_POLL_SECONDS = 0.01


def close() -> None:
    """Close the gap."""
    require(lambda_runtime, "_workers", "_lock", "_worker_key")
    wrap(lambda_runtime, "acquire_worker", _waiting)
    # This module has imported the function by name.
    replace(lambda_svc, "acquire_worker", lambda_runtime.acquire_worker)


def _waiting(
    acquire: Original, name: str, config: Fields, code: bytes, qualifier: str = "$LATEST", **named: Any
) -> Any:
    key = lambda_runtime._worker_key(name, config, qualifier)
    deadline = time.monotonic() + _WAIT_SECONDS
    while _all_busy(key) and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)
    return acquire(name, config, code, qualifier=qualifier, **named)


def _all_busy(key: str) -> bool:
    with lambda_runtime._lock:
        workers = lambda_runtime._workers.get(key, [])
        return len(workers) >= _WORKERS and all(worker.in_use for worker in workers)
