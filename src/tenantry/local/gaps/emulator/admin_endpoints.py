"""The emulator's administration endpoints are closed.

AWS: has no such endpoints.

MiniStack: `POST /_ministack/reset` wipes the account, and `/_ministack`, `/_localstack` and `/_aws` show functions'
code, sent mail and queued messages, all without a key.

Here: these paths answer 403, except for health and for what deployments and clients use: the replies of custom
resources, which carry an unguessable token, and the path form of API Gateway's URLs.
"""

from typing import Any

from ministack import app

from tenantry.local.patching import Fields, Original, wrap

_CLOSED = ("/_ministack", "/_localstack", "/_aws")
_OPEN = ("/_ministack/health", "/_ministack/ready", "/_ministack/cfn-response/", "/_ministack/cfn-signal/")
_EXECUTE_API = "/_aws/execute-api/"


def close() -> None:
    """Close the gap."""
    wrap(app, "app", _guarded)


async def _guarded(application: Original, scope: Fields, receive: Any, send: Any) -> None:
    path = scope.get("path", "")
    if scope["type"] == "http" and path.startswith(_CLOSED) and not path.startswith((*_OPEN, _EXECUTE_API)):
        await send({"type": "http.response.start", "status": 403, "headers": []})
        await send({"type": "http.response.body", "body": b""})
        return
    await application(scope, receive, send)
