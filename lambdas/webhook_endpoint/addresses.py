"""Which addresses belong to the internet at large."""

from __future__ import annotations

import ipaddress
from typing import Final

# Ranges that the library takes for global though what answers there may be inside: translation to IPv4, whatever it is.
_INDIRECT: Final = tuple(
    map(
        ipaddress.ip_network,
        ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32", "::/96", "192.88.99.0/24", "fec0::/10"),
    )
)


def is_public(text: str) -> bool:
    """Return whether an address is unicast and belongs to the internet: no loopback, link-local or private one.

    The metadata services of AWS are link-local (169.254.169.254) and unique local (fd00:ec2::254).

    Sources
    -------
    https://www.iana.org/assignments/iana-ipv4-special-registry/
    https://www.iana.org/assignments/iana-ipv6-special-registry/

    Examples
    --------
    >>> is_public("8.8.8.8"), is_public("169.254.169.254"), is_public("::ffff:10.0.0.1")
    (True, False, False)
    """
    address = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    return address.is_global and not address.is_multicast and not any(address in network for network in _INDIRECT)
