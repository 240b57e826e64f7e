"""Verification of the user pool's ID tokens."""

from __future__ import annotations

import base64
import json
import threading
import time
from typing import TYPE_CHECKING, Any, Final

import jwt
from jwt import PyJWKClient, PyJWKClientConnectionError, PyJWKClientError

from tenantry.model.errors import UnauthorizedError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from jwt import PyJWK
    from jwt.types import Options

    from tenantry.model.caller import TenantCaller

_ALGORITHM: Final = "RS256"
_SHARED_ALGORITHM: Final = "HS256"
_ISSUED_FOR_SECONDS: Final = 3600
_REQUIRED: Final = ("exp", "iat", "iss", "aud", "sub", "token_use", "auth_time")
# Clocks differ by this much. It is for what must not lie ahead; an expiry is exact.
_LEEWAY_SECONDS: Final = 5
# PyJWT has one leeway for all times; `_check_begun` looks at these two.
_UNTIMED: Final[Options] = {"verify_iat": False, "verify_nbf": False}
# A stranger can name as many unknown keys as they like; the key set is read at most this often for them.
_UNKNOWN_KEY_PAUSE_SECONDS: Final = 60.0
# Until a withdrawn key is forgotten, should an execution environment live that long.
_MAX_AGE_SECONDS: Final = 24 * 3600.0
_FETCH_TIMEOUT_SECONDS: Final = 3


class KeySet:
    """The public keys of one user pool, fetched when first needed and kept.

    A key id that is not among them makes it look again, since Cognito rotates keys, though not more than once a
    minute, so that made-up key ids cost nothing.

    Parameters
    ----------
    url
        Where the key set is: fixed by the deployment, never taken from a token.
    clock
        Seconds, monotonic; for tests.
    """

    def __init__(self, url: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._client = PyJWKClient(url, cache_keys=False, cache_jwk_set=False, timeout=_FETCH_TIMEOUT_SECONDS)
        self._clock = clock
        self._lock = threading.Lock()
        self._keys: Mapping[str, PyJWK] = {}
        self._fetched: float | None = None

    def key(self, key_id: object) -> PyJWK:
        """Return the key with this id.

        Raises
        ------
        UnauthorizedError
            There is none.
        jwt.PyJWKClientConnectionError
            The key set cannot be reached.
        """
        if not isinstance(key_id, str):
            raise UnauthorizedError("Unauthorized")
        with self._lock:
            age = None if self._fetched is None else self._clock() - self._fetched
            stale = age is None or age > _MAX_AGE_SECONDS
            if stale or (key_id not in self._keys and age is not None and age > _UNKNOWN_KEY_PAUSE_SECONDS):
                self._keys = self._fetch()
                self._fetched = self._clock()
            key = self._keys.get(key_id)
        if key is None:
            raise UnauthorizedError("Unauthorized")
        return key

    def _fetch(self) -> Mapping[str, PyJWK]:
        return {key.key_id: key for key in self._client.get_signing_keys() if key.key_id is not None}


class TokenVerifier:
    """Verifies ID tokens of one client of one user pool.

    Isolation: a token is accepted when the pool signed it with RS256, it has not expired, and its issuer, audience
    and use are the configured ones. Nothing of an unverified token is used but its key id, and that only to pick
    among the pool's own keys.

    Source: https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-tokens-verifying-a-jwt.html

    Parameters
    ----------
    issuer
        ``https://cognito-idp.<region>.amazonaws.com/<pool>``.
    audience
        Id of the app client.
    keys
        The pool's keys; by default those that the issuer publishes.
    """

    def __init__(self, issuer: str, audience: str, *, keys: KeySet | None = None) -> None:
        self._issuer = issuer
        self._audience = audience
        self._keys = keys or KeySet(f"{issuer}/.well-known/jwks.json")

    def verify(self, token: str) -> Mapping[str, Any]:
        """Return the claims of a token.

        Raises
        ------
        UnauthorizedError
            It is not a valid ID token of this client. The message never says why.
        jwt.PyJWKClientConnectionError
            The key set cannot be reached.
        """
        try:
            key = self._keys.key(_key_id(token))
            claims: dict[str, Any] = jwt.decode(
                token,
                key,
                algorithms=[_ALGORITHM],
                audience=self._audience,
                issuer=self._issuer,
                options={**_UNTIMED, "require": list(_REQUIRED), "strict_aud": True},
            )
            _check_begun(claims)
        except PyJWKClientConnectionError:
            raise  # our failure, not the caller's: a 500, and a retry may succeed
        except (jwt.InvalidTokenError, PyJWKClientError, ValueError, RecursionError) as error:
            raise UnauthorizedError("Unauthorized") from error
        if claims["token_use"] != "id":  # noqa: S105 - a claim's value
            raise UnauthorizedError("Unauthorized")
        return claims


class SharedSecretVerifier:
    """Verifies tokens that `issue` has signed with a secret.

    Isolation: HS256 only, and with this secret. A bare token, which says neither until when nor for whom it is, counts
    only where the deployment says so: the published tokens of the hands-on are such, and so is their secret.

    Parameters
    ----------
    secret
        The signing secret.
    issuer
        Who issues the tokens, and whom they are for.
    bare_tokens
        Whether tokens without ``exp``, ``iss`` and ``aud`` count.
    """

    def __init__(self, secret: str, issuer: str, *, bare_tokens: bool) -> None:
        self._secret = secret
        self._issuer = issuer
        self._bare_tokens = bare_tokens

    def verify(self, token: str) -> Mapping[str, Any]:
        """Return the claims of a token.

        Raises
        ------
        UnauthorizedError
            It is not a valid token of this issuer. The message never says why.
        """
        try:
            if self._bare_tokens:
                claims = self._decode(token, {"verify_aud": False})
                if not {"exp", "iss", "aud"} & claims.keys():
                    return claims
            return self._decode(
                token,
                {"require": ["exp", "iat", "iss", "aud"], "strict_aud": True},
                issuer=self._issuer,
                audience=self._issuer,
            )
        except (jwt.InvalidTokenError, ValueError) as error:
            raise UnauthorizedError("Unauthorized") from error

    def _decode(
        self, token: str, options: Options, *, issuer: str | None = None, audience: str | None = None
    ) -> dict[str, Any]:
        claims: dict[str, Any] = jwt.decode(
            token,
            self._secret,
            algorithms=[_SHARED_ALGORITHM],
            options={**_UNTIMED, **options},
            issuer=issuer,
            audience=audience,
        )
        _check_begun(claims)
        return claims


def _key_id(token: str) -> object:
    """Return what a token names as its key: nothing else of it is looked at before its signature is verified.

    PyJWT reads the whole token to tell its header, and takes as long for that as for the signature.
    """
    encoded = token.partition(".")[0]
    header = json.loads(base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)))
    return header.get("kid") if isinstance(header, dict) else None


