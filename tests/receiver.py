"""A receiver of webhooks: an HTTPS server on this machine, at a name that looks like any other on the internet."""

from __future__ import annotations

import json
import queue
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self

import requests

from tenantry.local.settings import HOST

if TYPE_CHECKING:
    from tenantry.local.cloud import LocalCloud

_NAME = "8-8-8-8.sslip.io"  # in public DNS, too, it is an address of the internet at large


class Receiver:
    """Takes what a topic delivers, and confirms subscriptions, as a receiver does.

    Parameters
    ----------
    cloud
        Whose certificate it shows: that of the local cloud's authority, which is trusted there.
    status
        What it answers to notifications.
    confirms
        Whether it confirms.
    """

    def __init__(self, cloud: LocalCloud, *, status: int = 200, confirms: bool = True) -> None:
        self._cloud = cloud
        self.status = status
        self.confirms = confirms
        self.seen: queue.Queue[dict[str, Any]] = queue.Queue()
        self.count = 0

    @property
    def url(self) -> str:
        """Where it is reached."""
        return f"https://{_NAME}:{self._server.server_port}/hook?x=1"

    def next(self, kind: str, seconds: float = 15) -> dict[str, Any]:
        """Return the next message of a kind, waiting for it."""
        while True:
            message = self.seen.get(timeout=seconds)
            if message["Type"] == kind:
                return message

    def __enter__(self) -> Self:
        """Open it."""
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                text = self.rfile.read(int(self.headers["Content-Length"]))
                self.send_response(receiver.take(json.loads(text), dict(self.headers)))
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer((HOST, 0), Handler)
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        folder = self._cloud.folder.tls
        tls.load_cert_chain(folder / "server.pem", folder / "server-key.pem")
        self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self._server.shutdown()
        self._server.server_close()

    def take(self, message: dict[str, Any], headers: dict[str, str]) -> int:
        """Take a message and return the status that answers it."""
        self.count += 1
        self.seen.put({**message, "headers": {name.lower(): value for name, value in headers.items()}})
        if message["Type"] == "Notification":
            return self.status
        if self.confirms:
            self.confirm(message).raise_for_status()
        return 200

    def confirm(self, message: dict[str, Any]) -> requests.Response:
        """Confirm a subscription."""
        return requests.get(message["SubscribeURL"], verify=str(self._cloud.ca_bundle), timeout=10)
