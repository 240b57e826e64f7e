"""Membership: changes are atomic, decided by a current admin, and keep at least one admin."""

from __future__ import annotations

import importlib
import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto import mock_aws

from tenantry.model.directory_tables import Tables
from tenantry.model.errors import BadRequestError, ConflictError, ForbiddenError, NotFoundError
from tenantry.model.identifiers import TenantId, UserId
from tenantry.model.roles import Role
from tenantry.runtime import invitations as invitations_module
from tenantry.runtime.authorization_state import AuthorizationState, AuthorizationStates, SignIn
from tenantry.runtime.invitations import Invitations, id_of
from tenantry.runtime.mailbox import InvalidMailboxError, mailbox
from tenantry.runtime.membership import Memberships
from tests.lambdas.events import Context, proxy_event
from tests.lambdas.tables import create_directory, join, serialize_transactions

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

    from mypy_boto3_dynamodb import DynamoDBClient

_TEXAS, _OHIO = TenantId("texas"), TenantId("ohio")
_ADA, _BOB, _EVE = UserId("ada"), UserId("bob"), UserId("eve")
_DAY = 24 * 3600


@pytest.fixture
def database() -> Iterator[DynamoDBClient]:
    with mock_aws():
        client = boto3.client("dynamodb")
        create_directory(client)
        serialize_transactions(client)
        for tenant in (_TEXAS, _OHIO):
            client.put_item(TableName="app-tenants", Item={"tenantid": {"S": tenant}, "name": {"S": tenant.title()}})
        join(client, _TEXAS, _ADA, "admin", active=True)
        join(client, _TEXAS, _BOB, "visitor", active=True)
        join(client, _OHIO, _BOB, "admin")
        yield client


@pytest.fixture
def memberships(database: DynamoDBClient) -> Memberships:
    return Memberships(database, Tables(users="app-users", tenants="app-tenants", memberships="app-tenant-users"))


@pytest.fixture
def clock() -> list[float]:
    return [1_800_000_000.0]


@pytest.fixture
def invitations(database: DynamoDBClient, memberships: Memberships, clock: list[float]) -> Invitations:
    return Invitations(database, "app-invitations", memberships, days=14, clock=lambda: clock[0])


def _active(database: DynamoDBClient, user: UserId) -> AuthorizationState:
    states = AuthorizationStates(
        database, Tables(users="app-users", tenants="app-tenants", memberships="app-tenant-users")
    )
    return states.active(SignIn(user_id=user, authenticated_at=int(time.time()), session=""))


def _everywhere(database: DynamoDBClient, tenant: str, user: str) -> tuple[set[str] | None, set[str] | None, bool]:
    """Return someone's roles by the mapping, by their own item, and whether the tenant counts them as an admin."""
    key = {"tenantid": {"S": tenant}, "userid": {"S": user}}
    mapping = database.get_item(TableName="app-tenant-users", Key=key).get("Item")
    item = database.get_item(TableName="app-users", Key={"userid": {"S": user}}).get("Item", {})
    own = item.get(f"roles:{tenant}")
    admins = database.get_item(TableName="app-tenants", Key={"tenantid": {"S": tenant}})["Item"].get("admins", {})
    return (
        set(mapping["roles"]["SS"]) if mapping else None,
        set(own["SS"]) if own else None,
        user in admins.get("SS", []),
    )


class TestSwitch:
    def test_switch_is_immediate_and_returns_the_previous_tenant(
        self, database: DynamoDBClient, memberships: Memberships
    ) -> None:
        assert memberships.switch(_BOB, _OHIO) == _TEXAS

        assert _active(database, _BOB).roles == {"admin"}

    @pytest.mark.parametrize("tenant", [_OHIO, TenantId("nowhere")])
    def test_switch_without_membership_is_forbidden(self, memberships: Memberships, tenant: TenantId) -> None:
        with pytest.raises(ForbiddenError, match="You are not a member of this tenant"):
            memberships.switch(_ADA, tenant)

    def test_switch_back_restores_the_first_tenant(self, database: DynamoDBClient, memberships: Memberships) -> None:
        for tenant in (_OHIO, _TEXAS, _OHIO, _TEXAS):
            memberships.switch(_BOB, tenant)
            assert _active(database, _BOB).tenant_id == tenant

    def test_switch_updates_an_older_record(self, database: DynamoDBClient, memberships: Memberships) -> None:
        database.put_item(TableName="app-users", Item={"userid": {"S": _BOB}})

        assert set(memberships.tenants_of(_BOB)) == {_TEXAS, _OHIO}
        memberships.switch(_BOB, _TEXAS)

        assert _everywhere(database, _TEXAS, _BOB)[1] == {"visitor"}


