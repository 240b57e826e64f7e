"""Tokens with a shared secret: valid ones, the documented ones where enabled, and nothing else."""

from __future__ import annotations

import base64
import hmac
import importlib
import json
import time
from typing import TYPE_CHECKING, Any, Final

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from tenantry.model.caller import Caller, TenantCaller
from tenantry.model.errors import UnauthorizedError
from tenantry.model.identifiers import tenant_id, user_id
from tenantry.runtime.tokens import SharedSecretVerifier, is_shared, issue
from tests.lambdas.events import Context, proxy_event

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

pytestmark = pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")  # the published one

_SECRET: Final = "a-secret-that-nobody-has-published-anywhere"
_ISSUER: Final = "app-storage"
# Neither is secret: the hands-on of the S3 document publishes both.
_PUBLISHED_SECRET: Final = "aws-saas-factory"
_PUBLISHED: Final = {
    ("tenanta", "user1"): "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9.eyJ0ZW5hbnRfaWQiOiJ0ZW5hbnRhIiwidXNlcl9pZCI6InVzZXIxIn0.jAqNXRPDPR1U4VrLb6yubV8022JfzKoRpStriQhJRXA",
    ("tenanta", "user2"): "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9.eyJ0ZW5hbnRfaWQiOiJ0ZW5hbnRhIiwidXNlcl9pZCI6InVzZXIyIn0.E38IhJBzBodP3qDbTbITy8QKJrksBvMVDJqIgc2ttsE",
    ("tenantb", "user1"): "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9.eyJ0ZW5hbnRfaWQiOiJ0ZW5hbnRiIiwidXNlcl9pZCI6InVzZXIxIn0.4LtIpnzICGlxf8QrQxIyMAVHzzfNb4RnBldxVnFIBZY",
    ("tenantb", "user2"): "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9.eyJ0ZW5hbnRfaWQiOiJ0ZW5hbnRiIiwidXNlcl9pZCI6InVzZXIyIn0.1Z12kKN5sRTWfQF2iab0-DNEonjC5y4ziFrPIusaU7g",
}  # fmt: skip
_BARE: Final = {"tenant_id": "tenanta", "user_id": "user1"}
_PUBLISHED_CASES: Final = [pytest.param(*ids, token, id="/".join(ids)) for ids, token in _PUBLISHED.items()]


def _claims(**changes: object) -> dict[str, Any]:
    now = int(time.time())
    claims = {
        "tenant_id": "tenanta",
        "user_id": "user1",
        "iat": now,
        "exp": now + 60,
        "iss": _ISSUER,
        "aud": _ISSUER,
        **changes,
    }
    return {name: value for name, value in claims.items() if value is not None}


def _token(claims: dict[str, Any], secret: str = _SECRET, algorithm: str = "HS256", digest: str = "") -> str:
    """Sign a token, also with a secret that a library would refuse, or with another digest than the header says."""
    signed = f"{_part({'alg': algorithm, 'typ': 'JWT'})}.{_part(claims)}"
    signature = hmac.new(secret.encode(), signed.encode(), digest or f"sha{algorithm[2:]}").digest()
    return f"{signed}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


def _part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def _so_deep_that_it_cannot_be_read() -> str:
    return f"{base64.urlsafe_b64encode(b'[' * 50_000).decode()}.e30.c2ln"


