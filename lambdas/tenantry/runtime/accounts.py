"""People's accounts in the directory: blocked, unblocked, signed out, moved to another address, deleted."""

from __future__ import annotations

import time
from dataclasses import KW_ONLY, dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, TypeVar

from tenantry.model.directory_tables import (
    INVITATION_ID,
    ROLES,
    TENANT_ID,
    USER_ID,
    membership_key,
    roles_attribute,
    roles_by_tenant,
    tenant_key,
    user_key,
)
from tenantry.model.errors import ConflictError, NotFoundError
from tenantry.model.identifiers import TenantId, UserId
from tenantry.model.roles import Role
from tenantry.runtime.batches import get, read_all
from tenantry.runtime.directory import memberships_of
from tenantry.runtime.invitations import invited
from tenantry.runtime.membership import admin_ids
from tenantry.runtime.sign_in_account import SignInAccount, seconds, text
from tenantry.runtime.transactions import OvertakenError, operation, retried, write

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

    from tenantry.model.directory_tables import Tables

_Each = TypeVar("_Each")

POOL: Final = "pool"
"""Who blocked or deleted an account that was disabled or deleted in the user pool itself."""

_TOMBSTONE: Final = frozenset({USER_ID, "deletedat", "deletedby"})
_TRANSACTION: Final = 40  # items; DynamoDB takes 100
_BATCH: Final = 100  # keys of BatchGetItem
# Longer than a refresh token counts (30 days): whoever has one of an ended session gets nothing for it.
_ENDED_SESSIONS_SECONDS: Final = 31 * 24 * 3600
# Past these, all sessions end: an item that its own user could fill up could not be blocked any more.
_MOST_ENDED_SESSIONS: Final = 50


