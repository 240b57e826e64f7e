"""A route of an API: who may call it, what answers, and what goes in and comes out."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Final

from tenantry.isolation.direct.service_integration import ServiceIntegration
from tenantry.isolation.documentation import Answer, Parameter, Schema
from tenantry.isolation.validation import api_path, http_method

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aws_cdk import aws_lambda as lambda_


class Access(Enum):
    """Who may call a route."""

    TENANT = "a user with a role in their tenant"
    USER = "any signed-in user, with or without a tenant"
    IAM = "an IAM principal that was granted the route; requests are signed with SigV4"
    OPEN = "anyone, without authentication; only for the hands-on, never for a tenant's data"


@dataclass(frozen=True, kw_only=True)
class Route:
    """A method of an API and what is behind it.

    Attributes
    ----------
    method, path
        Such as ``GET`` and ``/tenant/{tenantId}``.
    handler
        The function, or the service that is called without one.
    access
        Who may call it.
    roles
        The roles in the caller's tenant that open it, of which one is enough.
    own_roles
        Roles that open it as well where ``{memberId}`` in its path is the caller. To the `roles`, it may be any member.
    takes
        What its body must be, a JSON object; None if it takes none. API Gateway refuses a body that is no object. What
        the fields must be is the function's to say: API Gateway's refusal could not explain it. Where there is no
        function, API Gateway holds the body to all of it.
    summary, parameters, answers
        What it does, what else it takes, and what it answers, for the API's document. What API Gateway itself answers
        need not be given.
    """

    method: str
    path: str
    handler: lambda_.IFunction | ServiceIntegration
    access: Access = Access.TENANT
    roles: Sequence[str] = ()
    own_roles: Sequence[str] = ()
    takes: Schema | None = None
    summary: str = ""
    parameters: Sequence[Parameter] = ()
    answers: Mapping[int, Answer] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse a method or a path that no API can have."""
        http_method(self.method)
        api_path(self.path)

    def __str__(self) -> str:
        """Return ``GET /tenant/{tenantId}``."""
        return f"{self.method} {self.path}"

    @property
    def all_answers(self) -> Mapping[int, Answer]:
        """Return what the route answers, and what API Gateway answers in its place."""
        service = self.handler.answers if isinstance(self.handler, ServiceIntegration) else {}
        return {**_GATEWAY_ANSWERS[self.access], **(_BODY_ANSWERS if self.takes else {}), **service, **self.answers}

    @property
    def all_parameters(self) -> Sequence[Parameter]:
        """Return what the route takes, and what every route of a caller takes."""
        return [*self.parameters, *([EXPECTED_TENANT] if self.access in (Access.TENANT, Access.USER) else [])]


EXPECTED_TENANT: Final = Parameter(
    name="Expected-Tenant",
    where="header",
    description="The tenant that the caller expects to act in; a request that would act in another is refused with 409",
)
_NO_TOKEN: Final = {401: Answer.refusal("Missing or invalid token, or the session has ended")}
_NOT_THIS: Final = {
    403: Answer.refusal("Valid token, not authorized for this resource"),
    409: Answer.refusal("`Expected-Tenant` names another tenant than the one this request would act in"),
}
_TOO_MANY: Final = {429: Answer.refusal("Too many requests; try again later")}
_GATEWAY_ANSWERS: Final[Mapping[Access, Mapping[int, Answer]]] = {
    Access.TENANT: {**_NO_TOKEN, **_NOT_THIS, **_TOO_MANY},
    Access.USER: {**_NO_TOKEN, **_NOT_THIS, **_TOO_MANY},
    Access.IAM: {
        403: Answer.refusal("Missing or invalid signature, or principal not authorized for this route"),
        **_TOO_MANY,
    },
    Access.OPEN: _TOO_MANY,
}
_BODY_ANSWERS: Final = {
    400: Answer.refusal("Malformed request; the message names the field"),
    413: Answer.refusal("The request body exceeds the limit of API Gateway or Lambda"),
}
