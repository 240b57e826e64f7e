"""A certificate is exchanged for a role's credentials by mutual TLS.

AWS: IoT's credentials provider takes a certificate in the TLS handshake and answers with credentials of the role alias
in the path, if the certificate is active, one of its IoT policies allows `iot:AssumeRoleWithCertificate` on the alias,
the role trusts `credentials.iot.amazonaws.com`, and the thing in the header `x-amzn-iot-thingname`, if there is one, is
attached to the certificate. Policies can then name the thing, its type and the certificate by `credentials-iot:*`; the
thing and its type only if the header was there.
https://docs.aws.amazon.com/iot/latest/developerguide/authorizing-direct-aws.html

MiniStack: has no such provider, and `iot:DescribeEndpoint` gives an address of the gateway, which asks for no
certificate.

Here: the provider answers on a port of its own, and `iot:DescribeEndpoint` says which. A certificate that IoT's own
authority has not signed gets no further than the handshake.
"""

import contextlib
import hashlib
import json
import os
import re
import socket
import ssl
import threading
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote

from ministack.core import iam_evaluator
from ministack.core.responses import json_response, request_scope
from ministack.services import iot, sts

from tenantry.local.gaps.iot import role_aliases
from tenantry.local.patching import Fields, Original, require, service_calls, wrap
from tenantry.local.settings import CREDENTIALS_PORT_VARIABLE, HOST

_SERVICE = "credentials.iot.amazonaws.com"
_ACTION = "iot:AssumeRoleWithCertificate"
_THING_HEADER = "x-amzn-iot-thingname"
_PATH = re.compile(r"/role-aliases/([^/?]+)/credentials")
_IDLE_SECONDS = 20


def close() -> None:
    """Close the gap."""
    require(iot, "get_ca_cert_pem", "_mtls_active_registrations", "_mqtt_policy_context", "_mqtt_policy_allows")
    require(iot, "_things", "_thing_arn")
    require(sts, "_sessions")
    port = int(os.environ[CREDENTIALS_PORT_VARIABLE])
    wrap(iot, "_describe_endpoint", partial(_naming, f"{HOST}:{port}"))
    wrap(iam_evaluator, "_principal_keys", _with_the_sessions_own)
    server = _Server((HOST, port), _Handler)
    threading.Thread(target=server.serve_forever, name="iot-credentials", daemon=True).start()


def _naming(address: str, describe: Original, query: Any) -> Any:
    if query.get("endpointType") == "iot:CredentialProvider":
        return json_response({"endpointAddress": address})
    return describe(query)


def _with_the_sessions_own(keys_of: Original, credential: Any) -> Fields:
    session = sts._sessions.get(credential.access_key_id) or {}
    return {**keys_of(credential), **(session.get(service_calls.CONDITION_KEYS) or {})}


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = super().get_request()
        connection.settimeout(_IDLE_SECONDS)
        # The authority may be made, or read back, after the start. The handshake is the handler's, in its own thread.
        return _context().wrap_socket(connection, server_side=True, do_handshake_on_connect=False), address

    def handle_error(self, *_: Any) -> None:
        """Log nothing: a failed handshake is the client's error."""


def _context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(os.environ["MINISTACK_SSL_CERT"], os.environ["MINISTACK_SSL_KEY"])
    context.load_verify_locations(cadata=iot.get_ca_cert_pem())
    context.verify_mode = ssl.CERT_OPTIONAL
    return context


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        """Answer with credentials, or with the reason for a refusal."""
        certificate = self.connection.getpeercert(binary_form=True)
        found = _PATH.fullmatch(self.path.partition("?")[0])
        status, content = 404, {"message": "Not Found"}
        if found:
            status, content = _exchange(certificate, unquote(found[1]), self.headers.get(_THING_HEADER))
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        with contextlib.suppress(OSError):
            self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Log nothing."""


def _exchange(certificate: bytes | None, alias: str, thing: str | None) -> tuple[int, Fields]:
    denied = 403, {"message": "Access Denied"}
    certificate_id = hashlib.sha256(certificate or b"").hexdigest()
    active = iot._mtls_active_registrations(certificate_id) if certificate else []
    if len(active) != 1:
        return denied
    account, region, record = active[0]
    with request_scope(account, region):
        if thing and iot._thing_arn(thing) not in record.get("attachedThings", []):
            return denied
        variables = iot._mqtt_policy_context(account, region, certificate_id, thing or "")
        if not iot._mqtt_policy_allows(account, region, certificate_id, variables, _ACTION, f"rolealias/{alias}"):
            return denied
        known = role_aliases.ALIASES.get(alias)
        if known is None:
            return 404, {"message": "Role alias does not exist"}
        try:
            session = service_calls.new_session(
                known["roleArn"],
                service=_SERVICE,
                session_name=certificate_id,
                source_arn=role_aliases.arn(alias),
                seconds=known["credentialDurationSeconds"],
                keys=_keys(certificate_id, thing),
            )
        except service_calls.RefusedError:
            return denied
    return 200, {
        "credentials": {
            "accessKeyId": session.access_key_id,
            "secretAccessKey": session.secret_access_key,
            "sessionToken": session.session_token,
            "expiration": session.expiration,
        }
    }


def _keys(certificate_id: str, thing: str | None) -> dict[str, str]:
    keys = {"credentials-iot:awscertificateid": certificate_id}
    if thing:
        keys["credentials-iot:thingname"] = thing
        if kind := (iot._things.get(thing) or {}).get("thingTypeName"):
            keys["credentials-iot:thingtypename"] = kind
    return keys
