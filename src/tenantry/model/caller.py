"""Who calls, as one frozen value, from what the authorizer verified."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from tenantry.model import authorizer_context
from tenantry.model.errors import ForbiddenError, UnauthorizedError
from tenantry.model.identifiers import InvalidIdentifierError, TenantId, UserId, tenant_id, user_id
from tenantry.model.names import name_or

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, kw_only=True)
class Caller:
    """A user, and the tenant that is active for them.

    Isolation: it is made from verified claims or from the authorizer's context only, never from a path, a query, a
    header or a body.

    Attributes
    ----------
    user_id
        The user.
    tenant_id
        The active tenant; None while the user has none.
    """

    user_id: UserId
    tenant_id: TenantId | None

    @classmethod
    def from_claims(cls, claims: Mapping[str, Any]) -> Self:
        """Read the caller from the claims of a verified ID token.

        Raises
        ------
        UnauthorizedError
            The claims name no user, or name one or a tenant that cannot exist.
        """
        return cls._checked(claims.get("cognito:username"), claims.get("tenant"))

    @classmethod
    def from_authorizer(cls, context: Mapping[str, Any] | None) -> Self:
        """Read the caller from the context that the tenant authorizer returned.

        Raises
        ------
        UnauthorizedError
            There is no such context: the function was reached without the authorizer.
        """
        context = context or {}
        return cls._checked(context.get(authorizer_context.USER_ID), context.get(authorizer_context.TENANT_ID))

    @classmethod
    def from_shared_claims(cls, claims: Mapping[str, Any]) -> Self:
        """Read the caller from the claims of a verified token of our own issuing, which names both ids.

        Raises
        ------
        UnauthorizedError
            The claims lack the tenant or the user, or name one that cannot exist.
        """
        if claims.get("tenant_id") is None:
            raise UnauthorizedError("Unauthorized")
        return cls._checked(claims.get("user_id"), claims["tenant_id"])

    @classmethod
    def _checked(cls, user: object, tenant: object) -> Self:
        try:
            return cls(user_id=user_id(user), tenant_id=None if tenant is None else tenant_id(tenant))
        except InvalidIdentifierError:
            raise UnauthorizedError("Unauthorized") from None

    def to_authorizer(self) -> dict[str, str]:
        """Return the context that `from_authorizer` reads: scalars only, as API Gateway demands."""
        context: dict[str, str] = {authorizer_context.USER_ID: self.user_id}
        if self.tenant_id is not None:
            context[authorizer_context.TENANT_ID] = self.tenant_id
        return context

    def in_tenant(self) -> TenantCaller:
        """Return the caller as one who acts in their active tenant.

        Raises
        ------
        ForbiddenError
            They have none.
        """
        if self.tenant_id is None:
            raise ForbiddenError("Forbidden")
        return TenantCaller(tenant_id=self.tenant_id, user_id=self.user_id)

    def require_tenant(self, named: object) -> TenantId:
        """Return the caller's tenant, provided that the request names it as well.

        Raises
        ------
        ForbiddenError
            The request names another tenant, or the caller has none.
        """
        if self.tenant_id is None or named != self.tenant_id:
            raise ForbiddenError("Forbidden")
        return self.tenant_id

    def require_user(self, named: object) -> UserId:
        """Return the caller's user id, provided that the request names it as well.

        Raises
        ------
        ForbiddenError
            The request names another user.
        """
        if named != self.user_id:
            raise ForbiddenError("Forbidden")
        return self.user_id


@dataclass(frozen=True, kw_only=True)
class TenantCaller:
    """A user who acts in a tenant: what tenant data is vended for.

    Attributes
    ----------
    tenant_id
        The tenant.
    user_id
        The user.
    """

    tenant_id: TenantId
    user_id: UserId

    @property
    def tenant_name(self) -> str:
        """The tenant's id where an AWS name must be lower case; onboarding refuses two tenants that share one."""
        return self.tenant_id.lower()

    def placeholders(self) -> dict[str, str]:
        """Return the values that a policy template is filled with."""
        return {"tenant_id": self.tenant_id, "tenant_name": self.tenant_name, "user_id": self.user_id}


@dataclass(frozen=True, kw_only=True)
class Profile:
    """Who a user is to others, as their verified ID token says.

    Attributes
    ----------
    email
        Their address; None unless the pool has verified that it is theirs.
    name
        Their name.
    """

    email: str | None
    name: str

    @classmethod
    def from_claims(cls, claims: Mapping[str, Any]) -> Self:
        """Read the profile from the claims of a verified ID token."""
        email, name = claims.get("email"), claims.get("name")
        verified = claims.get("email_verified") is True and isinstance(email, str) and email
        # People can change their name in the pool, where nothing of ours can refuse it.
        shown = name_or(name, "") if isinstance(name, str) else ""
        return cls(email=str(email) if verified else None, name=shown)

    @classmethod
    def from_authorizer(cls, context: Mapping[str, Any] | None) -> Self:
        """Read the profile from the context that the member authorizer returned."""
        context = context or {}
        first = str(context.get(authorizer_context.FIRST_NAME, ""))
        last = str(context.get(authorizer_context.LAST_NAME, ""))
        return cls(email=context.get(authorizer_context.EMAIL) or None, name=f"{first} {last}" if last else first)

    def to_authorizer(self) -> dict[str, str]:
        """Return the context that `from_authorizer` reads.

        The pool knows one name. What precedes its first space is the first name, and all that follows the last name.
        """
        first, _, last = self.name.partition(" ")
        return {
            authorizer_context.EMAIL: self.email or "",
            authorizer_context.FIRST_NAME: first,
            authorizer_context.LAST_NAME: last,
        }
