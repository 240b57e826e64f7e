"""The form of an endpoint, which is checked before its name is resolved."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

_MOST: Final = 1000  # as in stacks/application_plane/parks/schemas.py
_HTTPS: Final = 443
_FIRST_FREE_PORT: Final = 1024  # below, other protocols are at home
_LAST_PORT: Final = 65535
_LABEL: Final = r"(?!-)[a-z0-9-]{1,63}(?<!-)"
# The last label of a domain name has a letter in it, that of an address written in any base begins with a digit.
_HOST: Final = re.compile(rf"(?=.{{1,253}}\Z)({_LABEL}\.)+(?!\d)(?!-)[a-z0-9-]{{2,63}}(?<!-)")
_URL: Final = re.compile(r"https://[!-~]+")
_UNSAFE: Final = frozenset('"<>\\^`{|}#')
# Names that lead to the inside, or nowhere. https://www.iana.org/assignments/special-use-domain-names/
_INSIDE: Final = (
    "localhost",
    "local",
    "localdomain",
    "internal",
    "intranet",
    "corp",
    "home",
    "lan",
    "arpa",
    "onion",
    "alt",
)


class EndpointError(ValueError):
    """An endpoint is not usable; the message says why, and can be shown to whoever sent it."""


@dataclass(frozen=True)
class Endpoint:
    """Where a webhook is delivered.

    Attributes
    ----------
    host, port
        Of the URL.
    """

    host: str
    port: int

    @classmethod
    def parse(cls, url: object) -> Endpoint:
        """Parse a URL strictly: what another parser might read otherwise is refused.

        Raises
        ------
        EndpointError
            It is not HTTPS, holds credentials, names an address in the place of a domain name, or a name of the inside.
        """
        if not isinstance(url, str) or not _URL.fullmatch(url) or _UNSAFE & set(url) or len(url) > _MOST:
            raise EndpointError(f"use an https URL of at most {_MOST} ASCII characters")
        try:
            parts = urlsplit(url)
            port = parts.port or (_HTTPS if parts.port is None else 0)
        except ValueError:
            raise EndpointError("malformed host or port") from None
        if "@" in parts.netloc:
            raise EndpointError("remove the user name and password")
        host = (parts.hostname or "").lower()
        if parts.netloc.lower() not in {host, f"{host}:{port}"} or not _HOST.fullmatch(host):
            raise EndpointError("use a domain name as host, not an address")
        if any(host.endswith(f".{name}") for name in _INSIDE):
            raise EndpointError("the host must be public")
        if port != _HTTPS and not _FIRST_FREE_PORT <= port <= _LAST_PORT:
            raise EndpointError(f"use port {_HTTPS}, or {_FIRST_FREE_PORT} and higher")
        return cls(host, port)
