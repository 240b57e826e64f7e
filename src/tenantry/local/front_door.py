"""The deployed page for a person's browser: plain HTTP on a port of its own, so that nobody has to trust the local CA.

It adds nothing to the page. A request goes to the deployed CloudFront distribution as it would on AWS, in TLS and under
the distribution's own name, and the answer comes back with the headers that the distribution declares. The page asks
Cognito under Cognito's own address, which no browser gets to here: the page's settings, as they pass, name a path of
this port instead, under which Cognito answers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tenantry.local.settings import HOST, REGION

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Scope = dict[str, Any]
    Message = dict[str, Any]
    Receive = Callable[[], Awaitable[Message]]
    Send = Callable[[Message], Awaitable[None]]
    App = Callable[[Any, Any, Any], Awaitable[None]]

_COGNITO = f"cognito-idp.{REGION}.amazonaws.com"
_COGNITO_PATH = "/_cognito/"
_SETTINGS = "/config.json"
_NAMES = (HOST, "localhost")


def front_door(app: App, port: int, distribution: Callable[[], str | None]) -> App:
    """Return an app that answers plain HTTP with the deployed page, and everything else as before.

    Parameters
    ----------
    app
        The emulator.
    port
        The port on which plain HTTP comes in.
    distribution
        Returns the host name of the deployed distribution, or None before there is one.
    """

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["scheme"] != "http":
            await app(scope, receive, send)
            return
        host, name = _host(scope), distribution()
        if host not in {f"{known}:{port}" for known in _NAMES}:
            # A name of somebody else's that leads here is their page, which may not become this one.
            await _say(send, 421, "Open this page by its own URL.")
        elif scope["path"] == _COGNITO_PATH and scope["method"] == "POST":
            await app(_for(scope, _COGNITO, path="/"), receive, send)
        elif name is None:
            await _say(send, 503, "No page is deployed yet. Run: make up")
        elif scope["path"] == _SETTINGS:
            own = f"http://{host}{_COGNITO_PATH}".encode()
            await app(_for(scope, name), receive, _replacing(send, f"https://{_COGNITO}/".encode(), own))
        else:
            await app(_for(scope, name), receive, send)

    return serve


def _host(scope: Scope) -> str:
    return next((value.decode("latin-1") for name, value in scope["headers"] if name == b"host"), "")


def _for(scope: Scope, host: str, path: str | None = None) -> Scope:
    """Return the request as it would have come to `host` in TLS."""
    ours = {b"host": host.encode(), b"x-forwarded-proto": b"https"}
    headers = [(name, value) for name, value in scope["headers"] if name not in ours]
    changed = {**scope, "scheme": "https", "headers": [*headers, *ours.items()]}
    return changed if path is None else {**changed, "path": path, "raw_path": path.encode()}


def _replacing(send: Send, old: bytes, new: bytes) -> Send:
    """Return what sends an answer with a piece of its body replaced."""
    messages: list[Message] = []

    async def send_replaced(message: Message) -> None:
        messages.append(message)
        if message["type"] == "http.response.start" or message.get("more_body"):
            return
        start, *parts = messages
        body = b"".join(part.get("body", b"") for part in parts).replace(old, new)
        headers = [(name, value) for name, value in start["headers"] if name.lower() != b"content-length"]
        await send({**start, "headers": [*headers, (b"content-length", str(len(body)).encode())]})
        await send({"type": "http.response.body", "body": body})

    return send_replaced


async def _say(send: Send, status: int, text: str) -> None:
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(text)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": text.encode()})
