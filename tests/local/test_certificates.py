"""The local CA and the bundle for clients."""

import ssl
import stat
from pathlib import Path

import certifi
import pytest
from cryptography import x509

from tenantry.local import certificates
from tenantry.local.settings import StateFolder


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StateFolder:
    for name in ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"):
        monkeypatch.delenv(name, raising=False)
    made = StateFolder(tmp_path / "state")
    made.create()
    return made


def _server(folder: StateFolder) -> x509.Certificate:
    return x509.load_pem_x509_certificate((folder.tls / "server.pem").read_bytes())


def test_it_is_made_once(folder: StateFolder) -> None:
    certificates.ensure(folder)
    first = _server(folder)
    certificates.ensure(folder)
    assert _server(folder) == first


def test_a_broken_certificate_is_replaced(folder: StateFolder) -> None:
    certificates.ensure(folder)
    (folder.tls / "server.pem").write_text("nonsense")
    certificates.ensure(folder)
    assert _server(folder)


def test_the_authority_signed_the_server_and_can_sign_nothing_more(folder: StateFolder) -> None:
    certificates.ensure(folder)
    authority = x509.load_pem_x509_certificate((folder.tls / "ca.pem").read_bytes())
    _server(folder).verify_directly_issued_by(authority)
    keys = [path.name for path in folder.tls.iterdir() if "PRIVATE KEY" in path.read_text()]
    assert keys == ["server-key.pem"]


def test_only_the_owner_reads_the_servers_key(folder: StateFolder) -> None:
    certificates.ensure(folder)
    assert stat.S_IMODE((folder.tls / "server-key.pem").stat().st_mode) == 0o600


def test_clients_trust_the_public_cas_and_the_local_one(folder: StateFolder) -> None:
    certificates.ensure(folder)
    context = ssl.create_default_context(cafile=str(folder.ca_bundle))
    subjects = [dict(pair[0] for pair in ca["subject"]) for ca in context.get_ca_certs()]  # type: ignore[misc]
    assert {"commonName": "Tenantry local cloud CA"} in subjects
    assert len(subjects) > 50


def test_a_bundle_that_the_shell_names_is_kept(folder: StateFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    corporate = folder.root / "corporate.pem"
    corporate.write_text(Path(certifi.where()).read_text() + "# ours\n")
    monkeypatch.setenv("SSL_CERT_FILE", str(corporate))
    certificates.ensure(folder)
    assert "# ours" in folder.ca_bundle.read_text()


def test_the_bundle_of_a_local_cloud_is_not_put_into_itself(
    folder: StateFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificates.ensure(folder)
    before = folder.ca_bundle.read_text()
    monkeypatch.setenv("SSL_CERT_FILE", str(folder.ca_bundle))
    certificates.ensure(folder)
    assert folder.ca_bundle.read_text() == before
