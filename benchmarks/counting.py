"""Give a function the same event some times and print how many HTTP requests each took; see `benchmarks.calls`."""

from __future__ import annotations

import contextlib
import copy
import http.client
import importlib
import json
import sys
from types import SimpleNamespace
from typing import Any

_CONTEXT = SimpleNamespace(
    function_name="benchmark",
    memory_limit_in_mb=512,
    invoked_function_arn="arn:aws:lambda:us-east-1:000000000000:function:benchmark",
    aws_request_id="benchmark",
)


class _Counter:
    """Counts what goes through Python's HTTP client, which botocore, requests and urllib all stand on."""

    def __init__(self) -> None:
        self.count = 0
        self._put_request = http.client.HTTPConnection.putrequest

    def install(self) -> None:
        def put_request(connection: http.client.HTTPConnection, *arguments: Any, **named: Any) -> None:  # noqa: ANN401
            self.count += 1
            self._put_request(connection, *arguments, **named)

        http.client.HTTPConnection.putrequest = put_request  # type: ignore[method-assign, assignment]


def main() -> None:
    """Print a JSON array of the counts."""
    importlib.import_module("localcloud.worker.tenantry_local_cloud")
    module, times = sys.argv[1], int(sys.argv[2])
    event = json.load(sys.stdin)
    counter = _Counter()
    counter.install()
    counts = []
    with contextlib.redirect_stdout(sys.stderr):  # the functions log to it
        handler = importlib.import_module(module).handler
        for _ in range(times):
            before = counter.count
            handler(copy.deepcopy(event), _CONTEXT)
            counts.append(counter.count - before)
    sys.stdout.write(json.dumps(counts))


if __name__ == "__main__":
    main()
