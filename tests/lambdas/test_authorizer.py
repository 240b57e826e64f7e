"""The authorizer: what roles allow, what is denied, and that the directory decides."""

from __future__ import annotations

import fnmatch
import importlib
import json
import time
from typing import TYPE_CHECKING, Any, Final

import boto3
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given
from hypothesis import strategies as st
from jwt.algorithms import RSAAlgorithm
from moto import mock_aws

from tenantry.model.caller import Caller, Profile
from tenantry.model.identifiers import TenantId, UserId
from tenantry.runtime.authorization import RoleRule, RoleTable
from tenantry.runtime.tokens import KeySet, TokenVerifier
from tests.lambdas.events import Context
from tests.lambdas.tables import create_directory, join, leave

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from types import ModuleType

    from mypy_boto3_dynamodb import DynamoDBClient

_ISSUER: Final = "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_pool"
_KEY: Final = rsa.generate_private_key(public_exponent=65537, key_size=2048)
_API: Final = "arn:aws:execute-api:us-east-1:123456789012:abc123/prod"
_TEXT: Final = """GET /parks admin,member,visitor
GET /parks/{id} admin,member,visitor
POST /parks admin,member
POST /parks/{id}/statuses admin
GET /parks/{id}/webhooks visitor,admin
GET /settings *
DELETE /tenants/{tenantId}/members/{memberId} admin
DELETE /tenants/{tenantId}/members/{userId} member,visitor"""
_TABLE: Final = RoleTable.parse(_TEXT)
_ROLES: Final = ("admin", "member", "visitor")
_ADA: Final = Caller(user_id=UserId("ada"), tenant_id=TenantId("texas"))


class _Keys(KeySet):
    def _fetch(self) -> Mapping[str, jwt.PyJWK]:
        jwk = json.loads(RSAAlgorithm.to_jwk(_KEY.public_key()))
        return {"key-1": jwt.PyJWK({**jwk, "kid": "key-1", "alg": "RS256", "use": "sig"})}


def _allows(allowed: list[str], denied: list[str], call: str) -> bool:
    def matches(patterns: list[str]) -> bool:
        return any(fnmatch.fnmatchcase(call, pattern) for pattern in patterns)

    return matches(allowed) and not matches(denied)


def _may(call: str, *roles: str, caller: Caller = _ADA) -> bool:
    mine = frozenset(roles)
    return _allows(list(_TABLE.allowed(caller, mine)), list(_TABLE.denied(mine)), call)


