"""The forgeries would deceive a verifier that makes the mistake they are made for."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import TYPE_CHECKING, Any

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.utils import base64url_decode

from tenantry.attacks import jws
from tenantry.attacks.forged_tokens import FORGERIES, Forgery, Material
from tenantry.attacks.jwks_server import JwksServer
from tests.attacks import fakes

if TYPE_CHECKING:
    from collections.abc import Iterator

BY_SLUG = {forgery.slug: forgery for forgery in FORGERIES}


@pytest.fixture(scope="module")
def jwks_server() -> Iterator[JwksServer]:
    made = JwksServer(fakes.KID)
    yield made
    made.close()


@pytest.fixture(scope="module")
def material(jwks_server: JwksServer) -> Material:
    alice = fakes.person("alice", "tenant-a")
    return Material(
        own=alice.tokens.id,
        wanted={**alice.tokens.claims, "tenant": "tenant-b", "cognito:username": "user-bob"},
        kid=fakes.KID,
        jwk=jws.public_jwk(fakes.KID),
        pool_id="us-east-1_pool",
        client_id="client",
        jwks_url=jwks_server.url,
    )


def _claims(token: str) -> Any:  # noqa: ANN401 - JSON
    return json.loads(base64url_decode(token.split(".")[1]))


def _header(token: str) -> Any:  # noqa: ANN401 - JSON
    return json.loads(base64url_decode(token.partition(".")[0]))


def test_slugs_are_unique() -> None:
    assert len(BY_SLUG) == len(FORGERIES)


@pytest.mark.parametrize("forgery", FORGERIES, ids=lambda forgery: forgery.slug)
def test_forgery_fits_in_a_header_and_is_not_valid(forgery: Forgery, material: Material) -> None:
    token = forgery.make(material)
    assert token.encode("latin-1").isascii()
    assert "\n" not in token
    assert len(token) < 8000  # API Gateway takes 10,240 bytes of headers
    assert token != material.own


def test_verifier_that_allows_none_accepts_the_forgery(material: Material) -> None:
    token = BY_SLUG["alg-none"].make(material)
    assert jwt.decode(token, "", algorithms=["none"], options={"verify_signature": False})["tenant"] == "tenant-b"
    assert token.endswith(".")


@pytest.mark.parametrize(
    ("slug", "secret"),
    [("hs256-empty", b""), ("hs256-secret", b"secret"), ("hs256-client-id", b"client"), ("path-kid", b"")],
)
def test_verifier_with_a_guessable_secret_accepts_the_forgery(slug: str, secret: bytes, material: Material) -> None:
    signed, _, signature = BY_SLUG[slug].make(material).rpartition(".")
    assert base64url_decode(signature) == hmac.new(secret, signed.encode(), hashlib.sha256).digest()
    assert _claims(f"{signed}.")["tenant"] == "tenant-b"


def test_verifier_that_uses_the_public_key_as_a_secret_accepts_the_forgery(material: Material) -> None:
    signed, _, signature = BY_SLUG["hs256-public-pem"].make(material).rpartition(".")
    pem = jws.stranger_key().public_key()
    secret = pem.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    assert base64url_decode(signature) == hmac.new(secret, signed.encode(), hashlib.sha256).digest()


@pytest.mark.parametrize("slug", ["jku", "x5u", "url-kid"])
def test_verifier_that_follows_a_link_accepts_the_forgery_and_is_seen(
    slug: str, material: Material, jwks_server: JwksServer
) -> None:
    token = BY_SLUG[slug].make(material)
    link = _header(token)["kid" if slug == "url-kid" else slug]
    assert not jwks_server.visited(slug)
    keys = jwt.PyJWKClient(link).get_jwk_set()
    assert jwt.decode(token, keys[fakes.KID], algorithms=["RS256"], audience="client")["tenant"] == "tenant-b"
    assert jwks_server.visited(slug)


def test_verifier_that_uses_the_key_of_the_header_accepts_the_forgery(material: Material) -> None:
    token = BY_SLUG["jwk"].make(material)
    key = jwt.PyJWK(_header(token)["jwk"])
    assert jwt.decode(token, key, algorithms=["RS256"], audience="client")["tenant"] == "tenant-b"


@pytest.mark.parametrize("algorithm", ["RS256", "RS512", "PS256", "ES256", "EdDSA"])
def test_attackers_signature_is_valid(algorithm: str) -> None:
    sign = {
        "RS256": jws.rs256,
        "RS512": jws.rs512,
        "PS256": jws.ps256,
        "ES256": jws.es256,
        "EdDSA": jws.eddsa,
    }[algorithm]
    keys: dict[str, Any] = {"ES256": jws._curve_key, "EdDSA": jws._edwards_key}  # noqa: SLF001 - to verify with
    key = keys.get(algorithm, jws.stranger_key)()
    token = jws.compact({"alg": algorithm}, {"tenant": "tenant-b"}, sign)
    assert jwt.decode(token, key.public_key(), algorithms=[algorithm]) == {"tenant": "tenant-b"}


@pytest.mark.parametrize(
    ("slug", "claim"),
    [("no-exp", "exp"), ("no-iss", "iss"), ("no-aud", "aud"), ("no-use", "token_use"), ("no-kid", "kid")],
)
def test_omitted_claim_is_missing(slug: str, claim: str, material: Material) -> None:
    token = BY_SLUG[slug].make(material)
    assert claim not in {**_header(token), **_claims(token)}


def test_spliced_token_keeps_the_genuine_signature(material: Material) -> None:
    token = BY_SLUG["spliced"].make(material)
    assert token.rsplit(".", 1)[1] == material.own.rsplit(".", 1)[1]
    assert _claims(token)["tenant"] == "tenant-b"
