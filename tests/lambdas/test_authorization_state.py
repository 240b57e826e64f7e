"""Who may act: account, session, tenant and roles, as the directory has them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import boto3
import pytest
from moto import mock_aws

from tenantry.model.directory_tables import Tables
from tenantry.model.errors import UnauthorizedError
from tenantry.model.identifiers import TenantId, UserId
from tenantry.runtime.authorization_state import AuthorizationState, AuthorizationStates, SessionEndedError, SignIn
from tests.lambdas.tables import create_directory, join, leave

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mypy_boto3_dynamodb import DynamoDBClient

_ADA, _BOB, _EVE = UserId("ada"), UserId("bob"), UserId("eve")
_TEXAS, _OHIO = TenantId("texas"), TenantId("ohio")
_AT: Final = 1_700_000_000
_NOWHERE: Final = AuthorizationState(tenant_id=None, roles=frozenset())


@pytest.fixture
def database() -> Iterator[DynamoDBClient]:
    with mock_aws():
        client = boto3.client("dynamodb")
        create_directory(client)
        join(client, _TEXAS, _ADA, "admin", active=True)
        join(client, _TEXAS, _BOB, "visitor", active=True)
        join(client, _OHIO, _BOB, "admin")
        yield client


@pytest.fixture
def states(database: DynamoDBClient) -> AuthorizationStates:
    return AuthorizationStates(
        database, Tables(users="app-users", tenants="app-tenants", memberships="app-tenant-users")
    )


@pytest.fixture
def calls(database: DynamoDBClient) -> list[str]:
    made: list[str] = []
    database.meta.events.register("before-call.dynamodb", lambda model, **_: made.append(model.name))
    return made


def _sign_in(user: UserId, *, at: int = _AT, session: str = "s-1") -> SignIn:
    return SignIn(user_id=user, authenticated_at=at, session=session)


def _state(tenant: TenantId, *roles: str) -> AuthorizationState:
    return AuthorizationState(tenant_id=tenant, roles=frozenset(roles))


def _write(database: DynamoDBClient, table: str, key: dict[str, Any], name: str, value: dict[str, Any]) -> None:
    database.update_item(
        TableName=table,
        Key=key,
        UpdateExpression="SET #name = :value",
        ExpressionAttributeNames={"#name": name},
        ExpressionAttributeValues={":value": value},
    )


def _of_user(database: DynamoDBClient, user: UserId, name: str, value: dict[str, Any]) -> None:
    _write(database, "app-users", {"userid": {"S": user}}, name, value)


def _before_second_call(database: DynamoDBClient, change: Callable[[], None]) -> None:
    """Have something done right before the second call that reads the directory."""
    made: list[str] = []

    def count(**_: object) -> None:
        made.append("a call")
        if len(made) == 2:
            change()

    database.meta.events.register("before-call.dynamodb.BatchGetItem", count)


class TestActiveTenant:
    @pytest.mark.parametrize("hint", [None, _TEXAS, _OHIO, TenantId("nowhere")])
    def test_active_tenant_is_read_from_the_directory(self, states: AuthorizationStates, hint: TenantId | None) -> None:
        assert states.active(_sign_in(_BOB), hint) == _state(_TEXAS, "visitor")

    @pytest.mark.parametrize(("hint", "count"), [(_TEXAS, 1), (_OHIO, 2), (None, 2)])
    def test_one_call_and_a_second_after_a_switch(
        self, states: AuthorizationStates, calls: list[str], hint: TenantId | None, count: int
    ) -> None:
        states.active(_sign_in(_BOB), hint)

        assert calls == ["BatchGetItem"] * count

    @pytest.mark.parametrize("name", ["blockedat", "deletedat", "newpassword"])
    def test_account_closed_between_two_calls_reaches_nothing(
        self, states: AuthorizationStates, database: DynamoDBClient, name: str
    ) -> None:
        _before_second_call(database, lambda: _of_user(database, _BOB, name, {"N": "1"}))

        with pytest.raises(SessionEndedError):
            states.active(_sign_in(_BOB), _OHIO)

    def test_switch_between_two_calls_gives_no_tenant(
        self, states: AuthorizationStates, database: DynamoDBClient
    ) -> None:
        _before_second_call(database, lambda: _of_user(database, _BOB, "activetenantid", {"S": _OHIO}))

        assert states.active(_sign_in(_BOB)).tenant_id is None
        assert states.active(_sign_in(_BOB)) == _state(_OHIO, "admin")

    def test_removed_member_has_no_active_tenant(self, states: AuthorizationStates, database: DynamoDBClient) -> None:
        leave(database, _TEXAS, _BOB)

        assert states.active(_sign_in(_BOB), _TEXAS) == _NOWHERE

    def test_unknown_user_has_no_active_tenant(self, states: AuthorizationStates) -> None:
        assert states.active(_sign_in(UserId("nobody")), _TEXAS) == _NOWHERE

    @pytest.mark.parametrize("tenant", ["*", "", "texas/x", "tex?s", "prefix"])
    def test_malformed_tenant_is_none(self, states: AuthorizationStates, database: DynamoDBClient, tenant: str) -> None:
        database.put_item(
            TableName="app-users",
            Item={"userid": {"S": _EVE}, "activetenantid": {"S": tenant}, f"roles:{tenant}": {"SS": ["admin"]}},
        )

        assert states.active(_sign_in(_EVE)) == _NOWHERE


class TestNamedTenant:
    def test_named_tenant_counts_if_another_is_active(self, states: AuthorizationStates) -> None:
        assert states.in_tenant(_sign_in(_BOB), _OHIO) == _state(_OHIO, "admin")

    def test_costs_one_call(self, states: AuthorizationStates, calls: list[str]) -> None:
        states.in_tenant(_sign_in(_BOB), _OHIO)

        assert calls == ["BatchGetItem"]

    @pytest.mark.parametrize("tenant", [None, _OHIO, TenantId("nowhere")])
    def test_tenant_of_others_is_none(self, states: AuthorizationStates, tenant: TenantId | None) -> None:
        assert states.in_tenant(_sign_in(_ADA), tenant) == _NOWHERE

    def test_roles_are_current(self, states: AuthorizationStates, database: DynamoDBClient) -> None:
        _of_user(database, _BOB, "roles:ohio", {"SS": ["visitor"]})
        assert states.in_tenant(_sign_in(_BOB), _OHIO).roles == {"visitor"}

        leave(database, _OHIO, _BOB)
        assert states.in_tenant(_sign_in(_BOB), _OHIO) == _NOWHERE

    def test_older_membership_without_roles_is_found(
        self, states: AuthorizationStates, database: DynamoDBClient
    ) -> None:
        database.put_item(TableName="app-users", Item={"userid": {"S": _ADA}})

        assert states.in_tenant(_sign_in(_ADA), _TEXAS) == _state(_TEXAS, "admin")


class TestTenantState:
    @pytest.mark.parametrize("state", ["onboarding", "suspended", "erasing", "erased", "Active", ""])
    def test_inactive_tenant_is_refused(
        self, states: AuthorizationStates, database: DynamoDBClient, state: str
    ) -> None:
        _write(database, "app-tenants", {"tenantid": {"S": _TEXAS}}, "state", {"S": state})

        assert states.in_tenant(_sign_in(_ADA), _TEXAS) == _NOWHERE
        assert states.active(_sign_in(_ADA), _TEXAS) == _NOWHERE
        assert states.active(_sign_in(_ADA)) == _NOWHERE

    def test_active_tenant_is_allowed(self, states: AuthorizationStates, database: DynamoDBClient) -> None:
        _write(database, "app-tenants", {"tenantid": {"S": _TEXAS}}, "state", {"S": "active"})

        assert states.active(_sign_in(_ADA)).tenant_id == _TEXAS


class TestAccount:
    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("blockedat", {"N": "1"}),
            ("deletedat", {"N": "1"}),
            ("newpassword", {"S": "code-asked-again"}),
            ("validafter", {"N": str(_AT + 1)}),
            ("endedsessions", {"SS": [f"{_AT}:s-0", f"{_AT}:s-1"]}),
        ],
    )
    def test_invalid_account_reaches_nothing(
        self, states: AuthorizationStates, database: DynamoDBClient, name: str, value: dict[str, Any]
    ) -> None:
        _of_user(database, _BOB, name, value)

        for decide in (states.active, states.in_tenant):
            for tenant in (_TEXAS, _OHIO, None):
                with pytest.raises(SessionEndedError, match=r"^Unauthorized$"):
                    decide(_sign_in(_BOB), tenant)

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("validafter", {"N": str(_AT)}),  # a sign-in in the same second
            ("validafter", {"N": str(_AT - 1)}),
            ("endedsessions", {"SS": [f"{_AT}:s-2", f"{_AT}:s-10", "s-1", f"{_AT}:"]}),
        ],
    )
    def test_other_sessions_continue(
        self, states: AuthorizationStates, database: DynamoDBClient, name: str, value: dict[str, Any]
    ) -> None:
        _of_user(database, _BOB, name, value)

        assert states.active(_sign_in(_BOB)).tenant_id == _TEXAS

    def test_unblock_restores_access(self, states: AuthorizationStates, database: DynamoDBClient) -> None:
        _of_user(database, _BOB, "blockedat", {"N": "1"})
        database.update_item(TableName="app-users", Key={"userid": {"S": _BOB}}, UpdateExpression="REMOVE blockedat")

        assert states.active(_sign_in(_BOB)).tenant_id == _TEXAS


class TestReading:
    def test_reads_are_consistent(self, states: AuthorizationStates, database: DynamoDBClient) -> None:
        asked: list[dict[str, Any]] = []

        def keep(params: dict[str, Any], **_: object) -> None:
            asked.append(params)

        database.meta.events.register("provide-client-params.dynamodb.*", keep)
        database.put_item(TableName="app-users", Item={"userid": {"S": _ADA}})
        asked.clear()

        states.in_tenant(_sign_in(_ADA), _TEXAS)

        batch, single = asked
        assert [part["ConsistentRead"] for part in batch["RequestItems"].values()] == [True, True]
        assert single["ConsistentRead"] is True

    def test_unprocessed_keys_are_requested_again(
        self, states: AuthorizationStates, database: DynamoDBClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        ask = database.batch_get_item
        turns = iter(range(9))

        def half(RequestItems: dict[str, Any]) -> dict[str, Any]:  # noqa: N803 - boto3's name
            first = next(turns) == 0
            now = {table: part for table, part in RequestItems.items() if not first or table == "app-tenants"}
            left = {table: part for table, part in RequestItems.items() if table not in now}
            return {**ask(RequestItems=now), "UnprocessedKeys": left}

        monkeypatch.setattr(database, "batch_get_item", half)

        assert states.in_tenant(_sign_in(_ADA), _TEXAS) == _state(_TEXAS, "admin")

    def test_unavailable_directory_refuses_everybody(
        self, states: AuthorizationStates, database: DynamoDBClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(
            database,
            "batch_get_item",
            lambda RequestItems: {"Responses": {}, "UnprocessedKeys": RequestItems},  # noqa: N803
        )

        with pytest.raises(TimeoutError):
            states.active(_sign_in(_ADA), _TEXAS)


@pytest.mark.parametrize("changes", [{"auth_time": None}, {"auth_time": "1"}, {"auth_time": True}, {"origin_jti": 1}, {"cognito:username": "*"}, {"cognito:username": None}])  # fmt: skip
def test_claims_without_sign_in_time_are_refused(changes: dict[str, Any]) -> None:
    claims = {"cognito:username": "ada", "auth_time": _AT, "origin_jti": "s-1"}
    assert SignIn.from_claims(claims) == _sign_in(_ADA)
    assert SignIn.from_claims({"cognito:username": "ada", "auth_time": _AT}).session == ""

    with pytest.raises(UnauthorizedError):
        SignIn.from_claims({**claims, **changes})