class TestRoleTable:
    @pytest.mark.parametrize(
        ("call", "openers"),
        [
            ("GET/parks", {"admin", "member", "visitor"}),
            ("GET/parks/big-bend", {"admin", "member", "visitor"}),
            ("POST/parks", {"admin", "member"}),
            ("POST/parks/big-bend/statuses", {"admin"}),
            # The wildcard of GET /parks/{id} covers it, and still it is denied to a member.
            ("GET/parks/big-bend/webhooks", {"visitor", "admin"}),
            ("GET/parks/a/b/webhooks", {"visitor", "admin"}),
            # API Gateway finds the same route.
            ("GET/parks/big-bend/webhooks/", {"visitor", "admin"}),
            ("GET/settings", {"admin", "member", "visitor"}),
            ("DELETE/tenants/texas/members/bob", {"admin"}),
            ("DELETE/tenants/texas/members/ada", {"admin", "member", "visitor"}),
            ("DELETE/tenants/ohio/members/ada", set()),
            ("DELETE/tenants/texasx/members/ada", set()),
            ("PUT/settings", set()),
            ("GET/tenants/texas/members", set()),
        ],
    )
    def test_any_listed_role_is_enough(self, call: str, openers: set[str]) -> None:
        assert {role for role in _ROLES if _may(call, role)} == openers

    @given(st.sets(st.sampled_from(_ROLES)), st.sets(st.sampled_from(_ROLES)), st.sampled_from(["GET/parks", "GET/parks/x/webhooks", "POST/parks", "POST/parks/x/statuses", "DELETE/tenants/texas/members/bob"]))  # fmt: skip
    def test_roles_are_combined(self, some: set[str], others: set[str], call: str) -> None:
        assert _may(call, *some, *others) == (_may(call, *some) or _may(call, *others))

    def test_no_tenant_allows_public_routes_only(self) -> None:
        nobody = Caller(user_id=UserId("ada"), tenant_id=None)

        assert list(_TABLE.allowed(nobody, frozenset())) == ["GET/settings"]

    @pytest.mark.parametrize("text", ["GET /x", "get /x admin", "GET /x ad-min", "GET /x admin,", "GET x admin", "", "GET /x ,"])  # fmt: skip
    def test_malformed_rule_is_refused(self, text: str) -> None:
        with pytest.raises(ValueError, match=r"Invalid (route|roles) "):
            RoleRule.parse(text)

    def test_wildcard_after_a_binding_is_refused(self) -> None:
        with pytest.raises(ValueError, match="bound to its caller"):
            RoleTable.parse("GET /{x} admin\nGET /tenants/{tenantId} admin")

    def test_wildcard_beside_a_binding_does_not_open_a_bound_route(self) -> None:
        # API Gateway's `GET /tenants/texas/*` also matches `GET /tenants/texas/keys`.
        table = RoleTable.parse(
            "GET /tenants/{tenantId}/{page} visitor\nGET /tenants/{tenantId}/keys admin\nPUT /tenants/{tenantId}/keys admin"
        )
        visitor, admin = frozenset({"visitor"}), frozenset({"admin", "visitor"})

        assert table.denied(visitor) == ["GET/tenants/*/keys", "GET/tenants/*/keys/"]
        for roles, expected in ((visitor, False), (admin, True)):
            allowed, denied = list(table.allowed(_ADA, roles)), list(table.denied(roles))
            assert _allows(allowed, denied, "GET/tenants/texas/keys") is expected
            assert _allows(allowed, denied, "GET/tenants/texas/start")

    def test_wildcard_behind_ones_own_id_does_not_open_a_route_for_any_id(self) -> None:
        # As `own_roles` makes it: what a visitor may do with their own id, `{memberId}` may be as well.
        table = RoleTable.parse("GET /members/{userId}/{page} visitor\nGET /members/{memberId}/keys admin")
        visitor = frozenset({"visitor"})
        allowed, denied = list(table.allowed(_ADA, visitor)), list(table.denied(visitor))

        assert _allows(allowed, denied, "GET/members/ada/start")
        assert not _allows(allowed, denied, "GET/members/ada/keys")

    def test_same_paths_of_other_methods_overlap_with_none(self) -> None:
        assert RoleTable.parse("GET /{any} visitor\nGET /a/{x} admin\nPOST /a/b/c visitor").roles == {
            "admin",
            "visitor",
        }

    def test_overlapping_routes_are_refused(self) -> None:
        # To a visitor, `GET /*` is open, so that `GET /a/*` has to be denied, and `GET /a/b/c` with it.
        with pytest.raises(ValueError, match="A policy cannot"):
            RoleTable.parse("GET /{any} visitor\nGET /a/{x} admin\nGET /a/b/c visitor")


class TestProfile:
    @pytest.mark.parametrize(
        ("name", "first", "last"),
        [("Ada Lovelace", "Ada", "Lovelace"), ("Ada", "Ada", ""), ("", "", ""), ("Ada King  Lovelace", "Ada", "King  Lovelace"), ('A"x\\ $b', 'A"x\\', "$b")],
    )  # fmt: skip
    def test_name_is_split_and_rejoined(self, name: str, first: str, last: str) -> None:
        context = Profile.from_claims({"name": name}).to_authorizer()

        assert (context["firstName"], context["lastName"]) == (first, last)
        assert Profile.from_authorizer(context).name == name

    @pytest.mark.parametrize("email", [None, "", 5, ["ada@example.com"]])
    def test_email_that_is_not_text_is_none(self, email: object) -> None:
        profile = Profile.from_claims({"email": email, "email_verified": True})

        assert profile == Profile(email=None, name="")
        assert profile.to_authorizer() == {"email": "", "firstName": "", "lastName": ""}
        assert Profile.from_authorizer(profile.to_authorizer()) == profile == Profile.from_authorizer(None)

    def test_name_that_is_not_text_is_ignored(self) -> None:
        for name in ("Ada\nLovelace", 5, None):
            assert Profile.from_claims({"name": name}).name == ""

    @pytest.mark.parametrize("verified", [False, None, "true", "false", 1, "yes"])
    def test_email_must_be_verified(self, verified: object) -> None:
        claims = {"email": "ada@example.com", "email_verified": verified}

        assert Profile.from_claims(claims).email is None
        assert Profile.from_claims({**claims, "email_verified": True}).email == "ada@example.com"


