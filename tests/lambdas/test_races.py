"""Another write comes between a decision and its own: what was decided on no longer holds, so nothing of it is done."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import boto3
import pytest
from moto import mock_aws

from tenantry.model.directory_tables import Tables
from tenantry.model.errors import ConflictError, ForbiddenError, NotFoundError
from tenantry.model.identifiers import TenantId, UserId
from tenantry.model.roles import Role
from tenantry.runtime.invitations import Invitations, id_of
from tenantry.runtime.mailbox import mailbox
from tenantry.runtime.membership import Memberships
from tenantry.runtime.transactions import OvertakenError, write
from tests.lambdas.tables import create_directory, join, leave

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mypy_boto3_dynamodb import DynamoDBClient

_TEXAS, _OHIO = TenantId("texas"), TenantId("ohio")
_ADA, _BOB, _EVE = UserId("ada"), UserId("bob"), UserId("eve")
_TABLES: Final = Tables(users="app-users", tenants="app-tenants", memberships="app-tenant-users")
_EVES: Final = mailbox("eve@example.com")


class _Directory:
    """Two tenants: of one Ada is an admin and Bob a visitor with Ohio as another tenant, whose admin he is."""

    def __init__(self) -> None:
        self.client: DynamoDBClient = boto3.client("dynamodb")
        create_directory(self.client)
        for tenant in (_TEXAS, _OHIO):
            self.client.put_item(TableName="app-tenants", Item={"tenantid": {"S": tenant}})
        join(self.client, _TEXAS, _ADA, "admin", active=True)
        join(self.client, _TEXAS, UserId("zoe"), "admin")
        join(self.client, _TEXAS, _BOB, "visitor", active=True)
        join(self.client, _OHIO, _BOB, "admin")
        self.memberships = Memberships(self.client, _TABLES)
        self.invitations = Invitations(self.client, "app-invitations", self.memberships, days=14, clock=lambda: 1e9)

    def meanwhile(self, change: Callable[[], object]) -> None:
        """Have something done right before the next transaction."""
        write = self.client.transact_write_items

        def late(**request: Any) -> Any:  # noqa: ANN401 - boto3's
            self.client.transact_write_items = write  # type: ignore[method-assign]
            change()
            return write(**request)

        self.client.transact_write_items = late  # type: ignore[method-assign]

    def user(self, user: str) -> dict[str, Any]:
        return self.client.get_item(TableName="app-users", Key={"userid": {"S": user}}).get("Item", {})

    def tenant(self, tenant: str) -> dict[str, Any]:
        return self.client.get_item(TableName="app-tenants", Key={"tenantid": {"S": tenant}}).get("Item", {})

    def roles(self, tenant: str, user: str) -> set[str] | None:
        """Return someone's roles by the membership, which has to agree with their own item."""
        key = {"tenantid": {"S": tenant}, "userid": {"S": user}}
        member = self.client.get_item(TableName="app-tenant-users", Key=key).get("Item", {}).get("roles", {})
        assert set(member.get("SS", [])) == set(self.user(user).get(f"roles:{tenant}", {}).get("SS", []))
        return set(member["SS"]) if member else None

    def invited(self) -> list[Any]:
        return [*self.invitations.of_tenant(_TEXAS)]

    def no_admin(self, tenant: str, user: str) -> None:
        self.set_tenant(tenant, "DELETE admins :value", {"SS": [user]})

    def set_user(self, user: str, name: str, value: str) -> None:
        self._update("app-users", {"userid": {"S": user}}, f"SET {name} = :value", {"S": value})

    def set_tenant(self, tenant: str, update: str, value: Any) -> None:  # noqa: ANN401 - DynamoDB's
        self._update("app-tenants", {"tenantid": {"S": tenant}}, update, value)

    def _update(self, table: str, key: Any, update: str, value: Any) -> None:  # noqa: ANN401 - DynamoDB's
        self.client.update_item(
            TableName=table, Key=key, UpdateExpression=update, ExpressionAttributeValues={":value": value}
        )


@pytest.fixture
def directory(monkeypatch: pytest.MonkeyPatch) -> Iterator[_Directory]:
    monkeypatch.setattr("tenantry.runtime.transactions._PAUSE_SECONDS", 0)
    with mock_aws():
        yield _Directory()


