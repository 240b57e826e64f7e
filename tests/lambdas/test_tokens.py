"""Token verification: valid tokens are accepted, forgeries are refused."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from typing import TYPE_CHECKING, Any

import jwt
import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from jwt.algorithms import RSAAlgorithm

from tenantry.model.errors import UnauthorizedError
from tenantry.runtime.tokens import KeySet, TokenVerifier, bearer_token

if TYPE_CHECKING:
    from collections.abc import Mapping

_ISSUER = "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_pool"
_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
_OTHER_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
_PUBLIC_PEM = _KEY.public_key().public_bytes(
    serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
)


class _Keys(KeySet):
    """A key set that counts how often it is fetched."""

    def __init__(self, clock: list[float]) -> None:
        super().__init__("https://unused", clock=lambda: clock[0])
        self.fetches = 0

    def _fetch(self) -> Mapping[str, jwt.PyJWK]:
        self.fetches += 1
        jwk = json.loads(RSAAlgorithm.to_jwk(_KEY.public_key()))
        return {"key-1": jwt.PyJWK({**jwk, "kid": "key-1", "alg": "RS256", "use": "sig"})}


def _claims(**changes: object) -> dict[str, Any]:
    now = int(time.time())
    claims = {
        "sub": "user-1",
        "cognito:username": "user-1",
        "iss": _ISSUER,
        "aud": "client",
        "token_use": "id",
        "iat": now,
        "auth_time": now,
        "exp": now + 60,
        "tenant": "tenant-1",
        **changes,
    }
    return {name: value for name, value in claims.items() if value is not None}


def _token(claims: dict[str, Any] | None = None, key: object = _KEY, **header: object) -> str:
    algorithm = str(header.pop("alg", "RS256"))
    return jwt.encode(claims or _claims(), key, algorithm=algorithm, headers={"kid": "key-1", **header})  # type: ignore[arg-type]


def _part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def _hmac_with_public_key() -> str:
    signed = f"{_part({'alg': 'HS256', 'kid': 'key-1'})}.{_part(_claims())}"
    digest = hmac.new(_PUBLIC_PEM, signed.encode(), hashlib.sha256).digest()
    return f"{signed}.{base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}"


def _signed_with_another_digest() -> str:
    """Return a token whose header says RS512 and whose signature is one of RS256."""
    signed = f"{_part({'alg': 'RS512', 'kid': 'key-1'})}.{_part(_claims())}"
    signature = _KEY.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())
    return f"{signed}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


@pytest.fixture
def verifier() -> TokenVerifier:
    return TokenVerifier(_ISSUER, "client", keys=_Keys([0.0]))


def test_valid_token_returns_its_claims(verifier: TokenVerifier) -> None:
    assert verifier.verify(_token())["tenant"] == "tenant-1"


@pytest.mark.parametrize("claims", [{"iat": 2}, {"iat": 4}, {"iat": 2.5}, {"nbf": 4}])
def test_issue_time_allows_clock_skew(verifier: TokenVerifier, claims: dict[str, float]) -> None:
    ahead = {name: int(time.time()) + seconds for name, seconds in claims.items()}

    assert verifier.verify(_token(_claims(**ahead)))["tenant"] == "tenant-1"


@pytest.mark.parametrize(
    "token",
    [
        "",
        "garbage",
        "a.b.c",
        f"{_part({'alg': 'none', 'kid': 'key-1'})}.{_part(_claims())}.",
        f"{_part({'alg': 'RS256'})}.{_part(_claims())}.c2ln",
        _token(alg="HS256", key="a-published-secret-of-a-tutorial"),
        _hmac_with_public_key(),
        _token(alg="RS512"),
        _signed_with_another_digest(),
        _token(alg="PS256"),
        _token(key=_OTHER_KEY),
        _token(key=_OTHER_KEY, jwk=json.loads(RSAAlgorithm.to_jwk(_OTHER_KEY.public_key()))),
        _token(key=_OTHER_KEY, jku="https://attacker.example/jwks.json"),
        _token(kid="unknown"),
        _token(kid="../../etc/passwd"),
        _token(_claims(exp=int(time.time()) - 1)),
        _token(_claims(exp=None)),
        _token(_claims(nbf=int(time.time()) + 60)),
        _token(_claims(iat=int(time.time()) + 600)),
        _token({**_claims(), "iat": True}),
        _token({**_claims(), "nbf": "soon"}),
        _token({**_claims(), "nbf": float("nan")}),
        _token(_claims(iat=None)),
        _token(_claims(auth_time=None)),
        _token(_claims(iss=None)),
        _token(_claims(iss="https://cognito-idp.us-east-1.amazonaws.com/us-east-1_other")),
        _token(_claims(iss=_ISSUER + "/")),
        _token(_claims(aud=None)),
        _token(_claims(aud="another-client")),
        _token(_claims(aud=["client", "another-client"])),
        _token(_claims(sub=None)),
        _token(_claims(token_use=None)),
        _token(_claims(token_use="access")),
        _token(_claims(aud=None, client_id="client", token_use="access")),
        _token() + "x",
    ],
)  # fmt: skip
def test_invalid_token_is_refused_without_a_reason(verifier: TokenVerifier, token: str) -> None:
    with pytest.raises(UnauthorizedError, match=r"^Unauthorized$"):
        verifier.verify(token)


def test_key_set_is_fetched_once() -> None:
    clock = [0.0]
    keys = _Keys(clock)
    verifier = TokenVerifier(_ISSUER, "client", keys=keys)

    for _ in range(50):
        verifier.verify(_token())
        clock[0] += 61.0

    assert keys.fetches == 1


def test_unknown_key_ids_do_not_cause_unlimited_fetches() -> None:
    clock = [0.0]
    keys = _Keys(clock)
    keys.key("key-1")

    for second in range(600):
        clock[0] = float(second)
        with pytest.raises(UnauthorizedError):
            keys.key(f"made-up-{second}")

    assert keys.fetches <= 1 + 600 // 60


def test_keys_of_the_pool_are_known_by_their_ids(monkeypatch: pytest.MonkeyPatch) -> None:
    named, nameless = (
        jwt.PyJWK({**json.loads(RSAAlgorithm.to_jwk(_KEY.public_key())), **more}) for more in ({"kid": "a"}, {})
    )
    keys = KeySet("https://unused")
    monkeypatch.setattr(keys._client, "get_signing_keys", lambda: [nameless, named])  # noqa: SLF001 - in place of a network

    assert keys.key("a") is named
    for other in ("b", "", None):
        with pytest.raises(UnauthorizedError):
            keys.key(other)


def test_rotated_key_is_found() -> None:
    clock = [0.0]
    keys = _Keys(clock)
    keys.key("key-1")
    keys._keys = {}  # noqa: SLF001 - as if the pool had another key then
    clock[0] = 61.0

    assert keys.key("key-1")


def test_withdrawn_key_expires_within_a_day() -> None:
    clock = [0.0]
    keys = _Keys(clock)
    keys.key("key-1")
    clock[0] = 24 * 3600 + 1.0
    keys.key("key-1")

    assert keys.fetches == 2


def test_unreachable_key_set_is_a_server_error() -> None:
    verifier = TokenVerifier(_ISSUER, "client", keys=KeySet("https://127.0.0.1:1/jwks.json"))

    with pytest.raises(jwt.PyJWKClientConnectionError):
        verifier.verify(_token())


@pytest.mark.parametrize("name", ["Authorization", "authorization", "AUTHORIZATION"])
@pytest.mark.parametrize("value", ["Bearer token", "bearer token", "  Bearer   token  "])
def test_bearer_scheme_is_case_insensitive(name: str, value: str) -> None:
    assert bearer_token({"Host": "h", name: value}) == "token"
    assert bearer_token({"AuthorizatioN": " ", name: value}) == "token"


@pytest.mark.parametrize("headers", [None, {}, {"Authorization": ""}, {"Authorization": "token"}, {"Authorization": "Basic token"}, {"Authorization": "Bearer"}, {"X-Authorization": "Bearer token"}])  # fmt: skip
def test_other_schemes_and_missing_header_are_refused(headers: dict[str, str] | None) -> None:
    with pytest.raises(UnauthorizedError):
        bearer_token(headers)
