"""Give events to a function and print how many HTTP requests each took, by host; see `benchmarks.functions`."""

from __future__ import annotations

import contextlib
import http.client
import importlib
import json
import sys
from collections import Counter
from types import SimpleNamespace
from typing import Any

_OK, _REFUSED = 200, 400
CONTEXT = SimpleNamespace(
    function_name="benchmark",
    memory_limit_in_mb=512,
    invoked_function_arn="arn:aws:lambda:us-east-1:000000000000:function:benchmark",
    aws_request_id="benchmark",
)
"""What a function is told of itself: as Lambda does, and nothing else."""


class _Requests:
    """Counts what goes through Python's HTTP client, which botocore, requests and urllib all stand on."""

    def __init__(self) -> None:
        self.by_host: Counter[str] = Counter()
        self._put_request = http.client.HTTPConnection.putrequest

    def install(self) -> None:
        def put_request(connection: http.client.HTTPConnection, *arguments: Any, **named: Any) -> None:  # noqa: ANN401
            self.by_host[connection.host] += 1
            self._put_request(connection, *arguments, **named)

        http.client.HTTPConnection.putrequest = put_request  # type: ignore[method-assign, assignment]


def main() -> None:
    """Print a JSON array of the counts."""
    importlib.import_module("tenantry.local.worker.tenantry_local_cloud")
    events = json.load(sys.stdin)
    requests = _Requests()
    requests.install()
    counts = []
    with contextlib.redirect_stdout(sys.stderr):  # the functions log to it
        handler = importlib.import_module(sys.argv[1]).handler
        for event in events:
            requests.by_host.clear()
            answer = handler(event, CONTEXT)
            if isinstance(answer, dict) and answer.get("statusCode", _OK) >= _REFUSED:
                raise SystemExit(f"The function refuses what it is to be measured with: {answer}")
            counts.append(dict(requests.by_host))
    sys.stdout.write(json.dumps(counts))


if __name__ == "__main__":
    main()
