"""Goes through the user pool and the directory part by part, and repairs what differs."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from account_reconciliation.differences import Difference, Kind, between, founded_by
from tenantry.model.directory_tables import TENANT_ID, tenant_key
from tenantry.model.errors import TenancyError, UnfinishedError
from tenantry.model.event_types import IDENTITY, SIGN_UP, source
from tenantry.model.identifiers import TenantId, UserId
from tenantry.runtime.accounts import POOL
from tenantry.runtime.events import EventMetadata, PublishError, SignUp, SignUpData, publish

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from aws_lambda_powertools import Logger
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_events import EventBridgeClient

    from account_reconciliation.differences import Rules
    from tenantry.runtime.account_workflow import AccountWorkflow
    from tenantry.runtime.accounts import Account, Accounts
    from tenantry.runtime.membership import Tables
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


class Place(BaseModel):
    """Where a part begins.

    Attributes
    ----------
    phase
        What is gone through: the pool's accounts, the directory's, the tenants.
    after
        Behind which page or item; None at the phase's beginning.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    phase: Literal["pool", "directory", "tenants"] = "pool"
    after: Annotated[str, Field(min_length=1)] | None = None


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
            **({"next": self.following.model_dump(exclude_none=True)} if self.following else {}),
        }


class Reconciliation:
    """Compares the user pool with the directory, and repairs.

    Every difference is looked at once more before it is repaired, and each repair is one that can be made again:
    changes of accounts go through the state machine `AccountChanges`, lost sign-ups through the sagas.

    Parameters
    ----------
    database, tables
        The directory's tables.
    pool, accounts, workflow
        The user pool, the accounts of the directory, and what changes both.
    bus, bus_name, application
        Where a lost sign-up is published again, and as whose.
    rules
        The environment's settings of a reconciliation.
    logger
        Told of ids and kinds only.
    """

    def __init__(
        self,
        *,
        database: DynamoDBClient,
        tables: Tables,
        pool: UserPool,
        accounts: Accounts,
        workflow: AccountWorkflow,
        bus: EventBridgeClient,
        bus_name: str,
        application: str,
        rules: Rules,
        logger: Logger,
    ) -> None:
        self._database = database
        self._tables = tables
        self._pool = pool
        self._accounts = accounts
        self._workflow = workflow
        self._bus = bus
        self._bus_name = bus_name
        self._application = application
        self._rules = rules
        self._logger = logger

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
        users, following = self._pool.page(after)
        part.seen |= {user.user_id for user in users}
        part.users += len(users)
        accounts = self._accounts.find_all([user.user_id for user in users])
        pairs = [(user, accounts.get(user.user_id)) for user in users]
        self._repair_after_second_look(self._differences(pairs), part)
        return Place(phase="pool", after=following) if following else Place(phase="directory")

    def _directory_page(self, after: str | None, part: Part) -> Place:
        accounts, following = self._accounts.page(UserId(after) if after else None, limit=_PAGE)
        unseen = [account for account in accounts if account.user_id not in part.seen]
        differences = list(self._differences(self._with_pool(unseen)))
        gone = sum(difference.kind is Kind.GONE for difference in differences)
        if gone > _MOST_GONE or (gone > _FEW_GONE and 2 * gone > len(accounts)):
            part.gone = _MOST_GONE  # none of them is deleted
        self._repair_after_second_look(differences, part)
        return Place(phase="directory", after=following) if following else Place(phase="tenants")

    def _tenants_page(self, after: str | None, part: Part) -> Place | None:
        start: Any = {"ExclusiveStartKey": tenant_key(after)} if after else {}
        page = self._database.scan(
            TableName=self._tables.tenants,
            Limit=_PAGE,
            ProjectionExpression=f"{TENANT_ID}, foundedby, admins, #state",
            ExpressionAttributeNames={"#state": "state"},
            ConsistentRead=True,
            **start,
        )
        noted = {TenantId(item[TENANT_ID]["S"]): item for item in page["Items"]}
        part.tenants += len(noted)
        admins = {UserId(admin) for item in noted.values() for admin in item.get("admins", {}).get("SS", [])}
        dead = {user for user, account in self._accounts.find_all(admins).items() if not account.living}
        found: list[Difference] = []
        for tenant, item in noted.items():
            if item.get("state", {}).get("S") in _CLOSED:
                continue
            own = set(item.get("admins", {}).get("SS", []))
            living = own - dead
            if not own:
                living = set(self._accounts.living_admins(tenant))
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
            return list(zip(threads.map(lambda one: self._pool.find(one.user_id), accounts), accounts, strict=True))

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
                self._rules,
                founded=account is None or account.user_id in founded,
                now=now,
            )
        ]

    def _founded(self, accounts: Sequence[Account]) -> set[UserId]:
        """Return those whose sign-up has made its tenant, or who belong to tenants and have none of their own."""
        wanted = {account.user_id: founded_by(account.user_id) for account in accounts}
        founders = self._accounts.founders(set(wanted.values()))

        def founded(account: Account) -> bool:
            founder = founders.get(wanted[account.user_id])
            return bool(founder) or (founder is None and bool(account.roles))

        return {account.user_id for account in accounts if founded(account)}

    def _current(self, users: Collection[UserId], *, settle: bool) -> list[Difference]:
        if settle:
            time.sleep(_SETTLING_SECONDS)
        return self._differences((self._pool.find(user), self._accounts.find(user)) for user in users)

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
            self._logger.info("difference", **entry)

    def _repair_one(self, difference: Difference, part: Part) -> None:
        if difference.kind is Kind.DEAD_ADMIN and difference.tenant_id:
            self._accounts.repair_admins(difference.tenant_id)
            return
        if difference.user_id:
            self._repairs[difference.kind](difference.user_id, part)

    @property
    def _repairs(self) -> Mapping[Kind, Callable[[UserId, Part], object]]:
        run = self._workflow.run
        return {
            Kind.UNRECORDED: self._sign_up_again,
            Kind.UNFOUNDED: self._sign_up_again,
            Kind.GONE: self._delete_gone,
            Kind.DELETED: lambda user, _: run("delete", user, by=POOL),  # whoever has deleted them stays noted
            Kind.DISABLED: lambda user, _: run("block", user, by=POOL, reason="Disabled in the user pool"),
            Kind.ENABLED: lambda user, _: run("unblock", user, by=POOL),
            # Blocked already: what is left is to disable them in the pool.
            Kind.UNSHUT: lambda user, _: run("block", user, by=POOL, reason="Enabled in the user pool"),
            Kind.ADDRESS: lambda user, _: run("changeAddress", user, by=POOL),
            Kind.UNCONFIRMED: lambda user, _: run("forget", user, by=POOL),
        }

    def _delete_gone(self, user: UserId, part: Part) -> None:
        part.gone += 1
        if part.gone > _MOST_GONE:
            # It may be the pool that is wrong: one that was restored, or another one.
            raise UnfinishedError(
                "Too many accounts are missing from the user pool at once; none was deleted: check the user pool"
            )
        self._workflow.run("delete", user, by=POOL)

    def _sign_up_again(self, user: UserId, part: Part) -> None:
        found = self._pool.find(user)
        if found is None:
            return
        detail = SignUp(
            metadata=EventMetadata(domain=IDENTITY, application=self._application, event_type=SIGN_UP),
            data=SignUpData(
                email=found.email,
                userName=user,
                name=found.name or found.email,
                verified=found.email_verified,
                status=found.status,
            ),
        )
        publish(
            self._bus,
            {
                "Source": source(self._application, IDENTITY),
                "DetailType": SIGN_UP,
                "Detail": detail.model_dump_json(),
                "EventBusName": self._bus_name,
            },
        )
        part.founding.add(founded_by(user))