_FORGERIES: Final = {
    "empty": "",
    "garbage": "garbage",
    "three parts": "a.b.c",
    "nested without end": _so_deep_that_it_cannot_be_read(),
    "not UTF-8": "\udcff.\udcff.\udcff",
    "no signature": f"{_part({'alg': 'none'})}.{_part(_claims())}.",
    "no signature, other case": f"{_part({'alg': 'NoNe'})}.{_part(_claims())}.",
    "signature missing": f"{_part({'alg': 'HS256'})}.{_part(_claims())}.",
    "guessed secret": _token(_claims(), "secret"),
    "published secret": _token(_claims(), _PUBLISHED_SECRET),
    "empty secret": _token(_claims(), ""),
    "HS384": _token(_claims(), algorithm="HS384"),
    "HS512": _token(_claims(), algorithm="HS512"),
    "RS256": jwt.encode(_claims(), rsa.generate_private_key(public_exponent=65537, key_size=2048), "RS256"),
    "signed with another digest than it says": _token(_claims(), digest="sha512"),
    "says another digest than it is signed with": _token(_claims(), algorithm="HS512", digest="sha256"),
    "altered": _token(_claims()) + "x",
    "expired": _token(_claims(exp=int(time.time()) - 1)),
    "not yet": _token(_claims(nbf=int(time.time()) + 3600)),
    "never expires": _token(_claims(exp=None)),
    "expires in words": _token({**_claims(), "exp": "tomorrow"}),
    "issued in the future": _token(_claims(iat=int(time.time()) + 600)),
    "no issue date": _token(_claims(iat=None)),
    "no issuer": _token(_claims(iss=None)),
    "another issuer": _token(_claims(iss="other-storage")),
    "no audience": _token(_claims(aud=None)),
    "another audience": _token(_claims(aud="other-storage")),
    "several audiences": _token(_claims(aud=[_ISSUER, "other-storage"])),
    "only an expiry": _token({**_BARE, "exp": int(time.time()) + 60}),
    "only an issuer": _token({**_BARE, "iss": _ISSUER}),
    "only an audience": _token({**_BARE, "aud": _ISSUER}),
    "bare": _token(_BARE),
}


class TestVerifier:
    @pytest.mark.parametrize("bare_tokens", [True, False])
    def test_issued_token_verifies_to_its_caller(self, bare_tokens: bool) -> None:  # noqa: FBT001 - a parameter of the test
        caller = TenantCaller(tenant_id=tenant_id("T001"), user_id=user_id("ada@example.com"))

        claims = SharedSecretVerifier(_SECRET, _ISSUER, bare_tokens=bare_tokens).verify(issue(caller, _SECRET, _ISSUER))

        assert {"iat", "exp", "iss", "aud"} <= claims.keys()
        assert claims["exp"] - claims["iat"] == 3600
        assert Caller.from_shared_claims(claims).in_tenant() == caller

    @pytest.mark.parametrize("name", ["iat", "nbf"])
    def test_clock_skew_of_seconds_is_allowed(self, name: str) -> None:
        token = _token(_claims(**{name: int(time.time()) + 3}))

        assert SharedSecretVerifier(_SECRET, _ISSUER, bare_tokens=False).verify(token)["tenant_id"] == "tenanta"

    @pytest.mark.parametrize("forgery", _FORGERIES)
    def test_invalid_token_is_refused_without_a_reason(self, forgery: str) -> None:
        verifier = SharedSecretVerifier(_SECRET, _ISSUER, bare_tokens=False)

        with pytest.raises(UnauthorizedError, match=r"^Unauthorized$"):
            verifier.verify(_FORGERIES[forgery])

    @pytest.mark.parametrize("forgery", [name for name in _FORGERIES if name != "bare"])
    def test_bare_token_support_adds_no_access(self, forgery: str) -> None:
        """What has one of `exp`, `iss` and `aud` is no bare token: it needs all of them, and the right ones."""
        verifier = SharedSecretVerifier(_SECRET, _ISSUER, bare_tokens=True)

        with pytest.raises(UnauthorizedError, match=r"^Unauthorized$"):
            verifier.verify(_FORGERIES[forgery])

    @pytest.mark.parametrize(("tenant", "user", "token"), _PUBLISHED_CASES)
    def test_documented_tokens_verify_with_the_documented_secret(self, tenant: str, user: str, token: str) -> None:
        claims = SharedSecretVerifier(_PUBLISHED_SECRET, _ISSUER, bare_tokens=True).verify(token)

        assert claims == {"tenant_id": tenant, "user_id": user}

    @pytest.mark.parametrize(("tenant", "user", "token"), _PUBLISHED_CASES)
    @pytest.mark.parametrize(("secret", "bare_tokens"), [(_SECRET, True), (_SECRET, False), (_PUBLISHED_SECRET, False)])
    def test_documented_tokens_fail_with_other_secrets(
        self, tenant: str, user: str, token: str, secret: str, *, bare_tokens: bool
    ) -> None:
        assert tenant
        assert user
        with pytest.raises(UnauthorizedError):
            SharedSecretVerifier(secret, _ISSUER, bare_tokens=bare_tokens).verify(token)