class TestRoles:
    @pytest.mark.parametrize("roles", [{Role.MEMBER}, {Role.ADMIN}, {Role.ADMIN, Role.VISITOR}])
    def test_role_change_updates_all_rows(
        self, database: DynamoDBClient, memberships: Memberships, roles: set[Role]
    ) -> None:
        before = memberships.set_roles(_TEXAS, _BOB, frozenset(roles), by=_ADA)

        assert _everywhere(database, _TEXAS, _BOB) == (roles, roles, Role.ADMIN in roles)
        assert before == {"visitor"}
        assert _everywhere(database, _OHIO, _BOB) == ({"admin"}, {"admin"}, True)

    @pytest.mark.parametrize("by", [_BOB, _EVE])
    def test_only_admins_of_the_tenant_change_roles(
        self, database: DynamoDBClient, memberships: Memberships, by: UserId
    ) -> None:
        with pytest.raises(ForbiddenError):
            memberships.set_roles(_TEXAS, _BOB, frozenset({Role.ADMIN}), by=by)

        assert _everywhere(database, _TEXAS, _BOB) == ({"visitor"}, {"visitor"}, False)

    def test_unknown_member_is_not_found(self, memberships: Memberships) -> None:
        with pytest.raises(NotFoundError):
            memberships.set_roles(_TEXAS, _EVE, frozenset({Role.VISITOR}), by=_ADA)

    def test_last_admin_keeps_the_role(self, database: DynamoDBClient, memberships: Memberships) -> None:
        with pytest.raises(ConflictError):
            memberships.set_roles(_TEXAS, _ADA, frozenset({Role.MEMBER}), by=_ADA)

        assert _everywhere(database, _TEXAS, _ADA)[2]

    def test_admin_may_step_down_if_another_remains(self, memberships: Memberships) -> None:
        memberships.set_roles(_TEXAS, _BOB, frozenset({Role.ADMIN}), by=_ADA)
        memberships.set_roles(_TEXAS, _ADA, frozenset({Role.MEMBER}), by=_ADA)

        with pytest.raises(ForbiddenError):
            memberships.set_roles(_TEXAS, _BOB, frozenset({Role.MEMBER}), by=_ADA)

    def test_admin_stays_one_with_more_roles(self, database: DynamoDBClient, memberships: Memberships) -> None:
        more = frozenset({Role.ADMIN, Role.VISITOR})
        memberships.set_roles(_TEXAS, _ADA, more, by=_ADA)  # the last one
        join(database, _TEXAS, UserId("zoe"), "admin")
        memberships.set_roles(_TEXAS, UserId("zoe"), more, by=_ADA)

        for user in (_ADA, "zoe"):
            assert _everywhere(database, _TEXAS, user) == ({*more}, {*more}, True)

    def test_role_change_activates_nothing(self, database: DynamoDBClient, memberships: Memberships) -> None:
        join(database, _OHIO, _ADA, "visitor")
        memberships.set_roles(_OHIO, _ADA, frozenset({Role.MEMBER}), by=_BOB)

        assert _active(database, _ADA).tenant_id == _TEXAS

    def test_membership_without_roles_gets_some(self, database: DynamoDBClient, memberships: Memberships) -> None:
        database.put_item(TableName="app-tenant-users", Item={"tenantid": {"S": _TEXAS}, "userid": {"S": _EVE}})

        assert memberships.switch(_EVE, _TEXAS) is None
        assert memberships.set_roles(_TEXAS, _EVE, frozenset({Role.VISITOR}), by=_ADA) == frozenset()
        assert _everywhere(database, _TEXAS, _EVE) == ({"visitor"}, {"visitor"}, False)

    def test_write_condition_keeps_the_last_admin(
        self, database: DynamoDBClient, memberships: Memberships, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        # As if somebody else had been an admin when it was decided.
        monkeypatch.setattr("tenantry.runtime.transactions._PAUSE_SECONDS", 0)
        monkeypatch.setattr(memberships, "admins", lambda _tenant: frozenset({_ADA, "another"}))

        with pytest.raises(ConflictError, match="Another request changes"):
            memberships.set_roles(_TEXAS, _ADA, frozenset({Role.MEMBER}), by=_ADA)
        with pytest.raises(ConflictError, match="Another request changes"):
            memberships.remove(_TEXAS, _ADA, by=_ADA)

        assert _everywhere(database, _TEXAS, _ADA) == ({"admin"}, {"admin"}, True)

    def test_write_condition_requires_an_admin(
        self, database: DynamoDBClient, memberships: Memberships, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("tenantry.runtime.transactions._PAUSE_SECONDS", 0)
        monkeypatch.setattr(memberships, "admins", lambda _tenant: frozenset({_ADA, _BOB}))

        with pytest.raises(ConflictError, match="Another request changes"):
            memberships.set_roles(_TEXAS, _BOB, frozenset({Role.ADMIN}), by=_BOB)

        assert _everywhere(database, _TEXAS, _BOB) == ({"visitor"}, {"visitor"}, False)


class TestRemove:
    def test_removal_deletes_all_rows_and_activates_no_other_tenant(
        self, database: DynamoDBClient, memberships: Memberships
    ) -> None:
        memberships.remove(_TEXAS, _BOB, by=_ADA)

        assert _everywhere(database, _TEXAS, _BOB) == (None, None, False)
        assert _active(database, _BOB).tenant_id is None
        assert _everywhere(database, _OHIO, _BOB) == ({"admin"}, {"admin"}, True)

    def test_removal_from_another_tenant_keeps_the_active_one(
        self, database: DynamoDBClient, memberships: Memberships
    ) -> None:
        join(database, _OHIO, _ADA, "admin")
        memberships.remove(_OHIO, _BOB, by=_ADA)

        assert _active(database, _BOB).tenant_id == _TEXAS

    def test_members_may_leave(self, database: DynamoDBClient, memberships: Memberships) -> None:
        memberships.remove(_TEXAS, _BOB, by=_BOB)

        assert _everywhere(database, _TEXAS, _BOB) == (None, None, False)

    def test_admin_who_leaves_is_an_admin_no_more(self, database: DynamoDBClient, memberships: Memberships) -> None:
        join(database, _TEXAS, UserId("zoe"), "admin")
        memberships.remove(_TEXAS, UserId("zoe"), by=UserId("zoe"))

        assert _everywhere(database, _TEXAS, "zoe") == (None, None, False)

    def test_member_without_an_account_is_removed(self, database: DynamoDBClient, memberships: Memberships) -> None:
        database.delete_item(TableName="app-users", Key={"userid": {"S": _BOB}})
        memberships.remove(_TEXAS, _BOB, by=_ADA)

        assert _everywhere(database, _TEXAS, _BOB) == (None, None, False)
        assert "Item" not in database.get_item(TableName="app-users", Key={"userid": {"S": _BOB}})

    @pytest.mark.parametrize("by", [_BOB, _EVE])
    def test_only_admins_remove_others(self, memberships: Memberships, by: UserId) -> None:
        with pytest.raises(ForbiddenError):
            memberships.remove(_TEXAS, _ADA, by=by)

    def test_last_admin_cannot_leave(self, database: DynamoDBClient, memberships: Memberships) -> None:
        with pytest.raises(ConflictError, match="last admin"):
            memberships.remove(_TEXAS, _ADA, by=_ADA)

        assert _everywhere(database, _TEXAS, _ADA) == ({"admin"}, {"admin"}, True)

    def test_second_removal_is_not_found(self, memberships: Memberships) -> None:
        memberships.remove(_TEXAS, _BOB, by=_ADA)

        with pytest.raises(NotFoundError):
            memberships.remove(_TEXAS, _BOB, by=_ADA)

    def test_older_tenant_without_admins_attribute_works(
        self, database: DynamoDBClient, memberships: Memberships
    ) -> None:
        database.put_item(TableName="app-tenants", Item={"tenantid": {"S": _TEXAS}})

        memberships.remove(_TEXAS, _BOB, by=_ADA)

        assert _everywhere(database, _TEXAS, _ADA) == ({"admin"}, {"admin"}, True)


class TestTenants:
    def test_index_that_lags_gives_no_tenant(self, memberships: Memberships, monkeypatch: pytest.MonkeyPatch) -> None:
        lagging = [{"tenantid": {"S": _OHIO}}, {"tenantid": {"S": _TEXAS}}]
        monkeypatch.setattr("tenantry.runtime.membership.memberships_of", lambda *_, **__: lagging)

        assert memberships.tenants_of(_ADA) == {_TEXAS: {"admin"}}

    def test_tenant_without_a_name_has_none(self, database: DynamoDBClient, memberships: Memberships) -> None:
        database.put_item(TableName="app-tenants", Item={"tenantid": {"S": "iowa"}})

        assert memberships.names([_TEXAS, TenantId("iowa"), TenantId("nowhere")]) == {_TEXAS: "Texas"}

    def test_older_tenant_without_a_living_admin_has_none(
        self, database: DynamoDBClient, memberships: Memberships
    ) -> None:
        database.put_item(TableName="app-tenants", Item={"tenantid": {"S": "iowa"}})

        assert memberships.admins(TenantId("iowa")) == frozenset()
        with pytest.raises(NotFoundError):
            memberships.admins(TenantId("nowhere"))


class TestInvitations:
    def test_invitation_is_accepted_once(self, database: DynamoDBClient, invitations: Invitations) -> None:
        invitations.invite(_TEXAS, mailbox("Eve@Example.com"), frozenset({Role.MEMBER}), by=_ADA)

        member = invitations.accept(_TEXAS, _EVE, mailbox("eve@example.com"), "Eve")

        assert member.roles == {"member"}
        assert _everywhere(database, _TEXAS, _EVE) == ({"member"}, {"member"}, False)
        assert _active(database, _EVE).tenant_id == _TEXAS  # she had none
        with pytest.raises(NotFoundError):
            invitations.accept(_TEXAS, UserId("eve2"), mailbox("eve@example.com"), "Eve")

    def test_member_is_written_with_name_and_address(self, database: DynamoDBClient, invitations: Invitations) -> None:
        invitations.invite(_TEXAS, mailbox("eve@example.com"), frozenset({Role.MEMBER}), by=_ADA)
        invitations.accept(_TEXAS, _EVE, mailbox("eve@example.com"), "Eve")

        who = {"userid": {"S": _EVE}, "name": {"S": "Eve"}, "email": {"S": "eve@example.com"}}
        roles = {"SS": ["member"]}
        user = database.get_item(TableName="app-users", Key={"userid": {"S": _EVE}})["Item"]
        assert user == {**who, "activetenantid": {"S": _TEXAS}, f"roles:{_TEXAS}": roles}
        key: Any = {"tenantid": {"S": _TEXAS}, "userid": {"S": _EVE}}
        member = database.get_item(TableName="app-tenant-users", Key=key)["Item"]
        assert member == {**who, **key, "roles": roles}

    def test_acceptance_keeps_an_active_tenant(self, database: DynamoDBClient, invitations: Invitations) -> None:
        invitations.invite(_OHIO, mailbox("ada@example.com"), frozenset({Role.ADMIN}), by=_BOB)
        invitations.accept(_OHIO, _ADA, mailbox("ada@example.com"), "Ada")

        assert _active(database, _ADA).tenant_id == _TEXAS
        assert _everywhere(database, _OHIO, _ADA) == ({"admin"}, {"admin"}, True)

    def test_invitation_is_for_one_email_and_tenant(self, invitations: Invitations) -> None:
        invitations.invite(_TEXAS, mailbox("eve@example.com"), frozenset({Role.MEMBER}), by=_ADA)

        for tenant, invitee in ((_TEXAS, "eve2@example.com"), (_OHIO, "eve@example.com")):
            with pytest.raises(NotFoundError):
                invitations.accept(tenant, _EVE, mailbox(invitee), "Eve")

    def test_invitation_expires(self, invitations: Invitations, clock: list[float]) -> None:
        invitations.invite(_TEXAS, mailbox("eve@example.com"), frozenset({Role.MEMBER}), by=_ADA)
        assert len(invitations.of_invitee(mailbox("eve@example.com"))) == 1

        clock[0] += 14 * _DAY

        assert invitations.of_invitee(mailbox("eve@example.com")) == []
        assert invitations.of_tenant(_TEXAS) == []
        with pytest.raises(NotFoundError):
            invitations.accept(_TEXAS, _EVE, mailbox("eve@example.com"), "Eve")

    def test_invitation_ends_with_the_inviters_role(
        self, database: DynamoDBClient, memberships: Memberships, invitations: Invitations
    ) -> None:
        join(database, _TEXAS, UserId("mallory"), "admin")
        invitations.invite(_TEXAS, mailbox("eve@example.com"), frozenset({Role.ADMIN}), by=UserId("mallory"))
        memberships.remove(_TEXAS, UserId("mallory"), by=_ADA)

        assert invitations.of_invitee(mailbox("eve@example.com")) == []
        with pytest.raises(NotFoundError):
            invitations.accept(_TEXAS, _EVE, mailbox("eve@example.com"), "Eve")

    @pytest.mark.parametrize("by", [_BOB, _EVE])
    def test_only_admins_invite_and_withdraw(self, invitations: Invitations, by: UserId) -> None:
        invitations.invite(_TEXAS, mailbox("eve@example.com"), frozenset({Role.MEMBER}), by=_ADA)

        with pytest.raises(ForbiddenError):
            invitations.invite(_TEXAS, mailbox("bob@example.com"), frozenset({Role.ADMIN}), by=by)
        with pytest.raises(ForbiddenError):
            invitations.withdraw(_TEXAS, id_of(mailbox("eve@example.com")), by=by)

    def test_withdrawn_or_declined_invitation_is_removed(self, invitations: Invitations) -> None:
        invitee = mailbox("eve@example.com")

        def withdraw() -> None:
            invitations.withdraw(_TEXAS, id_of(invitee), by=_ADA)

        def decline() -> None:
            invitations.decline(_TEXAS, invitee)

        for end in (withdraw, decline):
            invitations.invite(_TEXAS, invitee, frozenset({Role.MEMBER}), by=_ADA)
            end()
            with pytest.raises(NotFoundError):
                invitations.accept(_TEXAS, _EVE, invitee, "Eve")
            with pytest.raises(NotFoundError):
                end()

    def test_invitation_does_not_change_a_members_roles(
        self, database: DynamoDBClient, invitations: Invitations
    ) -> None:
        invitations.invite(_TEXAS, mailbox("bob@example.com"), frozenset({Role.ADMIN}), by=_ADA)

        with pytest.raises(ConflictError):
            invitations.accept(_TEXAS, _BOB, mailbox("bob@example.com"), "Bob")

        assert _everywhere(database, _TEXAS, _BOB) == ({"visitor"}, {"visitor"}, False)

    def test_concurrent_acceptance_creates_one_member(self, database: DynamoDBClient, invitations: Invitations) -> None:
        invitations.invite(_TEXAS, mailbox("eve@example.com"), frozenset({Role.MEMBER}), by=_ADA)

        def accept(number: int) -> bool:
            try:
                invitations.accept(_TEXAS, UserId(f"eve{number}"), mailbox("eve@example.com"), "Eve")
            except (NotFoundError, ConflictError):
                return False
            return True

        with ThreadPoolExecutor(4) as pool:
            assert sum(pool.map(accept, range(4))) == 1
        members = database.query(
            TableName="app-tenant-users",
            KeyConditionExpression="tenantid = :t",
            ExpressionAttributeValues={":t": {"S": _TEXAS}},
        )["Items"]
        assert len(members) == 3


@pytest.mark.parametrize(
    "address",
    ["", "x", "@example.com", "a@", "a@b", "a b@example.com", "a@exa mple.com", "\u212aate@example.com", "kate@\u212ab.com", "a@example.com\n", "a@example.com,b@example.com", "<a@example.com>", '"a"@example.com', f"{'a' * 250}@example.com", "a@-x.com", "a@x..com", 5, None],
)  # fmt: skip
def test_malformed_email_is_refused(address: object) -> None:
    with pytest.raises(InvalidMailboxError):
        mailbox(address)


def test_email_case_is_ignored() -> None:
    assert mailbox("Kate+x@Example.COM") == "kate+x@example.com"


def _context(user: str, tenant: str | None, *roles: str, email: str | None = None) -> dict[str, Any]:
    context = {
        "userId": user,
        "roles": json.dumps(list(roles)),
        "email": f"{user}@example.com" if email is None else email,
        "firstName": user.title(),
        "lastName": "van der Berg",
    }
    return context if tenant is None else {**context, "tenantId": tenant}


class TestRoutes:
    @pytest.fixture
    def function(self, database: DynamoDBClient) -> ModuleType:
        assert database
        boto3.client("events").create_event_bus(Name="app-application-eventbus")
        return importlib.reload(importlib.import_module("membership.handler"))

    @pytest.fixture
    def said(self, function: ModuleType, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
        entries: list[dict[str, Any]] = []

        def put_events(**request: Any) -> dict[str, Any]:  # noqa: ANN401 - boto3's
            entries.extend(request["Entries"])
            return {"FailedEntryCount": 0}

        monkeypatch.setattr(function.publisher.bus, "put_events", put_events)
        return entries

    @staticmethod
    def _call(
        function: ModuleType, route: str, caller: dict[str, Any], *, body: object = None, **path: str
    ) -> tuple[int, Any]:
        query = path.pop("query", None)
        event = proxy_event(
            route=route,
            path=path,
            authorizer=caller,
            body=body if body is None or isinstance(body, str) else json.dumps(body),
            query=json.loads(query) if query else None,
        )
        answer = function.handler(event, Context())
        return answer["statusCode"], json.loads(answer["body"]) if answer["body"] else None

    def test_each_step_is_published(self, function: ModuleType, said: list[dict[str, Any]]) -> None:
        ada, eve = _context(_ADA, _TEXAS, "admin"), _context(_EVE, None)
        call = self._call

        status, made = call(
            function,
            "POST /tenants/{tenantId}/members",
            ada,
            body={"email": "EVE@example.com", "roles": ["visitor", "visitor"]},
            tenantId=_TEXAS,
        )
        assert (status, made["email"], made["roles"]) == (201, "eve@example.com", ["visitor"])
        status, listed = call(function, "GET /invitations", eve)
        assert listed["invitations"][0]["tenantName"] == "Texas"
        status, joined = call(function, "POST /invitations/{invitingTenantId}/acceptance", eve, invitingTenantId=_TEXAS)
        assert (status, joined) == (201, {"tenantId": _TEXAS, "roles": ["visitor"]})
        assert call(
            function,
            "PUT /tenants/{tenantId}/members/{memberId}/roles",
            ada,
            body={"roles": ["member"]},
            tenantId=_TEXAS,
            memberId=_EVE,
        ) == (204, None)
        assert call(function, "PUT /settings", eve, body={"tenantId": _TEXAS}) == (204, None)
        assert call(function, "DELETE /tenants/{tenantId}/members/{memberId}", ada, tenantId=_TEXAS, memberId=_EVE) == (
            204,
            None,
        )

        # The switch went to the tenant that was active already.
        assert [entry["DetailType"] for entry in said] == [
            "memberInvited",
            "memberAdded",
            "memberRolesChanged",
            "memberRemoved",
        ]
        details = [json.loads(entry["Detail"]) for entry in said]
        assert {entry["Source"] for entry in said} == {"app.tenant"}
        assert len({detail["changeId"] for detail in details}) == 4
        assert details[1]["name"] == "Eve van der Berg"
        assert made["invitationId"] not in said[0]["Detail"]

    @pytest.mark.parametrize("body", ['{"roles": ["admin"], "roles": ["visitor"]}', {"roles": []}, {"roles": ["owner"]}, {"roles": "admin"}, {"roles": [["admin"]]}, {"roles": ["admin"], "tenantId": "ohio"}, {}, "[]", "", None])  # fmt: skip
    def test_bad_body_changes_nothing(
        self, function: ModuleType, said: list[dict[str, Any]], database: DynamoDBClient, body: object
    ) -> None:
        status, _ = self._call(
            function,
            "PUT /tenants/{tenantId}/members/{memberId}/roles",
            _context(_ADA, _TEXAS, "admin"),
            body=body,
            tenantId=_TEXAS,
            memberId=_BOB,
        )

        assert status == 400
        assert _everywhere(database, _TEXAS, _BOB) == ({"visitor"}, {"visitor"}, False)
        assert said == []

    @pytest.mark.parametrize("route", ["GET /tenants/{tenantId}/members", "GET /tenants/{tenantId}/invitations", "POST /tenants/{tenantId}/members", "PUT /tenants/{tenantId}/members/{memberId}/roles", "DELETE /tenants/{tenantId}/members/{memberId}", "DELETE /tenants/{tenantId}/invitations/{invitationId}"])  # fmt: skip
    @pytest.mark.parametrize(
        ("caller", "tenant"),
        [
            (_context(_ADA, _TEXAS, "admin"), _OHIO),
            (_context(_BOB, _TEXAS, "visitor", "member"), _TEXAS),
            (_context(_EVE, None), _TEXAS),
        ],
    )
    def test_function_refuses_without_the_gateway(
        self, function: ModuleType, caller: dict[str, Any], tenant: str, route: str
    ) -> None:
        status, answer = self._call(
            function,
            route,
            caller,
            body={"roles": ["admin"]},
            tenantId=tenant,
            memberId=_ADA,
            invitationId="0" * 32,
        )

        assert (status, answer) == (403, {"message": "Forbidden"})

    def test_cached_policy_gives_no_access(self, function: ModuleType, database: DynamoDBClient) -> None:
        stale = _context(_BOB, _TEXAS, "admin")

        status, _ = self._call(
            function,
            "PUT /tenants/{tenantId}/members/{memberId}/roles",
            stale,
            body={"roles": ["admin"]},
            tenantId=_TEXAS,
            memberId=_BOB,
        )

        assert status == 403
        assert _everywhere(database, _TEXAS, _BOB) == ({"visitor"}, {"visitor"}, False)

    @pytest.mark.parametrize("email", ["", "\u212aate@example.com"])
    def test_unverified_email_sees_no_invitations(self, function: ModuleType, email: str) -> None:
        caller = _context(_EVE, None, email=email)

        status, _ = self._call(
            function, "POST /invitations/{invitingTenantId}/acceptance", caller, invitingTenantId=_TEXAS
        )

        assert status in {400, 404}

    def test_members_are_paginated(self, function: ModuleType, database: DynamoDBClient) -> None:
        for number in range(5):
            join(database, _TEXAS, f"user{number}", "visitor")
        seen: list[str] = []
        after: dict[str, str] = {}
        while True:
            _, page = self._call(
                function,
                "GET /tenants/{tenantId}/members",
                _context(_ADA, _TEXAS, "admin"),
                tenantId=_TEXAS,
                query=json.dumps({"limit": "2", **after}),
            )
            seen += [member["userId"] for member in page["members"]]
            if "next" not in page:
                break
            after = {"after": page["next"]}

        assert seen == ["ada", "bob", *(f"user{number}" for number in range(5))]

    @pytest.mark.parametrize("query", [{"limit": "0"}, {"limit": "101"}, {"limit": "x"}, {"limit": "\u0661"}, {"limit": "1e1"}, {"after": "*"}, {"tenantId": "ohio"}])  # fmt: skip
    def test_bad_page_is_refused(self, function: ModuleType, query: dict[str, str]) -> None:
        status, _ = self._call(
            function,
            "GET /tenants/{tenantId}/members",
            _context(_ADA, _TEXAS, "admin"),
            tenantId=_TEXAS,
            query=json.dumps(query),
        )

        assert status == 400

    def test_lists_tenants_with_names_and_roles(self, function: ModuleType) -> None:
        _, answer = self._call(function, "GET /tenants", _context(_BOB, _TEXAS, "visitor"))

        assert answer == {
            "tenants": [
                {"tenantId": "ohio", "name": "Ohio", "roles": ["admin"], "active": False},
                {"tenantId": "texas", "name": "Texas", "roles": ["visitor"], "active": True},
            ]
        }

    def test_unpublished_event_is_dead_lettered(
        self, function: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        queue = boto3.client("sqs").create_queue(QueueName="dead-letters")["QueueUrl"]
        monkeypatch.setattr(
            function.publisher.bus,
            "put_events",
            lambda **_: {"FailedEntryCount": 1, "Entries": [{"ErrorCode": "InternalFailure"}]},
        )

        status, _ = self._call(function, "PUT /settings", _context(_BOB, _TEXAS, "visitor"), body={"tenantId": _OHIO})

        assert status == 204
        (message,) = boto3.client("sqs").receive_message(QueueUrl=queue)["Messages"]
        assert json.loads(message["Body"])["entry"]["DetailType"] == "activeTenantSwitched"
        assert "@" not in capsys.readouterr().out


@pytest.mark.parametrize("value", [None, 5, "", "0" * 31, "0" * 33, "G" * 32, "A" * 32, "0" * 32 + "\n", b"0" * 32])
def test_malformed_invitation_id_is_refused(value: object) -> None:
    with pytest.raises(BadRequestError, match="Invalid invitation id"):
        invitations_module.invitation_id(value)


def test_invitation_ids_reveal_no_email() -> None:
    assert invitations_module.invitation_id(id_of(mailbox("eve@example.com"))).isalnum()
