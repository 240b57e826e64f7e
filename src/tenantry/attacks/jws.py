"""Tokens as an attacker writes them: any header, any payload, any signature."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Sign = Callable[[bytes], bytes]


def b64(data: bytes) -> str:
    """Encode as JWS does."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def compact(header: Mapping[str, Any], payload: Mapping[str, Any] | str, sign: Sign) -> str:
    """Write a token; a payload given as text is signed as it stands."""
    text = payload if isinstance(payload, str) else json.dumps(payload)
    signed = f"{b64(json.dumps(header).encode())}.{b64(text.encode())}"
    return f"{signed}.{b64(sign(signed.encode()))}"


@cache
def stranger_key() -> rsa.RSAPrivateKey:
    """Return the attacker's RSA key."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


_curve_key = cache(partial(ec.generate_private_key, ec.SECP256R1()))
_edwards_key = cache(ed25519.Ed25519PrivateKey.generate)


def unsigned(_: bytes) -> bytes:
    """Leave the signature empty."""
    return b""


def rs256(signed: bytes) -> bytes:
    """Sign with the attacker's RSA key."""
    return stranger_key().sign(signed, padding.PKCS1v15(), hashes.SHA256())


def rs512(signed: bytes) -> bytes:
    """Sign with the attacker's RSA key and a longer digest."""
    return stranger_key().sign(signed, padding.PKCS1v15(), hashes.SHA512())


def ps256(signed: bytes) -> bytes:
    """Sign with the attacker's RSA key and PSS padding."""
    pss = padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=hashes.SHA256.digest_size)
    return stranger_key().sign(signed, pss, hashes.SHA256())


def es256(signed: bytes) -> bytes:
    """Sign with the attacker's elliptic curve key."""
    r, s = decode_dss_signature(_curve_key().sign(signed, ec.ECDSA(hashes.SHA256())))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def eddsa(signed: bytes) -> bytes:
    """Sign with the attacker's Ed25519 key."""
    return _edwards_key().sign(signed)


def hmac_with(secret: bytes, digest: str = "sha256") -> Sign:
    """Sign with a shared secret."""
    return lambda signed: hmac.new(secret, signed, getattr(hashlib, digest)).digest()


def public_jwk(kid: str) -> dict[str, str]:
    """Return the attacker's RSA key as a JWK."""
    numbers = stranger_key().public_key().public_numbers()
    return {
        "kty": "RSA",
        "use": "sig",
        "alg": "RS256",
        "kid": kid,
        "e": b64(numbers.e.to_bytes(3, "big")),
        "n": b64(numbers.n.to_bytes(256, "big")),
    }