class TestSwitch:
    def test_removal_meanwhile_forbids_it(self, directory: _Directory) -> None:
        directory.meanwhile(lambda: leave(directory.client, _OHIO, _BOB))

        with pytest.raises(ForbiddenError):
            directory.memberships.switch(_BOB, _OHIO)

        assert directory.user(_BOB)["activetenantid"] == {"S": _TEXAS}
        assert directory.roles(_OHIO, _BOB) is None

    def test_roles_lost_meanwhile_do_not_come_back(self, directory: _Directory) -> None:
        directory.meanwhile(lambda: join(directory.client, _OHIO, _BOB, "visitor"))

        directory.memberships.switch(_BOB, _OHIO)

        assert directory.roles(_OHIO, _BOB) == {"visitor"}

    def test_deleted_account_gets_nothing(self, directory: _Directory) -> None:
        directory.meanwhile(lambda: directory.set_user(_BOB, "deletedat", "1"))

        with pytest.raises(ConflictError):
            directory.memberships.switch(_BOB, _OHIO)

        assert directory.user(_BOB)["activetenantid"] == {"S": _TEXAS}


class TestRoles:
    def test_removal_meanwhile_is_not_undone(self, directory: _Directory) -> None:
        directory.meanwhile(lambda: leave(directory.client, _TEXAS, _BOB))

        with pytest.raises(NotFoundError):
            directory.memberships.set_roles(_TEXAS, _BOB, frozenset({Role.MEMBER}), by=_ADA)

        assert directory.roles(_TEXAS, _BOB) is None

    def test_admin_role_lost_meanwhile_forbids_it(self, directory: _Directory) -> None:
        directory.meanwhile(lambda: directory.no_admin(_TEXAS, _ADA))

        with pytest.raises(ForbiddenError):
            directory.memberships.set_roles(_TEXAS, _BOB, frozenset({Role.ADMIN}), by=_ADA)

        assert directory.roles(_TEXAS, _BOB) == {"visitor"}

    @pytest.mark.parametrize(("name", "counts"), [("blockedat", True), ("deletedat", False)])
    def test_nobody_blocked_or_deleted_meanwhile_becomes_an_admin(
        self, directory: _Directory, name: str, *, counts: bool
    ) -> None:
        directory.meanwhile(lambda: directory.set_user(_BOB, name, "1"))

        if counts:  # the role is theirs again once they are unblocked
            directory.memberships.set_roles(_TEXAS, _BOB, frozenset({Role.ADMIN}), by=_ADA)
        else:
            with pytest.raises(ConflictError):
                directory.memberships.set_roles(_TEXAS, _BOB, frozenset({Role.ADMIN}), by=_ADA)

        assert directory.roles(_TEXAS, _BOB) == ({"admin"} if counts else {"visitor"})
        assert _BOB not in directory.tenant(_TEXAS)["admins"]["SS"]

    def test_unblocked_meanwhile_counts_as_an_admin(self, directory: _Directory) -> None:
        directory.set_user(_BOB, "blockedat", "1")
        unblock = {"TableName": "app-users", "Key": {"userid": {"S": _BOB}}, "UpdateExpression": "REMOVE blockedat"}
        directory.meanwhile(lambda: directory.client.update_item(**unblock))  # type: ignore[arg-type]

        directory.memberships.set_roles(_TEXAS, _BOB, frozenset({Role.ADMIN}), by=_ADA)

        assert _BOB in directory.tenant(_TEXAS)["admins"]["SS"]


