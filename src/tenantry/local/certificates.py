"""A certificate authority for one machine: made at the first start, trusted by the local cloud's clients only.

The authority's private key signs one server certificate and is then thrown away, so that trusting the authority (in a
browser, say) trusts that one certificate and nothing that anybody could sign later.
"""

import datetime as dt
import ipaddress
import os
from pathlib import Path

import certifi
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tenantry.local.settings import HOST, REGION, StateFolder, write_private

# The host names that SDKs build for the services in use. A wildcard stands for one label, hence the many lines.
_NAMES = [
    "localhost",
    "*.amazonaws.com",
    f"*.{REGION}.amazonaws.com",
    *(
        f"*.{label}.{REGION}.amazonaws.com"
        for label in (
            "credentials.iot",
            "ddb",
            "dkr.ecr",
            "execute-api",
            "iot",
            "s3",
            "s3-accesspoint",
            "s3-control",
        )
    ),
    "*.s3.amazonaws.com",
    f"*.auth.{REGION}.amazoncognito.com",
    f"*.lambda-url.{REGION}.on.aws",
    "*.cloudfront.net",
    "*.sslip.io",  # receivers of webhooks on this machine
]
_AUTHORITY = "Tenantry local cloud CA"
_LIFE = dt.timedelta(days=820)  # Apple's limit for any certificate is 825
_RENEW_BEFORE = dt.timedelta(days=14)


def ensure(folder: StateFolder) -> None:
    """Make the authority, the server's certificate and the clients' bundle, unless they exist and are valid.

    Parameters
    ----------
    folder
        The local cloud's files; `folder.tls` is written.
    """
    folder.tls.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not _is_current(folder.tls):
        _make(folder.tls)
    _write_bundle(folder)


def _is_current(folder: Path) -> bool:
    """Return whether the certificate is valid for some days, names every host, and matches both key and CA."""
    try:
        certificate = x509.load_pem_x509_certificate((folder / "server.pem").read_bytes())
        certificate.verify_directly_issued_by(x509.load_pem_x509_certificate((folder / "ca.pem").read_bytes()))
        key = serialization.load_pem_private_key((folder / "server-key.pem").read_bytes(), password=None)
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (OSError, ValueError, TypeError, InvalidSignature, x509.ExtensionNotFound):
        return False
    remaining = certificate.not_valid_after_utc - dt.datetime.now(dt.UTC)
    return (
        key.public_key() == certificate.public_key()
        and set(_NAMES) <= set(names.get_values_for_type(x509.DNSName))
        and remaining > _RENEW_BEFORE
    )


def _make(folder: Path) -> None:
    authority_key, server_key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    authority = (
        _builder(_AUTHORITY, authority_key)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(authority_key.public_key()), critical=False)
        .add_extension(_key_usage(signs_certificates=True), critical=True)
        .sign(authority_key, hashes.SHA256())
    )
    address = x509.IPAddress(ipaddress.ip_address(HOST))
    server = (
        _builder("Tenantry local cloud", server_key)
        .add_extension(x509.SubjectAlternativeName([*map(x509.DNSName, _NAMES), address]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()), critical=False)
        .add_extension(_key_usage(signs_certificates=False), critical=True)
        .sign(authority_key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    key = server_key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    write_private(folder / "server-key.pem", key.decode())
    (folder / "server.pem").write_bytes(server.public_bytes(pem))
    (folder / "ca.pem").write_bytes(authority.public_bytes(pem))


def _builder(subject: str, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    now = dt.datetime.now(dt.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(_name(subject))
        .issuer_name(_name(_AUTHORITY))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + _LIFE)
    )


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _write_bundle(folder: StateFolder) -> None:
    """Join the CAs that this shell trusts with the local one: the variables that name a bundle replace, not extend."""
    own = folder.ca_bundle
    configured = [os.environ.get(name, "") for name in ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE")]
    public = next((Path(path) for path in configured if path and Path(path) != own and Path(path).is_file()), None)
    # A bundle of a local cloud (the shell may have read its `env`) would only add a second local CA.
    if public is None or public.name == own.name:
        public = Path(certifi.where())
    text = public.read_text().rstrip() + "\n" + (folder.tls / "ca.pem").read_text()
    if not own.exists() or own.read_text() != text:
        own.write_text(text)