def _check_begun(claims: Mapping[str, Any]) -> None:
    """Check that a token does not begin later than clocks can differ.

    Raises
    ------
    jwt.ImmatureSignatureError
        It does, or a time is no number.
    """
    latest = time.time() + _LEEWAY_SECONDS
    for name in ("iat", "nbf"):
        at = claims.get(name, 0)
        if not isinstance(at, int | float) or isinstance(at, bool) or not at <= latest:
            raise jwt.ImmatureSignatureError(f"{name} is in the future")


def issue(caller: TenantCaller, secret: str, issuer: str) -> str:
    """Return a token for a caller that expires after an hour."""
    now = int(time.time())
    claims = {
        "tenant_id": caller.tenant_id,
        "user_id": caller.user_id,
        "iat": now,
        "exp": now + _ISSUED_FOR_SECONDS,
        "iss": issuer,
        "aud": issuer,
    }
    return jwt.encode(claims, secret, algorithm=_SHARED_ALGORITHM)


def is_shared(token: str) -> bool:
    """Return whether a token claims to be signed with a secret: which verifier it goes to, and nothing more."""
    try:
        return bool(jwt.get_unverified_header(token).get("alg") == _SHARED_ALGORITHM)
    except (jwt.InvalidTokenError, ValueError):
        return False


def bearer_token(headers: Mapping[str, str] | None) -> str:
    """Return the token of ``Authorization: Bearer <token>``; the header's name may be in any case.

    Raises
    ------
    UnauthorizedError
        There is no such header, or it is of another scheme.
    """
    scheme, _, token = header(headers, "authorization").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise UnauthorizedError("Unauthorized")
    return token.strip()


def header(headers: Mapping[str, str] | None, name: str) -> str:
    """Return the value of a header whose name may be in any case.

    Raises
    ------
    UnauthorizedError
        There is no such header, or nothing in it.
    """
    for found, value in (headers or {}).items():
        if found.lower() == name and value.strip():
            return value.strip()
    raise UnauthorizedError("Unauthorized")