class TestRemoval:
    def test_admin_role_lost_meanwhile_forbids_it(self, directory: _Directory) -> None:
        directory.meanwhile(lambda: directory.no_admin(_TEXAS, _ADA))

        with pytest.raises(ForbiddenError):
            directory.memberships.remove(_TEXAS, _BOB, by=_ADA)

        assert directory.roles(_TEXAS, _BOB) == {"visitor"}

    def test_admin_role_gained_meanwhile_goes_as_well(self, directory: _Directory) -> None:
        directory.meanwhile(lambda: join(directory.client, _TEXAS, _BOB, "admin"))

        assert directory.memberships.remove(_TEXAS, _BOB, by=_ADA) == {"admin"}

        assert directory.roles(_TEXAS, _BOB) is None
        assert _BOB not in directory.tenant(_TEXAS)["admins"]["SS"]

    def test_tenant_activated_meanwhile_is_active_no_more(self, directory: _Directory) -> None:
        join(directory.client, _OHIO, _EVE, "admin")
        directory.meanwhile(lambda: directory.set_user(_BOB, "activetenantid", _OHIO))

        directory.memberships.remove(_OHIO, _BOB, by=_EVE)

        assert "activetenantid" not in directory.user(_BOB)

    def test_other_tenant_activated_meanwhile_stays_active(self, directory: _Directory) -> None:
        directory.meanwhile(lambda: directory.set_user(_BOB, "activetenantid", _OHIO))

        directory.memberships.remove(_TEXAS, _BOB, by=_ADA)

        assert directory.user(_BOB)["activetenantid"] == {"S": _OHIO}
        assert directory.roles(_TEXAS, _BOB) is None

    def test_other_admin_gone_meanwhile_keeps_the_last_one(self, directory: _Directory) -> None:
        directory.meanwhile(lambda: directory.no_admin(_TEXAS, "zoe"))

        with pytest.raises(ConflictError, match="last admin"):
            directory.memberships.remove(_TEXAS, _ADA, by=_ADA)

        assert directory.tenant(_TEXAS)["admins"]["SS"] == [_ADA]


class TestAdmins:
    """A tenant of before tenants had `admins` gets them at the first look."""

    @pytest.fixture(autouse=True)
    def older(self, directory: _Directory) -> None:
        directory.client.put_item(TableName="app-tenants", Item={"tenantid": {"S": _TEXAS}})

    def test_admins_set_meanwhile_are_kept(self, directory: _Directory) -> None:
        directory.meanwhile(lambda: directory.set_tenant(_TEXAS, "SET admins = :value", {"SS": ["zoe"]}))

        assert directory.memberships.admins(_TEXAS) == {"zoe"}
        assert directory.tenant(_TEXAS)["admins"] == {"SS": ["zoe"]}

    def test_tenant_gone_meanwhile_is_not_made_again(self, directory: _Directory) -> None:
        key = {"tenantid": {"S": _TEXAS}}
        directory.meanwhile(lambda: directory.client.delete_item(TableName="app-tenants", Key=key))

        with pytest.raises(NotFoundError):
            directory.memberships.admins(_TEXAS)

        assert directory.tenant(_TEXAS) == {}

    @pytest.mark.parametrize("name", ["blockedat", "deletedat"])
    def test_blocked_and_deleted_admins_do_not_count(self, directory: _Directory, name: str) -> None:
        directory.set_user("zoe", name, "1")

        assert directory.memberships.admins(_TEXAS) == {_ADA}
        assert directory.tenant(_TEXAS)["admins"] == {"SS": [_ADA]}