class TestCaller:
    @pytest.mark.parametrize(
        "claims",
        [
            {},
            {"tenant_id": "tenanta"},
            {"user_id": "user1"},
            {"tenant_id": None, "user_id": "user1"},
            {"tenant_id": "tenanta", "user_id": None},
            {"tenant_id": "", "user_id": "user1"},
            {"tenant_id": "tenanta", "user_id": ""},
            {"tenant_id": "tenant*", "user_id": "user1"},
            {"tenant_id": "tenanta", "user_id": "a/b"},
            {"tenant_id": "prefix", "user_id": "user1"},
            {"tenant_id": ["tenanta"], "user_id": "user1"},
            {"tenant": "tenanta", "cognito:username": "user1"},  # the pool's claims are the pool's to give
        ],
        ids=json.dumps,
    )
    def test_claims_require_valid_tenant_and_user(self, claims: dict[str, Any]) -> None:
        with pytest.raises(UnauthorizedError):
            Caller.from_shared_claims(claims)


@pytest.mark.parametrize(("name", "shared"), [("HS384", False), ("RS256", False), ("no signature", False), ("garbage", False), ("empty", False), ("nested without end", False), ("not UTF-8", False), ("bare", True), ("guessed secret", True)])  # fmt: skip
def test_token_header_selects_the_verifier(name: str, shared: bool) -> None:  # noqa: FBT001 - a parameter of the test
    assert is_shared(_FORGERIES[name]) is shared


class TestAuthorizer:
    """The authorizer of an API that takes both kinds of tokens, in a header of its own."""

    @pytest.fixture
    def authorize(self, monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[str, Any]]:
        module = _load(
            monkeypatch,
            "tenantry.handlers.authorizer.handler",
            SHARED_SECRET_ARN="arn:secret",
            SHARED_ISSUER=_ISSUER,
            TOKEN_HEADER="x-token",
        )

        def authorize(token: str | None = None, header: str = "x-token") -> dict[str, Any]:
            event = {
                "headers": {} if token is None else {header: token},
                "methodArn": "arn:aws:execute-api:us-east-1:123456789012:api/prod/GET/object",
                "requestContext": {"requestId": "request"},
            }
            answer: dict[str, Any] = module.handler(event, Context())
            return answer

        return authorize

    def test_valid_token_is_authorized(self, authorize: Callable[..., dict[str, Any]]) -> None:
        answer = authorize(_token(_claims()))

        assert answer["context"] == {"userId": "user1", "tenantId": "tenanta"}
        assert answer["policyDocument"]["Statement"][0]["Effect"] == "Allow"

    @pytest.mark.parametrize("forgery", _FORGERIES)
    def test_invalid_token_is_unauthorized(self, authorize: Callable[..., dict[str, Any]], forgery: str) -> None:
        with pytest.raises(Exception, match=r"^Unauthorized$"):
            authorize(_FORGERIES[forgery])

    @pytest.mark.parametrize("missing", ["user_id", "tenant_id"])
    def test_token_without_user_or_tenant_is_unauthorized(
        self, authorize: Callable[..., dict[str, Any]], missing: str
    ) -> None:
        with pytest.raises(Exception, match=r"^Unauthorized$"):
            authorize(_token(_claims(**{missing: None})))

    def test_token_in_another_header_is_ignored(self, authorize: Callable[..., dict[str, Any]]) -> None:
        for header in ("authorization", "x-amz-token"):
            with pytest.raises(Exception, match=r"^Unauthorized$"):
                authorize(_token(_claims()), header)
        with pytest.raises(Exception, match=r"^Unauthorized$"):
            authorize()

    def test_shared_tokens_are_refused_if_disabled(self, monkeypatch: pytest.MonkeyPatch) -> None:
        module = _load(monkeypatch, "tenantry.handlers.authorizer.handler", TOKEN_HEADER="x-token")
        event = {"headers": {"x-token": _token(_claims())}, "methodArn": "arn:aws:execute-api:r:1:api/prod/GET/object"}

        with pytest.raises(Exception, match=r"^Unauthorized$"):
            module.handler({**event, "requestContext": {"requestId": "request"}}, Context())


