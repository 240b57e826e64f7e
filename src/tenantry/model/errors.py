"""The errors that a caller may see. `tenantry.runtime.statuses` has the reply's status for each."""

from __future__ import annotations


class TenancyError(Exception):
    """An error whose message may be shown to the caller."""


class BadRequestError(TenancyError):
    """The request is not well-formed; the message says what to change."""


class UnauthorizedError(TenancyError):
    """Nobody knows who is calling. The message never says why a token was refused."""


class ForbiddenError(TenancyError):
    """The caller is known and may not do this."""


class ConflictError(TenancyError):
    """It cannot be done as things are: something with that id exists."""


class UnexpectedTenantError(ConflictError):
    """The caller means another tenant than the one that the request would act in, so nothing is done."""

    def __init__(self) -> None:
        super().__init__("Expected-Tenant names another tenant than the one this request would act in")


class TooLargeError(TenancyError):
    """What is asked for does not fit into one reply; the message says what to ask for instead."""


class NotFoundError(TenancyError):
    """It does not exist, or it is another tenant's: the reply is the same."""


class UnfinishedError(TenancyError):
    """A change was begun and is not finished. It is kept, so that an operator or the reconciliation can finish it."""