class TestInvitations:
    def _invite(self, directory: _Directory, *roles: Role, by: UserId = _ADA) -> None:
        directory.invitations.invite(_TEXAS, _EVES, frozenset(roles or {Role.ADMIN}), by=by)

    def test_admin_role_lost_meanwhile_invites_nobody(self, directory: _Directory) -> None:
        directory.meanwhile(lambda: directory.no_admin(_TEXAS, _ADA))

        with pytest.raises(ForbiddenError):
            self._invite(directory)

        assert directory.invited() == []

    def test_admin_role_lost_meanwhile_replaces_no_invitation(self, directory: _Directory) -> None:
        self._invite(directory, Role.VISITOR, by=UserId("zoe"))
        directory.meanwhile(lambda: directory.no_admin(_TEXAS, _ADA))

        with pytest.raises(ForbiddenError):
            self._invite(directory)

        (kept,) = directory.invited()
        assert (kept.roles, kept.invited_by) == ({"visitor"}, "zoe")

    def test_admin_role_lost_meanwhile_withdraws_nothing(self, directory: _Directory) -> None:
        self._invite(directory)
        directory.meanwhile(lambda: directory.no_admin(_TEXAS, _ADA))

        with pytest.raises(ForbiddenError):
            directory.invitations.withdraw(_TEXAS, id_of(_EVES), by=_ADA)

        assert len(directory.invited()) == 1

    def test_acceptance_meanwhile_leaves_nothing_to_withdraw(self, directory: _Directory) -> None:
        self._invite(directory)
        directory.meanwhile(lambda: directory.invitations.accept(_TEXAS, _EVE, _EVES, "Eve"))

        with pytest.raises(NotFoundError):
            directory.invitations.withdraw(_TEXAS, id_of(_EVES), by=_ADA)

        assert directory.roles(_TEXAS, _EVE) == {"admin"}

    def test_withdrawn_meanwhile_is_not_accepted(self, directory: _Directory) -> None:
        self._invite(directory)
        directory.meanwhile(lambda: directory.invitations.withdraw(_TEXAS, id_of(_EVES), by=_ADA))

        with pytest.raises(NotFoundError):
            directory.invitations.accept(_TEXAS, _EVE, _EVES, "Eve")

        assert directory.roles(_TEXAS, _EVE) is None

    def test_replaced_meanwhile_gives_the_new_roles(self, directory: _Directory) -> None:
        self._invite(directory)
        directory.meanwhile(lambda: self._invite(directory, Role.VISITOR))

        assert directory.invitations.accept(_TEXAS, _EVE, _EVES, "Eve").roles == {"visitor"}

        assert directory.roles(_TEXAS, _EVE) == {"visitor"}
        assert _EVE not in directory.tenant(_TEXAS)["admins"]["SS"]

    @pytest.mark.parametrize("change", ["expires", "invitedby"])
    def test_another_invitation_meanwhile_is_looked_at_anew(self, directory: _Directory, change: str) -> None:
        self._invite(directory)
        key = {"tenantid": {"S": _TEXAS}, "invitationid": {"S": id_of(_EVES)}}
        value = {"N": "1"} if change == "expires" else {"S": "nobody"}
        directory.meanwhile(
            lambda: directory.client.update_item(
                TableName="app-invitations",
                Key=key,  # type: ignore[arg-type]
                UpdateExpression=f"SET {change} = :value",
                ExpressionAttributeValues={":value": value},
            )
        )

        with pytest.raises(NotFoundError):
            directory.invitations.accept(_TEXAS, _EVE, _EVES, "Eve")

        assert directory.roles(_TEXAS, _EVE) is None

    def test_inviter_who_is_no_admin_meanwhile_lets_nobody_in(self, directory: _Directory) -> None:
        self._invite(directory)
        directory.meanwhile(lambda: directory.no_admin(_TEXAS, _ADA))

        with pytest.raises(NotFoundError):
            directory.invitations.accept(_TEXAS, _EVE, _EVES, "Eve")

        assert directory.roles(_TEXAS, _EVE) is None

    def test_member_of_meanwhile_keeps_their_roles(self, directory: _Directory) -> None:
        self._invite(directory)
        directory.meanwhile(lambda: join(directory.client, _TEXAS, _EVE, "visitor"))

        with pytest.raises(ConflictError, match="already a member"):
            directory.invitations.accept(_TEXAS, _EVE, _EVES, "Eve")

        assert directory.roles(_TEXAS, _EVE) == {"visitor"}

    @pytest.mark.parametrize("name", ["blockedat", "deletedat"])
    def test_nobody_blocked_or_deleted_joins(self, directory: _Directory, name: str) -> None:
        self._invite(directory)
        directory.meanwhile(lambda: directory.set_user(_EVE, name, "1"))

        with pytest.raises(ConflictError):
            directory.invitations.accept(_TEXAS, _EVE, _EVES, "Eve")

        assert directory.roles(_TEXAS, _EVE) is None
        assert len(directory.invited()) == 1


@pytest.mark.parametrize(
    ("codes", "overtaken"),
    [
        (["ConditionalCheckFailed"], True),
        (["None", "ConditionalCheckFailed"], True),
        (["TransactionConflict", "None"], True),
        (["ConditionalCheckFailed", "ValidationError"], False),
        (["ThrottlingError"], False),
        (["None", "ItemCollectionSizeLimitExceeded"], False),
    ],
)
def test_only_other_writes_are_tried_again(codes: list[str], *, overtaken: bool) -> None:
    client = boto3.client("dynamodb")
    answer: Any = {"Error": {"Code": "x"}, "CancellationReasons": [{"Code": code} for code in codes]}
    cancelled = client.exceptions.TransactionCanceledException(answer, "TransactWriteItems")

    def refuse(**_: object) -> None:
        raise cancelled

    client.transact_write_items = refuse  # type: ignore[assignment]
    with pytest.raises(OvertakenError if overtaken else type(cancelled)):
        write(client, [])
