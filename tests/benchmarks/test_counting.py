"""The count of network calls of one invocation."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

from tests.synthesized import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_FUNCTION = """
import urllib.request, boto3, requests
from botocore.config import Config

session, cached = requests.Session(), []
sqs = boto3.client("sqs", config=Config(retries={"total_max_attempts": 1}))

def handler(event, context):
    if not cached:
        cached.append(urllib.request.urlopen(event["url"]).read())
    session.get(event["url"])
    sqs.list_queues()
    print("a line of the log")
"""


class _Server(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    do_POST = do_GET  # noqa: N815 - the name is the base class's

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def url() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Server)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_requests_over_one_connection_are_all_counted(url: str, tmp_path: Path) -> None:
    (tmp_path / "function.py").write_text(_FUNCTION)
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(tmp_path),
        "GATEWAY_PORT": "1",
        "AWS_ENDPOINT_URL_SQS": url,
        "AWS_DEFAULT_REGION": "eu-north-1",
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
    }

    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.counting", "function"],
        cwd=ROOT,
        env=environment,
        input=json.dumps([{"url": url}] * 3),
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [{"127.0.0.1": count} for count in (3, 2, 2)]
