"""The reconciliation of pool and directory: differences are found and repaired once."""

from __future__ import annotations

import importlib
import json
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto import mock_aws

from account_reconciliation.differences import Kind, Rules, between, founded_by
from tenantry.model.errors import UnfinishedError
from tenantry.model.identifiers import TenantId, UserId, user_id
from tenantry.runtime.accounts import POOL, Account
from tenantry.runtime.pool import PoolUser
from tests.lambdas.events import Context
from tests.lambdas.tables import create_directory, join

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import ModuleType

    from mypy_boto3_dynamodb import DynamoDBClient

_NOW = datetime(2026, 1, 31, tzinfo=UTC)
_ADA = UserId("ada")
_RULES = Rules(unconfirmed=timedelta(days=7), operator_accounts_found_tenants=False)


def _in_pool(
    user: str = _ADA,
    *,
    status: str = "CONFIRMED",
    enabled: bool = True,
    email: str = "ada@example.com",
    verified: bool = True,
    age: timedelta = timedelta(),
) -> PoolUser:
    made = _NOW - age
    return PoolUser(
        user_id=UserId(user),
        email=email,
        name="Ada",
        email_verified=verified,
        status=status,
        enabled=enabled,
        created=made,
        modified=made,
    )


def _here(**more: Any) -> Account:  # noqa: ANN401 - fields of an account
    return Account(**{"user_id": _ADA, "email": "ada@example.com", **more})


_BLOCKED = {"blocked_at": 1, "blocked_by": "arn:ops"}


@pytest.mark.parametrize(
    ("user", "account", "founded", "kinds"),
    [
        (_in_pool(), _here(), True, []),
        (_in_pool(), None, True, [Kind.UNRECORDED]),
        (_in_pool(), Account(user_id=_ADA, origin="self"), True, [Kind.UNRECORDED]),
        (_in_pool(status="EXTERNAL_PROVIDER"), Account(user_id=_ADA, origin="federated"), True, [Kind.UNRECORDED]),
        (_in_pool(), Account(user_id=_ADA, origin="operator"), True, []),
        (_in_pool(status="FORCE_CHANGE_PASSWORD"), None, True, []),
        (_in_pool(), _here(), False, [Kind.UNFOUNDED]),
        (_in_pool(), _here(origin="operator"), False, []),
        (None, _here(), True, [Kind.GONE]),
        (None, Account(user_id=_ADA, origin="self"), True, []),
        (None, _here(deleted_at=1), True, []),
        (None, _here(deleted_at=1, left_over=True), True, [Kind.DELETED]),
        (_in_pool(), Account(user_id=_ADA, deleted_at=1), True, [Kind.DELETED]),
        (_in_pool(enabled=False), _here(), True, [Kind.DISABLED]),
        (_in_pool(enabled=False), None, True, [Kind.DISABLED]),
        (_in_pool(enabled=False), _here(**_BLOCKED), True, []),
        (_in_pool(), _here(**_BLOCKED), True, [Kind.UNSHUT]),
        (_in_pool(), _here(blocked_at=1, blocked_by=POOL), True, [Kind.ENABLED]),
        (_in_pool(email="ADA@example.com"), _here(), True, []),
        (_in_pool(email="eve@example.com"), _here(), True, [Kind.ADDRESS]),
        (_in_pool(email="eve@example.com", verified=False), _here(), True, []),
        (_in_pool(status="UNCONFIRMED", age=timedelta(days=8)), None, True, [Kind.UNCONFIRMED]),
        (_in_pool(status="UNCONFIRMED", age=timedelta(days=6)), None, True, []),
        (_in_pool(status="UNCONFIRMED", age=timedelta(days=8)), _here(), True, []),
        (None, None, True, []),
    ],
)
def test_differences_about_one_person(
    user: PoolUser | None,
    account: Account | None,
    founded: bool,  # noqa: FBT001 - a parameter of the test
    kinds: list[Kind],
) -> None:
    found = list(between(user, account, _RULES, founded=founded, now=_NOW))

    assert [difference.kind for difference in found] == kinds


