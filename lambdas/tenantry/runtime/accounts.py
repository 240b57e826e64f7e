"""People's accounts in the directory: blocked, unblocked, signed out, moved to another address, deleted."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

from tenantry.model.directory_tables import (
    ACTIVE_TENANT_ID,
    INVITATION_ID,
    INVITEE_INDEX,
    TENANT_ID,
    USER_ID,
    USER_INDEX,
    membership_key,
    roles_attribute,
    tenant_key,
    user_key,
)
from tenantry.model.errors import ConflictError, NotFoundError
from tenantry.model.identifiers import TenantId, UserId
from tenantry.model.roles import Role
from tenantry.runtime.active_membership import roles_by_tenant
from tenantry.runtime.batches import read_all
from tenantry.runtime.transactions import OvertakenError, decided, write

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

    from tenantry.runtime.membership import Tables

Item = TypeVar("Item")

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
class Account:
    """What the directory has of a person.

    Attributes
    ----------
    user_id
        Who it is.
    email, name
        Theirs; None of an account without a directory record yet, and of a deleted one.
    valid_after
        Sessions that began before this second have ended; 0 if none were ended.
    blocked_at, blocked_by, blocked_reason
        When, by whom and why they were blocked; `blocked_at` is None if they are not.
    deleted_at, deleted_by
        Of a deleted account.
    new_password
        Why they must choose a new password before anything else; empty if they need not.
    origin
        How the account was made: ``self``, ``operator`` or ``federated``; empty if nobody knows.
    active
        The tenant that is active for them.
    roles
        Their roles by tenant, as the person's own item has them.
    left_over
        Whether a deleted account's item still holds more than a tombstone does.
    """

    user_id: UserId
    email: str | None = None
    name: str | None = None
    valid_after: int = 0
    blocked_at: int | None = None
    blocked_by: str = ""
    blocked_reason: str = ""
    deleted_at: int | None = None
    deleted_by: str = ""
    new_password: str = ""
    origin: str = ""
    active: str | None = None
    roles: Mapping[TenantId, frozenset[str]] = field(default_factory=dict)
    left_over: bool = False

    @classmethod
    def of(cls, item: Mapping[str, Any]) -> Account:
        """Read an item of the table of users."""
        return cls(
            user_id=UserId(item[USER_ID]["S"]),
            email=item.get("email", {}).get("S"),
            name=item.get("name", {}).get("S"),
            valid_after=int(item.get("validafter", {}).get("N", "0")),
            blocked_at=_seconds(item, "blockedat"),
            blocked_by=item.get("blockedby", {}).get("S", ""),
            blocked_reason=item.get("blockedreason", {}).get("S", ""),
            deleted_at=_seconds(item, "deletedat"),
            deleted_by=item.get("deletedby", {}).get("S", ""),
            new_password=item.get("newpassword", {}).get("S", ""),
            origin=item.get("origin", {}).get("S", ""),
            active=item.get(ACTIVE_TENANT_ID, {}).get("S"),
            roles=roles_by_tenant(item),
            left_over="deletedat" in item and not set(item) <= _TOMBSTONE,
        )

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


class Accounts:
    """The directory's side of what happens to accounts.

    Isolation: the person's own item, which every authorizer reads, is written first, and refuses them at once. All
    writes are transactions on condition of what was read; each change can be made again, and then finishes what an
    earlier attempt has left. `admins` of each tenant holds living admins only: a blocked or deleted person is taken out
    of it, and an unblocked one comes back if they have the role still.

    Parameters
    ----------
    client
        DynamoDB.
    tables
        The tables of users, tenants and memberships.
    invitations
        Name of the table of invitations, where somebody's address may stand.
    clock
        Seconds since 1970; for tests.
    """

    def __init__(
        self, client: DynamoDBClient, tables: Tables, invitations: str, *, clock: Callable[[], float] = time.time
    ) -> None:
        self._client = client
        self._tables = tables
        self._invitations = invitations
        self._clock = clock

    def find(self, user: UserId) -> Account | None:
        """Return what the directory has of a person at this moment; None if it has nothing."""
        found = self._client.get_item(TableName=self._tables.users, Key=user_key(user), ConsistentRead=True)
        return Account.of(found["Item"]) if "Item" in found else None

    def find_all(self, users: Collection[UserId]) -> dict[UserId, Account]:
        """Return what the directory has of many people at this moment, without those of whom it has nothing."""
        items = read_all(self._client, self._tables.users, [user_key(user) for user in users])
        return {UserId(item[USER_ID]["S"]): Account.of(item) for item in items}

    def page(self, after: UserId | None, *, limit: int) -> tuple[list[Account], UserId | None]:
        """Return a page of all accounts, in no order that means anything, and after whom the next one begins."""
        start: Any = {"ExclusiveStartKey": user_key(after)} if after else {}
        page = self._client.scan(TableName=self._tables.users, Limit=limit, ConsistentRead=True, **start)
        last = page.get("LastEvaluatedKey")
        return [Account.of(item) for item in page["Items"]], UserId(last[USER_ID]["S"]) if last else None

    def founders(self, tenants: Collection[TenantId]) -> dict[TenantId, str]:
        """Return who has founded each of those tenants that exist; empty where the saga has not finished."""
        items = read_all(self._client, self._tables.tenants, [tenant_key(tenant) for tenant in tenants])
        return {TenantId(item[TENANT_ID]["S"]): item.get("foundedby", {}).get("S", "") for item in items}

    def tenants_of(self, account: Account) -> dict[TenantId, frozenset[str]]:
        """Return somebody's roles by tenant, those of before the person's item had roles included."""
        pages = self._client.get_paginator("query").paginate(
            TableName=self._tables.memberships,
            IndexName=USER_INDEX,
            KeyConditionExpression=f"{USER_ID} = :user",
            ExpressionAttributeValues={":user": {"S": account.user_id}},
            ProjectionExpression=f"{TENANT_ID}, #roles",
            ExpressionAttributeNames={"#roles": "roles"},
        )
        indexed = {
            TenantId(item[TENANT_ID]["S"]): frozenset(map(str, item.get("roles", {}).get("SS", [])))
            for page in pages
            for item in page["Items"]
        }
        return dict(sorted({**indexed, **account.roles}.items()))

    def without_admin(self, tenants: Collection[TenantId]) -> list[TenantId]:
        """Return those of some tenants that exist and have no living admin."""
        return sorted(tenant for tenant, admins in self._admins(tenants).items() if not admins)

    def block(self, user: UserId, *, by: str, reason: str) -> Outcome:
        """Block somebody: no session and no token of theirs counts, and they are an admin nowhere.

        Somebody who is blocked already stays blocked by whom they were, unless that was the user pool.

        Raises
        ------
        ConflictError
            The account is deleted.
        """

        def attempt() -> Outcome:
            account = self._undeleted(user)
            tenants = self.tenants_of(account)
            if account.blocked_at is not None and (account.blocked_by != POOL or by == POOL):
                changed, at, who = False, account.blocked_at, account.blocked_by
            else:
                changed, at, who = True, int(self._clock()), by
                self._block(account, at=at, by=by, reason=reason)
                # Whatever they joined until then; nobody who is blocked joins anything.
                tenants = self.tenants_of(self._undeleted(user))
            self._leave_admins(user, tenants)
            return Outcome(
                changed=changed, at=at, by=who, tenants=list(tenants), without_admin=self._adminless(tenants)
            )

        return decided(attempt)

    def unblock(self, user: UserId, *, by: str) -> Outcome:
        """Unblock somebody, who is an admin again wherever they have the role. Their earlier sessions stay ended.

        Raises
        ------
        ConflictError
            The account is deleted, or an operator has blocked it and it is the user pool that asks.
        """

        def attempt() -> Outcome:
            account = self._undeleted(user)
            if by == POOL and account.blocked_at is not None and account.blocked_by != POOL:
                raise ConflictError("An operator has blocked this account")
            tenants = self.tenants_of(account)
            at = int(self._clock())
            if account.blocked_at is not None:
                write(
                    self._client,
                    [
                        self._user(
                            user,
                            "REMOVE blockedat, blockedby, blockedreason",
                            "blockedat = :seen AND blockedby = :who",
                            {":seen": {"N": str(account.blocked_at)}, ":who": {"S": account.blocked_by}},
                        )
                    ],
                )
            self._join_admins(user, account.roles)
            return Outcome(
                changed=account.blocked_at is not None,
                at=at,
                by=by,
                tenants=list(tenants),
                without_admin=self._adminless(tenants),
            )

        return decided(attempt)

    def end_sessions(self, user: UserId, *, by: str, at: int | None = None) -> Outcome:
        """End every session of somebody that began before this second, or before the second `at`.

        Raises
        ------
        ConflictError
            The account is deleted.
        """

        def attempt() -> Outcome:
            account = self._undeleted(user)
            since = int(self._clock()) if at is None else at
            if account.valid_after >= since:
                return Outcome(changed=False, at=account.valid_after, by=by)
            write(self._client, [self._ending(account, since)])
            return Outcome(changed=True, at=since, by=by)

        return decided(attempt)

    def end_session(self, user: UserId, session: str, *, by: str) -> Outcome:
        """End one session of somebody, named by its `origin_jti`.

        Raises
        ------
        ConflictError
            The account is deleted.
        """

        def attempt() -> Outcome:
            self._undeleted(user)
            item = self._client.get_item(TableName=self._tables.users, Key=user_key(user), ConsistentRead=True)["Item"]
            now = int(self._clock())
            before = set(item.get("endedsessions", {}).get("SS", []))
            ended = {entry.partition(":")[2]: int(entry.partition(":")[0]) for entry in before}
            if session in ended:
                return Outcome(changed=False, at=ended[session], by=by)
            kept = {entry for entry in before if int(entry.partition(":")[0]) > now - _ENDED_SESSIONS_SECONDS}
            update = "SET endedsessions = :ended"
            values: dict[str, Any] = {}
            if len(kept) >= _MOST_ENDED_SESSIONS:
                kept, update, values = set(), f"{update}, validafter = :valid", {":valid": {"N": str(now + 1)}}
            values[":ended"] = {"SS": sorted({*kept, f"{now}:{session}"})}
            condition = "attribute_not_exists(endedsessions)"
            if before:
                condition, values[":before"] = "endedsessions = :before", {"SS": sorted(before)}
            write(
                self._client,
                [
                    self._user(
                        user,
                        update,
                        f"attribute_not_exists(deletedat) AND {condition}",
                        values,
                    )
                ],
            )
            return Outcome(changed=True, at=now, by=by)

        return decided(attempt)

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

        def attempt() -> Outcome:
            account = self._undeleted(user)
            if not account.recorded:
                raise NotFoundError("Account not found")
            at, changed = int(self._clock()), account.email != email
            if changed:
                ending = self._ending(account, at)
                update: Any = ending["Update"]
                update["UpdateExpression"] += ", email = :email"
                update["ExpressionAttributeValues"][":email"] = {"S": email}
                write(self._client, [ending])
            tenants = self.tenants_of(account)
            for some in _batched(tenants, _TRANSACTION):
                write(self._client, [self._new_address(tenant, user, email) for tenant in some])
            return Outcome(changed=changed, at=at if changed else account.valid_after, by=by, tenants=list(tenants))

        return decided(attempt)

    def delete(self, user: UserId, *, by: str) -> Outcome:
        """Delete somebody's personal data everywhere in the directory, and leave a tombstone.

        Gone are the person's own item but for id, time and `by`; their memberships with name and address; and the
        invitations to their address. What refers to the id (who founded a tenant, who invited somebody) stays.

        Raises
        ------
        ConflictError
            They delete their own account, and are the last living admin of a tenant.
        """

        def attempt() -> Outcome:
            account = self.find(user) or Account(user_id=user)
            tenants = self.tenants_of(account)
            changed = account.deleted_at is None
            at, who = (
                (int(self._clock()), by) if account.deleted_at is None else (account.deleted_at, account.deleted_by)
            )
            if changed:
                self._mark_deleted(account, tenants, at=at, by=by)
                # Whatever they joined until then; nobody who is deleted joins anything.
                tenants = self.tenants_of(self.find(user) or account)
            self._leave_admins(user, tenants)
            self._remove_memberships(user, tenants)
            if account.email:
                self._remove_invitations(account.email)
            if changed or account.left_over:
                self._write_tombstone(user, at=at, by=who)
            return Outcome(
                changed=changed, at=at, by=who, tenants=list(tenants), without_admin=self._adminless(tenants)
            )

        return decided(attempt)

    def forget(self, user: UserId) -> Outcome:
        """Remove what little the directory has of somebody who never confirmed their sign-up.

        Raises
        ------
        ConflictError
            They have a directory record by now.
        """
        condition = "attribute_not_exists(email) AND attribute_not_exists(deletedat)"
        delete: TransactWriteItemTypeDef = {
            "Delete": {"TableName": self._tables.users, "Key": user_key(user), "ConditionExpression": condition}
        }
        try:
            write(self._client, [delete])
        except OvertakenError:
            raise ConflictError("This account is confirmed") from None
        return Outcome(changed=True, at=int(self._clock()), by=POOL)

    def repair_admins(self, tenant: TenantId) -> bool:
        """Make `admins` of a tenant what memberships and accounts say; return whether it was anything else."""

        def attempt() -> bool:
            found = self._recorded_admins([tenant])
            living = self.living_admins(tenant)
            before = found.get(tenant) or frozenset()
            if not found or before == living:
                return False
            values: dict[str, Any] = {":before": {"SS": sorted(before)}} if before else {}
            if living:
                values[":living"] = {"SS": sorted(living)}
            asked: Any = {
                "TableName": self._tables.tenants,
                "Key": tenant_key(tenant),
                "UpdateExpression": "SET admins = :living" if living else "REMOVE admins",
                "ConditionExpression": "admins = :before"
                if before
                else f"attribute_exists({TENANT_ID}) AND attribute_not_exists(admins)",
                "ExpressionAttributeValues": values,
            }
            write(self._client, [_update(asked)])
            return True

        return decided(attempt)

    def living_admins(self, tenant: TenantId) -> frozenset[str]:
        """Return who has the role of an admin in a tenant, by memberships, and is neither blocked nor deleted."""
        pages = self._client.get_paginator("query").paginate(
            TableName=self._tables.memberships,
            KeyConditionExpression=f"{TENANT_ID} = :tenant",
            FilterExpression="contains(#roles, :admin)",
            ProjectionExpression=f"{USER_ID}, #roles",
            ExpressionAttributeNames={"#roles": "roles"},
            ExpressionAttributeValues={":tenant": {"S": tenant}, ":admin": {"S": Role.ADMIN}},
            ConsistentRead=True,
        )
        admins = frozenset(UserId(item[USER_ID]["S"]) for page in pages for item in page["Items"])
        dead = {user for user, account in self.find_all(admins).items() if not account.living}
        return admins - dead

    def _undeleted(self, user: UserId) -> Account:
        account = self.find(user) or Account(user_id=user)
        if account.deleted_at is not None:
            raise ConflictError("This account is deleted")
        return account

    def _block(self, account: Account, *, at: int, by: str, reason: str) -> None:
        # Sign-ins are known to the second. Who signed in during this one is refused as well: nobody who is blocked
        # signs in anew, so that no sign-in of later in it is lost.
        ending = self._ending(account, at + 1)
        asked: Any = ending["Update"]
        asked["ExpressionAttributeValues"][":blocked"] = {"N": str(at)}
        asked["UpdateExpression"] += ", blockedat = :blocked, blockedby = :by, blockedreason = :reason"
        asked["ExpressionAttributeValues"] |= {":by": {"S": by}, ":reason": {"S": reason}}
        if account.blocked_at is None:
            asked["ConditionExpression"] += " AND attribute_not_exists(blockedat)"
        else:
            asked["ConditionExpression"] += " AND blockedat = :seen"
            asked["ExpressionAttributeValues"][":seen"] = {"N": str(account.blocked_at)}
        write(self._client, [ending])

    def _ending(self, account: Account, at: int) -> TransactWriteItemTypeDef:
        """Return what ends every session that began before `at`, never taking an end back."""
        return self._user(
            account.user_id,
            "SET validafter = :at",
            "attribute_not_exists(deletedat) AND (attribute_not_exists(validafter) OR validafter <= :at)",
            {":at": {"N": str(max(at, account.valid_after))}},
        )

    def _user(self, user: UserId, update: str, condition: str, values: Mapping[str, Any]) -> TransactWriteItemTypeDef:
        asked: Any = {
            "TableName": self._tables.users,
            "Key": user_key(user),
            "UpdateExpression": update,
            "ConditionExpression": condition,
            "ExpressionAttributeValues": dict(values),
        }
        return _update(asked)

    def _new_address(self, tenant: TenantId, user: UserId, email: str) -> TransactWriteItemTypeDef:
        asked: Any = {
            "TableName": self._tables.memberships,
            "Key": membership_key(tenant, user),
            "UpdateExpression": "SET email = :email",
            "ConditionExpression": f"attribute_exists({USER_ID})",
            "ExpressionAttributeValues": {":email": {"S": email}},
        }
        return _update(asked)

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
            write(self._client, [mark])
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
        write(self._client, [mark, *(self._leaving(tenant, user, unless_last=True) for tenant in own)])

    def _leave_admins(self, user: UserId, tenants: Collection[TenantId]) -> None:
        own = [tenant for tenant, admins in self._admins(tenants).items() if user in admins]
        for some in _batched(own, _TRANSACTION):
            write(self._client, [self._leaving(tenant, user) for tenant in some])

    def _leaving(self, tenant: TenantId, user: UserId, *, unless_last: bool = False) -> TransactWriteItemTypeDef:
        asked: Any = {
            "TableName": self._tables.tenants,
            "Key": tenant_key(tenant),
            "UpdateExpression": "DELETE admins :user",
            "ConditionExpression": f"attribute_exists({TENANT_ID})"
            + (" AND size(admins) > :one" if unless_last else ""),
            "ExpressionAttributeValues": {":user": {"SS": [user]}, **({":one": {"N": "1"}} if unless_last else {})},
        }
        return _update(asked)

    def _join_admins(self, user: UserId, roles: Mapping[TenantId, frozenset[str]]) -> None:
        wanted = {tenant: own for tenant, own in roles.items() if Role.ADMIN in own}
        recorded = self._recorded_admins(wanted)
        missing = [tenant for tenant, admins in recorded.items() if admins is not None and user not in admins]
        for tenant in (tenant for tenant, admins in recorded.items() if admins is None):
            self.repair_admins(tenant)  # with the others, of whom an absent set says nothing
        for some in _batched(missing, _TRANSACTION):
            joining: list[Any] = [
                {
                    "TableName": self._tables.tenants,
                    "Key": tenant_key(tenant),
                    "UpdateExpression": "ADD admins :user",
                    "ConditionExpression": f"attribute_exists({TENANT_ID})",
                    "ExpressionAttributeValues": {":user": {"SS": [user]}},
                }
                for tenant in some
            ]
            still: Any = {
                "TableName": self._tables.users,
                "Key": user_key(user),
                "ConditionExpression": "attribute_not_exists(blockedat) AND attribute_not_exists(deletedat)"
                + "".join(f" AND contains(#{number}, :admin)" for number in range(len(some))),
                "ExpressionAttributeNames": {
                    f"#{number}": roles_attribute(tenant) for number, tenant in enumerate(some)
                },
                "ExpressionAttributeValues": {":admin": {"S": Role.ADMIN}},
            }
            write(self._client, [{"ConditionCheck": still}, *map(_update, joining)])

    def _remove_memberships(self, user: UserId, tenants: Collection[TenantId]) -> None:
        for some in _batched(tenants, _TRANSACTION):
            removals: list[TransactWriteItemTypeDef] = [
                {
                    "Delete": {
                        "TableName": self._tables.memberships,
                        "Key": membership_key(tenant, user),
                    }
                }
                for tenant in some
            ]
            write(self._client, removals)

    def _remove_invitations(self, email: str) -> None:
        pages = self._client.get_paginator("query").paginate(
            TableName=self._invitations,
            IndexName=INVITEE_INDEX,
            KeyConditionExpression="email = :email",
            ExpressionAttributeValues={":email": {"S": email.lower()}},
            ProjectionExpression=f"{TENANT_ID}, invitationid",
        )
        for some in _batched((item for page in pages for item in page["Items"]), _TRANSACTION):
            removals: list[TransactWriteItemTypeDef] = [
                {
                    "Delete": {
                        "TableName": self._invitations,
                        "Key": {TENANT_ID: item[TENANT_ID], INVITATION_ID: item[INVITATION_ID]},
                    }
                }
                for item in some
            ]
            write(self._client, removals)

    def _write_tombstone(self, user: UserId, *, at: int, by: str) -> None:
        put: TransactWriteItemTypeDef = {
            "Put": {
                "TableName": self._tables.users,
                "Item": {**user_key(user), "deletedat": {"N": str(at)}, "deletedby": {"S": by}},
                "ConditionExpression": "deletedat = :at",
                "ExpressionAttributeValues": {":at": {"N": str(at)}},
            }
        }
        write(self._client, [put])

    def _adminless(self, tenants: Mapping[TenantId, frozenset[str]]) -> list[TenantId]:
        return self.without_admin([tenant for tenant, roles in tenants.items() if Role.ADMIN in roles])

    def _admins(self, tenants: Collection[TenantId]) -> dict[TenantId, frozenset[str]]:
        """Return the living admins of those tenants that exist."""
        return {
            # None is also what a tenant of before tenants had the set says.
            tenant: self.living_admins(tenant) if admins is None else admins
            for tenant, admins in self._recorded_admins(tenants).items()
        }

    def _recorded_admins(self, tenants: Collection[TenantId]) -> dict[TenantId, frozenset[str] | None]:
        """Return `admins` of those tenants that exist; None where it is absent."""
        items = read_all(self._client, self._tables.tenants, [tenant_key(tenant) for tenant in tenants])
        return {
            TenantId(item[TENANT_ID]["S"]): frozenset(item["admins"].get("SS", [])) if "admins" in item else None
            for item in items
        }


def _update(asked: Mapping[str, Any]) -> TransactWriteItemTypeDef:
    values = {} if asked.get("ExpressionAttributeValues") else {"ExpressionAttributeValues"}
    made: Any = {"Update": {name: value for name, value in asked.items() if name not in values}}
    return cast("TransactWriteItemTypeDef", made)


def _batched(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    rest = iter(items)
    while some := list(islice(rest, size)):
        yield some


def _seconds(item: Mapping[str, Any], name: str) -> int | None:
    return int(item[name]["N"]) if name in item else None
