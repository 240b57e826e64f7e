"""Issues tokens for any tenant and user, for operators; public only with the hands-on's settings."""

from __future__ import annotations

from typing import Any, Final

from tenantry.model.caller import TenantCaller
from tenantry.model.errors import TenancyError, UnauthorizedError
from tenantry.model.identifiers import tenant_id, user_id
from tenantry.runtime.kept import shared_secret
from tenantry.runtime.replies import StatusReplies
from tenantry.runtime.rest import Request, RestSettings, rest_handler
from tenantry.runtime.tokens import header, issue

_TENANT_HEADER: Final = "x-tenant-id"
_USER_HEADER: Final = "x-user-id"


class _Settings(RestSettings):
    shared_secret_arn: str
    shared_issuer: str


class MissingFieldsError(UnauthorizedError):
    """The request lacks the tenant or the user."""

    def __init__(self, fields: list[str]) -> None:
        super().__init__("Unauthorized")
        self.fields = fields


settings = _Settings.load()
secret = shared_secret(settings.shared_secret_arn)


class Replies(StatusReplies):
    """The format of the hands-on, which names missing fields."""

    def refusal(self, error: TenancyError) -> object:
        """Return what an error's ``result`` is."""
        return {"missing_fields": error.fields} if isinstance(error, MissingFieldsError) else super().refusal(error)


def issue_token(request: Request) -> dict[str, Any]:
    """Return a token for the tenant and user of the headers."""
    missing = [name for name in (_TENANT_HEADER, _USER_HEADER) if not _value(request, name)]
    if missing:
        raise MissingFieldsError(missing)
    caller = TenantCaller(
        tenant_id=tenant_id(_value(request, _TENANT_HEADER)), user_id=user_id(_value(request, _USER_HEADER))
    )
    return {"token": issue(caller, secret.get(), settings.shared_issuer)}


def _value(request: Request, name: str) -> str:
    try:
        return header(request.headers, name)
    except UnauthorizedError:
        return ""


handler = rest_handler({"GET /token": issue_token}, cors_headers=settings.cors_headers, replies=Replies())
