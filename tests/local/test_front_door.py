"""The page for browsers: how a request by plain HTTP reaches the distribution."""

import asyncio
from typing import Any

import pytest

from tenantry.local.front_door import front_door

_PORT = 4601
_PAGE = "d1abc.cloudfront.net"


class _Emulator:
    """Notes what it is asked, and answers with a body in two pieces."""

    def __init__(self, *pieces: bytes) -> None:
        self.pieces = pieces or (b"ok",)
        self.scopes: list[dict[str, Any]] = []

    async def __call__(self, scope: Any, _receive: Any, send: Any) -> None:  # noqa: ANN401 - ASGI's own
        self.scopes.append(scope)
        length = str(sum(map(len, self.pieces))).encode()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", length)]})
        for number, piece in enumerate(self.pieces, 1):
            await send({"type": "http.response.body", "body": piece, "more_body": number < len(self.pieces)})


def _ask(
    emulator: _Emulator,
    path: str = "/",
    *,
    host: str = f"127.0.0.1:{_PORT}",
    scheme: str = "http",
    method: str = "GET",
    page: str | None = _PAGE,
) -> tuple[int, dict[bytes, bytes], bytes]:
    sent: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    headers = [(b"host", host.encode()), (b"x-forwarded-proto", b"http"), (b"accept", b"*/*")]
    scope = {
        "type": "http",
        "scheme": scheme,
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "headers": headers,
    }
    asyncio.run(front_door(emulator, _PORT, lambda: page)(scope, None, send))  # type: ignore[arg-type]
    start = sent[0]
    return start["status"], dict(start["headers"]), b"".join(message.get("body", b"") for message in sent[1:])


def test_a_request_reaches_the_distribution_as_https_with_its_host_name() -> None:
    emulator = _Emulator()

    assert _ask(emulator, "/tenant")[0] == 200
    (scope,) = emulator.scopes
    assert scope["path"] == "/tenant"
    assert scope["scheme"] == "https"
    assert sorted(scope["headers"]) == [
        (b"accept", b"*/*"),
        (b"host", _PAGE.encode()),
        (b"x-forwarded-proto", b"https"),
    ]


def test_cognito_answers_under_a_path_of_the_page() -> None:
    emulator = _Emulator()

    _ask(emulator, "/_cognito/", method="POST")
    (scope,) = emulator.scopes
    assert (scope["path"], scope["raw_path"]) == ("/", b"/")
    assert (b"host", b"cognito-idp.us-east-1.amazonaws.com") in scope["headers"]


@pytest.mark.parametrize("host", [f"127.0.0.1:{_PORT}", f"localhost:{_PORT}"])
def test_the_settings_name_the_host_of_the_request(host: str) -> None:
    emulator = _Emulator(
        b'{"userPoolEndpoint": "https://cognito-idp.us-ea', b'st-1.amazonaws.com/", "application": "x"}'
    )

    _, headers, body = _ask(emulator, "/config.json", host=host)

    assert body == f'{{"userPoolEndpoint": "http://{host}/_cognito/", "application": "x"}}'.encode()
    assert headers[b"content-length"] == str(len(body)).encode()


@pytest.mark.parametrize("host", ["evil.example", f"evil.example:{_PORT}", "127.0.0.1", "127.0.0.1:1", ""])
def test_other_host_names_are_refused(host: str) -> None:
    emulator = _Emulator()

    assert _ask(emulator, host=host)[0] == 421
    assert emulator.scopes == []


def test_without_a_deployed_page_the_answer_says_what_to_do() -> None:
    status, _, body = _ask(_Emulator(), page=None)

    assert (status, b"make up" in body) == (503, True)


def test_tls_requests_pass_unchanged() -> None:
    emulator = _Emulator()

    _ask(emulator, "/config.json", scheme="https", host="anything")
    assert emulator.scopes[0]["headers"][0] == (b"host", b"anything")
