"""Checks the endpoint of a webhook, its form and where it leads, for the workflow that subscribes it.

What it can say is true of the moment it is asked: who controls a domain can let it lead elsewhere later. It is SNS that
delivers, from AWS's own network, where no address of ours is reached (docs/parks.md).
"""

from __future__ import annotations

import socket
from typing import Any

from tenantry.runtime.observability import logger, observed
from webhook_endpoint.addresses import is_public
from webhook_endpoint.endpoint import Endpoint, EndpointError


@observed
def handler(event: dict[str, Any], _context: object) -> dict[str, str]:
    """Return why the endpoint is refused; empty if it is not.

    Isolation: the function has no grant, and makes no connection to where the endpoint leads. Every address that the
    host's name stands for must be public, not just the first.
    """
    try:
        _check(Endpoint.parse(event.get("endpoint")))
    except EndpointError as error:
        logger.info("refused", reason=str(error))
        return {"refusal": str(error)}
    return {"refusal": ""}


def _check(endpoint: Endpoint) -> None:
    try:
        found = socket.getaddrinfo(endpoint.host, endpoint.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise EndpointError("the host name does not resolve") from None
    if not found or not all(is_public(str(address[0])) for *_, address in found):
        raise EndpointError("the host must be public")
