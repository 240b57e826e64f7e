"""Where the user pool and the directory differ about one person."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from tenantry.model.identifiers import TenantId, UserId
from tenantry.runtime.accounts import POOL, Account
from tenantry.runtime.pool import UNCONFIRMED

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime, timedelta

    from tenantry.runtime.pool import PoolUser


class Kind(StrEnum):
    """What differs. The value stands in a reconciliation's report."""

    UNRECORDED = "unrecorded"
    """Confirmed in the pool, and without a directory record: the sign-up's event was lost."""
    UNFOUNDED = "unfounded"
    """The tenant that a sign-up makes is not there, or has no founder: a saga has stopped."""
    GONE = "goneFromPool"
    """In the directory, and deleted from the pool by other hands."""
    DELETED = "deletedHere"
    """Deleted in the directory, and still in the pool; or the deletion has stopped half-way."""
    DISABLED = "disabledInPool"
    """Disabled in the pool by other hands."""
    ENABLED = "enabledInPool"
    """Enabled in the pool again, after it was disabled there by other hands."""
    UNSHUT = "enabledAgainstBlock"
    """Enabled in the pool by other hands while an operator's block stands."""
    ADDRESS = "anotherAddress"
    """The pool has verified another address."""
    UNCONFIRMED = "unconfirmed"
    """Never confirmed in the time that the environment gives."""
    DEAD_ADMIN = "deadAdmin"
    """`admins` of a tenant holds somebody who is blocked or deleted, or lacks all who are admins."""
    WITHOUT_ADMIN = "withoutAdmin"
    """A tenant has no living admin. Only a person can decide who becomes one."""


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One difference.

    Attributes
    ----------
    kind
        What differs.
    user_id, tenant_id
        About whom or what: one of the two.
    """

    kind: Kind
    user_id: UserId | None = None
    tenant_id: TenantId | None = None

    def entry(self) -> dict[str, Any]:
        """Return the entry of a report: ids, and no personal data."""
        subject = {"userId": self.user_id} if self.user_id else {"tenantId": self.tenant_id}
        return {"kind": self.kind.value, **subject}


@dataclass(frozen=True, kw_only=True)
class Rules:
    """The environment's settings of a reconciliation.

    Attributes
    ----------
    unconfirmed
        How long a sign-up may stay unconfirmed.
    operator_accounts_found_tenants
        Whether an account that an operator has made founds a tenant.
    """

    unconfirmed: timedelta
    operator_accounts_found_tenants: bool

    def founds(self, account: Account | None) -> bool:
        """Return whether a user's sign-up makes a tenant."""
        return account is None or account.origin != "operator" or self.operator_accounts_found_tenants


def founded_by(user: UserId) -> TenantId:
    """Return the id of the tenant that a sign-up makes, as the tenant saga derives it."""
    d = hashlib.sha256(f"tenant of {user}".encode()).hexdigest()
    return TenantId(f"{d[:8]}-{d[8:12]}-8{d[13:16]}-8{d[17:20]}-{d[20:32]}")


def between(
    user: PoolUser | None, account: Account | None, rules: Rules, *, founded: bool, now: datetime
) -> Iterator[Difference]:
    """Return the differences about one person.

    Parameters
    ----------
    user
        What the pool has of them, if it has anything.
    account
        What the directory has of them, if it has anything.
    rules
        The environment's settings of a reconciliation.
    founded
        Whether the tenant that their sign-up makes has a founder.
    now
        When the two were read.
    """
    subject = user or account
    if subject is None:
        return
    kinds = _without_pool(account) if user is None else _in_both(user, account, rules, founded=founded, now=now)
    for kind in kinds:
        yield Difference(kind=kind, user_id=subject.user_id)


def _without_pool(account: Account | None) -> Iterator[Kind]:
    if account is None:
        return
    if account.deleted_at is not None:
        if account.left_over:
            yield Kind.DELETED
    elif account.recorded or account.roles:
        # What a hook has noted of a sign-up that the pool is about to make is neither.
        yield Kind.GONE


def _in_both(user: PoolUser, account: Account | None, rules: Rules, *, founded: bool, now: datetime) -> Iterator[Kind]:
    if account is not None and account.deleted_at is not None:
        yield Kind.DELETED
        return
    recorded = account is not None and account.recorded
    if user.status == UNCONFIRMED and not recorded and now - user.created > rules.unconfirmed:
        yield Kind.UNCONFIRMED
        return
    blocked_by = account.blocked_by if account is not None and account.blocked_at is not None else None
    if blocked_by is None and not user.enabled:
        yield Kind.DISABLED
    elif blocked_by is not None and user.enabled:
        yield Kind.ENABLED if blocked_by == POOL else Kind.UNSHUT
    if not user.enabled or not user.confirmed:
        return
    if account is None or not account.recorded:
        if rules.founds(account):
            yield Kind.UNRECORDED
    elif user.email_verified and user.email.lower() != (account.email or "").lower():
        yield Kind.ADDRESS
    elif not founded and blocked_by is None and rules.founds(account):
        yield Kind.UNFOUNDED
