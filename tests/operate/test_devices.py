"""Names, files and keys of tenants' servers. What happens in AWS is in tests/e2e/test_devices.py."""

from __future__ import annotations

import json
import stat
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from tenantry.operate.devices.errors import DeviceCommandError
from tenantry.operate.devices.folder import DeviceFolder
from tenantry.operate.devices.keys import KeyPair
from tenantry.operate.devices.names import Server

if TYPE_CHECKING:
    from pathlib import Path

HOSTILE = [
    "",
    "ab",
    "T*",
    "T00?",
    "a/b",
    "../T001",
    "T001 ",
    "T001\n",
    "ta:g",
    "tag",
    "TAG",
    "é" * 3,
    "-T1",
    "x" * 39,
    "${a}",
]


@pytest.mark.parametrize("tenant", HOSTILE)
def test_a_tenant_that_is_none_gets_no_server(tenant: str) -> None:
    with pytest.raises(DeviceCommandError, match="is not a tenant id"):
        Server.named(tenant, "pos-1")


@pytest.mark.parametrize("name", ["", "a:b", "a/b", "..", "*", "a b", "-a", "_a", "é", "x" * 65, "a\n"])
def test_a_server_has_a_name_that_can_stand_in_a_things(name: str) -> None:
    with pytest.raises(DeviceCommandError, match="is not a server name"):
        Server.named("T001", name)


def test_the_longest_names_make_a_thing_that_iot_takes() -> None:
    thing = Server.named("T" * 38, "s" * 64).thing("a" * 20)
    assert len(thing) <= 128


def test_two_servers_never_share_a_thing() -> None:
    named = [("a-b", "c01"), ("a-b-c", "01"), ("aab", "c-01"), ("AAB", "c-01")]
    assert len({Server.named(tenant, name).thing("tenantry") for tenant, name in named}) == len(named)


@pytest.mark.parametrize(
    ("thing", "kind", "found"),
    [
        ("tenantry:T001:pos-1", "T001", True),
        ("tenantry:T001:pos-1", "T002", False),  # somebody has changed its type
        ("tenantry:T001:pos-1", None, False),
        ("other:T001:pos-1", "T001", False),
        ("tenantry:T001", "T001", False),
        ("tenantry:T*:pos-1", "T*", False),
        ("tenantry:T001:pos:1", "T001", False),
    ],
)
def test_a_thing_is_a_server_only_if_name_and_type_agree(thing: str, kind: str | None, found: bool) -> None:  # noqa: FBT001
    server = Server.of_thing("tenantry", thing, kind)
    assert (server is not None) == found
    if server:
        assert server.thing("tenantry") == thing


def test_a_request_holds_the_public_key_alone() -> None:
    pair = KeyPair.new("tenantry:T001:pos-1")
    key = serialization.load_pem_private_key(pair.private_key.encode(), None)
    request = x509.load_pem_x509_csr(pair.request.encode())
    assert request.is_signature_valid
    assert request.public_key() == key.public_key()
    assert request.subject.rfc4514_string() == "CN=tenantry:T001:pos-1"
    assert "PRIVATE" not in pair.request
    assert pair.private_key not in repr(pair)
    assert KeyPair.new("x").private_key != KeyPair.new("x").private_key


def test_everything_in_a_folder_is_for_its_owner_alone(tmp_path: Path) -> None:
    folder = DeviceFolder(tmp_path / "devices" / "pos-1")
    names = folder.keep(KeyPair.new("x"), "CERTIFICATE")
    bundle = tmp_path / "bundle.pem"
    bundle.write_text("CA")
    authority = folder.trust(str(bundle))
    folder.point({"tenant": "T001", "server": "pos-1"})
    assert stat.S_IMODE(folder.path.stat().st_mode) == 0o700
    files = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.path.iterdir()}
    assert files == dict.fromkeys([*names, authority, "device.json"], 0o600)


def test_an_older_key_stays_until_it_is_dropped(tmp_path: Path) -> None:
    folder = DeviceFolder(tmp_path)
    old, new = folder.keep(KeyPair.new("x"), "OLD"), folder.keep(KeyPair.new("x"), "NEW")
    assert (tmp_path / old[0]).read_text() == "OLD"
    folder.drop_others(*new)
    assert {path.name for path in tmp_path.iterdir()} == set(new)


def test_what_was_written_in_vain_leaves_no_trace(tmp_path: Path) -> None:
    folder = DeviceFolder(tmp_path / "pos-1")
    bundle = tmp_path / "bundle.pem"
    bundle.write_text("CA")
    names = folder.keep(KeyPair.new("x"), "CERTIFICATE")
    folder.trust(str(bundle))
    folder.undo(*names)
    assert not folder.path.exists()


@pytest.mark.parametrize("content", ["", "[]", "{}", json.dumps({"tenant": 1, "server": "x"})])
def test_a_folder_that_says_nothing_is_told_apart(tmp_path: Path, content: str) -> None:
    (tmp_path / "device.json").write_text(content)
    with pytest.raises(DeviceCommandError, match=r"device\.json"):
        DeviceFolder(tmp_path).read()
