"""Goes through the user pool and the directory part by part, and repairs what differs."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

from msgspec import Meta

from account_reconciliation.differences import Difference, Kind, between, founded_by
from tenantry.model.directory_tables import TENANT_ID, tenant_key
from tenantry.model.errors import TenancyError, UnfinishedError
from tenantry.model.event_types import IDENTITY, SIGN_UP
from tenantry.model.identifiers import TenantId, UserId
from tenantry.runtime.accounts import POOL
from tenantry.runtime.events import PublishError, SignUp, SignUpData
from tenantry.runtime.inputs import Input

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from mypy_boto3_dynamodb import DynamoDBClient

    from account_reconciliation.differences import Rules
    from tenantry.model.directory_tables import Tables
    from tenantry.runtime.account_workflow import AccountWorkflow
    from tenantry.runtime.accounts import Account, Accounts
    from tenantry.runtime.events import Publisher
    from tenantry.runtime.log import Log
    from tenantry.runtime.pool import PoolUser, UserPool

_PAGE: Final = 500  # items of a table at once
_LOOKUPS: Final = 8  # at once, far from the pool's quota of reads
# Somebody who is in the middle of a change of ours is left alone for so long before they are looked at again.
_SETTLING_SECONDS: Final = 2.0
_MOST_DIFFERENCES: Final = 1000
_MOST_GONE: Final = 100
# Of a page of the directory, more than these and more than half are gone only where the pool is another one.
_FEW_GONE: Final = 50
_CLOSED: Final = frozenset({"erasing", "erased"})
# What repairs a difference by a change of the account.
_CHANGES: Final[Mapping[Kind, tuple[str, Mapping[str, str]]]] = {
    Kind.DELETED: ("delete", {}),  # whoever has deleted them stays noted
    Kind.DISABLED: ("block", {"reason": "Disabled in the user pool"}),
    Kind.ENABLED: ("unblock", {}),
    # Blocked already: what is left is to disable them in the pool.
    Kind.UNSHUT: ("block", {"reason": "Enabled in the user pool"}),
    Kind.ADDRESS: ("changeAddress", {}),
    Kind.UNCONFIRMED: ("forget", {}),
}


class Place(Input, frozen=True):
    """Where a part begins.

    Attributes
    ----------
    phase
        What is gone through: the pool's accounts, the directory's, the tenants.
    after
        Behind which page or item; None at the phase's beginning.
    """

    phase: Literal["pool", "directory", "tenants"] = "pool"
    after: Annotated[str, Meta(min_length=1)] | None = None

    def report(self) -> dict[str, str]:
        """Return it as JSON."""
        return {"phase": self.phase, **({"after": self.after} if self.after else {})}


@dataclass(kw_only=True)
class Part:
    """What a part has come to.

    Attributes
    ----------
    dry
        Whether nothing is repaired.
    users, tenants
        How many were looked at.
    differences
        The differences, each with what became of it.
    following
        Where the next part begins; None at the end of all.
    gone
        How many accounts were gone from the pool.
    seen
        Who was seen in the pool: they need no look of their own. Another part looks at each of them anew.
    founding
        The tenants of sign-ups that were published again.
    """

    dry: bool
    users: int = 0
    tenants: int = 0
    differences: list[dict[str, Any]] = field(default_factory=list)
    following: Place | None = None
    gone: int = 0
    seen: set[UserId] = field(default_factory=set)
    founding: set[TenantId] = field(default_factory=set)

    def report(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {
            "dryRun": self.dry,
            "users": self.users,
            "tenants": self.tenants,
            "differences": self.differences,
            **({"next": self.following.report()} if self.following else {}),
        }


@dataclass(kw_only=True)
class Reconciliation:
    """Compares the user pool with the directory, and repairs.

    Every difference is looked at once more before it is repaired, and each repair is one that can be made again:
    changes of accounts go through the state machine `AccountChanges`, lost sign-ups through the sagas.

    Attributes
    ----------
    database, tables
        The directory's tables.
    pool, accounts, workflow
        The user pool, the accounts of the directory, and what changes both.
    publisher
        With which a lost sign-up is published again.
    rules
        The environment's settings of a reconciliation.
    logger
        Told of ids and kinds only.
    """

    database: DynamoDBClient
    tables: Tables
    pool: UserPool
    accounts: Accounts
    workflow: AccountWorkflow
    publisher: Publisher
    rules: Rules
    logger: Log

    def run(self, place: Place, *, dry: bool, in_time: Callable[[], bool]) -> Part:
        """Go on from a place, page by page, until all is done or the time is up.

        Raises
        ------
        BadRequestError
            The place is none that a part has ended at.
        """
        part = Part(dry=dry)
        steps: Mapping[str, Callable[[str | None, Part], Place | None]] = {
            "pool": self._pool_page,
            "directory": self._directory_page,
            "tenants": self._tenants_page,
        }
        at: Place | None = place
        while at is not None:
            at = steps[at.phase](at.after, part)
            if not in_time() or len(part.differences) >= _MOST_DIFFERENCES:
                break
        part.following = at
        return part

    def look_at(self, user: UserId) -> Part:
        """Compare and repair one person."""
        part = Part(dry=False, users=1)
        self._repair(self._current([user], settle=False), part)
        return part

    def _pool_page(self, after: str | None, part: Part) -> Place:
        users, following = self.pool.page(after)
        part.seen |= {user.user_id for user in users}
        part.users += len(users)
        accounts = self.accounts.find_all([user.user_id for user in users])
        pairs = [(user, accounts.get(user.user_id)) for user in users]
        self._repair_after_second_look(self._differences(pairs), part)
        return Place(phase="pool", after=following) if following else Place(phase="directory")

    def _directory_page(self, after: str | None, part: Part) -> Place:
        accounts, following = self.accounts.page(UserId(after) if after else None, limit=_PAGE)
        unseen = [account for account in accounts if account.user_id not in part.seen]
        differences = list(self._differences(self._with_pool(unseen)))
        gone = sum(difference.kind is Kind.GONE for difference in differences)
        if gone > _MOST_GONE or (gone > _FEW_GONE and 2 * gone > len(accounts)):
            part.gone = _MOST_GONE  # none of them is deleted
        self._repair_after_second_look(differences, part)
        return Place(phase="directory", after=following) if following else Place(phase="tenants")

    def _tenants_page(self, after: str | None, part: Part) -> Place | None:
        start: Any = {"ExclusiveStartKey": tenant_key(after)} if after else {}
        page = self.database.scan(
            TableName=self.tables.tenants,
            Limit=_PAGE,
            ProjectionExpression=f"{TENANT_ID}, foundedby, admins, #state",
            ExpressionAttributeNames={"#state": "state"},
            ConsistentRead=True,
            **start,
        )
        noted = {TenantId(item[TENANT_ID]["S"]): item for item in page["Items"]}
        part.tenants += len(noted)
        admins = {UserId(admin) for item in noted.values() for admin in item.get("admins", {}).get("SS", [])}
        dead = {user for user, account in self.accounts.find_all(admins).items() if not account.living}
        found: list[Difference] = []
        for tenant, item in noted.items():
            if item.get("state", {}).get("S") in _CLOSED:
                continue
            own = set(item.get("admins", {}).get("SS", []))
            living = own - dead
            if not own:
                living = set(self.accounts.living_admins(tenant))
            if own & dead or (living and not own):
                found.append(Difference(kind=Kind.DEAD_ADMIN, tenant_id=tenant))
            if "foundedby" not in item and not living:
                if tenant not in part.founding:
                    found.append(Difference(kind=Kind.UNFOUNDED, tenant_id=tenant))
            elif not living:
                found.append(Difference(kind=Kind.WITHOUT_ADMIN, tenant_id=tenant))
        self._repair(found, part)
        last = page.get("LastEvaluatedKey")
        return Place(phase="tenants", after=last[TENANT_ID]["S"]) if last else None

    def _with_pool(self, accounts: Sequence[Account]) -> list[tuple[PoolUser | None, Account | None]]:
        with ThreadPoolExecutor(_LOOKUPS) as threads:
            return list(zip(threads.map(lambda one: self.pool.find(one.user_id), accounts), accounts, strict=True))

    def _differences(self, pairs: Iterable[tuple[PoolUser | None, Account | None]]) -> list[Difference]:
        pairs = list(pairs)
        now = datetime.now(UTC)
        founded = self._founded([account for _, account in pairs if account is not None and account.recorded])
        return [
            difference
            for user, account in pairs
            for difference in between(
                user,
                account,
                self.rules,
                founded=account is None or account.user_id in founded,
                now=now,
            )
        ]

    def _founded(self, accounts: Sequence[Account]) -> set[UserId]:
        """Return those whose sign-up has made its tenant, or who belong to tenants and have none of their own."""
        wanted = {account.user_id: founded_by(account.user_id) for account in accounts}
        founders = self.accounts.founders(set(wanted.values()))

        def founded(account: Account) -> bool:
            founder = founders.get(wanted[account.user_id])
            return bool(founder) or (founder is None and bool(account.roles))

        return {account.user_id for account in accounts if founded(account)}

    def _current(self, users: Collection[UserId], *, settle: bool) -> list[Difference]:
        if settle:
            time.sleep(_SETTLING_SECONDS)
        return self._differences((self.pool.find(user), self.accounts.find(user)) for user in users)

    def _repair_after_second_look(self, found: Sequence[Difference], part: Part) -> None:
        if users := list(dict.fromkeys(difference.user_id for difference in found if difference.user_id)):
            self._repair(self._current(users, settle=not part.dry), part)

    def _repair(self, found: Sequence[Difference], part: Part) -> None:
        for difference in found:
            entry = difference.entry()
            part.differences.append(entry)
            entry["repaired"] = False
            if difference.kind is Kind.WITHOUT_ADMIN or (difference.kind is Kind.UNFOUNDED and difference.tenant_id):
                entry["remedy"] = "The tenant has no active admin: an operator must choose one"
            elif not part.dry:
                try:
                    self._repair_one(difference, part)
                    entry["repaired"] = True
                except (TenancyError, PublishError) as error:
                    entry["remedy"] = str(error)
            self.logger.info("difference", **entry)

    def _repair_one(self, difference: Difference, part: Part) -> None:
        if difference.kind is Kind.DEAD_ADMIN and difference.tenant_id:
            self.accounts.repair_admins(difference.tenant_id)
            return
        if difference.user_id is None:
            return
        if difference.kind in {Kind.UNRECORDED, Kind.UNFOUNDED}:
            self._sign_up_again(difference.user_id, part)
        elif difference.kind is Kind.GONE:
            self._delete_gone(difference.user_id, part)
        else:
            change, more = _CHANGES[difference.kind]
            self.workflow.run(change, difference.user_id, by=POOL, **more)

    def _delete_gone(self, user: UserId, part: Part) -> None:
        part.gone += 1
        if part.gone > _MOST_GONE:
            # It may be the pool that is wrong: one that was restored, or another one.
            raise UnfinishedError(
                "Too many accounts are missing from the user pool at once; none was deleted: check the user pool"
            )
        self.workflow.run("delete", user, by=POOL)

    def _sign_up_again(self, user: UserId, part: Part) -> None:
        found = self.pool.find(user)
        if found is None:
            return
        data = SignUpData(
            email=found.email,
            userName=user,
            name=found.name or found.email,
            verified=found.email_verified,
            status=found.status,
        )
        self.publisher.publish(IDENTITY, SIGN_UP, SignUp.of(self.publisher.application, data))
        part.founding.add(founded_by(user))
