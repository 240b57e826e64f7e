"""Who may act now, in which tenant and in which roles: one decision, for every API and for queued work."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Self

from tenantry.model.authorizer_context import AUTH_TIME, SESSION
from tenantry.model.directory_tables import (
    ACTIVE_TENANT_ID,
    ROLES,
    TENANT_ID,
    USER_ID,
    active_tenant,
    membership_key,
    roles_attribute,
    tenant_key,
    user_key,
)
from tenantry.model.errors import UnauthorizedError
from tenantry.model.identifiers import InvalidIdentifierError, TenantId, UserId, user_id
from tenantry.runtime.batches import get, read, request

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_dynamodb import DynamoDBClient

    from tenantry.model.directory_tables import Tables

VALID_AFTER: Final = "validafter"
ENDED_SESSIONS: Final = "endedsessions"
BLOCKED_AT: Final = "blockedat"
DELETED_AT: Final = "deletedat"
NEW_PASSWORD: Final = "newpassword"  # noqa: S105 - an attribute's name
TENANT_STATE: Final = "state"
_OPEN: Final = "active"
_CLOSING: Final = (BLOCKED_AT, DELETED_AT, NEW_PASSWORD)
_ACCOUNT: Final = (ACTIVE_TENANT_ID, VALID_AFTER, ENDED_SESSIONS, *_CLOSING)


class SessionEndedError(UnauthorizedError):
    """The account is blocked, deleted or needs a new password, or the session has ended; the message says not which."""


@dataclass(frozen=True, kw_only=True)
class SignIn:
    """A user's sign-in, as their verified ID token tells it.

    Attributes
    ----------
    user_id
        The user.
    authenticated_at
        When they signed in, in seconds since 1970 (``auth_time``). Renewing tokens does not change it.
    session
        The session (``origin_jti``); empty if the token names none.
    """

    user_id: UserId
    authenticated_at: int
    session: str

    @classmethod
    def from_claims(cls, claims: Mapping[str, Any]) -> Self:
        """Read the sign-in from the claims of a verified ID token.

        Raises
        ------
        UnauthorizedError
            The claims name no user, or not when they signed in.
        """
        at, session = claims.get("auth_time"), claims.get("origin_jti", "")
        if not isinstance(at, int) or isinstance(at, bool) or not isinstance(session, str):
            raise UnauthorizedError("Unauthorized")
        try:
            return cls(user_id=user_id(claims.get("cognito:username")), authenticated_at=at, session=session)
        except InvalidIdentifierError:
            raise UnauthorizedError("Unauthorized") from None

    def to_authorizer(self) -> dict[str, str]:
        """Return the sign-in for the authorizer's context: scalars, as API Gateway requires."""
        return {AUTH_TIME: str(self.authenticated_at), SESSION: self.session}


@dataclass(frozen=True, kw_only=True)
class AuthorizationState:
    """What a user may be at this moment.

    Attributes
    ----------
    tenant_id
        The tenant that they act in; None if there is none that is open and that they belong to.
    roles
        Their roles in it.
    """

    tenant_id: TenantId | None
    roles: frozenset[str]


NO_TENANT: Final = AuthorizationState(tenant_id=None, roles=frozenset())


@dataclass
class AuthorizationStates:
    """Decides from the directory.

    Isolation: reads are strongly consistent, so that what was written a moment ago counts. An account that is blocked,
    deleted or needs a new password, and a session that has ended, reach nothing. A tenant counts only while it is open
    and the user belongs to it, and no other takes its place: a call that was meant for one tenant never ends up in
    another. Someone whom the directory does not know acts in no tenant.

    Calls: one ``BatchGetItem`` of the user and the tenant. There is a second one after a switch of the active tenant,
    and a ``GetItem`` of the membership where the user's item has no roles in the tenant.

    Attributes
    ----------
    client
        DynamoDB.
    tables
        The tables of users, tenants and memberships.
    """

    client: DynamoDBClient
    tables: Tables

    def in_tenant(self, sign_in: SignIn, tenant: TenantId | None) -> AuthorizationState:
        """Return what a user may be in a tenant that a verified token, or work that they queued, names.

        Raises
        ------
        SessionEndedError
            The account or the session counts no more.
        """
        account, found = self._read(sign_in.user_id, tenant)
        _check(account, sign_in)
        return self._state(sign_in.user_id, account, tenant, found)

    def active(self, sign_in: SignIn, hint: TenantId | None = None) -> AuthorizationState:
        """Return what a user may be in the tenant that is active for them.

        Parameters
        ----------
        sign_in
            The sign-in.
        hint
            The tenant that is probably active: the token's. It saves a call and decides nothing.

        Raises
        ------
        SessionEndedError
            The account or the session counts no more.
        """
        account, found = self._read(sign_in.user_id, hint)
        _check(account, sign_in)
        tenant = active_tenant(account)
        if tenant is not None and tenant != hint:
            account, found = self._read(sign_in.user_id, tenant)
            _check(account, sign_in)
            if active_tenant(account) != tenant:  # switched again in between: the next call finds it
                return NO_TENANT
        return self._state(sign_in.user_id, account, tenant, found)

    def _state(
        self, user: UserId, account: Mapping[str, Any] | None, tenant: TenantId | None, found: Mapping[str, Any] | None
    ) -> AuthorizationState:
        if account is None or tenant is None or not _is_open(found):
            return NO_TENANT
        roles = _roles(account.get(roles_attribute(tenant))) or self._membership_roles(tenant, user)
        return AuthorizationState(tenant_id=tenant, roles=roles) if roles else NO_TENANT

    def _membership_roles(self, tenant: TenantId, user: UserId) -> frozenset[str] | None:
        """Return the roles in the membership, for a user whose item has none."""
        found = get(self.client, self.tables.memberships, membership_key(tenant, user), [ROLES])
        return _roles((found or {}).get(ROLES))

    def _read(self, user: UserId, tenant: TenantId | None) -> tuple[Mapping[str, Any] | None, Mapping[str, Any] | None]:
        """Return the items of a user and of a tenant, as far as they exist."""
        names = [USER_ID, *_ACCOUNT, *([roles_attribute(tenant)] if tenant else [])]
        wanted = {self.tables.users: request([user_key(user)], names)}
        if tenant:
            wanted[self.tables.tenants] = request([tenant_key(tenant)], [TENANT_ID, TENANT_STATE])
        found = read(self.client, wanted)  # a key without an answer is an error, and the reply a 500: nobody gets in
        return next(iter(found[self.tables.users]), None), next(iter(found.get(self.tables.tenants, ())), None)


def _check(account: Mapping[str, Any] | None, sign_in: SignIn) -> None:
    if account is None:
        return
    if (
        any(name in account for name in _CLOSING)
        or sign_in.authenticated_at < float(account.get(VALID_AFTER, {}).get("N", 0))
        or _is_ended(account, sign_in.session)
    ):
        raise SessionEndedError("Unauthorized")


def _is_ended(account: Mapping[str, Any], session: str) -> bool:
    """Return whether a session is among those that were ended one by one: ``<seconds>:<session>``."""
    return any(ended.partition(":")[2] == session for ended in account.get(ENDED_SESSIONS, {}).get("SS", []))


def _is_open(tenant: Mapping[str, Any] | None) -> bool:
    return bool((tenant or {}).get(TENANT_STATE, {}).get("S", _OPEN) == _OPEN)


def _roles(value: Mapping[str, Any] | None) -> frozenset[str] | None:
    return frozenset(value.get("SS", [])) if value else None
