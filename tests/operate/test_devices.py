"""Names, files and keys of tenants' servers. What happens in AWS is in tests/e2e/test_devices.py."""

from __future__ import annotations

import json
import stat
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from tenantry.operate.devices.folder import DeviceFolder
from tenantry.operate.devices.keys import KeyPair
from tenantry.operate.devices.names import DeviceCommandError, Server

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
def test_malformed_tenant_is_refused(tenant: str) -> None:
    with pytest.raises(DeviceCommandError, match="is not a tenant id"):
        Server.named(tenant, "pos-1")


@pytest.mark.parametrize("name", ["", "a:b", "a/b", "..", "*", "a b", "-a", "_a", "é", "x" * 65, "a\n"])
def test_server_name_must_fit_a_thing_name(name: str) -> None:
    with pytest.raises(DeviceCommandError, match="is not a server name"):
        Server.named("T001", name)


def test_longest_names_fit_iot() -> None:
    thing = Server.named("T" * 38, "s" * 64).thing("a" * 20)
    assert len(thing) <= 128


def test_thing_names_are_unique() -> None:
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
def test_server_thing_must_match_name_and_type(thing: str, kind: str | None, found: bool) -> None:  # noqa: FBT001
    server = Server.of_thing("tenantry", thing, kind)
    assert (server is not None) == found
    if server:
        assert server.thing("tenantry") == thing


def test_signing_request_has_the_public_key_only() -> None:
    pair = KeyPair.new("tenantry:T001:pos-1")
    key = serialization.load_pem_private_key(pair.private_key.encode(), None)
    request = x509.load_pem_x509_csr(pair.request.encode())
    assert request.is_signature_valid
    assert request.public_key() == key.public_key()
    assert request.subject.rfc4514_string() == "CN=tenantry:T001:pos-1"
    assert "PRIVATE" not in pair.request
    assert pair.private_key not in repr(pair)
    assert KeyPair.new("x").private_key != KeyPair.new("x").private_key


def test_folder_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    folder = DeviceFolder(tmp_path / "devices" / "pos-1")
    names = folder.keep(KeyPair.new("x"), "CERTIFICATE")
    bundle = tmp_path / "bundle.pem"
    bundle.write_text("CA")
    authority = folder.trust(str(bundle))
    folder.point({"tenant": "T001", "server": "pos-1"})
    assert stat.S_IMODE(folder.path.stat().st_mode) == 0o700
    files = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.path.iterdir()}
    assert files == dict.fromkeys([*names, authority, "device.json"], 0o600)


def test_previous_key_is_kept_until_dropped(tmp_path: Path) -> None:
    folder = DeviceFolder(tmp_path)
    old, new = folder.keep(KeyPair.new("x"), "OLD"), folder.keep(KeyPair.new("x"), "NEW")
    assert (tmp_path / old[0]).read_text() == "OLD"
    folder.drop_others(*new)
    assert {path.name for path in tmp_path.iterdir()} == set(new)


def test_failed_write_leaves_no_files(tmp_path: Path) -> None:
    folder = DeviceFolder(tmp_path / "pos-1")
    bundle = tmp_path / "bundle.pem"
    bundle.write_text("CA")
    names = folder.keep(KeyPair.new("x"), "CERTIFICATE")
    folder.trust(str(bundle))
    folder.undo(*names)
    assert not folder.path.exists()


@pytest.mark.parametrize("content", ["", "[]", "{}", json.dumps({"tenant": 1, "server": "x"})])
def test_empty_folder_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "device.json").write_text(content)
    with pytest.raises(DeviceCommandError, match=r"device\.json"):
        DeviceFolder(tmp_path).read()