@dataclass(frozen=True, kw_only=True)
class Account(SignInAccount):
    """All that the directory has of a person.

    Attributes
    ----------
    name
        Theirs; None as `email` is.
    valid_after
        Sessions that began before this second have ended; 0 if none were ended.
    ended_sessions
        Those that were ended one by one: ``<seconds>:<session>``.
    blocked_by, blocked_reason
        By whom and why they were blocked.
    deleted_by
        Who deleted the account.
    roles
        Their roles by tenant, as the person's own item has them.
    left_over
        Whether a deleted account's item still holds more than a tombstone does.
    """

    name: str | None = None
    valid_after: int = 0
    ended_sessions: frozenset[str] = frozenset()
    blocked_by: str = ""
    blocked_reason: str = ""
    deleted_by: str = ""
    roles: Mapping[TenantId, frozenset[str]] = field(default_factory=dict)
    left_over: bool = False

    @classmethod
    def _fields(cls, item: Mapping[str, Any]) -> dict[str, Any]:
        return {
            **super()._fields(item),
            "name": text(item, "name"),
            "valid_after": seconds(item, "validafter") or 0,
            "ended_sessions": frozenset(item.get("endedsessions", {}).get("SS", ())),
            "blocked_by": text(item, "blockedby") or "",
            "blocked_reason": text(item, "blockedreason") or "",
            "deleted_by": text(item, "deletedby") or "",
            "roles": roles_by_tenant(item),
            "left_over": "deletedat" in item and not set(item) <= _TOMBSTONE,
        }

    @property
    def recorded(self) -> bool:
        """Whether the saga has made a directory record of them."""
        return self.email is not None

    @property
    def living(self) -> bool:
        """Whether the account is neither blocked nor deleted."""
        return self.blocked_at is None and self.deleted_at is None


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a change has done.

    Attributes
    ----------
    changed
        Whether there was anything to do: the same change once more does nothing.
    at
        When the change was made, in seconds since 1970; of a change that was made before, when that was.
    by
        Who made it.
    tenants
        The tenants that the person belongs to, or belonged to before.
    without_admin
        Those of them that have no living admin now.
    """

    changed: bool
    at: int
    by: str
    tenants: Sequence[TenantId] = ()
    without_admin: Sequence[TenantId] = ()


@dataclass
class Accounts:
    """The directory's side of what happens to accounts.

    Isolation: the person's own item, which every authorizer reads, is written first, and refuses them at once. All
    writes are transactions on condition of what was read; each change can be made again, and then finishes what an
    earlier attempt has left. `admins` of each tenant holds living admins only: a blocked or deleted person is taken out
    of it, and an unblocked one comes back if they have the role still.

    Attributes
    ----------
    client
        DynamoDB.
    tables
        The directory's other tables.
    invitations
        Name of the table of invitations, where somebody's address may stand.
    clock
        Seconds since 1970; for tests.
    """

    client: DynamoDBClient
    tables: Tables
    invitations: str
    _: KW_ONLY
    clock: Callable[[], float] = time.time

    def find(self, user: UserId) -> Account | None:
        """Return what the directory has of a person at this moment; None if it has nothing."""
        found = get(self.client, self.tables.users, user_key(user))
        return Account.of(found) if found else None

    def find_all(self, users: Collection[UserId]) -> dict[UserId, Account]:
        """Return what the directory has of many people at this moment, without those of whom it has nothing."""
        items = read_all(self.client, self.tables.users, [user_key(user) for user in users])
        return {UserId(item[USER_ID]["S"]): Account.of(item) for item in items}

    def page(self, after: UserId | None, *, limit: int) -> tuple[list[Account], UserId | None]:
        """Return a page of all accounts, in no order that means anything, and after whom the next one begins."""
        start: Any = {"ExclusiveStartKey": user_key(after)} if after else {}
        page = self.client.scan(TableName=self.tables.users, Limit=limit, ConsistentRead=True, **start)
        last = page.get("LastEvaluatedKey")
        return [Account.of(item) for item in page["Items"]], UserId(last[USER_ID]["S"]) if last else None

    def founders(self, tenants: Collection[TenantId]) -> dict[TenantId, str]:
        """Return who has founded each of those tenants that exist; empty where the saga has not finished."""
        items = read_all(self.client, self.tables.tenants, [tenant_key(tenant) for tenant in tenants])
        return {TenantId(item[TENANT_ID]["S"]): item.get("foundedby", {}).get("S", "") for item in items}

    def tenants_of(self, account: Account) -> dict[TenantId, frozenset[str]]:
        """Return somebody's roles by tenant, those of before the person's item had roles included."""
        found = memberships_of(
            self.client,
            self.tables.memberships,
            account.user_id,
            ProjectionExpression=f"{TENANT_ID}, #roles",
            ExpressionAttributeNames={"#roles": ROLES},
        )
        indexed = {
            TenantId(each[TENANT_ID]["S"]): frozenset(map(str, each.get("roles", {}).get("SS", []))) for each in found
        }
        return dict(sorted({**indexed, **account.roles}.items()))

    def without_admin(self, tenants: Collection[TenantId]) -> list[TenantId]:
        """Return those of some tenants that exist and have no living admin."""
        return sorted(tenant for tenant, admins in self._admins(tenants).items() if not admins)

    @retried
    def block(self, user: UserId, *, by: str, reason: str) -> Outcome:
        """Block somebody: no session and no token of theirs counts, and they are an admin nowhere.

        Somebody who is blocked already stays blocked by whom they were, unless that was the user pool.

        Raises
        ------
        ConflictError
            The account is deleted.
        """
        account = self._undeleted(user)
        tenants = self.tenants_of(account)
        if account.blocked_at is not None and (account.blocked_by != POOL or by == POOL):
            changed, at, who = False, account.blocked_at, account.blocked_by
        else:
            changed, at, who = True, int(self.clock()), by
            self._block(account, at=at, by=by, reason=reason)
            # With whatever they joined until then; nobody who is blocked joins anything.
            tenants = self.tenants_of(self._undeleted(user))
        self._leave_admins(user, tenants)
        return self._outcome(tenants, changed=changed, at=at, by=who)

    @retried
    def unblock(self, user: UserId, *, by: str) -> Outcome:
        """Unblock somebody, who is an admin again wherever they have the role. Their earlier sessions stay ended.

        Raises
        ------
        ConflictError
            The account is deleted, or an operator has blocked it and it is the user pool that asks.
        """
        account = self._undeleted(user)
        changed = account.blocked_at is not None
        if changed and by == POOL and account.blocked_by != POOL:
            raise ConflictError("An operator has blocked this account")
        if changed:
            update, condition = "REMOVE blockedat, blockedby, blockedreason", "blockedat = :seen AND blockedby = :who"
            values = {":seen": {"N": str(account.blocked_at)}, ":who": {"S": account.blocked_by}}
            write(self.client, [self._user(user, update, condition, values)])
        self._join_admins(user, account.roles)
        return self._outcome(self.tenants_of(account), changed=changed, at=int(self.clock()), by=by)

    @retried
    def end_sessions(self, user: UserId, *, by: str, at: int | None = None) -> Outcome:
        """End every session of somebody that began before this second, or before the second `at`.

        Raises
        ------
        ConflictError
            The account is deleted.
        """
        account = self._undeleted(user)
        since = int(self.clock()) if at is None else at
        if account.valid_after >= since:
            return Outcome(changed=False, at=account.valid_after, by=by)
        write(self.client, [self._ending(account, since)])
        return Outcome(changed=True, at=since, by=by)

    @retried
    def end_session(self, user: UserId, session: str, *, by: str) -> Outcome:
        """End one session of somebody, named by its `origin_jti`.

        Raises
        ------
        ConflictError
            The account is deleted.
        """
        before, now = self._undeleted(user).ended_sessions, int(self.clock())
        ended = {entry.partition(":")[2]: int(entry.partition(":")[0]) for entry in before}
        if session in ended:
            return Outcome(changed=False, at=ended[session], by=by)
        kept = {entry for entry in before if int(entry.partition(":")[0]) > now - _ENDED_SESSIONS_SECONDS}
        update, values = "SET endedsessions = :ended", dict[str, Any]()
        if len(kept) >= _MOST_ENDED_SESSIONS:
            kept, update, values = set(), f"{update}, validafter = :valid", {":valid": {"N": str(now + 1)}}
        values[":ended"] = {"SS": sorted({*kept, f"{now}:{session}"})}
        condition = "attribute_not_exists(deletedat) AND attribute_not_exists(endedsessions)"
        if before:
            condition = "attribute_not_exists(deletedat) AND endedsessions = :before"
            values[":before"] = {"SS": sorted(before)}
        write(self.client, [self._user(user, update, condition, values)])
        return Outcome(changed=True, at=now, by=by)

    @retried
    def change_address(self, user: UserId, email: str, *, by: str) -> Outcome:
        """Write somebody's new address wherever the directory has the old one, and end every session of theirs.

        The caller has seen that the address is theirs.

        Raises
        ------
        ConflictError
            The account is deleted.
        NotFoundError
            They have no directory record.
        """
        account = self._undeleted(user)
        if not account.recorded:
            raise NotFoundError("Account not found")
        at, changed = int(self.clock()), account.email != email
        if changed:
            write(self.client, [self._ending(account, at, "email = :email", {":email": {"S": email}})])
        tenants = self.tenants_of(account)
        self._write_batches(self._new_address(tenant, user, email) for tenant in tenants)
        return Outcome(changed=changed, at=at if changed else account.valid_after, by=by, tenants=list(tenants))

    @retried
    def delete(self, user: UserId, *, by: str) -> Outcome:
        """Delete somebody's personal data everywhere in the directory, and leave a tombstone.

        Gone are the person's own item but for id, time and `by`; their memberships with name and address; and the
        invitations to their address. What refers to the id (who founded a tenant, who invited somebody) stays.

        Raises
        ------
        ConflictError
            They delete their own account, and are the last living admin of a tenant.
        """
        account = self.find(user) or Account(user_id=user)
        tenants = self.tenants_of(account)
        changed = account.deleted_at is None
        at, who = (int(self.clock()), by) if account.deleted_at is None else (account.deleted_at, account.deleted_by)
        if changed:
            self._mark_deleted(account, tenants, at=at, by=by)
            # Whatever they joined until then; nobody who is deleted joins anything.
            tenants = self.tenants_of(self.find(user) or account)
        self._leave_admins(user, tenants)
        memberships = (membership_key(tenant, user) for tenant in tenants)
        self._write_batches(operation("Delete", self.tables.memberships, key) for key in memberships)
        if account.email:
            self._remove_invitations(account.email)
        if changed or account.left_over:
            self._write_tombstone(user, at=at, by=who)
        return self._outcome(tenants, changed=changed, at=at, by=who)

    def forget(self, user: UserId) -> Outcome:
        """Remove what little the directory has of somebody who never confirmed their sign-up.

        Raises
        ------
        ConflictError
            They have a directory record by now.
        """
        condition = "attribute_not_exists(email) AND attribute_not_exists(deletedat)"
        try:
            write(self.client, [operation("Delete", self.tables.users, user_key(user), condition=condition)])
        except OvertakenError:
            raise ConflictError("This account is confirmed") from None
        return Outcome(changed=True, at=int(self.clock()), by=POOL)

    @retried
    def repair_admins(self, tenant: TenantId) -> bool:
        """Make `admins` of a tenant what memberships and accounts say; return whether it was anything else."""
        found, living = self._recorded_admins([tenant]), self.living_admins(tenant)
        before = found.get(tenant) or frozenset()
        if not found or before == living:
            return False
        update = "SET admins = :living" if living else "REMOVE admins"
        condition = "admins = :before" if before else "attribute_not_exists(admins)"
        sets = {":before": before, ":living": living}
        values = {name: {"SS": sorted(admins)} for name, admins in sets.items() if admins}
        write(self.client, [self._tenant(tenant, update, values, f" AND {condition}")])
        return True

    def living_admins(self, tenant: TenantId) -> frozenset[str]:
        """Return who has the role of an admin in a tenant, by memberships, and is neither blocked nor deleted."""
        admins = admin_ids(self.client, self.tables.memberships, tenant)
        dead = {user for user, account in self.find_all(admins).items() if not account.living}
        return admins - dead

    def _undeleted(self, user: UserId) -> Account:
        account = self.find(user) or Account(user_id=user)
        if account.deleted_at is not None:
            raise ConflictError("This account is deleted")
        return account

    def _block(self, account: Account, *, at: int, by: str, reason: str) -> None:
        values: dict[str, Any] = {":blocked": {"N": str(at)}, ":by": {"S": by}, ":reason": {"S": reason}}
        condition = "attribute_not_exists(blockedat)"
        if account.blocked_at is not None:
            condition, values[":seen"] = "blockedat = :seen", {"N": str(account.blocked_at)}
        # Sign-ins are known to the second. Who signed in during this one is refused as well: nobody who is blocked
        # signs in anew, so that no sign-in of later in it is lost.
        sets = "blockedat = :blocked, blockedby = :by, blockedreason = :reason"
        write(self.client, [self._ending(account, at + 1, sets, values, condition)])

    def _ending(
        self, account: Account, at: int, sets: str = "", values: Mapping[str, Any] | None = None, condition: str = ""
    ) -> TransactWriteItemTypeDef:
        """Return what ends every session that began before `at`, never taking an end back, and sets what else."""
        still = "attribute_not_exists(deletedat) AND (attribute_not_exists(validafter) OR validafter <= :at)"
        return self._user(
            account.user_id,
            ", ".join(filter(None, ("SET validafter = :at", sets))),
            " AND ".join(filter(None, (still, condition))),
            {":at": {"N": str(max(at, account.valid_after))}, **(values or {})},
        )

    def _user(self, user: UserId, update: str, condition: str, values: Mapping[str, Any]) -> TransactWriteItemTypeDef:
        key = user_key(user)
        return operation("Update", self.tables.users, key, update=update, condition=condition, values=values)

    def _tenant(
        self, tenant: TenantId, update: str, values: Mapping[str, Any], more: str = ""
    ) -> TransactWriteItemTypeDef:
        key, condition = tenant_key(tenant), f"attribute_exists({TENANT_ID}){more}"
        return operation("Update", self.tables.tenants, key, update=update, condition=condition, values=values)

    def _new_address(self, tenant: TenantId, user: UserId, email: str) -> TransactWriteItemTypeDef:
        return operation(
            "Update",
            self.tables.memberships,
            membership_key(tenant, user),
            update="SET email = :email",
            condition=f"attribute_exists({USER_ID})",
            values={":email": {"S": email}},
        )

    def _mark_deleted(self, account: Account, tenants: Mapping[TenantId, frozenset[str]], *, at: int, by: str) -> None:
        """Mark an account as deleted; who deletes their own account stops being an admin in the same transaction."""
        user = account.user_id
        mark = self._user(
            user,
            "SET deletedat = :at, deletedby = :by",
            "attribute_not_exists(deletedat)",
            {":at": {"N": str(at)}, ":by": {"S": by}},
        )
        if by != user:
            write(self.client, [mark])
            return
        recorded = self._recorded_admins([tenant for tenant, roles in tenants.items() if Role.ADMIN in roles])
        for tenant in (tenant for tenant, ids in recorded.items() if ids is None):
            self.repair_admins(tenant)
        admins = self._admins(recorded)
        last = sorted(tenant for tenant, ids in admins.items() if ids == {user})
        if last:
            raise ConflictError(
                f"You are the last admin of {', '.join(last)}: make another member an admin there first"
            )
        own = [tenant for tenant, ids in admins.items() if user in ids]
        if len(own) >= _BATCH:
            raise ConflictError(f"You are an admin of {len(own)} tenants: leave some of them first")
        write(self.client, [mark, *(self._leaving(tenant, user, unless_last=True) for tenant in own)])

    def _leave_admins(self, user: UserId, tenants: Collection[TenantId]) -> None:
        own = [tenant for tenant, admins in self._admins(tenants).items() if user in admins]
        self._write_batches(self._leaving(tenant, user) for tenant in own)

    def _leaving(self, tenant: TenantId, user: UserId, *, unless_last: bool = False) -> TransactWriteItemTypeDef:
        values: dict[str, Any] = {":user": {"SS": [user]}, **({":one": {"N": "1"}} if unless_last else {})}
        return self._tenant(tenant, "DELETE admins :user", values, " AND size(admins) > :one" if unless_last else "")

    def _join_admins(self, user: UserId, roles: Mapping[TenantId, frozenset[str]]) -> None:
        recorded = self._recorded_admins([tenant for tenant, own in roles.items() if Role.ADMIN in own])
        missing = [tenant for tenant, admins in recorded.items() if admins is not None and user not in admins]
        for tenant in (tenant for tenant, admins in recorded.items() if admins is None):
            self.repair_admins(tenant)  # with the others, of whom an absent set says nothing
        for some in _batched(missing, _TRANSACTION):
            still = operation(
                "ConditionCheck",
                self.tables.users,
                user_key(user),
                condition="attribute_not_exists(blockedat) AND attribute_not_exists(deletedat)"
                + "".join(f" AND contains(#{number}, :admin)" for number in range(len(some))),
                names={f"#{number}": roles_attribute(tenant) for number, tenant in enumerate(some)},
                values={":admin": {"S": Role.ADMIN}},
            )
            joining = (self._tenant(tenant, "ADD admins :user", {":user": {"SS": [user]}}) for tenant in some)
            write(self.client, [still, *joining])

    def _remove_invitations(self, email: str) -> None:
        found = invited(
            self.client, self.invitations, email.lower(), ProjectionExpression=f"{TENANT_ID}, {INVITATION_ID}"
        )
        keys = ({TENANT_ID: each[TENANT_ID], INVITATION_ID: each[INVITATION_ID]} for each in found)
        self._write_batches(operation("Delete", self.invitations, key) for key in keys)

    def _write_tombstone(self, user: UserId, *, at: int, by: str) -> None:
        put: TransactWriteItemTypeDef = {
            "Put": {
                "TableName": self.tables.users,
                "Item": {**user_key(user), "deletedat": {"N": str(at)}, "deletedby": {"S": by}},
                "ConditionExpression": "deletedat = :at",
                "ExpressionAttributeValues": {":at": {"N": str(at)}},
            }
        }
        write(self.client, [put])

    def _write_batches(self, items: Iterable[TransactWriteItemTypeDef]) -> None:
        for some in _batched(items, _TRANSACTION):
            write(self.client, some)

    def _outcome(self, tenants: Mapping[TenantId, frozenset[str]], *, changed: bool, at: int, by: str) -> Outcome:
        without_admin = self.without_admin([tenant for tenant, roles in tenants.items() if Role.ADMIN in roles])
        return Outcome(changed=changed, at=at, by=by, tenants=list(tenants), without_admin=without_admin)

    def _admins(self, tenants: Collection[TenantId]) -> dict[TenantId, frozenset[str]]:
        """Return the living admins of those tenants that exist."""
        return {
            # None is also what a tenant of before tenants had the set says.
            tenant: self.living_admins(tenant) if admins is None else admins
            for tenant, admins in self._recorded_admins(tenants).items()
        }

    def _recorded_admins(self, tenants: Collection[TenantId]) -> dict[TenantId, frozenset[str] | None]:
        """Return `admins` of those tenants that exist; None where it is absent."""
        items = read_all(self.client, self.tables.tenants, [tenant_key(tenant) for tenant in tenants])
        return {
            TenantId(item[TENANT_ID]["S"]): frozenset(item["admins"].get("SS", [])) if "admins" in item else None
            for item in items
        }


def _batched(items: Iterable[_Each], size: int) -> Iterator[list[_Each]]:
    rest = iter(items)
    while some := list(islice(rest, size)):
        yield some
