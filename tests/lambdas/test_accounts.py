"""Accounts in the directory: refused first, idempotent when repeated, and without personal data after deletion."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto import mock_aws

from tenantry.model.directory_tables import Tables
from tenantry.model.errors import ConflictError, NotFoundError
from tenantry.model.identifiers import TenantId, UserId
from tenantry.model.roles import Role
from tenantry.runtime.accounts import POOL, Account, Accounts
from tenantry.runtime.membership import Memberships
from tests.lambdas.tables import create_directory, join

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mypy_boto3_dynamodb import DynamoDBClient

_TEXAS, _OHIO = TenantId("texas"), TenantId("ohio")
_ADA, _BOB, _EVE = UserId("ada"), UserId("bob"), UserId("eve")
_NOW = 1_800_000_000
_TABLES = Tables(users="app-users", tenants="app-tenants", memberships="app-tenant-users")


@pytest.fixture
def database() -> Iterator[DynamoDBClient]:
    with mock_aws():
        client = boto3.client("dynamodb")
        create_directory(client)
        for tenant in (_TEXAS, _OHIO):
            client.put_item(TableName="app-tenants", Item={"tenantid": {"S": tenant}, "foundedby": {"S": _ADA}})
        join(client, _TEXAS, _ADA, "admin", active=True)
        join(client, _TEXAS, _BOB, "visitor", active=True)
        join(client, _OHIO, _BOB, "admin")
        join(client, _OHIO, _ADA, "admin")
        for user in (_ADA, _BOB):
            client.update_item(
                TableName="app-users",
                Key={"userid": {"S": user}},
                UpdateExpression="SET email = :email, #name = :name",
                ExpressionAttributeNames={"#name": "name"},
                ExpressionAttributeValues={":email": {"S": f"{user}@example.com"}, ":name": {"S": user.title()}},
            )
        yield client


@pytest.fixture
def clock() -> list[float]:
    return [float(_NOW)]


@pytest.fixture
def accounts(database: DynamoDBClient, clock: list[float]) -> Accounts:
    return Accounts(database, _TABLES, "app-invitations", clock=lambda: clock[0])


@pytest.fixture
def memberships(database: DynamoDBClient) -> Memberships:
    return Memberships(database, _TABLES)


def _admins(database: DynamoDBClient, tenant: str) -> set[str]:
    item = database.get_item(TableName="app-tenants", Key={"tenantid": {"S": tenant}})["Item"]
    return set(item.get("admins", {}).get("SS", []))


def _user(database: DynamoDBClient, user: str) -> dict[str, Any]:
    return dict(database.get_item(TableName="app-users", Key={"userid": {"S": user}}).get("Item", {}))


def _everything(database: DynamoDBClient) -> str:
    tables = ("app-users", "app-tenants", "app-tenant-users", "app-invitations")
    return json.dumps([database.scan(TableName=table)["Items"] for table in tables])


def _invite(database: DynamoDBClient, tenant: str, email: str) -> None:
    key = {"tenantid": {"S": tenant}, "invitationid": {"S": f"of {email}"}}
    database.put_item(TableName="app-invitations", Item={**key, "email": {"S": email}})


class TestBlock:
    def test_block_refuses_the_user_and_removes_them_from_admins(
        self, database: DynamoDBClient, accounts: Accounts
    ) -> None:
        outcome = accounts.block(_ADA, by="arn:ops", reason="x")

        assert (outcome.changed, outcome.at, outcome.without_admin) == (True, _NOW, [_TEXAS])
        assert set(outcome.tenants) == {_TEXAS, _OHIO}
        found = accounts.find(_ADA)
        assert found
        assert (found.blocked_at, found.blocked_by, found.blocked_reason) == (_NOW, "arn:ops", "x")
        assert found.valid_after == _NOW + 1  # a session of this very second ends as well
        assert (_admins(database, _TEXAS), _admins(database, _OHIO)) == (set(), {_BOB})

    def test_repeated_block_keeps_its_author_and_finishes(
        self, database: DynamoDBClient, accounts: Accounts, clock: list[float]
    ) -> None:
        accounts.block(_ADA, by="arn:ops", reason="x")
        join(database, _TEXAS, _ADA, "admin")  # as if the first attempt had stopped here
        clock[0] += 10

        outcome = accounts.block(_ADA, by="arn:other", reason="y")

        assert (outcome.changed, outcome.at, outcome.by) == (False, _NOW, "arn:ops")
        assert _admins(database, _TEXAS) == set()

    def test_operator_block_replaces_pool_block(self, accounts: Accounts, clock: list[float]) -> None:
        accounts.block(_ADA, by=POOL, reason="x")
        clock[0] += 10
        assert accounts.block(_ADA, by=POOL, reason="x").changed is False

        outcome = accounts.block(_ADA, by="arn:ops", reason="y")

        assert (outcome.changed, outcome.by) == (True, "arn:ops")
        assert accounts.block(_ADA, by=POOL, reason="x").by == "arn:ops"

    def test_block_without_record_is_effective(self, accounts: Accounts) -> None:
        accounts.block(_EVE, by="arn:ops", reason="x")

        found = accounts.find(_EVE)
        assert found
        assert (found.blocked_at, found.recorded) == (_NOW, False)

    def test_unblocked_user_is_admin_again_where_they_have_the_role(
        self, database: DynamoDBClient, accounts: Accounts
    ) -> None:
        accounts.block(_ADA, by="arn:ops", reason="x")

        outcome = accounts.unblock(_ADA, by="arn:ops")

        assert (outcome.changed, outcome.without_admin) == (True, [])
        assert (_admins(database, _TEXAS), _admins(database, _OHIO)) == ({_ADA}, {_ADA, _BOB})
        assert not {"blockedat", "blockedby", "blockedreason"} & set(_user(database, _ADA))
        assert accounts.unblock(_ADA, by="arn:ops").changed is False
        found = accounts.find(_ADA)
        assert found
        assert found.valid_after == _NOW + 1  # sessions of before do not come back

    def test_role_lost_while_blocked_is_not_restored(
        self, database: DynamoDBClient, accounts: Accounts, memberships: Memberships
    ) -> None:
        accounts.block(_ADA, by="arn:ops", reason="x")
        memberships.set_roles(_OHIO, _ADA, frozenset({Role.VISITOR}), by=_BOB)

        accounts.unblock(_ADA, by="arn:ops")

        assert _admins(database, _OHIO) == {_BOB}

    def test_blocked_user_cannot_become_admin(
        self, database: DynamoDBClient, accounts: Accounts, memberships: Memberships
    ) -> None:
        accounts.block(_BOB, by="arn:ops", reason="x")
        memberships.set_roles(_TEXAS, _BOB, frozenset({Role.ADMIN}), by=_ADA)

        assert _admins(database, _TEXAS) == {_ADA}
        with pytest.raises(ConflictError, match="last admin"):
            memberships.remove(_TEXAS, _ADA, by=_ADA)
        accounts.unblock(_BOB, by="arn:ops")
        assert _admins(database, _TEXAS) == {_ADA, _BOB}

    def test_admins_of_an_older_tenant_are_its_active_admins(
        self, database: DynamoDBClient, accounts: Accounts, memberships: Memberships
    ) -> None:
        database.put_item(TableName="app-tenants", Item={"tenantid": {"S": _OHIO}})

        accounts.block(_BOB, by="arn:ops", reason="x")

        assert memberships.admins(_OHIO) == {_ADA}


class TestSessions:
    def test_ended_sessions_stay_ended(self, accounts: Accounts, clock: list[float]) -> None:
        assert accounts.end_sessions(_ADA, by="arn:ops").changed
        assert accounts.end_sessions(_ADA, by=POOL, at=_NOW - 5).changed is False
        clock[0] += 10
        assert accounts.end_sessions(_ADA, by="arn:ops").at == _NOW + 10

        found = accounts.find(_ADA)
        assert found
        assert found.valid_after == _NOW + 10

    def test_one_session_ends_and_old_entries_expire(
        self, database: DynamoDBClient, accounts: Accounts, clock: list[float]
    ) -> None:
        accounts.end_session(_ADA, "first", by=_ADA)
        assert accounts.end_session(_ADA, "first", by=_ADA).changed is False
        clock[0] += 30 * 24 * 3600
        accounts.end_session(_ADA, "second", by=_ADA)
        kept = {f"{_NOW}:first", f"{_NOW + 30 * 24 * 3600}:second"}  # a refresh token of it may still count
        assert set(_user(database, _ADA)["endedsessions"]["SS"]) == kept
        clock[0] += 2 * 24 * 3600
        accounts.end_session(_ADA, "third", by=_ADA)

        assert len(_user(database, _ADA)["endedsessions"]["SS"]) == 2

    def test_session_of_a_user_without_an_item_ends(self, database: DynamoDBClient, accounts: Accounts) -> None:
        assert accounts.end_session(_EVE, "first", by=_EVE).changed

        assert _user(database, _EVE) == {"userid": {"S": _EVE}, "endedsessions": {"SS": [f"{_NOW}:first"]}}

    def test_session_end_that_a_deletion_overtakes_leaves_the_tombstone(
        self, database: DynamoDBClient, accounts: Accounts, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        accounts.delete(_BOB, by="arn:ops")
        tombstone, find = _user(database, _BOB), accounts.find
        seen = iter([None])  # as if it were deleted after it was read
        monkeypatch.setattr(accounts, "find", lambda user: next(seen, find(user)))

        with pytest.raises(ConflictError, match="deleted"):
            accounts.end_session(_BOB, "first", by=_BOB)

        assert next(seen, "read") == "read"
        assert _user(database, _BOB) == tombstone


class TestAddress:
    def test_address_change_updates_all_rows_and_ends_sessions(
        self, database: DynamoDBClient, accounts: Accounts
    ) -> None:
        outcome = accounts.change_address(_ADA, "ada@new.example", by=_ADA)

        assert outcome.changed
        assert "ada@example.com" not in _everything(database)
        assert _everything(database).count("ada@new.example") == 3
        assert _user(database, _ADA)["validafter"] == {"N": str(_NOW)}
        assert accounts.change_address(_ADA, "ada@new.example", by=_ADA).changed is False

    def test_address_change_of_unknown_user_does_nothing(self, accounts: Accounts) -> None:
        with pytest.raises(NotFoundError):
            accounts.change_address(_EVE, "eve@example.com", by=_EVE)


class TestDeletion:
    def test_deletion_leaves_a_tombstone_without_personal_data(
        self, database: DynamoDBClient, accounts: Accounts
    ) -> None:
        _invite(database, _OHIO, "ada@example.com")
        _invite(database, _OHIO, "bob@example.com")

        outcome = accounts.delete(_ADA, by="arn:ops")

        assert (outcome.changed, outcome.without_admin) == (True, [_TEXAS])
        assert set(outcome.tenants) == {_TEXAS, _OHIO}
        assert _user(database, _ADA) == {
            "userid": {"S": _ADA},
            "deletedat": {"N": str(_NOW)},
            "deletedby": {"S": "arn:ops"},
        }
        left = _everything(database)
        assert "ada@example.com" not in left
        assert "Ada" not in left
        assert "bob@example.com" in left
        assert (_admins(database, _TEXAS), _admins(database, _OHIO)) == (set(), {_BOB})

    def test_repeated_deletion_finishes_remaining_steps(
        self, database: DynamoDBClient, accounts: Accounts, clock: list[float]
    ) -> None:
        database.update_item(
            TableName="app-users",
            Key={"userid": {"S": _ADA}},
            UpdateExpression="SET deletedat = :at, deletedby = :by",
            ExpressionAttributeValues={":at": {"N": "1"}, ":by": {"S": "arn:ops"}},
        )
        found = accounts.find(_ADA)
        assert found
        assert found.left_over
        clock[0] += 10

        outcome = accounts.delete(_ADA, by=POOL)

        assert (outcome.changed, outcome.at, outcome.by) == (False, 1, "arn:ops")
        assert set(_user(database, _ADA)) == {"userid", "deletedat", "deletedby"}
        assert "ada@example.com" not in _everything(database)
        assert accounts.delete(_ADA, by=POOL).changed is False

    def test_self_deletion_refused_for_last_admin(
        self, database: DynamoDBClient, accounts: Accounts, memberships: Memberships
    ) -> None:
        with pytest.raises(ConflictError, match="last admin of texas"):
            accounts.delete(_ADA, by=_ADA)
        assert _user(database, _ADA)["email"] == {"S": "ada@example.com"}

        memberships.set_roles(_TEXAS, _BOB, frozenset({Role.ADMIN}), by=_ADA)
        assert accounts.delete(_ADA, by=_ADA).without_admin == []
        with pytest.raises(ConflictError, match="last admin of ohio, texas"):
            accounts.delete(_BOB, by=_BOB)

    def test_write_condition_keeps_the_last_admin(
        self, database: DynamoDBClient, accounts: Accounts, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        # As if somebody else had been an admin when it was decided.
        monkeypatch.setattr("tenantry.runtime.transactions._PAUSE_SECONDS", 0)
        monkeypatch.setattr(accounts, "_admins", lambda tenants: {t: frozenset({_ADA, "another"}) for t in tenants})

        with pytest.raises(ConflictError, match="Another request changes"):
            accounts.delete(_ADA, by=_ADA)

        assert "deletedat" not in _user(database, _ADA)

    def test_deleted_user_cannot_be_blocked_signed_out_or_added(
        self, accounts: Accounts, memberships: Memberships, database: DynamoDBClient
    ) -> None:
        accounts.delete(_BOB, by="arn:ops")

        changes: list[Callable[[], object]] = [
            lambda: accounts.block(_BOB, by="arn:ops", reason="x"),
            lambda: accounts.unblock(_BOB, by="arn:ops"),
            lambda: accounts.end_sessions(_BOB, by="arn:ops"),
            lambda: accounts.end_session(_BOB, "s", by=_BOB),
            lambda: accounts.change_address(_BOB, "x@example.com", by=_BOB),
        ]
        for change in changes:
            with pytest.raises(ConflictError, match="deleted"):
                change()
        with pytest.raises(NotFoundError):
            memberships.set_roles(_TEXAS, _BOB, frozenset({Role.ADMIN}), by=_ADA)
        assert set(_user(database, _BOB)) == {"userid", "deletedat", "deletedby"}

    def test_deletion_of_user_in_many_tenants_continues_later(
        self, database: DynamoDBClient, accounts: Accounts
    ) -> None:
        for number in range(95):
            tenant = f"tenant-{number}"
            database.put_item(TableName="app-tenants", Item={"tenantid": {"S": tenant}})
            join(database, tenant, _EVE, "admin")

        outcome = accounts.delete(_EVE, by="arn:ops")

        assert len(outcome.without_admin) == len(outcome.tenants) == 95
        assert _EVE not in {item["userid"]["S"] for item in database.scan(TableName="app-tenant-users")["Items"]}


class TestForgetting:
    def test_forgetting_removes_the_hooks_row(self, database: DynamoDBClient, accounts: Accounts) -> None:
        database.put_item(TableName="app-users", Item={"userid": {"S": _EVE}, "origin": {"S": "self"}})

        accounts.forget(_EVE)

        assert _user(database, _EVE) == {}

    def test_forgetting_keeps_users_with_a_record(self, database: DynamoDBClient, accounts: Accounts) -> None:
        with pytest.raises(ConflictError):
            accounts.forget(_ADA)

        assert _user(database, _ADA)


class TestRepair:
    def test_repair_sets_admins_from_memberships(self, database: DynamoDBClient, accounts: Accounts) -> None:
        accounts.block(_BOB, by="arn:ops", reason="x")
        join(database, _OHIO, _BOB, "admin")

        assert accounts.repair_admins(_OHIO)
        assert _admins(database, _OHIO) == {_ADA}
        assert accounts.repair_admins(_OHIO) is False
        assert accounts.repair_admins(TenantId("nowhere")) is False

    def test_repair_ignores_blocked_and_deleted_users(self, accounts: Accounts) -> None:
        accounts.block(_ADA, by="arn:ops", reason="x")

        assert accounts.without_admin([_TEXAS, _OHIO, TenantId("nowhere")]) == [_TEXAS]


def test_pages_hold_everybody_once(accounts: Accounts) -> None:
    after, found = None, list[Account]()
    while True:
        page, after = accounts.page(after, limit=1)
        found += page
        if after is None:
            break

    assert sorted(account.user_id for account in found) == [_ADA, _BOB]


class TestLimits:
    """What somebody could do with their own account, or in between."""

    def test_ended_sessions_per_user_are_limited(self, accounts: Accounts, database: DynamoDBClient) -> None:
        for number in range(60):
            accounts.end_session(_ADA, f"session-{number}", by=_ADA)

        item = _user(database, _ADA)
        assert len(item["endedsessions"]["SS"]) <= 50
        assert item["validafter"] == {"N": str(_NOW + 1)}  # those that are no longer named have ended as well

    def test_pool_cannot_lift_an_operator_block(self, accounts: Accounts, database: DynamoDBClient) -> None:
        accounts.block(_ADA, by="operator", reason="abuse")

        with pytest.raises(ConflictError, match="An operator has blocked"):
            accounts.unblock(_ADA, by=POOL)
        assert _user(database, _ADA)["blockedby"] == {"S": "operator"}

        assert accounts.unblock(_ADA, by="operator").changed

    @pytest.mark.parametrize("ending", ["block", "delete"])
    def test_deletion_includes_a_tenant_joined_meanwhile(
        self, accounts: Accounts, database: DynamoDBClient, monkeypatch: pytest.MonkeyPatch, ending: str
    ) -> None:
        """An invitation is accepted between the look at the account and the mark on it."""
        nevada = TenantId("nevada")
        database.put_item(TableName="app-tenants", Item={"tenantid": {"S": nevada}, "foundedby": {"S": _ADA}})
        look, turns = accounts.tenants_of, iter(range(9))

        def overtaken(account: Account) -> dict[TenantId, frozenset[str]]:
            found = look(account)
            if next(turns) == 0:
                join(database, nevada, _BOB, "admin")
            return found

        monkeypatch.setattr(accounts, "tenants_of", overtaken)

        if ending == "block":
            accounts.block(_BOB, by="operator", reason="abuse")
        else:
            accounts.delete(_BOB, by="operator")
            key: Any = {"tenantid": {"S": nevada}, "userid": {"S": _BOB}}
            assert "Item" not in database.get_item(TableName="app-tenant-users", Key=key)

        assert _BOB not in _admins(database, nevada)
