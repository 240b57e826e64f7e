"""The messages of the queue."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from tenantry.model.caller import TenantCaller
from tenantry.model.identifiers import tenant_id, user_id
from tenantry.runtime.authorization_state import SignIn

ParkId = Annotated[str, StringConstraints(pattern=r"\A[a-z][a-z0-9-]{0,127}\z")]


class Work(BaseModel):
    """A change of the status of parks, as API Gateway's template has put it on the queue.

    Attributes
    ----------
    id
        Of the request.
    tenant, user
        The caller when it came in, from the authorizer.
    authenticated_at, session
        Their sign-in. Work from before these were captured has none, and counts as of a sign-in long ago.
    at
        When it came in, in milliseconds since 1970.
    ids, status
        Which parks, and what they become.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    id: Annotated[str, StringConstraints(min_length=1, max_length=64)]
    tenant: Annotated[str, Field(alias="tenantId")]
    user: Annotated[str, Field(alias="userId")]
    authenticated_at: Annotated[str, StringConstraints(pattern=r"\A[0-9]{0,15}\z"), Field(alias="authTime")] = ""
    session: Annotated[str, StringConstraints(max_length=256)] = ""
    at: Annotated[str, StringConstraints(pattern=r"\A[0-9]{13,15}\z")]
    ids: Annotated[list[ParkId], Field(min_length=1, max_length=100)]
    status: Literal["park-closed", "park-opened", "natural-disaster"]

    @property
    def caller(self) -> TenantCaller:
        """The user who requested it, in the tenant that was active then.

        Raises
        ------
        InvalidIdentifierError
            It does not come from the template: an id is none.
        """
        return TenantCaller(tenant_id=tenant_id(self.tenant), user_id=user_id(self.user))

    @property
    def sign_in(self) -> SignIn:
        """The sign-in with which it was requested.

        Raises
        ------
        InvalidIdentifierError
            As for `caller`.
        """
        return SignIn(
            user_id=self.caller.user_id, authenticated_at=int(self.authenticated_at or 0), session=self.session
        )