class TestHandler:
    @pytest.fixture
    def database(self) -> Iterator[DynamoDBClient]:
        with mock_aws():
            client = boto3.client("dynamodb")
            create_directory(client)
            join(client, "texas", "ada", "admin", active=True)
            join(client, "ohio", "ada", "visitor")
            yield client

    @pytest.fixture
    def acts_in(self) -> str:
        return "active"

    @pytest.fixture
    def authorizer(self, database: DynamoDBClient, monkeypatch: pytest.MonkeyPatch, acts_in: str) -> ModuleType:
        assert database
        monkeypatch.setenv("ISSUER", _ISSUER)
        monkeypatch.setenv("AUDIENCE", "client")
        monkeypatch.setenv("ROUTES", _TEXT)
        monkeypatch.setenv("ACTS_IN", acts_in)
        module = importlib.reload(importlib.import_module("tenantry.handlers.authorizer.handler"))
        monkeypatch.setattr(module, "verifier", TokenVerifier(_ISSUER, "client", keys=_Keys("https://unused")))
        return module

    @staticmethod
    def _event(token: str) -> dict[str, Any]:
        return {
            "headers": {"authorization": f"Bearer {token}"},
            "methodArn": f"{_API}/GET/parks",
            "requestContext": {"requestId": "request"},
        }

    @staticmethod
    def _token(**changes: object) -> str:
        now = int(time.time())
        claims = {
            "sub": "ada",
            "cognito:username": "ada",
            "iss": _ISSUER,
            "aud": "client",
            "token_use": "id",
            "iat": now,
            "auth_time": now,
            "origin_jti": "session-1",
            "exp": now + 60,
            "email": "ada@example.com",
            "email_verified": True,
            "name": "Ada Lovelace",
            **changes,
        }
        return jwt.encode(claims, _KEY, algorithm="RS256", headers={"kid": "key-1"})

    def test_context_follows_the_contract(self, authorizer: ModuleType) -> None:
        answer = authorizer.handler(self._event(self._token()), Context())

        assert answer["context"] == {
            "userId": "ada",
            "tenantId": "texas",
            "email": "ada@example.com",
            "roles": '["admin"]',
            "firstName": "Ada",
            "lastName": "Lovelace",
            "authTime": answer["context"]["authTime"],
            "session": "session-1",
        }
        assert answer["context"]["authTime"].isdecimal()
        assert answer["principalId"] == "ada"

    @pytest.mark.parametrize("tenant", ["ohio", "other", None])
    def test_tenant_claim_does_not_override_active_tenant(self, authorizer: ModuleType, tenant: str | None) -> None:
        changes = {"tenant": tenant} if tenant else {}
        answer = authorizer.handler(self._event(self._token(**changes)), Context())

        assert answer["context"]["tenantId"] == "texas"

    def test_switch_and_role_loss_count_at_the_next_call(
        self, authorizer: ModuleType, database: DynamoDBClient
    ) -> None:
        token = self._token()

        def roles() -> tuple[str | None, str]:
            context = authorizer.handler(self._event(token), Context())["context"]
            return context.get("tenantId"), context["roles"]

        assert roles() == ("texas", '["admin"]')
        join(database, "ohio", "ada", "visitor", active=True)
        assert roles() == ("ohio", '["visitor"]')
        leave(database, "ohio", "ada")
        assert roles() == (None, "[]")

    def test_warm_authorizer_makes_one_call(self, authorizer: ModuleType) -> None:
        calls: list[str] = []
        event = self._event(self._token(tenant="texas"))
        authorizer.handler(event, Context())
        authorizer.database.meta.events.register("before-call.*.*", lambda model, **_: calls.append(model.name))

        authorizer.handler(event, Context())

        assert calls == ["BatchGetItem"]

    def test_token_from_before_a_switch_makes_a_second_call(self, authorizer: ModuleType) -> None:
        calls: list[str] = []
        authorizer.database.meta.events.register("before-call.*.*", lambda model, **_: calls.append(model.name))

        authorizer.handler(self._event(self._token(tenant="ohio")), Context())

        assert calls == ["BatchGetItem"] * 2

    @pytest.mark.parametrize("acts_in", ["active", "claim"])
    @pytest.mark.parametrize("name", ["blockedat", "deletedat", "newpassword", "validafter"])
    def test_invalid_account_is_unauthorized(self, authorizer: ModuleType, database: DynamoDBClient, name: str) -> None:
        event = self._event(self._token(tenant="texas"))
        assert authorizer.handler(event, Context())["context"]["tenantId"] == "texas"
        database.update_item(
            TableName="app-users",
            Key={"userid": {"S": "ada"}},
            UpdateExpression="SET #name = :value",
            ExpressionAttributeNames={"#name": name},
            ExpressionAttributeValues={":value": {"N": str(int(time.time()) + 1)}},
        )

        with pytest.raises(Exception, match=r"^Unauthorized$"):
            authorizer.handler(event, Context())

    @pytest.mark.parametrize("acts_in", ["claim"])
    def test_claim_requires_current_membership(self, authorizer: ModuleType, database: DynamoDBClient) -> None:
        event = self._event(self._token(tenant="ohio"))
        context = authorizer.handler(event, Context())["context"]
        assert (context["tenantId"], context["roles"]) == ("ohio", '["visitor"]')

        leave(database, "ohio", "ada")

        answer = authorizer.handler(event, Context())
        assert "tenantId" not in answer["context"]
        assert answer["policyDocument"]["Statement"][0]["Resource"] == [f"{_API}/GET/settings"]

    @pytest.mark.parametrize("changes", [{"auth_time": None}, {"auth_time": "1"}, {"auth_time": True}, {"auth_time": 1.5}, {"origin_jti": 7}])  # fmt: skip
    def test_token_without_auth_time_is_refused(self, authorizer: ModuleType, changes: dict[str, Any]) -> None:
        with pytest.raises(Exception, match=r"^Unauthorized$"):
            authorizer.handler(self._event(self._token(**changes)), Context())

    @pytest.mark.parametrize(("ahead", "counts"), [(-1, True), (2, True), (4, True), (600, False)])
    def test_clock_skew_of_seconds_is_allowed(self, authorizer: ModuleType, ahead: int, counts: bool) -> None:  # noqa: FBT001 - a parameter of the test
        event = self._event(self._token(iat=int(time.time()) + ahead, exp=int(time.time()) + 3600))

        if counts:
            assert authorizer.handler(event, Context())["principalId"] == "ada"
        else:
            with pytest.raises(Exception, match=r"^Unauthorized$"):
                authorizer.handler(event, Context())

    @pytest.mark.parametrize("token", ["", "x", "a.b.c"])
    def test_invalid_token_is_unauthorized(self, authorizer: ModuleType, token: str) -> None:
        with pytest.raises(Exception, match=r"^Unauthorized$"):
            authorizer.handler(self._event(token), Context())

    @pytest.mark.parametrize("changes", [{"token_use": "access"}, {"aud": "other"}, {"iss": "https://evil"}, {"exp": 1}, {"cognito:username": "*"}])  # fmt: skip
    def test_token_for_another_client_is_refused(self, authorizer: ModuleType, changes: dict[str, Any]) -> None:
        with pytest.raises(Exception, match=r"^Unauthorized$"):
            authorizer.handler(self._event(self._token(**changes)), Context())
