"""The tokens that the identity surface is attacked with, one line each."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt import PyJWK

from tenantry.attacks import jws

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tenantry.attacks.jws import Sign

_HOUR: Final = 3600


@dataclass(frozen=True, kw_only=True)
class Material:
    """What an attacker who has an account knows.

    Attributes
    ----------
    own
        Their own ID token.
    wanted
        The claims they would like to have.
    kid
        The id of the key that signs the pool's tokens.
    jwk
        That key's public half, as the pool publishes it.
    pool_id, client_id
        The names of the pool and its client, which every browser sees.
    jwks_url
        A server of theirs that serves their own keys.
    """

    own: str
    wanted: Mapping[str, Any]
    kid: str
    jwk: Mapping[str, Any]
    pool_id: str
    client_id: str
    jwks_url: str

    def token(self, sign: Sign, header: Mapping[str, Any], **claims: object) -> str:
        """Write a token with the wanted claims; a value of None leaves a claim or header field out."""
        return jws.compact(_without_none({"typ": "JWT", "kid": self.kid, **header}), self.payload(**claims), sign)

    def payload(self, **claims: object) -> dict[str, Any]:
        """Return the wanted claims, some of them changed; None leaves a claim out."""
        return _without_none({**self.wanted, **claims})


@dataclass(frozen=True)
class Forgery:
    """A token that must not be accepted.

    Attributes
    ----------
    slug
        Its name.
    tries
        What it is.
    make
        Writes it.
    """

    slug: str
    tries: str
    make: Callable[[Material], str]


def _without_none(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


def _parts(token: str) -> list[str]:
    return token.split(".")


def _none(alg: str) -> Callable[[Material], str]:
    return lambda m: m.token(jws.unsigned, {"alg": alg})


def _secret(secret: Callable[[Material], bytes], alg: str = "HS256") -> Callable[[Material], str]:
    return lambda m: m.token(jws.hmac_with(secret(m), f"sha{alg[-3:]}"), {"alg": alg})


def _published(secret: str) -> Callable[[Material], str]:
    return _secret(lambda _: secret.encode())


def _public(encoding: Encoding, public_format: PublicFormat) -> Callable[[Material], bytes]:
    """Return the pool's public key as a file would hold it."""
    return lambda m: PyJWK(dict(m.jwk)).key.public_bytes(encoding, public_format)


