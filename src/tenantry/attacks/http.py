"""Requests sent exactly as an attacker writes them."""

from __future__ import annotations

import json
import re
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import requests
from requests.adapters import HTTPAdapter
from requests.utils import get_environ_proxies

from tenantry.attacks import threats

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tenantry.attacks.sigv4 import Signer
    from tenantry.attacks.threats import Threat

_TIMEOUT: Final = 30
_THROTTLED: Final = 429
_PATIENCE: Final = (0.5, 1, 2, 4)
_SHOWN: Final = 240
_TOKEN: Final = re.compile(r"eyJ[\w-]+\.[\w.-]*")


@dataclass(frozen=True)
class Reply:
    """What came back.

    Attributes
    ----------
    status
        The HTTP status.
    text
        The body.
    headers
        The headers, by lower-case name.
    """

    status: int
    text: str
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Whether the request got what it asked for."""
        return self.status in range(200, 300)

    def json(self) -> Any:  # noqa: ANN401 - whatever was sent
        """Return the body as JSON, None if it is not."""
        try:
            return json.loads(self.text)
        except ValueError:
            return None

    def field(self, name: str) -> Any:  # noqa: ANN401 - whatever was sent
        """Return a field of the body, None if it has none."""
        content = self.json()
        return content.get(name) if isinstance(content, dict) else None

    def __str__(self) -> str:
        """Show status and body, without tokens and not too long."""
        return f"{self.status} {presentable(self.text)}".strip()


def presentable(text: str) -> str:
    """Return a text on one line, without tokens and not too long."""
    return shortened(" ".join(_TOKEN.sub("(a token)", text).split()), _SHOWN)


def shortened(text: str, length: int = 60) -> str:
    """Return the beginning of a long text."""
    return text if len(text) <= length else f"{text[:length]}…"


class Http:
    """Sends requests to one environment.

    Parameters
    ----------
    ca_bundle
        The file of certificate authorities to trust; None for the usual ones.
    agent
        What the requests call themselves, so that an operator recognizes them in access logs.
    proxied_url
        A URL whose proxy settings, if the environment has any, go for all requests; empty for no proxy.
    """

    def __init__(self, *, ca_bundle: str | None = None, agent: str = "tenantry-attack", proxied_url: str = "") -> None:
        self._session = requests.Session()
        # Nothing from ~/.netrc may slip into a request that is meant to carry no credentials.
        self._session.trust_env = False
        self._session.proxies.update(get_environ_proxies(proxied_url))
        self._session.verify = ca_bundle or True
        self._session.headers["User-Agent"] = agent
        for scheme in ("https://", "http://"):
            self._session.mount(scheme, HTTPAdapter(pool_maxsize=32))

    def send(
        self, method: str, url: str, *, headers: Mapping[str, str] | None = None, body: str | bytes | None = None
    ) -> Reply:
        """Send one request, its path and query as written, and wait while the API says that there are too many."""
        data = body.encode() if isinstance(body, str) else body
        scheme, _, rest = url.partition("://")
        host = rest.split("/", 1)[0]
        for pause in (*_PATIENCE, None):
            request = self._session.prepare_request(
                requests.Request(method, f"{scheme}://{host}/", headers=dict(headers or {}), data=data)
            )
            request.url = url  # past the point where dots and escapes would be tidied up
            response = self._session.send(
                request,
                timeout=_TIMEOUT,
                allow_redirects=False,
                verify=self._session.verify,
                proxies=self._session.proxies,
            )
            if response.status_code != _THROTTLED or pause is None:
                break
            time.sleep(pause)
        response.encoding = "utf-8"
        return Reply(response.status_code, response.text, {k.lower(): v for k, v in response.headers.items()})


@dataclass(frozen=True)
class Api:
    """An API of one environment.

    Attributes
    ----------
    http
        Sends its requests.
    url
        Where it is, with its stage and without a closing slash.
    """

    http: Http
    url: str

    def __call__(
        self,
        method: str,
        path: str,
        token: str | None = None,
        body: object = None,
        *,
        signer: Signer | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Send a request; a token goes where it belongs, and a body that is no text yet is sent as JSON."""
        url, data = self.url + path, body if body is None or isinstance(body, str | bytes) else json.dumps(body)
        sent = {"Authorization": f"Bearer {token}"} if token is not None else {}
        if data is not None:
            sent["Content-Type"] = "application/json"
        if signer:
            sent |= signer.headers(method, url, data or "")
        return self.http.send(method, url, headers={**sent, **(headers or {})}, body=data)


@dataclass(frozen=True)
class Body:
    """A body for a path of one's own, as the surfaces list them.

    Attributes
    ----------
    slug, tries
        Its name, and what it is.
    text
        The body; MARK stands for a word of its own, OTHER for another's tenant.
    content_type
        The content type it is sent with.
    stored
        What may be stored instead of refusing it; None if it must be refused.
    threat
        What it would mean if it succeeded.
    """

    slug: str
    tries: str
    text: str | bytes
    content_type: str = "application/json"
    stored: Any = None
    threat: Threat = threats.INJECTION
