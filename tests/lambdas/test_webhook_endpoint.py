"""Endpoints of webhooks: public addresses in one form."""

from __future__ import annotations

import ipaddress
import re
import socket
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from stacks.application_plane.parks.schemas import ENDPOINT_PATTERN
from tests.lambdas.events import Context
from tests.lambdas.special_addresses import IPV4, IPV6, ISATAP
from webhook_endpoint import handler as module
from webhook_endpoint.addresses import is_public
from webhook_endpoint.endpoint import Endpoint, EndpointError

if TYPE_CHECKING:
    from collections.abc import Callable

    Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_PRIVATE = (
    "0.0.0.0",  # noqa: S104 - it is judged, not bound to
    "10.1.2.3",
    "100.64.0.1",
    "127.0.0.1",
    "127.8.8.8",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.1",
    "192.168.1.1",
    "198.18.0.1",
    "203.0.113.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "::8.8.8.8",
    "64:ff9b::a00:1",
    "2002:7f00:1::",
    "2001::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
)


@pytest.mark.parametrize("address", _PRIVATE)
def test_internal_address_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "1.1.1.1", "172.32.0.1", "2606:4700:4700::1111", "::ffff:8.8.8.8"])
def test_internet_address_is_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(("characters", "taken"), [(1000, True), (1001, False)])
def test_api_and_function_share_the_url_limit(
    characters: int,
    taken: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    url = "https://example.com/".ljust(characters, "x")

    assert bool(re.fullmatch(ENDPOINT_PATTERN, url)) == taken
    if taken:
        Endpoint.parse(url)
    else:
        with pytest.raises(EndpointError, match="at most 1000"):
            Endpoint.parse(url)


@given(st.ip_addresses(v=4))
def test_mapped_ipv6_address_follows_ipv4(address: ipaddress.IPv4Address) -> None:
    assert is_public(f"::ffff:{address}") == is_public(str(address))
    assert not is_public(f"64:ff9b::{address}")


@pytest.mark.parametrize("network", [*IPV4, *IPV6])
def test_special_purpose_address_is_not_public(network: str) -> None:
    block = ipaddress.ip_network(network)
    version: Any = st.ip_addresses(network=network)

    @given(version | st.sampled_from([block[0], block[-1]]))
    def check(address: Address) -> None:
        assert not is_public(str(address))
        if address.version == 4:
            assert not is_public(f"::ffff:{address}")

    check()


@given(st.ip_addresses())
def test_every_other_unicast_address_is_public(address: Address) -> None:
    special = any(address in ipaddress.ip_network(block) for block in (*IPV4, *IPV6))
    allocated = address.version == 4 or address in ipaddress.ip_network("2000::/3")
    assume(not special and allocated and not _is_isatap(address))

    assert is_public(str(address))


@given(st.ip_addresses(v=6, network="2000::/3"), st.sampled_from(ISATAP), st.ip_addresses(v=4))
def test_ipv4_tunnel_address_is_not_public(
    prefix: ipaddress.IPv6Address, identifier: int, inner: ipaddress.IPv4Address
) -> None:
    address = ipaddress.IPv6Address(int(prefix) >> 64 << 64 | identifier << 32 | int(inner))

    assert not is_public(str(address))


def _is_isatap(address: Address) -> bool:
    return address.version == 6 and int(address) >> 32 & 0xFFFF_FFFF in ISATAP


@pytest.mark.parametrize(
    ("url", "endpoint"),
    [
        ("https://example.com", Endpoint("example.com", 443)),
        ("https://Hooks.Example.COM/a/b?c=d&e=%20", Endpoint("hooks.example.com", 443)),
        ("https://example.com:8443/", Endpoint("example.com", 8443)),
        ("https://xn--bcher-kva.example/", Endpoint("xn--bcher-kva.example", 443)),
        ("https://a.b.c.d.xn--p1ai/", Endpoint("a.b.c.d.xn--p1ai", 443)),
    ],
)
def test_public_url_is_parsed(url: str, endpoint: Endpoint) -> None:
    assert Endpoint.parse(url) == endpoint


@pytest.mark.parametrize(
    "url",
    [
        None,
        7,
        "",
        "example.com",
        "http://example.com/",
        "HTTPS://example.com/",
        "ftp://example.com/",
        "https:///x",
        "https://",
        "https://localhost/",
        "https://foo.localhost/",
        "https://printer.local/",
        "https://db.internal/",
        "https://1.0.0.127.in-addr.arpa/",
        "https://intranet/",
        "https://127.0.0.1/",
        "https://127.1/",
        "https://2130706433/",
        "https://0x7f000001/",
        "https://0x7f.0.0.1/",
        "https://0177.0.0.1/",
        "https://1.2.3.0x4/",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[fd00:ec2::254]/",
        "https://example.com./",
        "https://example..com/",
        "https://-example.com/",
        "https://exam_ple.com/",
        "https://user@example.com/",
        "https://user:pw@example.com/",
        "https://@example.com/",
        "https://example.com:@8.8.8.8/",
        "https://example.com:0/",
        "https://example.com:22/",
        "https://example.com:99999/",
        "https://example.com:x/",
        "https://example.com:/",
        "https://example.com:\uff10443/",
        "https://example.com/#x",
        "https://example.com\\@evil.example/",
        "https://example.com/ x",
        "https://example.com/\r\nHost: x",
        "https://ex\u00e4mple.com/",
        "https://example\u3002com/",
        "https://example.com/\u202e",
        f"https://example.com/{'x' * 1024}",
        f"https://{'a.' * 130}com/",
    ],
    ids=repr,
)
def test_invalid_url_is_refused_with_a_reason(url: object) -> None:
    with pytest.raises(EndpointError, match=r"^(use|malformed|remove|the host) "):
        Endpoint.parse(url)


def _resolving(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    def found(_host: str, port: int, **_: object) -> list[Any]:
        if not addresses:
            raise socket.gaierror(-2, "Name or service not known")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", found)


@pytest.mark.parametrize(
    ("addresses", "refusal"),
    [
        (["8.8.8.8"], ""),
        (["8.8.8.8", "2606:4700:4700::1111"], ""),
        (["8.8.8.8", "10.0.0.1"], "the host must be public"),
        (["10.0.0.1", "8.8.8.8"], "the host must be public"),
        (["::ffff:169.254.169.254"], "the host must be public"),
        ([], "the host name does not resolve"),
    ],
)
def test_all_addresses_of_a_name_must_be_public(
    monkeypatch: pytest.MonkeyPatch, addresses: list[str], refusal: str
) -> None:
    _resolving(monkeypatch, *addresses)

    assert module.handler({"endpoint": "https://example.com/"}, Context()) == {"refusal": refusal}


def test_refused_endpoint_is_not_resolved(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object, **__: object) -> list[Any]:
        raise AssertionError

    lookup: Callable[..., list[Any]] = never
    monkeypatch.setattr(socket, "getaddrinfo", lookup)

    assert module.handler({"endpoint": "https://10.0.0.1/"}, Context())["refusal"]
    assert module.handler({}, Context())["refusal"]
