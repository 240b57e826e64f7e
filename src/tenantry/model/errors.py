"""The errors that a caller may see. `tenantry.runtime.rest` maps each to its reply; all others become a 500."""

from __future__ import annotations

from http import HTTPStatus
from typing import ClassVar


class TenancyError(Exception):
    """An error whose message may be shown to the caller."""

    status: ClassVar[HTTPStatus] = HTTPStatus.INTERNAL_SERVER_ERROR


class BadRequestError(TenancyError):
    """The request is not well-formed; the message says what to change."""

    status = HTTPStatus.BAD_REQUEST


class UnauthorizedError(TenancyError):
    """Nobody knows who is calling. The message never says why a token was refused."""

    status = HTTPStatus.UNAUTHORIZED


class ForbiddenError(TenancyError):
    """The caller is known and may not do this."""

    status = HTTPStatus.FORBIDDEN


class ConflictError(TenancyError):
    """It cannot be done as things are: something with that id exists."""

    status = HTTPStatus.CONFLICT


class UnexpectedTenantError(ConflictError):
    """The caller means another tenant than the one that the request would act in, so nothing is done."""

    def __init__(self) -> None:
        super().__init__("Expected-Tenant names another tenant than the one this request would act in")


class TooLargeError(TenancyError):
    """What is asked for does not fit into one reply; the message says what to ask for instead."""

    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE


class NotFoundError(TenancyError):
    """It does not exist, or it is another tenant's: the reply is the same."""

    status = HTTPStatus.NOT_FOUND