class TestIssuer:
    @pytest.fixture
    def ask(self, monkeypatch: pytest.MonkeyPatch) -> Callable[[dict[str, str]], tuple[int, Any]]:
        module = _load(monkeypatch, "token_issuer.handler", SHARED_SECRET_ARN="arn:secret", SHARED_ISSUER=_ISSUER)

        def ask(headers: dict[str, str]) -> tuple[int, Any]:
            event = {**proxy_event(path={}, authorizer=None, route="GET /token"), "headers": headers}
            answer = module.handler(event, Context())
            return answer["statusCode"], json.loads(answer["body"])

        return ask

    @pytest.mark.parametrize("names", [("x-tenant-id", "x-user-id"), ("X-Tenant-Id", "X-USER-ID")])
    def test_token_route_returns_a_valid_token(
        self, ask: Callable[[dict[str, str]], tuple[int, Any]], names: tuple[str, str]
    ) -> None:
        status, body = ask(dict(zip(names, ("tenanta", "user1"), strict=True)))

        assert (status, body["status"]) == (200, "OK")
        claims = SharedSecretVerifier(_SECRET, _ISSUER, bare_tokens=False).verify(body["result"]["token"])
        assert (claims["tenant_id"], claims["user_id"]) == ("tenanta", "user1")

    @pytest.mark.parametrize(
        ("headers", "missing"),
        [
            ({}, ["x-tenant-id", "x-user-id"]),
            ({"x-tenant-id": "tenanta"}, ["x-user-id"]),
            ({"x-user-id": "user1", "x-tenant-id": "  "}, ["x-tenant-id"]),
        ],
        ids=str,
    )
    def test_token_route_names_missing_fields(
        self, ask: Callable[[dict[str, str]], tuple[int, Any]], headers: dict[str, str], missing: list[str]
    ) -> None:
        assert ask(headers) == (401, {"status": "Unauthorized", "result": {"missing_fields": missing}})

    @pytest.mark.parametrize(
        ("tenant", "user", "reason"),
        [
            ("tenant*", "user1", "tenant"),
            ("tag", "user1", "tenant"),
            ("tenanta", "a/b", "user"),
            ("tenanta", "a..b", "user"),
        ],
    )
    def test_token_route_refuses_invalid_ids(
        self, ask: Callable[[dict[str, str]], tuple[int, Any]], tenant: str, user: str, reason: str
    ) -> None:
        refusal = {"status": "Bad Request", "result": {"invalid": f"Invalid {reason} id"}}

        assert ask({"x-tenant-id": tenant, "x-user-id": user}) == (400, refusal)


def _load(monkeypatch: pytest.MonkeyPatch, name: str, **variables: str) -> ModuleType:
    settings = {
        "ISSUER": "https://issuer.example",
        "AUDIENCE": "client",
        "ROUTES": "GET /object admin",
        "ACTS_IN": "claim",
        **variables,
    }
    for variable in ("SHARED_SECRET_ARN", "SHARED_ISSUER", "TOKEN_HEADER", "BARE_TOKENS"):
        monkeypatch.delenv(variable, raising=False)
    for variable, value in settings.items():
        monkeypatch.setenv(variable, value)
    module = importlib.reload(importlib.import_module(name))
    monkeypatch.setattr(module.secret, "get", lambda: _SECRET)
    return module
