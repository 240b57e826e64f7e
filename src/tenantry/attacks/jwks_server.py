"""A web server on this machine that serves the attacker's key set (JWKS) and records who asks for it."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tenantry.attacks import jws


class JwksServer:
    """Serves a key set with the attacker's key under every path.

    Only a verifier on the same machine can reach it, so that it proves nothing about others when nobody comes.

    Attributes
    ----------
    url
        Where it is.
    """

    def __init__(self, kid: str) -> None:
        keys = json.dumps({"keys": [jws.public_jwk(kid)]}).encode()
        visits = self._visits = set[str]()

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                visits.add(self.path)
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.end_headers()
                self.wfile.write(keys)

            def log_message(self, *_: object) -> None:
                """Stay silent."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def visited(self, marker: str) -> bool:
        """Return whether someone has followed a link with this in its path."""
        return any(marker in path for path in self._visits)

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()
