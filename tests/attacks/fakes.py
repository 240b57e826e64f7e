"""A target that is not Tenantry: a web server that answers everything in one way."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Final

import boto3

from tenantry.attacks import jws
from tenantry.attacks.accounts import Person, Tokens, Users
from tenantry.attacks.storage import MODES
from tenantry.attacks.target import Target
from tenantry.operate.aws import Aws
from tenantry.operate.storage import DeployedNames

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator

    import pytest

KID: Final = "the-pools-key"
VICTIM: Final = "Bob, whose name is nobody's business"


class Server:
    """Answers every request with one status and body, and serves a key set.

    Attributes
    ----------
    url
        Where it is.
    requests
        Method, path and headers of each request.
    replies
        What it answers first, before it falls back to the one reply.
    """

    def __init__(self, status: int, body: str) -> None:
        keys = json.dumps({"keys": [jws.public_jwk(KID)]}).encode()
        self.requests: list[tuple[str, str, dict[str, str]]] = []
        self.replies: list[tuple[int, str]] = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = (
                True  # headers and body are two writes; the second would wait for an acknowledgement
            )

            def answer(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                server.requests.append((self.command, self.path, dict(self.headers)))
                code, text = server.replies.pop(0) if server.replies else (status, body)
                content = keys if self.path.endswith("jwks.json") else text.encode()
                self.send_response(200 if self.path.endswith("jwks.json") else code)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_PUT = do_POST = do_PATCH = do_DELETE = do_OPTIONS = do_TRACE = do_PROPFIND = answer  # noqa: N815

            def log_message(self, *_: object) -> None:
                """Stay silent."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        """Stop."""
        self._server.shutdown()
        self._server.server_close()


def serving(status: int, body: str) -> Iterator[Server]:
    """Serve for as long as a fixture lives."""
    server = Server(status, body)
    yield server
    server.close()


def only_proxy(patch: pytest.MonkeyPatch, proxy: socket.socket) -> None:
    """Make a listening socket the proxy that the shell names for every address."""
    for name in ("NO_PROXY", "no_proxy"):
        patch.delenv(name, raising=False)
    for name in ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"):
        patch.setenv(name, f"http://127.0.0.1:{proxy.getsockname()[1]}")
    proxy.settimeout(0)


def target(server: Server) -> Target:
    """Return a target whose every service is the server."""
    session = boto3.Session(aws_access_key_id="key", aws_secret_access_key="secret", region_name="us-east-1")
    return Target(
        name="fake",
        app="tenantry",
        tenant_api=f"{server.url}/tenant-api/prod",
        admin_api=f"{server.url}/admin-api/prod",
        user_pool_id="us-east-1_pool",
        client_id="client",
        bus="bus",
        users_table="users",
        tenants_table="tenants",
        tenant_users_table="tenant-users",
        stacks=("tenantry-common", "tenantry-user", "tenantry-tenant"),
        aws=Aws(session, endpoint_url=server.url),
        storage_api=f"{server.url}/storage-api/prod",
        metadata_table="metadata",
        storage_role="arn:aws:iam::000000000000:role/storage-tenant",
        employees_api=f"{server.url}/employees-api/prod",
        employees_table="employees",
        employees_role="arn:aws:iam::000000000000:role/employees-tenant",
        membership_api=f"{server.url}/membership-api/prod",
        parks_api=f"{server.url}/parks-api/prod",
        invitations_table="invitations",
        storage_names=DeployedNames(
            shared={mode: f"shared-{mode.replace('_', '-')}" for mode in MODES},
            own_bucket="own-{tenant}-000000000000",
            access_point="own-{tenant}",
        ),
    )


def person(label: str, tenant: str, name: str | None = None) -> Person:
    """Return someone whose tokens look genuine."""
    claims: dict[str, Any] = {
        "sub": f"user-{label}",
        "cognito:username": f"user-{label}",
        "iss": "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_pool",
        "aud": "client",
        "token_use": "id",
        "tenant": tenant,
        "exp": 4_000_000_000,
    }
    token = jws.compact({"alg": "RS256", "kid": KID}, claims, jws.rs256)
    access = jws.compact({"alg": "RS256", "kid": KID}, {**claims, "token_use": "access"}, jws.rs256)
    return Person(
        user_id=f"user-{label}",
        email=f"{label}@example.com",
        name=name or label,
        password="irrelevant",
        tenant=tenant,
        tokens=Tokens(token, access, "refresh"),
    )


def users() -> Users:
    """Return people who need no identity pool."""
    return Users(
        alice=person("alice", "tenant-a"), bob=person("bob", "tenant-b", VICTIM), carol=person("carol", "tenant-a")
    )
