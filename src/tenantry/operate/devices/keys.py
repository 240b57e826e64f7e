"""Key pairs of servers, made where they are used: only the request for a certificate goes anywhere."""

from __future__ import annotations

from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass(frozen=True, kw_only=True)
class KeyPair:
    """A private key and the request for a certificate of its public one.

    Attributes
    ----------
    private_key
        The key, as PEM. It is shown by nothing that prints the pair.
    request
        The certificate signing request, as PEM.
    """

    private_key: str
    request: str

    def __repr__(self) -> str:
        """Leave the key out."""
        return "KeyPair(...)"

    @classmethod
    def new(cls, common_name: str) -> KeyPair:
        """Make a key on the curve P-256, and a request in this name."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
        request = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, hashes.SHA256())
        pem = serialization.Encoding.PEM
        private_key = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        return cls(private_key=private_key.decode(), request=request.public_bytes(pem).decode())