def test_operator_account_founds_a_tenant_if_configured() -> None:
    rules = Rules(unconfirmed=timedelta(days=7), operator_accounts_found_tenants=True)
    account = Account(user_id=_ADA, origin="operator")

    found = list(between(_in_pool(), account, rules, founded=True, now=_NOW))

    assert [difference.kind for difference in found] == [Kind.UNRECORDED]


@dataclass
class _Workflow:
    """The state machine, which moto does not run: notes what is asked of it, and changes the pool's answer."""

    ran: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)
    fails: bool = False

    def run(self, change: str, user: UserId, *, by: str, **more: object) -> dict[str, Any]:
        if self.fails:
            raise UnfinishedError("not finished")
        self.ran.append((change, user, {"by": by, **more}))
        return {}


@dataclass
class _Pool:
    """The user pool: the accounts in it, in pages of two."""

    users: dict[str, PoolUser] = field(default_factory=dict)

    def find(self, user: UserId) -> PoolUser | None:
        return self.users.get(user)

    def named(self, subject: str) -> PoolUser | None:
        return self.users.get(user_id(subject))

    def page(self, after: str | None = None, **_: object) -> tuple[list[PoolUser], str | None]:
        start = int(after or 0)
        users = list(self.users.values())
        return users[start : start + 2], str(start + 2) if start + 2 < len(users) else None

    def change(self, user: str, **more: Any) -> None:  # noqa: ANN401 - fields of an account
        self.users[user] = replace(self.users[user], **more)


@pytest.fixture
def pool() -> _Pool:
    return _Pool()


@pytest.fixture
def function(monkeypatch: pytest.MonkeyPatch, pool: _Pool) -> Iterator[ModuleType]:
    """Import the function against a pool and a directory that moto plays."""
    with mock_aws():
        create_directory(boto3.client("dynamodb"))
        boto3.client("events").create_event_bus(Name="app-application-eventbus")
        for name, value in {
            "USER_POOL_ID": "us-east-1_pool",
            "UNCONFIRMED_DAYS": "7",
            "OPERATOR_ACCOUNTS_FOUND_TENANTS": "false",
        }.items():
            monkeypatch.setenv(name, value)
        module = importlib.reload(importlib.import_module("account_reconciliation.handler"))
        monkeypatch.setattr("account_reconciliation.reconciliation._SETTLING_SECONDS", 0)
        workflow = _Workflow()
        monkeypatch.setattr(module, "workflow", workflow)
        monkeypatch.setattr(module, "pool", pool)
        monkeypatch.setattr(module.reconciliation, "workflow", workflow)
        monkeypatch.setattr(module.reconciliation, "pool", pool)
        yield module


@pytest.fixture
def database(function: ModuleType) -> DynamoDBClient:
    client: DynamoDBClient = function.database
    return client


@pytest.fixture
def sign_up(function: ModuleType, pool: _Pool) -> Callable[..., str]:
    """Make a confirmed account in the pool, and its record in the directory if asked to."""

    def make(name: str, *, recorded: bool = True) -> str:
        address, user = f"{name}@example.com", f"id-of-{name}"
        pool.users[user] = _in_pool(user, email=address)
        if recorded:
            tenant = founded_by(UserId(user))
            item = {"tenantid": {"S": tenant}, "foundedby": {"S": user}}
            function.database.put_item(TableName="app-tenants", Item=item)
            join(function.database, tenant, user, "admin", active=True)
            function.database.update_item(
                TableName="app-users",
                Key={"userid": {"S": user}},
                UpdateExpression="SET email = :email",
                ExpressionAttributeValues={":email": {"S": address}},
            )
        return user

    return make


def _report(function: ModuleType, *, dry: bool = False) -> list[tuple[str, str, bool]]:
    found, place = list[dict[str, Any]](), None
    while True:
        part = function.handler({"request": {"dryRun": dry, "next": place}}, Context())
        found += part["differences"]
        place = part.get("next")
        if place is None:
            return [(one["kind"], str(one.get("userId") or one.get("tenantId")), one["repaired"]) for one in found]


def test_no_difference_changes_nothing(function: ModuleType, sign_up: Callable[..., str]) -> None:
    sign_up("ada")

    assert _report(function) == []
    assert function.workflow.ran == []