_PEM: Final = _public(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
_DER: Final = _public(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
_PKCS1: Final = _public(Encoding.PEM, PublicFormat.PKCS1)


def _header(**header: object) -> Callable[[Material], str]:
    """Sign with the attacker's key, with something in the header that may lead a verifier to it."""
    return lambda m: m.token(jws.rs256, {"alg": "RS256", **header})


def _trap(field: str, slug: str) -> Callable[[Material], str]:
    """Sign with the attacker's key, with a link to it in the header; the path tells which forgery was followed."""
    return lambda m: m.token(jws.rs256, {"alg": "RS256", field: f"{m.jwks_url}/{slug}"})


def _claims(**claims: object) -> Callable[[Material], str]:
    """Sign with the attacker's key under the id of the pool's, with claims that are wrong as well."""
    return lambda m: m.token(jws.rs256, {"alg": "RS256"}, **claims)


def _issuer(change: Callable[[str], object]) -> Callable[[Material], str]:
    """Sign with the attacker's key, with an issuer that resembles the pool's."""
    return lambda m: m.token(jws.rs256, {"alg": "RS256"}, iss=change(str(m.wanted["iss"])))


def _payload(text: str) -> Callable[[Material], str]:
    """Sign a payload with the attacker's key as it stands."""
    return lambda m: jws.compact({"alg": "RS256", "kid": m.kid}, text, jws.rs256)


def _aged(**offsets: int) -> Callable[[Material], str]:
    """Sign with the attacker's key, with times that many seconds from now."""
    return lambda m: m.token(
        jws.rs256, {"alg": "RS256"}, **{name: int(time.time()) + seconds for name, seconds in offsets.items()}
    )


def _spliced(m: Material, header: Mapping[str, Any] | None = None) -> str:
    """Put the wanted claims under the genuine signature."""
    own = _parts(m.own)
    head = jws.b64(json.dumps(header).encode()) if header else own[0]
    return f"{head}.{jws.b64(json.dumps(m.payload()).encode())}.{own[2]}"


_ALGORITHMS: Final = (
    Forgery("alg-none", "A token with `alg` none and no signature.", _none("none")),
    Forgery("alg-none-capital", "A token with `alg` None.", _none("None")),
    Forgery("alg-none-upper", "A token with `alg` NONE.", _none("NONE")),
    Forgery("alg-none-mixed", "A token with `alg` nOnE.", _none("nOnE")),
    Forgery("alg-empty", "A token with an empty `alg`.", _none("")),
    Forgery("alg-missing", "A token without `alg`.", lambda m: m.token(jws.unsigned, {})),
    Forgery("alg-number", "A token whose `alg` is a number.", lambda m: m.token(jws.unsigned, {"alg": 256})),
    Forgery(
        "alg-none-signed",
        "The genuine signature under a header that says `alg` none.",
        lambda m: _spliced(m, {"alg": "none", "kid": m.kid}),
    ),
    Forgery("hs256-empty", "A token signed with HS256 and an empty secret.", _published("")),
    Forgery("hs256-secret", "A token signed with HS256 and the secret `secret`.", _published("secret")),
    Forgery(
        "hs256-jwt-io",
        "A token signed with HS256 and the secret that the well-known debugger shows.",
        _published("your-256-bit-secret"),
    ),
    Forgery(
        "hs256-rfc7515",
        "A token signed with HS256 and the secret that RFC 7515 prints.",
        _published("\x03#5K+\x0f\xa5\xbc\x83~\x06ew{\xa6\x8fZ\xb3(\xe6\xf0T\xc9(\xa9\x0f\x84\xb2\xd2P.\xbf\xd3"),
    ),
    Forgery("hs256-pool-id", "A token signed with HS256 and the pool's id.", _secret(lambda m: m.pool_id.encode())),
    Forgery(
        "hs256-client-id", "A token signed with HS256 and the client's id.", _secret(lambda m: m.client_id.encode())
    ),
    Forgery("hs256-public-pem", "A token signed with HS256 and the pool's public key as PEM.", _secret(_PEM)),
    Forgery("hs256-public-pkcs1", "A token signed with HS256 and the pool's public key as PKCS#1.", _secret(_PKCS1)),
    Forgery("hs256-public-der", "A token signed with HS256 and the pool's public key as DER.", _secret(_DER)),
    Forgery(
        "hs256-jwk",
        "A token signed with HS256 and the published JWK.",
        _secret(lambda m: json.dumps(dict(m.jwk)).encode()),
    ),
    Forgery("hs512-public-pem", "A token signed with HS512 and the pool's public key as PEM.", _secret(_PEM, "HS512")),
    Forgery("rs512", "A token signed with RS512 by a stranger's key.", lambda m: m.token(jws.rs512, {"alg": "RS512"})),
    Forgery("ps256", "A token signed with PS256 by a stranger's key.", lambda m: m.token(jws.ps256, {"alg": "PS256"})),
    Forgery("es256", "A token signed with ES256 by a stranger's key.", lambda m: m.token(jws.es256, {"alg": "ES256"})),
    Forgery("eddsa", "A token signed with EdDSA by a stranger's key.", lambda m: m.token(jws.eddsa, {"alg": "EdDSA"})),
)

_KEYS: Final = (
    Forgery("same-kid", "A token signed by a stranger's key under the id of the pool's key.", _header()),
    Forgery(
        "unknown-kid", "A token signed by a stranger's key under an id of its own.", _header(kid="a-strangers-key")
    ),
    Forgery("no-kid", "A token signed by a stranger's key, without a key id.", _header(kid=None)),
    Forgery("empty-kid", "A token signed by a stranger's key under an empty key id.", _header(kid="")),
    Forgery("number-kid", "A token whose key id is a number.", _header(kid=0)),
    Forgery(
        "list-kid", "A token whose key id is a list.", lambda m: m.token(jws.rs256, {"alg": "RS256", "kid": [m.kid]})
    ),
    Forgery("object-kid", "A token whose key id is an object.", _header(kid={"kid": "x"})),
    Forgery("long-kid", "A token whose key id has 4,000 characters.", _header(kid="k" * 4000)),
    Forgery(
        "path-kid",
        "A token signed with an empty secret, whose key id is the path of an empty file.",
        lambda m: m.token(jws.hmac_with(b""), {"alg": "HS256", "kid": "../../../../../../dev/null"}),
    ),
    Forgery(
        "sql-kid",
        "A token signed with a chosen secret, whose key id is a query that would yield it.",
        lambda m: m.token(jws.hmac_with(b"x"), {"alg": "HS256", "kid": "' UNION SELECT 'x' --"}),
    ),
    Forgery("url-kid", "A token whose key id is the URL of the attacker's keys.", _trap("kid", "url-kid")),
    Forgery("jku", "A token that names the attacker's key set in `jku`.", _trap("jku", "jku")),
    Forgery("x5u", "A token that names the attacker's certificate in `x5u`.", _trap("x5u", "x5u")),
    Forgery(
        "jwk",
        "A token that carries the attacker's key in `jwk`.",
        lambda m: m.token(jws.rs256, {"alg": "RS256", "jwk": jws.public_jwk(m.kid)}),
    ),
    Forgery("x5c", "A token that carries a chain of certificates in `x5c`.", _header(x5c=["AAAA"])),
    Forgery("crit", "A token that declares an unknown extension critical.", _header(crit=["tenant"], tenant="x")),
    Forgery("b64-false", "A token that declares its payload unencoded.", _header(b64=False, crit=["b64"])),
    Forgery(
        "trap-issuer",
        "A token whose issuer is the attacker's server.",
        lambda m: m.token(jws.rs256, {"alg": "RS256"}, iss=f"{m.jwks_url}/trap-issuer"),
    ),
)

_CLAIMS: Final = (
    Forgery("no-exp", "A stranger's token that never expires.", _claims(exp=None)),
    Forgery("past-exp", "A stranger's token that expired an hour ago.", _aged(exp=-_HOUR)),
    Forgery("text-exp", "A stranger's token whose expiry is a word.", _claims(exp="never")),
    Forgery("endless-exp", "A stranger's token that expires in the year 300,000.", _claims(exp=9_400_000_000_000)),
    Forgery("future-nbf", "A stranger's token that is not valid before tomorrow.", _aged(nbf=24 * _HOUR)),
    Forgery("future-iat", "A stranger's token that is issued tomorrow.", _aged(iat=24 * _HOUR)),
    Forgery("no-iss", "A stranger's token without an issuer.", _claims(iss=None)),
    Forgery("list-iss", "A stranger's token with two issuers, ours among them.", _issuer(lambda iss: [iss, "x"])),
    Forgery("slash-iss", "A stranger's token whose issuer is ours with a slash.", _issuer(lambda iss: f"{iss}/")),
    Forgery(
        "suffixed-iss",
        "A stranger's token whose issuer is a host that begins like ours.",
        _issuer(lambda iss: iss.replace(".amazonaws.com", ".amazonaws.com.attacker.example")),
    ),
    Forgery(
        "plain-iss",
        "A stranger's token whose issuer is ours without TLS.",
        _issuer(lambda iss: iss.replace("https", "http")),
    ),
    Forgery("no-aud", "A stranger's token without an audience.", _claims(aud=None)),
    Forgery("other-aud", "A stranger's token for another audience.", _claims(aud="another-client")),
    Forgery(
        "list-aud",
        "A stranger's token for several audiences, ours among them.",
        lambda m: m.token(jws.rs256, {"alg": "RS256"}, aud=[m.client_id, "x"]),
    ),
    Forgery("no-use", "A stranger's token without a use.", _claims(token_use=None)),
    Forgery("access-use", "A stranger's token for use as an access token.", _claims(token_use="access")),  # noqa: S106 - the name of a use
    Forgery("list-tenant", "A stranger's token whose tenant is a list.", _claims(tenant=["*"])),
    Forgery("wildcard-tenant", "A stranger's token whose tenant is a wildcard.", _claims(tenant="*")),
    Forgery(
        "twice-tenant",
        "A stranger's token that names its tenant twice.",
        lambda m: jws.compact(
            {"alg": "RS256", "kid": m.kid}, json.dumps(m.payload())[:-1] + ', "tenant": "*"}', jws.rs256
        ),
    ),
)

_MANGLED: Final = (
    Forgery("spliced", "The genuine signature under changed claims.", _spliced),
    Forgery("stripped", "Changed claims without the signature.", lambda m: ".".join([*_parts(_spliced(m))[:2], ""])),
    Forgery("two-parts", "Changed claims and no third part at all.", lambda m: ".".join(_parts(_spliced(m))[:2])),
    Forgery("own-stripped", "One's own token without its signature.", lambda m: ".".join([*_parts(m.own)[:2], ""])),
    Forgery("own-truncated", "One's own token without the end of its signature.", lambda m: m.own[:-40]),
    Forgery(
        "four-parts",
        "One's own token with a fourth part that holds changed claims.",
        lambda m: f"{m.own}.{_parts(_spliced(m))[1]}",
    ),
    Forgery("five-parts", "A token of the form of an encrypted one.", lambda m: f"{_spliced(m)}.{'A' * 16}.{'A' * 22}"),
    Forgery(
        "nested",
        "A forged token inside a token.",
        lambda m: jws.compact({"alg": "RS256", "kid": m.kid, "cty": "JWT"}, _spliced(m), jws.rs256),
    ),
    Forgery("list-payload", "A token whose payload is a list.", _payload("[]")),
    Forgery("null-payload", "A token whose payload is null.", _payload("null")),
    Forgery("garbage", "A word instead of a token.", lambda _: "garbage"),
    Forgery("dots", "Two dots instead of a token.", lambda _: ".."),
    Forgery("empty", "Nothing after `Bearer`.", lambda _: ""),
    Forgery("nulls", "The word null instead of a token.", lambda _: "null"),
    Forgery("long", "6,000 characters of nonsense.", lambda _: "A" * 6000),
    Forgery("wildcard", "An asterisk instead of a token.", lambda _: "*"),
    Forgery("tenant-id", "The tenant's id instead of a token.", lambda m: str(m.wanted["tenant"])),
    Forgery("claims-json", "The claims as JSON instead of a token.", lambda m: json.dumps(m.payload())),
    Forgery(
        "claims-base64", "The claims in base64 instead of a token.", lambda m: jws.b64(json.dumps(m.payload()).encode())
    ),
)

FORGERIES: Final = _ALGORITHMS + _KEYS + _CLAIMS + _MANGLED
"""Every one must be refused like a request without a token."""
