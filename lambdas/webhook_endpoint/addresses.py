"""Which IP addresses are public."""

from __future__ import annotations

import ipaddress
from typing import Final

# What IANA has given out as unicast addresses of the internet. All else is for other uses, now or later: so are the
# prefixes that stand for IPv4 addresses (mapped, compatible, SIIT, NAT64), segment routing and unique local addresses.
# https://www.iana.org/assignments/ipv6-address-space/
_UNICAST: Final = ipaddress.IPv6Network("2000::/3")
# Within them, what the registries of special purposes name, even if they call it globally reachable: what answers at an
# anycast or a translated address may be inside.
_SPECIAL: Final = tuple(
    map(
        ipaddress.ip_network,
        (
            "2001::/23",  # IETF protocol assignments: Teredo, benchmarking, AMT, AS112, ORCHID, drone identifiers
            "2001:db8::/32",
            "2002::/16",  # 6to4
            "2620:4f:8000::/48",
            "3ffe::/16",  # the 6bone, which is no more
            "3fff::/20",
            "0.0.0.0/8",
            "10.0.0.0/8",
            "100.64.0.0/10",
            "127.0.0.0/8",
            "169.254.0.0/16",
            "172.16.0.0/12",
            "192.0.0.0/24",
            "192.0.2.0/24",
            "192.31.196.0/24",
            "192.52.193.0/24",
            "192.88.99.0/24",
            "192.168.0.0/16",
            "192.175.48.0/24",
            "198.18.0.0/15",
            "198.51.100.0/24",
            "203.0.113.0/24",
            "224.0.0.0/3",  # multicast, reserved, broadcast
        ),
    )
)
# ISATAP: an interface identifier that holds an IPv4 address, behind any prefix. RFC 5214, section 6.1.
_ISATAP: Final = frozenset({0x0000_5EFE, 0x0200_5EFE})


def is_public(text: str) -> bool:
    """Return whether an address is unicast and belongs to the internet: no loopback, link-local or private one.

    An address that stands for another one (translated, tunnelled) is refused whatever it stands for, but for a mapped
    one, which is judged as the IPv4 address that it is. The metadata services of AWS are link-local (169.254.169.254)
    and unique local (fd00:ec2::254).

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
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped:
            address = address.ipv4_mapped
        elif address not in _UNICAST or int(address) >> 32 & 0xFFFF_FFFF in _ISATAP:
            return False
    # The library's own list is another one, and grows with it.
    return address.is_global and not any(address in network for network in _SPECIAL)