def test_differences_are_repaired_except_in_a_dry_run(
    function: ModuleType, pool: _Pool, sign_up: Callable[..., str]
) -> None:
    gone, disabled, lost = sign_up("gone"), sign_up("disabled"), sign_up("lost", recorded=False)
    del pool.users[gone]
    pool.change(disabled, enabled=False)

    expected = {("goneFromPool", gone), ("disabledInPool", disabled), ("unrecorded", lost)}
    assert set(_report(function, dry=True)) == {(*one, False) for one in expected}
    assert function.workflow.ran == []
    assert set(_report(function)) == {(*one, True) for one in expected}
    assert sorted(function.workflow.ran) == sorted(
        [
            ("delete", gone, {"by": POOL}),
            ("block", disabled, {"by": POOL, "reason": "Disabled in the user pool"}),
        ]
    )


def test_failed_repair_does_not_stop_the_rest(
    function: ModuleType, pool: _Pool, sign_up: Callable[..., str], database: DynamoDBClient
) -> None:
    user = sign_up("gone")
    del pool.users[user]
    function.workflow.fails = True

    assert _report(function) == [("goneFromPool", user, False)]
    assert database.get_item(TableName="app-users", Key={"userid": {"S": user}})["Item"]["email"]


@pytest.mark.parametrize("limit", ["_MOST_GONE", "_FEW_GONE"])
def test_empty_pool_deletes_nobody(
    function: ModuleType, database: DynamoDBClient, monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    monkeypatch.setattr(f"account_reconciliation.reconciliation.{limit}", 2)
    for number in range(4):
        item = {"userid": {"S": f"user-{number}"}, "email": {"S": f"{number}@example.com"}}
        database.put_item(TableName="app-users", Item=item)

    assert [repaired for *_, repaired in _report(function)] == [False] * 4


def test_next_part_starts_where_the_last_ended(
    function: ModuleType, pool: _Pool, sign_up: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(function, "_ANSWER_SECONDS", -1.0)  # one page a part
    monkeypatch.setattr("account_reconciliation.reconciliation._PAGE", 1)
    lost = {sign_up(f"lost-{number}", recorded=False) for number in range(3)}
    gone = sign_up("gone")
    del pool.users[gone]

    found = _report(function)

    assert {user for kind, user, _ in found if kind == "unrecorded"} == lost
    assert [user for kind, user, _ in found if kind == "goneFromPool"] == [gone]


def test_scheduled_run_continues_in_a_new_invocation(
    function: ModuleType, sign_up: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[dict[str, Any]] = []
    monkeypatch.setattr(function.functions, "invoke", lambda **request: sent.append(request), raising=False)

    class Hurried(Context):
        def get_remaining_time_in_millis(self) -> int:
            return 0

    sign_up("ada")
    event: dict[str, Any] = {"source": "aws.events", "detail-type": "Scheduled Event", "detail": {}}
    for phase in ("directory", "tenants", None):
        function.handler(event, Hurried())
        if phase is None:
            break
        event = json.loads(sent[-1]["Payload"])
        assert event["detail"]["next"]["phase"] == phase
        assert sent[-1]["InvocationType"] == "Event"

    assert len(sent) == 2  # at the end there is nothing to hand on


@pytest.mark.parametrize("place", [{"phase": "nowhere"}, {"phase": "pool", "after": 7}, {"more": 1}])
def test_malformed_cursor_is_refused(function: ModuleType, place: dict[str, Any]) -> None:
    assert "next" in function.handler({"request": {"dryRun": True, "next": place}}, Context())["refusal"]


class TestTenants:
    def test_tenant_without_active_admin_is_reported_only(
        self, function: ModuleType, sign_up: Callable[..., str], database: DynamoDBClient
    ) -> None:
        user = sign_up("ada")
        tenant = founded_by(UserId(user))
        database.delete_item(TableName="app-tenant-users", Key={"tenantid": {"S": tenant}, "userid": {"S": user}})
        database.update_item(TableName="app-tenants", Key={"tenantid": {"S": tenant}}, UpdateExpression="REMOVE admins")

        assert _report(function) == [("withoutAdmin", tenant, False)]

    def test_erased_tenant_needs_no_admin(self, function: ModuleType, database: DynamoDBClient) -> None:
        item = {"tenantid": {"S": "texas"}, "foundedby": {"S": "ada"}, "state": {"S": "erased"}}
        database.put_item(TableName="app-tenants", Item=item)

        assert _report(function) == []

    def test_deleted_admins_are_removed(
        self, function: ModuleType, sign_up: Callable[..., str], database: DynamoDBClient
    ) -> None:
        user = sign_up("ada")
        tenant = founded_by(UserId(user))
        join(database, tenant, "dead", "admin")
        database.put_item(
            TableName="app-users",
            Item={"userid": {"S": "dead"}, "deletedat": {"N": "1"}, "deletedby": {"S": POOL}},
        )

        assert _report(function) == [("deadAdmin", tenant, True)]
        item = database.get_item(TableName="app-tenants", Key={"tenantid": {"S": tenant}})["Item"]
        assert item["admins"] == {"SS": [user]}
        assert _report(function) == []

    def test_tenant_without_founder_is_repaired_from_its_sign_up(
        self, function: ModuleType, sign_up: Callable[..., str], database: DynamoDBClient
    ) -> None:
        user = sign_up("ada")
        tenant = founded_by(UserId(user))
        database.put_item(TableName="app-tenants", Item={"tenantid": {"S": tenant}})

        found = _report(function)

        assert ("unfounded", user, True) in found

    def test_tenant_without_founder_and_sign_up_is_left(self, function: ModuleType, database: DynamoDBClient) -> None:
        database.put_item(TableName="app-tenants", Item={"tenantid": {"S": "orphan"}})

        assert _report(function) == [("unfounded", TenantId("orphan"), False)]


class TestTrail:
    def _told(self, function: ModuleType, name: str, sub: str | None, **more: Any) -> None:  # noqa: ANN401
        detail = {
            "eventName": name,
            "eventTime": "2026-11-30T12:00:00Z",
            "requestParameters": {"userPoolId": function.settings.user_pool_id},
            "additionalEventData": {"sub": sub} if sub else None,
            **more,
        }
        function.handler({"detail-type": "AWS API Call via CloudTrail", "detail": detail}, Context())

    @pytest.mark.parametrize(
        ("name", "change"),
        [("AdminUserGlobalSignOut", "signedOut"), ("GlobalSignOut", "signedOut"), ("ChangePassword", "signOut")],
    )
    def test_trail_event_ends_earlier_sessions(
        self, function: ModuleType, sign_up: Callable[..., str], name: str, change: str
    ) -> None:
        user = sign_up("ada")
        at = int(datetime(2026, 11, 30, 12, tzinfo=UTC).timestamp())

        self._told(function, name, user)

        assert function.workflow.ran == [(change, user, {"by": POOL, "at": at})]

    def test_own_sign_outs_are_ignored(
        self, function: ModuleType, sign_up: Callable[..., str], database: DynamoDBClient
    ) -> None:
        user = sign_up("ada")
        database.update_item(
            TableName="app-users",
            Key={"userid": {"S": user}},
            UpdateExpression="SET validafter = :at",
            ExpressionAttributeValues={":at": {"N": str(int(datetime(2026, 11, 30, 12, tzinfo=UTC).timestamp()))}},
        )

        self._told(function, "AdminUserGlobalSignOut", user)

        assert function.workflow.ran == []

    def test_trail_event_compares_that_user(
        self, function: ModuleType, pool: _Pool, sign_up: Callable[..., str]
    ) -> None:
        user = sign_up("ada")
        sign_up("bob", recorded=False)  # of whom nobody has told
        del pool.users[user]

        self._told(function, "AdminDeleteUser", user)

        assert function.workflow.ran == [("delete", user, {"by": POOL})]

    @pytest.mark.parametrize(
        "more",
        [
            {"errorCode": "UserNotFoundException"},
            {"requestParameters": {"userPoolId": "us-east-1_another"}},
            {"additionalEventData": None},
            {"additionalEventData": {"sub": '" or "'}},
        ],
    )
    def test_trail_events_of_other_pools_are_ignored(
        self, function: ModuleType, sign_up: Callable[..., str], more: dict[str, Any]
    ) -> None:
        user = sign_up("ada")

        self._told(function, "AdminUserGlobalSignOut", user, **more)

        assert function.workflow.ran == []
